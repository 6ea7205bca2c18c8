// The lightbulb: ask about a selection, or about a problem at the cursor.

import * as vscode from 'vscode';
import { readLibrary } from './library';
import { DOCUMENTS, type Server } from './server';

const ASK = vscode.CodeActionKind.Empty.append('backchat');
const EDIT = vscode.CodeActionKind.RefactorRewrite.append('backchat');

/** Offers what applies to the selection. */
export class CodeActions implements vscode.CodeActionProvider, vscode.Disposable {
  readonly #server: Server;
  readonly #registration = vscode.languages.registerCodeActionsProvider(DOCUMENTS, this, {
    providedCodeActionKinds: [ASK, EDIT, vscode.CodeActionKind.QuickFix],
  });

  constructor(server: Server) {
    this.#server = server;
  }

  dispose(): void {
    this.#registration.dispose();
  }

  async provideCodeActions(document: vscode.TextDocument, range: vscode.Range, context: vscode.CodeActionContext): Promise<vscode.CodeAction[]> {
    const actions: vscode.CodeAction[] = [];
    // An action may be chosen when its range is somewhere else already.
    const { version } = document;
    const uri = document.uri.toString();
    if (!range.isEmpty) actions.push(action('Ask Backchat about the selection in the background…', ASK, 'backchat.submit', []));
    if (!range.isEmpty && this.#server.supportsProposals) {
      actions.push(action('Have Backchat edit the selection in the background…', EDIT, 'backchat.edit', []));
    }
    const [problem] = context.diagnostics;
    if (problem) {
      const prompt = `Explain this problem and how to solve it: ${problem.message}`;
      const explain = action('Ask Backchat about this problem in the background', vscode.CodeActionKind.QuickFix, 'backchat.submit', [
        { prompt, uri, range: problem.range, version },
      ]);
      explain.diagnostics = [problem];
      actions.push(explain);
    }
    if (problem && this.#server.supportsProposals) {
      const prompt = `Fix this problem: ${problem.message}`;
      const lines = new vscode.Range(problem.range.start.line, 0, problem.range.end.line, document.lineAt(problem.range.end.line).text.length);
      const fix = action('Have Backchat fix this problem in the background', vscode.CodeActionKind.QuickFix, 'backchat.edit', [
        { prompt, uri, range: lines, version },
      ]);
      fix.diagnostics = [problem];
      actions.push(fix);
    }
    return range.isEmpty ? actions : [...actions, ...(await this.#ofLibrary(document, range))];
  }

  /** What the library offers for a selection. What is wrong with its files is told by the command's list. */
  async #ofLibrary(document: vscode.TextDocument, range: vscode.Range): Promise<vscode.CodeAction[]> {
    if (!this.#server.running) return [];
    const { version } = document;
    const { prompts } = await readLibrary(this.#server, document).catch(() => ({ prompts: [] }));
    return prompts.map(({ name, intent }) =>
      action(`Backchat: ${name}`, intent === 'edit' ? EDIT : ASK, 'backchat.askWithPrompt', [{ libraryPrompt: name, uri: document.uri.toString(), range, version }]),
    );
  }
}

function action(title: string, kind: vscode.CodeActionKind, command: string, args: unknown[]): vscode.CodeAction {
  const made = new vscode.CodeAction(title, kind);
  made.command = { command, title, arguments: args };
  return made;
}
