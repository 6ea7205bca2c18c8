// Puts a proposed change into its buffer, because the user asked for it. The server merges it with what
// was typed meanwhile; the merge is taken only when it is of the very text that the buffer has, and is one
// step for undo. Nothing is saved.
//
// Conflicts are written between markers, on which VS Code's own lenses work. Its merge editor can't be
// opened by an extension: there is no public command for it.

import * as vscode from 'vscode';
import type { Context } from './context';
import { count, linesText } from './labels';
import { firstLine } from './markdown';
import * as methods from './methods';
import { mayPropose } from './places';
import { isPreview } from './preview';
import { hasMarkers, hunkAtComparedLine, hunkAtLine, isOf, isPending, sameHunk } from './proposal';
import type { HunkInfo, ProposalResult, RequestInfo } from './protocol';
import { documentOf } from './reading';
import { atCursor, chooseOne, named, type Target } from './targets';
import { isReadOnly } from './writable';

/** How often a proposal is asked for while the buffer keeps changing. */
const TRIES = 4;

const READ_ONLY = 'The editor is read-only; nothing was applied.';

/** What of a proposal to apply: everything, everything with conflicts between markers, or one hunk. */
export type Part = 'all' | 'marked' | HunkInfo;

/** What came of it. */
export interface Outcome {
  readonly applied: boolean;
  /** For the user. */
  readonly message: string;
  /** Commands that may help, by their titles. */
  readonly ways?: Readonly<Record<string, string>>;
}

interface Plan {
  readonly edits: ProposalResult['edits'];
  readonly message: string;
}

/** Applies the change that the user means. Nothing when there is none, or when they did not say which. */
export async function apply(context: Context, target: Target, part: Part): Promise<Outcome | undefined> {
  const request = await chooseProposal(context, target, 'Apply');
  return request && told(request, await applyTo(context, request, part));
}

/**
 * Applies one hunk: the given one, else the one at the cursor, in the buffer or in its preview, else the one
 * that the user picks.
 */
export async function applyHunk(context: Context, target: Target | { requestId: string; hunk: HunkInfo }): Promise<Outcome | undefined> {
  const request = await chooseProposal(context, target, 'Apply Hunk');
  if (!request) return undefined;
  const given = target && 'hunk' in target ? target.hunk : undefined;
  const hunk = given ?? (await chooseHunk(context, request));
  return hunk && told(request, await applyTo(context, request, hunk));
}

/** Compares the buffer with what it would become; changes nothing. */
export async function preview(context: Context, target: Target): Promise<void> {
  const request = await chooseProposal(context, target, 'Preview');
  const document = request && (await documentOf(vscode.Uri.parse(request.uri)));
  if (!request || !document) return;
  const result = await context.proposals.ask(request.id);
  const nothing = whyNothing(result);
  if (nothing === undefined) await context.previews.open(request, document, result);
  else void vscode.window.showInformationMessage(nothing);
}

/** The one request that a command means: of those at hand, one that can still be applied. */
async function chooseProposal(context: Context, target: Target, title: string): Promise<RequestInfo | undefined> {
  const pending = (one: RequestInfo): boolean => mayPropose(one) && isPending(context.proposals.get(one.id));
  const candidates = target ? named(context, target) : atCursor(context).all;
  const request = await chooseOne(context, target, title, candidates.some(pending) ? pending : mayPropose);
  if (!request && !candidates.some(mayPropose)) {
    void vscode.window.showInformationMessage('No change is proposed here. “Backchat: Edit in Background” asks for one.');
  }
  return request;
}

async function chooseHunk(context: Context, request: RequestInfo): Promise<HunkInfo | undefined> {
  const editor = vscode.window.activeTextEditor;
  const line = editor?.selection.active.line ?? 0;
  const shown = editor && context.previews.shown(editor.document.uri);
  const here = shown && hunkAtComparedLine(shown, line);
  if (here) return here;
  const { hunks } = shown ?? (await context.proposals.ask(request.id));
  const inBuffer = editor && !isPreview(editor.document.uri) ? hunkAtLine(hunks, line) : undefined;
  if (inBuffer || hunks.length < 2) return inBuffer ?? hunks[0];
  const items = hunks.map((hunk) => ({
    label: firstLine(hunk.newText, 80) || `without ${firstLine(hunk.oldText, 80)}`,
    description: `line ${hunk.range.start.line + 1}`,
    hunk,
  }));
  return (await vscode.window.showQuickPick(items, { title: 'Apply Hunk', placeHolder: 'Which of the changes?' }))?.hunk;
}

async function applyTo(context: Context, request: RequestInfo, part: Part): Promise<Outcome> {
  const document = await documentOf(vscode.Uri.parse(request.uri));
  if (!document) return refused('The file can’t be opened; nothing was applied.');
  if (isReadOnly(document)) return refused(READ_ONLY);
  for (let tries = TRIES; tries > 0; tries -= 1) {
    const result = await context.proposals.ask(request.id);
    if (document.isClosed) return refused('The file was closed; nothing was applied.');
    // Something was typed since the server was asked: it merges again.
    if (result.version !== document.version) continue;
    // The server has merged into another text than this one: it gets this one.
    if (!isOf(result, document.getText())) {
      context.server.reopen(document);
      continue;
    }
    const plan = planOf(result, part, document);
    if ('applied' in plan) return plan;
    // A file is changed where the user sees it. A hunk is taken in the preview, which shows the buffer too.
    if (!editorOf(document) && (typeof part !== 'object' || !context.previews.isVisible(request.id))) {
      await vscode.window.showTextDocument(document);
      if (result.version !== document.version) continue;
    }
    const accepted = await write(document, plan.edits);
    // It says that it has changed what may not be changed.
    if (document.version === result.version) return refused(READ_ONLY);
    if (!accepted) continue;
    await shown(context, request, document, result, part);
    return { applied: true, message: plan.message };
  }
  return refused('The buffer keeps changing; nothing was applied. Try again.');
}

/** What is to be written and what to say then; or why nothing is. */
function planOf(result: ProposalResult, part: Part, document: vscode.TextDocument): Plan | Outcome {
  const { hunks, conflicts, status, edits, markedEdits = [] } = result;
  const nothing = whyNothing(result);
  if (nothing !== undefined) return refused(nothing);
  if (typeof part === 'object') {
    const hunk = sameHunk(hunks, part);
    if (!hunk) return refused('This hunk is not there any more: the buffer has changed. Nothing was applied.');
    return { edits: [{ range: hunk.range, newText: hunk.newText }], message: `applied hunk ${hunk.index + 1} of ${hunks.length}` };
  }
  const applied = `applied ${linesText(result.added, result.removed)}`;
  if (conflicts.length === 0) return { edits, message: `${applied}${status === 'moved' ? ', moved with its code' : ''}` };
  if (part === 'all') {
    return refused(`${count(conflicts.length, 'conflict')}: you typed over the same lines. Nothing was applied.`, {
      'Mark Conflicts': 'backchat.applyMarked',
      Preview: 'backchat.preview',
    });
  }
  if (hasMarkers(document.getText())) return refused('The buffer has conflict markers already. Resolve them first.');
  return { edits: markedEdits, message: `${applied}, and marked ${count(conflicts.length, 'conflict')}` };
}

/** Why there is nothing to apply, if so. */
function whyNothing(result: ProposalResult): string | undefined {
  if (result.status === 'none') {
    return `Nothing to apply: ${result.reason ?? 'no reason was given'}. “Backchat: Read Response” shows the answer.`;
  }
  return isPending(result) ? undefined : 'The buffer has the proposed change already.';
}

/**
 * Writes the edits as one step for undo. VS Code checks that they meet the version of the document that is
 * known here and now; of an editor that is read-only it is known to the editor alone.
 */
async function write(document: vscode.TextDocument, edits: Plan['edits']): Promise<boolean> {
  const changes = edits.map(({ range: { start, end }, newText }) => ({
    range: new vscode.Range(start.line, start.character, end.line, end.character),
    newText,
  }));
  const editor = editorOf(document);
  if (editor) {
    return editor.edit((edit) => {
      for (const { range, newText } of changes) edit.replace(range, newText);
    });
  }
  const edit = new vscode.WorkspaceEdit();
  for (const { range, newText } of changes) edit.replace(document.uri, range, newText);
  return vscode.workspace.applyEdit(edit);
}

/** An editor of its own for a document: those within a diff editor have no column, and can't always be written. */
function editorOf(document: vscode.TextDocument): vscode.TextEditor | undefined {
  return vscode.window.visibleTextEditors.find((editor) => editor.document === document && editor.viewColumn !== undefined);
}

/** What was applied was shown, which is to have read it; and there is nothing left to compare. */
async function shown(context: Context, request: RequestInfo, document: vscode.TextDocument, result: ProposalResult, part: Part): Promise<void> {
  if (typeof part !== 'object' || result.hunks.length + result.conflicts.length === 1) {
    const inFront = vscode.window.activeTextEditor && isPreview(vscode.window.activeTextEditor.document.uri);
    await context.previews.close(request.id);
    if (inFront) await vscode.window.showTextDocument(document);
  }
  if (context.requests.get(request.id)?.unread ?? request.unread) await context.server.request(methods.take, { requestId: request.id });
}

function refused(message: string, ways?: Readonly<Record<string, string>>): Outcome {
  return { applied: false, message, ...(ways && { ways }) };
}

/** Says what came of it: quietly when it can be seen, else with a way out. */
function told(request: RequestInfo, outcome: Outcome): Outcome {
  const { applied, message, ways = {} } = outcome;
  if (applied) {
    vscode.window.setStatusBarMessage(`Backchat: ${message} · ${vscode.workspace.asRelativePath(vscode.Uri.parse(request.uri))}`, 5000);
  } else {
    void vscode.window.showWarningMessage(message, ...Object.keys(ways)).then((choice) => {
      const command = choice === undefined ? undefined : ways[choice];
      if (command !== undefined) void vscode.commands.executeCommand(command, { requestId: request.id });
    });
  }
  return outcome;
}
