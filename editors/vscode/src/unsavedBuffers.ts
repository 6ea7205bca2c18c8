// Which buffer an untitled one is. VS Code uses their names again: when Untitled-1 was closed, the next new buffer is
// Untitled-1 as well, and so is one in another window. The server is told an identity for each, which a buffer has for as
// long as it lives. That is also through a reload of the window, after which VS Code restores what was not saved.

import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import { DOCUMENTS } from './server';

const SCHEME = 'untitled';
const STORED_AS = 'backchat.unsaved.';
/** A text is noted when nothing was typed for so long, in milliseconds. */
const SETTLE = 300;
/** What is restored after a crash may be a little older than what was typed last: so many texts are known again. */
const TEXTS = 8;

/** An untitled buffer as it is stored for the case that the window is reloaded. */
interface Stored {
  readonly identity: string;
  /** Digests of its last texts, the latest first. */
  readonly texts: readonly string[];
}

/** An untitled buffer that was saved. */
export interface SavedBuffer {
  /** What the server calls its session. */
  readonly name: string;
  readonly file: vscode.Uri;
}

/** The identities of this window's untitled buffers. */
export class UnsavedBuffers implements vscode.Disposable {
  readonly #memory: vscode.Memento;
  /** VS Code has one object for a document from its opening to its close, also when its language changes. */
  readonly #identities = new WeakMap<vscode.TextDocument, string>();
  readonly #changed = new Map<vscode.TextDocument, NodeJS.Timeout>();
  /** The files that were given the texts of buffers that are still open. */
  readonly #copies = new Map<vscode.TextDocument, vscode.Uri>();
  readonly #didSave = new vscode.EventEmitter<SavedBuffer>();
  readonly #disposables: vscode.Disposable[];

  /** A buffer was saved, and is closed. */
  readonly onDidSave = this.#didSave.event;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    for (const document of vscode.workspace.textDocuments) this.#identify(document);
    this.#disposables = [
      this.#didSave,
      vscode.workspace.onDidOpenTextDocument((document) => this.#identify(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === SCHEME) this.#didChange(document);
        else this.#lookForCopy(document);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.#forget(document)),
    ];
  }

  dispose(): void {
    for (const timer of this.#changed.values()) clearTimeout(timer);
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** The identity of the buffer that is open under a URI; nothing for one that has a file. */
  identityOf(uri: string): string | undefined {
    const document = vscode.workspace.textDocuments.find((one) => one.uri.scheme === SCHEME && one.uri.toString() === uri);
    return document && this.#identify(document);
  }

  /** Notes at once what is about to be noted, before the window goes away. */
  async flush(): Promise<void> {
    await Promise.all([...this.#changed.keys()].map((document) => this.#note(document)));
  }

  #identify(document: vscode.TextDocument): string | undefined {
    if (document.uri.scheme !== SCHEME || document.isClosed) return undefined;
    const known = this.#identities.get(document);
    if (known !== undefined) return known;
    const identity = this.#restored(document) ?? crypto.randomUUID();
    this.#identities.set(document, identity);
    void this.#note(document);
    return identity;
  }

  /** A buffer that comes up with a text which one of its name had last is that one. A new buffer is empty. */
  #restored(document: vscode.TextDocument): string | undefined {
    const stored = this.#memory.get<Stored>(keyOf(document));
    const text = document.getText();
    return text !== '' && stored?.texts.includes(digest(text)) ? stored.identity : undefined;
  }

  #didChange(document: vscode.TextDocument): void {
    if (!this.#identities.has(document)) return;
    // VS Code empties a buffer that it has saved before it closes it.
    if (document.getText() !== '') this.#copies.delete(document);
    clearTimeout(this.#changed.get(document));
    this.#changed.set(document, setTimeout(() => void this.#note(document), SETTLE));
  }

  async #note(document: vscode.TextDocument): Promise<void> {
    clearTimeout(this.#changed.get(document));
    this.#changed.delete(document);
    const identity = this.#identities.get(document);
    if (identity === undefined || document.isClosed) return;
    const before = this.#memory.get<Stored>(keyOf(document));
    const now = digest(document.getText());
    const earlier = before?.identity === identity ? before.texts.filter((text) => text !== now) : [];
    const stored: Stored = { identity, texts: [now, ...earlier].slice(0, TEXTS) };
    await this.#memory.update(keyOf(document), stored);
  }

  /**
   * VS Code does not tell what a buffer was saved as. It puts the text into a file, which a formatter may change then,
   * and closes the buffer.
   */
  #lookForCopy(document: vscode.TextDocument): void {
    if (vscode.languages.match(DOCUMENTS, document) === 0) return;
    for (const buffer of vscode.workspace.textDocuments) {
      if (buffer.uri.scheme !== SCHEME || buffer.lineCount !== document.lineCount) continue;
      const text = buffer.getText();
      if (text !== '' && text === document.getText()) this.#copies.set(buffer, document.uri);
    }
  }

  #forget(document: vscode.TextDocument): void {
    // A change of the language looks like a close, but the document lives on.
    if (document.uri.scheme !== SCHEME || !document.isClosed) return;
    clearTimeout(this.#changed.get(document));
    this.#changed.delete(document);
    void this.#memory.update(keyOf(document), undefined);
    const [identity, file] = [this.#identities.get(document), this.#copies.get(document)];
    this.#copies.delete(document);
    if (identity !== undefined && file) this.#didSave.fire({ name: `${document.uri.toString()}#${identity}`, file });
  }
}

function keyOf({ uri }: vscode.TextDocument): string {
  return STORED_AS + uri.toString();
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
