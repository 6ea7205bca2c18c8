import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { BackchatApi } from '../../src/extension';
import { backchat, until } from './backchat';

const CODE = 'fn one() {}\nfn two() {}\n';

/** Writes a prompt of the library. */
function prompt(folder: string, name: string, text: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), text);
}

describe('the prompt library', () => {
  let api: BackchatApi;
  let document: vscode.TextDocument;

  before(async () => {
    api = await backchat();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
    prompt(path.join(path.dirname(process.env.BACKCHAT_CONFIG ?? ''), 'prompts'), 'races.md', '---\nname: Find races\nintent: edit\n---\nLook for races.\n');
    prompt(path.join(folder, '.backchat/prompts'), 'review.md', '---\nname: Review as we do\n---\nReview this.\n');
    const file = path.join(folder, 'library.rs');
    fs.writeFileSync(file, CODE);
    document = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(document);
  });

  it('is offered for a selection, with the prompts of a trusted workspace', async () => {
    const actions = async (range: vscode.Range): Promise<vscode.CodeAction[]> =>
      vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, range);
    const offered = await actions(new vscode.Range(0, 0, 0, 11));
    const kindOf = (title: string): string | undefined => offered.find((one) => one.title === title)?.kind?.value;
    assert.equal(kindOf('Backchat: Find races'), 'refactor.rewrite.backchat');
    assert.equal(kindOf('Backchat: Review as we do'), 'backchat');
    const races = offered.find(({ title }) => title === 'Backchat: Find races')?.command;
    assert.ok(races);
    await vscode.commands.executeCommand(races.command, ...((races.arguments ?? []) as unknown[]));
    const request = await until('the request', () => api.requests(document.uri)[0]);
    assert.equal(request.intent, 'edit');
    assert.match(request.prompt, /^Find races[^]*Look for races\.$/);
    assert.deepEqual(request.anchor?.range, { start: { line: 0, character: 0 }, end: { line: 0, character: 11 } });
    assert.deepEqual((await actions(new vscode.Range(0, 0, 0, 0))).filter(({ title }) => title.startsWith('Backchat: ')), []);
  });

  it('asks with words after a prompt', async () => {
    await vscode.commands.executeCommand('backchat.askWithPrompt', { libraryPrompt: 'Review as we do', prompt: 'Mind the names.', uri: document.uri.toString() });
    const request = await until('the request', () => api.requests(document.uri).find(({ prompt: words }) => words.endsWith('Mind the names.')));
    assert.equal(request.intent, 'ask');
    assert.match(request.prompt, /Review this\.\n\nMind the names\.$/);
  });
});
