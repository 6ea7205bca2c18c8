// 📬 on the files whose session has an unread response, wherever VS Code shows a file's name.

import * as vscode from 'vscode';
import type { Inbox } from './inbox';
import { count } from './labels';
import { keyOf } from './requests';

/** Gives VS Code the badges of files. */
export class FileDecorations implements vscode.FileDecorationProvider, vscode.Disposable {
  readonly #inbox: Inbox;
  readonly #didChange = new vscode.EventEmitter<vscode.Uri[]>();
  readonly #disposables: vscode.Disposable[];
  #shown = new Map<string, number>();

  readonly onDidChangeFileDecorations = this.#didChange.event;

  constructor(inbox: Inbox) {
    this.#inbox = inbox;
    this.#disposables = [
      this.#didChange,
      inbox.onDidChange(() => this.#update()),
      vscode.window.registerFileDecorationProvider(this),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    const unread = this.#shown.get(keyOf(uri)) ?? 0;
    if (unread === 0) return undefined;
    const decoration = new vscode.FileDecoration('📬', `Backchat: ${count(unread, 'unread response')}`);
    decoration.propagate = true;
    return decoration;
  }

  #update(): void {
    const now = new Map(
      this.#inbox.sessions.filter((session) => session.unread > 0).map((session) => [keyOf(session.uri), session.unread]),
    );
    const changed = new Set([...this.#shown.keys(), ...now.keys()].filter((key) => this.#shown.get(key) !== now.get(key)));
    this.#shown = now;
    if (changed.size > 0) this.#didChange.fire([...changed].map((key) => vscode.Uri.parse(key)));
  }
}
