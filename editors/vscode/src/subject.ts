// What a prompt is about. The prompt is typed, or chosen, while the buffer changes: by hand in another editor, by a
// formatter, by another extension. The range therefore follows every edit until the prompt is on its way.

import * as vscode from 'vscode';
import { afterChange, type Position, type Range } from './anchors';
import { enclosingFunction } from './enclosing';
import type { Intent } from './protocol';

/** For how long a buffer that keeps changing is asked for its functions, in milliseconds. */
const PATIENCE = 5000;

/** A part of a buffer, or all of it. */
export class Subject implements vscode.Disposable {
  readonly document: vscode.TextDocument;
  readonly #didMove = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  /** Nothing for the whole buffer. */
  #range: Range | undefined;
  /** Where the cursor was, when nothing was selected. */
  #cursor: Range | undefined;
  #isSettled = false;
  /** The code that was meant at first. */
  #code = '';
  #wasRemoved = false;

  /** The range is of the buffer as it is now. */
  readonly onDidMove = this.#didMove.event;

  private constructor(document: vscode.TextDocument, range: Range | undefined, cursor?: vscode.Position) {
    this.document = document;
    this.#mean(range);
    this.#cursor = cursor && { start: cursor, end: cursor };
    this.#subscription = vscode.workspace.onDidChangeTextDocument((event) => this.#follow(event));
  }

  /** A range of the buffer as it is now; without one the whole buffer. */
  static of(document: vscode.TextDocument, range: Range | undefined): Subject {
    return new Subject(document, range);
  }

  /** The selection; without one the line of the cursor, on an empty line the whole buffer. */
  static atCursor({ document, selection }: vscode.TextEditor): Subject {
    if (!selection.isEmpty) return new Subject(document, new vscode.Range(selection.start, selection.end));
    const line = document.lineAt(selection.active.line);
    return new Subject(document, line.isEmptyOrWhitespace ? undefined : line.range, selection.active);
  }

  /** Where it is now, without a range when it is the whole buffer; nothing when it is not there any more. */
  get place(): { readonly range?: Range } | undefined {
    if (this.document.isClosed) return undefined;
    if (!this.#range) return {};
    const range = this.#wasRemoved ? onlyPlaceOf(this.#code, this.document) : this.#range;
    return range && { range };
  }

  /** The lines, for a title: `:4`, `:4–6`; empty for the whole buffer, and as long as they are not known. */
  get lines(): string {
    const range = this.#range;
    if (!range || !this.#isSettled) return '';
    const first = range.start.line + 1;
    const last = range.end.character === 0 && range.end.line > range.start.line ? range.end.line : range.end.line + 1;
    return first === last ? `:${first}` : `:${first}–${last}`;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#didMove.dispose();
  }

  /** Decides which part is meant: for a change without a selection it is the function around the cursor. */
  async settle(intent: Intent): Promise<void> {
    if (intent === 'edit') await this.#widen();
    this.#isSettled = true;
    this.#didMove.fire();
  }

  /** Takes the function around the cursor. An answer about a text that has changed meanwhile does not count. */
  async #widen(): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (this.#cursor && Date.now() < end) {
      const { version } = this.document;
      const around = await enclosingFunction(this.document, positionOf(this.#cursor.start));
      if (this.document.version !== version) continue;
      if (around) this.#mean(around);
      return;
    }
  }

  #mean(range: Range | undefined): void {
    this.#range = range;
    this.#code = range ? this.document.getText(new vscode.Range(positionOf(range.start), positionOf(range.end))) : '';
    this.#wasRemoved = false;
  }

  #follow({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (document !== this.document || contentChanges.length === 0) return;
    this.#range = this.#range && contentChanges.reduce<Range>(afterChange, this.#range);
    this.#wasRemoved ||= this.#code !== '' && this.#range !== undefined && isEmpty(this.#range);
    this.#cursor = this.#cursor && contentChanges.reduce<Range>(afterChange, this.#cursor);
    this.#didMove.fire();
  }
}

/** Where a text is in a buffer, when it is there exactly once: it was cut and put elsewhere, or came back by undo. */
function onlyPlaceOf(text: string, document: vscode.TextDocument): Range | undefined {
  const whole = document.getText();
  const at = whole.indexOf(text);
  if (at < 0 || whole.includes(text, at + 1)) return undefined;
  return { start: document.positionAt(at), end: document.positionAt(at + text.length) };
}

function positionOf({ line, character }: Position): vscode.Position {
  return new vscode.Position(line, character);
}

function isEmpty({ start, end }: Range): boolean {
  return start.line === end.line && start.character === end.character;
}
