import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { BackchatApi } from '../../src/extension';
import { backchat, buffer, line, lineEnds, until } from './backchat';

describe('a buffer without a file', () => {
  let api: BackchatApi;

  before(async () => {
    api = await backchat();
  });

  it('keeps its answers when its language changes', async () => {
    const editor = await buffer('select 1;\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'which language?' });
    await until('the answer', () => lineEnds(api, editor).includes('0: 📬 Echo: which language?'));
    const document = await vscode.languages.setTextDocumentLanguage(editor.document, 'sql');
    assert.equal(document.languageId, 'sql');
    await until('the answer again', () => lineEnds(api, editor).includes('0: 📬 Echo: which language?'));
    await api.submit({ uri: document.uri, range: line(0, editor), prompt: 'and now?' });
    await until('both in one session', () => new Set(api.requests(document.uri).map(({ sessionId }) => sessionId)).size === 1 && api.requests(document.uri).length === 2);
  });

  it('keeps its answers when it is saved, whatever a formatter makes of it', async () => {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
    const uri = vscode.Uri.file(path.join(folder, 'formatted.js'));
    const document = await vscode.workspace.openTextDocument(uri.with({ scheme: 'untitled' }));
    const editor = await vscode.window.showTextDocument(document);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'let a = 1\nlet b = 2\n'));
    await api.submit({ uri: document.uri, range: line(1, editor), prompt: 'formatted?' });
    await until('the answer', () => lineEnds(api, editor).includes('1: 📬 Echo: formatted?'));
    // Such as a formatter that has opinions.
    const formatter = vscode.workspace.onWillSaveTextDocument((event) => {
      const whole = new vscode.Range(0, 0, event.document.lineCount, 0);
      event.waitUntil(Promise.resolve([vscode.TextEdit.replace(whole, 'const a = 1;\n\n\nconst b = 2;\n')]));
    });
    await vscode.commands.executeCommand('workbench.action.files.save');
    formatter.dispose();
    const saved = await until('the file', () => vscode.window.visibleTextEditors.find((one) => one.document.uri.toString() === uri.toString()));
    assert.equal(saved.document.getText(), 'const a = 1;\n\n\nconst b = 2;\n');
    await until('the answer at the file', () => api.requests(uri).some(({ prompt }) => prompt === 'formatted?'));
  });
});
