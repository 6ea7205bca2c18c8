// From a prompt to a request: what it is about, how it is sent, what the user sees of that.

import * as vscode from 'vscode';
import type { Range } from './anchors';
import type { Context } from './context';
import { enclosingFunction } from './enclosing';
import * as methods from './methods';
import type { Intent, Mode, SubmitParams, SubmitResult } from './protocol';
import { DOCUMENTS } from './server';

/** What a command may be given instead of asking and looking at the selection. */
export interface Submission {
  readonly prompt?: string;
  /** The name of a prompt of the library, which comes before `prompt` and may be all there is. */
  readonly libraryPrompt?: string;
  /** The URI of an open buffer. */
  readonly uri?: string;
  readonly range?: vscode.Range;
}

/** What the empty box asks. */
const QUESTIONS: Record<Intent, string> = { ask: 'What do you want to know?', edit: 'What should change?' };

/** Asks for a prompt about the selection and submits it. Nothing is sent when the user gives up. */
export async function submitFromEditor(
  context: Context,
  { intent, mode, title }: { intent: Intent; mode: Mode; title: string },
  given: Submission = {},
): Promise<SubmitResult | undefined> {
  const editor = vscode.window.activeTextEditor;
  const document = await frontDocument(given);
  if (!document) return undefined;
  // The box is there at once; what is typed until it is known what it is about would go into the file.
  const about = given.range || editor?.document !== document ? Promise.resolve(given.range) : aboutWhat(editor, intent);
  const name = vscode.workspace.asRelativePath(document.uri);
  const prompt = given.prompt ?? (await context.prompts.ask(`${title} · ${name}`, about.then(linesOf), QUESTIONS[intent]));
  const { libraryPrompt } = given;
  if (prompt === undefined || (prompt.trim() === '' && libraryPrompt === undefined)) return undefined;
  if (prompt.trim() !== '') await context.prompts.remember(prompt);
  const range = await about;
  return submit(context, {
    textDocument: { uri: document.uri.toString() },
    ...(range && { range }),
    prompt,
    ...(libraryPrompt !== undefined && { libraryPrompt }),
    intent,
    mode,
  });
}

/** The buffer of a submission, else the one in front; nothing, and a hint, when it can't be asked about. */
export async function frontDocument(given: Submission): Promise<vscode.TextDocument | undefined> {
  const document = given.uri === undefined ? vscode.window.activeTextEditor?.document : await vscode.workspace.openTextDocument(vscode.Uri.parse(given.uri));
  if (document && vscode.languages.match(DOCUMENTS, document) > 0) return document;
  void vscode.window.showInformationMessage('Open a file, or an untitled buffer, and put the cursor where the question is.');
  return undefined;
}

/** Submits, and shows the request at once. */
export async function submit(context: Context, params: SubmitParams): Promise<SubmitResult> {
  // The same key again finds the same request: sending twice asks once.
  const result = await context.server.request(methods.submit, {
    idempotencyKey: crypto.randomUUID(),
    ...params,
    ...(params.range && { range: onTheWire(params.range) }),
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

/**
 * The selection; without one the line of the cursor, or for a change the function that it is in; on an empty
 * line the whole buffer.
 */
async function aboutWhat({ selection, document }: vscode.TextEditor, intent: Intent): Promise<vscode.Range | undefined> {
  if (!selection.isEmpty) return new vscode.Range(selection.start, selection.end);
  const around = intent === 'edit' ? await enclosingFunction(document, selection.active) : undefined;
  if (around) return around;
  const line = document.lineAt(selection.active.line);
  return line.isEmptyOrWhitespace ? undefined : line.range;
}

function linesOf(range: vscode.Range | undefined): string {
  if (!range) return '';
  const first = range.start.line + 1;
  const last = range.end.character === 0 && range.end.line > range.start.line ? range.end.line : range.end.line + 1;
  return first === last ? `:${first}` : `:${first}–${last}`;
}
