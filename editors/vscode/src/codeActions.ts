// The lightbulb: ask about a selection, or about a problem at the cursor.

import * as vscode from 'vscode';
import { DOCUMENTS } from './server';

const ASK = vscode.CodeActionKind.Empty.append('backchat');

/** Offers what applies to the selection. */
export class CodeActions implements vscode.CodeActionProvider, vscode.Disposable {
  readonly #registration = vscode.languages.registerCodeActionsProvider(DOCUMENTS, this, {
    providedCodeActionKinds: [ASK, vscode.CodeActionKind.QuickFix],
  });

  dispose(): void {
    this.#registration.dispose();
  }

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range, context: vscode.CodeActionContext): vscode.CodeAction[] {
    const actions: vscode.CodeAction[] = [];
    if (!range.isEmpty) actions.push(action('Ask Backchat about the selection in the background…', ASK, 'backchat.submit', []));
    const [problem] = context.diagnostics;
    if (problem) {
      const prompt = `Explain this problem and how to solve it: ${problem.message}`;
      const explain = action('Ask Backchat about this problem in the background', vscode.CodeActionKind.QuickFix, 'backchat.submit', [
        { prompt, uri: document.uri.toString(), range: problem.range },
      ]);
      explain.diagnostics = [problem];
      actions.push(explain);
    }
    return actions;
  }
}

function action(title: string, kind: vscode.CodeActionKind, command: string, args: unknown[]): vscode.CodeAction {
  const made = new vscode.CodeAction(title, kind);
  made.command = { command, title, arguments: args };
  return made;
}
