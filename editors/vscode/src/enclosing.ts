// The function around the cursor, as the language's own extension sees it.

import * as vscode from 'vscode';

/** How long the language's extension may take to tell, in milliseconds. */
const PATIENCE = 5000;

type Symbol = vscode.DocumentSymbol | vscode.SymbolInformation;

const FUNCTIONS: ReadonlySet<vscode.SymbolKind> = new Set([vscode.SymbolKind.Function, vscode.SymbolKind.Method, vscode.SymbolKind.Constructor]);

/** The whole lines of the innermost function around a position; nothing when none is known. */
export async function enclosingFunction(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Range | undefined> {
  const told = await Promise.race([
    vscode.commands.executeCommand<readonly Symbol[] | undefined>('vscode.executeDocumentSymbolProvider', document.uri).then(undefined, () => undefined),
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE)),
  ]);
  const range = innermost(told ?? [], position);
  return range && document.validateRange(new vscode.Range(range.start.line, 0, range.end.line, Number.MAX_SAFE_INTEGER));
}

function innermost(symbols: readonly Symbol[], position: vscode.Position): vscode.Range | undefined {
  for (const symbol of symbols) {
    const range = 'range' in symbol ? symbol.range : symbol.location.range;
    if (!range.contains(position)) continue;
    const inner = 'children' in symbol ? innermost(symbol.children, position) : undefined;
    const found = inner ?? (FUNCTIONS.has(symbol.kind) ? range : undefined);
    if (found) return found;
  }
  return undefined;
}
