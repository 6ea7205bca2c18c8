// From a prompt to a request: what it is about, how it is sent, what the user sees of that.

import * as vscode from 'vscode';
import type { Range } from './anchors';
import type { Context } from './context';
import * as methods from './methods';
import type { Intent, Mode, SubmitParams, SubmitResult } from './protocol';
import { DOCUMENTS } from './server';
import { Subject } from './subject';

/** What a command may be given instead of asking and looking at the selection. */
export interface Submission {
  readonly prompt?: string;
  /** The name of a prompt of the library, which comes before `prompt` and may be all there is. */
  readonly libraryPrompt?: string;
  /** The URI of an open buffer. */
  readonly uri?: string;
  readonly range?: vscode.Range;
  /** The version of the buffer that the range is of, where it was known before the command was run. */
  readonly version?: number;
}

/** What the empty box asks. */
const QUESTIONS: Record<Intent, string> = { ask: 'What do you want to know?', edit: 'What should change?' };

/** Asks for a prompt about the selection and submits it. Nothing is sent when the user gives up. */
export async function submitFromEditor(
  context: Context,
  { intent, mode, title }: { intent: Intent; mode: Mode; title: string },
  given: Submission = {},
): Promise<SubmitResult | undefined> {
  const subject = await subjectOf(context, given);
  if (!subject) return undefined;
  try {
    return await submitAbout(context, subject, { intent, mode, title }, given);
  } finally {
    subject.dispose();
  }
}

/** Asks for a prompt where none is given, and submits it about where its subject is then. */
export async function submitAbout(
  context: Context,
  subject: Subject,
  { intent, mode, title }: { intent: Intent; mode: Mode; title: string },
  { prompt: givenPrompt, libraryPrompt }: Submission,
): Promise<SubmitResult | undefined> {
  const name = vscode.workspace.asRelativePath(subject.document.uri);
  const settled = subject.settle(intent);
  // The box is there at once; what is typed until it is known what it is about would go into the file.
  const text = (): string => `${title} · ${name}${subject.lines}`;
  const prompt = givenPrompt ?? (await context.prompts.ask({ text, onDidChange: subject.onDidMove }, QUESTIONS[intent]));
  if (prompt === undefined || (prompt.trim() === '' && libraryPrompt === undefined)) return undefined;
  if (prompt.trim() !== '') await context.prompts.remember(prompt);
  await settled;
  return submit(context, () => ({
    ...placeOf(subject),
    prompt,
    ...(libraryPrompt !== undefined && { libraryPrompt }),
    intent,
    mode,
  }));
}

/** Where a subject is now, for the server. */
function placeOf({ document, place }: Subject): Pick<SubmitParams, 'textDocument' | 'range'> {
  if (!place) {
    const name = vscode.workspace.asRelativePath(document.uri);
    const what = document.isClosed ? 'was closed' : 'does not have the code any more that this is about';
    throw new Error(`${name} ${what}. Nothing was submitted; the prompt is there again with ↑ in the next box.`);
  }
  return { textDocument: { uri: document.uri.toString() }, ...place };
}

/** Submits a prompt about a part of an open buffer, without asking anything. */
export async function submitGiven(
  context: Context,
  { uri, range, ...what }: Pick<SubmitParams, 'prompt' | 'intent' | 'mode'> & { uri: vscode.Uri; range?: vscode.Range },
): Promise<SubmitResult> {
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri.toString());
  if (!document) throw new Error(`${uri.toString()} is not open`);
  const subject = Subject.of(document, range);
  try {
    return await submit(context, () => ({ ...placeOf(subject), ...what }));
  } finally {
    subject.dispose();
  }
}

/** What a submission is about: what it says itself, else what is at the cursor. */
export async function subjectOf(context: Context, given: Submission): Promise<Subject | undefined> {
  const editor = vscode.window.activeTextEditor;
  const document = await frontDocument(given);
  if (!document) return undefined;
  if (!given.range && editor?.document === document) return Subject.atCursor(editor);
  const { range, version } = given;
  return Subject.of(document, range && version !== undefined ? context.requests.rangeNow(document, { range, version }) : range);
}

/** The buffer of a submission, else the one in front; nothing, and a hint, when it can't be asked about. */
async function frontDocument(given: Submission): Promise<vscode.TextDocument | undefined> {
  const document = given.uri === undefined ? vscode.window.activeTextEditor?.document : await vscode.workspace.openTextDocument(vscode.Uri.parse(given.uri));
  if (document && vscode.languages.match(DOCUMENTS, document) > 0) return document;
  void vscode.window.showInformationMessage('Open a file, or an untitled buffer, and put the cursor where the question is.');
  return undefined;
}

/** Submits, and shows the request at once. `paramsNow` says what, as it is when it is sent. */
export async function submit(context: Context, paramsNow: () => SubmitParams): Promise<SubmitResult> {
  // The same key again finds the same request: sending twice asks once.
  const idempotencyKey = crypto.randomUUID();
  const result = await context.server.requestSurely(methods.submit, () => {
    const params = paramsNow();
    return { idempotencyKey, ...params, ...(params.range && { range: onTheWire(params.range) }) };
  });
  const { request, disposition } = result;
  context.toast.submitted(request.id);
  // A notification may have told more by now than this answer does.
  if (!context.requests.get(request.id)) context.requests.accept(request);
  if (disposition === 'streaming') context.threads.expand(request.id);
  else vscode.window.setStatusBarMessage('Backchat: submitted to the background', 4000);
  return result;
}

/** VS Code's own ranges are written to JSON as arrays, which LSP does not know. */
function onTheWire({ start, end }: Range): Range {
  return { start: { line: start.line, character: start.character }, end: { line: end.line, character: end.character } };
}
