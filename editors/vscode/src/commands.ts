// Every command of the extension, a line each.

import * as vscode from 'vscode';
import { apply, applyHunk, preview } from './applying';
import { copyCode, insertCode } from './code';
import type { Context } from './context';
import { askWithPrompt } from './library';
import * as methods from './methods';
import { selectModel } from './models';
import { isAllowable, isFinished, isRetryable } from './places';
import { showProgress } from './progress';
import type { RequestInfo } from './protocol';
import { nextUnread, read } from './reading';
import { SESSIONS_VIEW, type SessionNode } from './sessionsView';
import { submit, submitFromEditor, type Submission } from './submitting';
import { choose, chooseOne, meant, sessionOf, type Target } from './targets';

type Handler = (...args: never[]) => unknown;
type Given = Target | vscode.Uri;

/** Registers them all. Each is there from the start: those that have to ask the server wait until it can be asked. */
export function registerCommands(context: Context): void {
  const handlers: Record<string, Handler> = {
    submit: (given?: Submission) => submitFromEditor(context, { intent: 'ask', mode: 'background', title: 'Submit to Background' }, given),
    ask: (given?: Submission) => submitFromEditor(context, { intent: 'ask', mode: 'auto', title: 'Ask' }, given),
    edit: (given?: Submission) => submitFromEditor(context, { intent: 'edit', mode: 'background', title: 'Edit in Background' }, given),
    reply: (reply?: vscode.CommentReply) => replyTo(context, reply),
    showSessions: () => vscode.commands.executeCommand(`${SESSIONS_VIEW}.focus`),
    showLog: () => context.log.show(),
    restartServer: () => context.server.restart(),
    runDoctor: () => context.doctor.run(),
    refresh: () => context.inbox.refresh(),
    previousPrompt: () => context.prompts.recall(1),
    nextPrompt: () => context.prompts.recall(-1),
    copyCode: (comment: vscode.Comment) => copyCode(answerTo(context, comment)),
    insertCode: (comment: vscode.Comment) => insertCode(answerTo(context, comment)),
  };
  const asking: Record<string, Handler> = {
    askWithPrompt: (given?: Submission) => askWithPrompt(context, given),
    read: (given: Given) => read(context, meant(given)),
    nextUnread: () => nextUnread(context),
    openTranscript: (given: Given) => openTranscript(context, meant(given)),
    preview: (given: Given) => preview(context, meant(given)),
    apply: (given: Given) => apply(context, meant(given), 'all'),
    applyMarked: (given: Given) => apply(context, meant(given), 'marked'),
    applyHunk: (given: Given) => applyHunk(context, meant(given)),
    cancel: (given: Given) => each(context, meant(given), 'Cancel', (one) => !isFinished(one), methods.cancel),
    retry: (given: Given) => each(context, meant(given), 'Retry', isRetryable, methods.retry),
    allow: (given: Given) => each(context, meant(given), 'Allow', isAllowable, methods.allow),
    dismiss: (given: Given) => each(context, meant(given), 'Dismiss', (one) => isFinished(one) && !one.dismissed, methods.dismiss),
    markRead: (node: SessionNode) => markRead(context, node),
    showProgress: (given: Given) => progressOf(context, meant(given)),
    selectModel: () => selectModel(context.server),
    setApiKey: () => context.keys.ask(),
  };
  for (const [name, handler] of Object.entries(asking)) {
    handlers[name] = async (...args: never[]) => {
      await connected(context);
      return handler(...args);
    };
  }
  for (const [name, handler] of Object.entries(handlers)) {
    const command = vscode.commands.registerCommand(`backchat.${name}`, (...args: never[]) => shown(context, () => handler(...args)));
    context.own(command);
  }
}

/** Resolves when the server runs, and has told what is in the buffer in front. */
async function connected({ server, requests }: Context): Promise<void> {
  await server.ready();
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (uri) await requests.loaded(uri);
}

/** What fails is said once, in words, with the log at hand. */
async function shown(context: Context, work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    context.log.error(message);
    const showLog = 'Show Log';
    void vscode.window.showErrorMessage(`Backchat: ${message}`, showLog).then((choice) => {
      if (choice === showLog) context.log.show();
    });
    return undefined;
  }
}

async function replyTo(context: Context, reply?: vscode.CommentReply): Promise<void> {
  if (!reply) {
    // By a key that the user has given it: VS Code knows which box has the focus, and calls this again with it.
    await vscode.commands.executeCommand('editor.action.submitComment');
    return;
  }
  const { thread } = reply;
  const prompt = reply.text.trim();
  if (prompt === '') return;
  await submit(context, () => {
    const [first] = context.threads.requestsOf(thread);
    const range = first && context.requests.rangeOf(first);
    return { textDocument: { uri: thread.uri.toString() }, ...(range && { range }), prompt, intent: 'ask', mode: 'auto' };
  });
}

async function each(
  context: Context,
  target: Target,
  title: string,
  applies: (request: RequestInfo) => boolean,
  method: typeof methods.cancel,
): Promise<void> {
  const chosen = await choose(context, target, title, applies);
  if (chosen.length === 0 && !target) vscode.window.setStatusBarMessage(`Backchat: nothing here to ${title.toLowerCase()}`, 3000);
  // What comes of it is told by a notification, in order with everything else.
  for (const { id } of chosen) await context.server.request(method, { requestId: id });
}

async function openTranscript(context: Context, target: Target): Promise<void> {
  const sessionId = await sessionOf(context, target);
  if (sessionId === undefined) void vscode.window.showInformationMessage('Nothing was asked about this file yet.');
  else await context.transcripts.open(sessionId);
}

async function markRead(context: Context, node: SessionNode): Promise<void> {
  const sessionId = await sessionOf(context, node);
  if (sessionId !== undefined) await context.server.request(methods.take, { sessionId });
}

async function progressOf(context: Context, target: Target): Promise<void> {
  const request = await chooseOne(context, target, 'Show Progress', (one) => !isFinished(one));
  if (request) await showProgress(context.server, request);
  else vscode.window.setStatusBarMessage('Backchat: nothing here is under way', 3000);
}

function answerTo({ threads, requests }: Context, comment: vscode.Comment): string {
  const request = threads.requestOf(comment);
  return (request && requests.textOf(request.id)?.text) ?? '';
}
