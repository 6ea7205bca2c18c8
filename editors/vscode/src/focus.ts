// Tells the server which buffer is in front: a prompt about another one is answered in the background.

import * as vscode from 'vscode';
import * as methods from './methods';
import { DOCUMENTS, type Server } from './server';

/** Follows the active editor and the window's focus. */
export class Focus implements vscode.Disposable {
  readonly #server: Server;
  readonly #disposables: vscode.Disposable[];

  constructor(server: Server) {
    this.#server = server;
    this.#disposables = [
      server.onDidStart(() => this.#tell()),
      vscode.window.onDidChangeActiveTextEditor(() => this.#tell()),
      vscode.window.onDidChangeWindowState(() => this.#tell()),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  #tell(): void {
    const document = vscode.window.state.focused ? vscode.window.activeTextEditor?.document : undefined;
    const about = document !== undefined && vscode.languages.match(DOCUMENTS, document) > 0;
    this.#server.notify(methods.didFocus, about ? { textDocument: { uri: document.uri.toString() } } : {});
  }
}
