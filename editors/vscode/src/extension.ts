// Backchat for VS Code: ask about any buffer and keep typing; the answer arrives where you asked.

import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { Context } from './context';
import type { LineEnd } from './decorations';
import * as methods from './methods';
import { PROTOCOL_VERSION, type Intent, type Mode, type ModelsResult, type RequestInfo, type SessionInfo, type StatusInfo, type SubmitResult } from './protocol';
import { submitGiven } from './submitting';

/** What another extension may use, and what the tests look at. */
export interface BackchatApi {
  /** The version of the wire contract. */
  readonly protocolVersion: number;
  /** The requests of a buffer changed. */
  readonly onDidChange: vscode.Event<vscode.Uri>;
  /** Submits a prompt about an open buffer. When it resolves, the request is on disk. */
  submit(what: { uri: vscode.Uri; prompt: string; range?: vscode.Range; intent?: Intent; mode?: Mode }): Promise<SubmitResult>;
  /** The requests of an open buffer that were not dismissed. */
  requests(uri: vscode.Uri): readonly RequestInfo[];
  /** What the window draws in a buffer. */
  drawn(document: vscode.TextDocument): { readonly lineEnds: readonly LineEnd[]; readonly threads: readonly vscode.CommentThread[] };
  /** The inbox over all windows, and how this window shows it. */
  inbox(): {
    /** Nothing while the server is away. */
    readonly status: StatusInfo | undefined;
    readonly sessions: readonly SessionInfo[];
    readonly statusBar: string;
    readonly badge: number;
  };
  /** Every model, and what keeps each of them from answering. Never a key. */
  models(): Promise<ModelsResult>;
  /** Keeps a key in the secret storage and hands it to the server; an empty one is forgotten. */
  setKey(name: string, key: string): Promise<void>;
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
    submit: ({ uri, prompt, range, intent = 'ask', mode = 'background' }) =>
      submitGiven(active, { uri, prompt, intent, mode, ...(range && { range }) }),
    requests: (uri) => active.requests.of(uri),
    drawn: (document) => ({ lineEnds: active.decorations.lineEnds(document), threads: active.threads.of(document.uri) }),
    inbox: () => ({
      status: active.inbox.status,
      sessions: active.inbox.sessions,
      statusBar: active.statusBar.text,
      badge: active.sessionsView.badge?.value ?? 0,
    }),
    models: () => active.server.request(methods.models, undefined),
    setKey: (name, key) => active.keys.set(name, key),
    serverPid: () => active.server.pid,
  };
}

/** Called by VS Code when the window closes: the server is asked to end, and hands over what is queued. */
export async function deactivate(): Promise<void> {
  await context?.unsaved.flush();
  await context?.server.stop();
}
