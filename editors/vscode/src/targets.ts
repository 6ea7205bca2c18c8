// What a command is about: a thread's button, a line of the sessions view, a link in a hover, or, from
// the palette and by a key, what is at the cursor.

import * as vscode from 'vscode';
import type { Range } from './anchors';
import type { Context } from './context';
import type { Place } from './places';
import { isPreview, requestOf } from './preview';
import type { RequestInfo, SessionId } from './protocol';
import * as methods from './methods';
import type { SessionNode } from './sessionsView';

/** What VS Code, or another extension, may hand to a command. */
export type Target = vscode.CommentThread | SessionNode | { readonly requestId: string } | undefined;

/**
 * What a command is meant for. The menus of editors hand over a URI: that of a preview names its request, as
 * does a preview that is in front; in any other editor the cursor says what is meant.
 */
export function meant(given: Target | vscode.Uri): Target {
  if (given && !(given instanceof vscode.Uri)) return given;
  const uri = given ?? vscode.window.activeTextEditor?.document.uri;
  return uri && isPreview(uri) ? { requestId: requestOf(uri) } : undefined;
}

/** The requests that a target names; nothing when it names none. */
export function named({ threads, requests }: Context, target: Target): readonly RequestInfo[] {
  if (!target) return [];
  if ('kind' in target) return target.kind === 'request' ? [target.request] : [];
  if ('requestId' in target) return [requests.get(target.requestId)].filter((request) => request !== undefined);
  return 'comments' in target ? threads.requestsOf(target) : [];
}

/**
 * The requests that a command without a target is about: those at the cursor, those about the least code first and of
 * these the latest first; else all of the buffer.
 */
export function atCursor({ requests }: Context): { readonly here: readonly RequestInfo[]; readonly all: readonly RequestInfo[] } {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return { here: [], all: [] };
  const places = requests.places(editor.document);
  const line = editor.selection.active.line;
  const here = places.filter((place) => contains(place, line)).sort((left, right) => compareSizes(left.range, right.range));
  return { here: here.flatMap((place) => [...place.requests].reverse()), all: places.flatMap((place) => place.requests) };
}

function compareSizes(left: Range, right: Range): number {
  const lines = ({ start, end }: Range): number => end.line - start.line;
  const characters = ({ start, end }: Range): number => end.character - start.character;
  return lines(left) - lines(right) || (lines(left) === 0 ? characters(left) - characters(right) : 0);
}

function contains({ range, line }: Place, cursor: number): boolean {
  return (range.start.line <= cursor && cursor <= range.end.line) || line === cursor;
}

/**
 * The requests for a command such as cancel: those of the target, else the one at the cursor, else the one that the
 * user picks among the buffer's. Only those that `applies` accepts.
 */
export async function choose(
  context: Context,
  target: Target,
  title: string,
  applies: (request: RequestInfo) => boolean,
): Promise<readonly RequestInfo[]> {
  if (target) return named(context, target).filter(applies);
  const { here, all } = atCursor(context);
  const nearest = here.find(applies);
  if (nearest) return [nearest];
  const candidates = all.filter(applies);
  if (candidates.length < 2) return candidates;
  const picked = await vscode.window.showQuickPick(
    candidates.map((request) => ({ label: request.prompt.replace(/\s+/g, ' '), description: request.state, request })),
    { title },
  );
  return picked ? [picked.request] : [];
}

/** The one request for a command such as apply: of a thread, the latest that `applies` accepts. */
export async function chooseOne(...choice: Parameters<typeof choose>): Promise<RequestInfo | undefined> {
  return (await choose(...choice)).at(-1);
}

/** The session of a target, else of the buffer in front. */
export async function sessionOf(context: Context, target: Target): Promise<SessionId | undefined> {
  if (target && 'kind' in target && target.kind === 'session') return target.session.id;
  const [request] = named(context, target);
  if (request) return request.sessionId;
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (!uri) return undefined;
  const { sessions } = await context.server.request(methods.sessions, { textDocument: { uri: uri.toString() } });
  return sessions[0]?.id;
}
