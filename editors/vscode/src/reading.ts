// Opening a response where it was asked. Files are opened and scrolled only here, because the user
// asked for it; what is shown is then taken by the threads.

import * as vscode from 'vscode';
import type { Context } from './context';
import * as methods from './methods';
import type { RequestId, RequestInfo } from './protocol';
import { keyOf } from './requests';
import { atCursor, named, type Target } from './targets';

/** How long to wait for the server to tell where a request is in a file that was just opened. */
const PATIENCE = 10_000;

/** Opens what the target names, else what is at the cursor, else what is unread in the buffer. */
export async function read(context: Context, target: Target): Promise<void> {
  const { here, all } = atCursor(context);
  // At the cursor the nearest comes first, in a thread the latest comes last.
  const request = target ? preferred(await lookUp(context, target)) : (here.find((one) => one.unread) ?? here[0] ?? all.find((one) => one.unread));
  if (request) await open(context, request);
  else if (context.inbox.status?.unread) vscode.window.setStatusBarMessage('Backchat: no response here; “Next Unread Response” goes to the next 📬', 5000);
  else vscode.window.setStatusBarMessage('Backchat: no response here', 3000);
}

/** Opens the next unread response: further down in this buffer, at its top, in another one. */
export async function nextUnread(context: Context): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const line = editor?.selection.active.line ?? 0;
  const places = editor ? context.requests.places(editor.document).filter((place) => place.requests.some((one) => one.unread)) : [];
  places.sort((left, right) => left.line - right.line);
  const place = places.find((one) => one.line >= line) ?? places[0];
  const request = place?.requests.find((one) => one.unread) ?? (await firstElsewhere(context, editor?.document.uri));
  if (request) await open(context, request);
  else vscode.window.setStatusBarMessage('Backchat: nothing is unread', 3000);
}

/** Shows a request in its buffer; in the transcript when it has no place in a buffer any more. */
export async function open(context: Context, request: RequestInfo): Promise<void> {
  const uri = vscode.Uri.parse(request.uri);
  const document = request.dismissed ? undefined : await documentOf(uri);
  const located = document && (await locate(context, request.id, keyOf(uri)));
  if (!located) {
    await context.transcripts.open(request.sessionId);
    return;
  }
  const visible = vscode.window.visibleTextEditors.find((editor) => editor.document === document);
  const editor = visible ?? (await vscode.window.showTextDocument(document));
  context.threads.expand(request.id);
  const range = context.requests.rangeOf(located);
  if (!range) return;
  const shown = editor.document.validateRange(new vscode.Range(range.start.line, 0, range.end.line, 0));
  editor.revealRange(shown, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

async function lookUp(context: Context, target: Target): Promise<readonly RequestInfo[]> {
  if (target && 'kind' in target && target.kind === 'session') {
    const { turns } = await context.server.request(methods.session, { sessionId: target.session.id });
    return turns.map((turn) => turn.request);
  }
  return named(context, target);
}

/** What is unread, else the latest. */
function preferred(requests: readonly RequestInfo[]): RequestInfo | undefined {
  return requests.find((request) => request.unread) ?? requests.at(-1);
}

async function firstElsewhere(context: Context, here: vscode.Uri | undefined): Promise<RequestInfo | undefined> {
  const { sessions } = await context.server.request(methods.sessions, { unreadOnly: true });
  const session = sessions.find((one) => !here || keyOf(one.uri) !== keyOf(here)) ?? sessions[0];
  if (!session) return undefined;
  const { turns } = await context.server.request(methods.session, { sessionId: session.id });
  return turns.map((turn) => turn.request).find((request) => request.unread);
}

/** The document of a buffer, opened without being shown; nothing when there is none any more. */
export async function documentOf(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  const open = vscode.workspace.textDocuments.find((document) => keyOf(document.uri) === keyOf(uri));
  // An untitled buffer that was closed would be made anew, empty.
  if (open || uri.scheme === 'untitled') return open;
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch {
    return undefined;
  }
}

/** Waits until the server has told where the request is. */
function locate({ requests }: Context, id: RequestId, key: string): Promise<RequestInfo | undefined> {
  const found = (): RequestInfo | undefined => {
    const request = requests.get(id);
    return request?.anchor ? request : undefined;
  };
  return new Promise((resolve) => {
    const now = found();
    if (now) {
      resolve(now);
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      subscription.dispose();
      resolve(found());
    };
    const timer = setTimeout(end, PATIENCE);
    const subscription = requests.onDidChange((changed) => {
      if (changed === key && found()) end();
    });
  });
}
