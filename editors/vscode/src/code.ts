// The code blocks of a response: onto the clipboard, or to where the cursor is. Both only because the
// user asked.

import * as vscode from 'vscode';
import { codeBlocks, type CodeBlock } from './markdown';

/** Copies a block of code of the response. */
export async function copyCode(markdown: string): Promise<void> {
  const block = await pick(markdown, 'Copy Code');
  if (!block) return;
  await vscode.env.clipboard.writeText(block.code);
  vscode.window.setStatusBarMessage('Backchat: the code is on the clipboard', 3000);
}

/** Inserts a block of code of the response in place of the selection; one undo takes it back. */
export async function insertCode(markdown: string): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const block = await pick(markdown, 'Insert Code at Cursor');
  if (!block || !editor) return;
  const inserted = await editor.edit((edit) => {
    for (const selection of editor.selections) edit.replace(selection, block.code);
  });
  if (!inserted) void vscode.window.showWarningMessage('The code could not be inserted: the file is read-only or was just changed.');
}

async function pick(markdown: string, title: string): Promise<CodeBlock | undefined> {
  const blocks = codeBlocks(markdown);
  if (blocks.length < 2) return blocks[0];
  const items = blocks.map((block, index) => ({
    label: block.code.split('\n').find((line) => line.trim() !== '')?.trim() ?? '(empty)',
    description: block.language,
    detail: `Block ${index + 1}, ${block.code.split('\n').length} lines`,
    block,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Which block?' }))?.block;
}
