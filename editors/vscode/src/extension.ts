// Backchat for VS Code: ask about any buffer and keep typing; the answer arrives where you asked.

import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { Context } from './context';
import { PROTOCOL_VERSION } from './methods';
import type { Mode, RequestInfo, StatusInfo, SubmitResult } from './protocol';
import type { LineEnd } from './decorations';
import { keyOf } from './requests';
import { submit } from './submitting';

/** What another extension may use, and what the tests look at. */
export interface BackchatApi {
  /** The version of the wire contract. */
  readonly protocolVersion: number;
  /** The requests of a buffer changed. */
  readonly onDidChange: vscode.Event<vscode.Uri>;
  /** Submits a prompt about an open buffer. When it resolves, the request is on disk. */
  submit(what: { uri: vscode.Uri; prompt: string; range?: vscode.Range; mode?: Mode }): Promise<SubmitResult>;
  /** The requests of an open buffer that were not dismissed. */
  requests(uri: vscode.Uri): readonly RequestInfo[];
  /** The counts over all windows; nothing while the server is away. */
  status(): StatusInfo | undefined;
  /** What the window shows of a buffer, and of the inbox. */
  shown(document: vscode.TextDocument): {
    readonly lineEnds: readonly LineEnd[];
    readonly threads: readonly vscode.CommentThread[];
    readonly statusBar: string;
    readonly badge: number;
  };
  /** The process id of the server. */
  serverPid(): number | undefined;
}

let context: Context | undefined;

/** Called by VS Code once in each window. */
export function activate(extension: vscode.ExtensionContext): BackchatApi {
  const active = new Context(extension);
  context = active;
  extension.subscriptions.push(active);
  registerCommands(active);
  void active.server.start();

  const changes = active.own(new vscode.EventEmitter<vscode.Uri>());
  active.own(active.requests.onDidChange((key) => changes.fire(vscode.Uri.parse(key))));
  return {
    protocolVersion: PROTOCOL_VERSION,
    onDidChange: changes.event,
    submit: ({ uri, prompt, range, mode = 'background' }) =>
      submit(active, { textDocument: { uri: keyOf(uri) }, prompt, mode, ...(range && { range }) }),
    requests: (uri) => active.requests.of(uri),
    status: () => active.inbox.status,
    shown: (document) => ({
      lineEnds: active.decorations.lineEnds(document),
      threads: active.threads.of(document.uri),
      statusBar: active.statusBar.text,
      badge: active.sessionsView.badge?.value ?? 0,
    }),
    serverPid: () => active.server.pid,
  };
}

/** Called by VS Code when the window closes: the server is asked to end, and hands over what is queued. */
export async function deactivate(): Promise<void> {
  await context?.server.stop();
}
