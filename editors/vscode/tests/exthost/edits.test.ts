// Proposed changes in the real VS Code with the real server: asked for, typed around, applied.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Outcome } from '../../src/applying';
import type { BackchatApi } from '../../src/extension';
import type { HunkInfo, RequestInfo } from '../../src/protocol';
import { backchat, buffer, lineEnds, release, script, until } from './backchat';

const LINES = ['fn one() {', '    1', '}', '', 'fn two() {', '    2', '}', '', 'fn main() {}', ''];
const CODE = LINES.join('\n');
const TWO = new vscode.Range(4, 0, 6, 1);
const ANSWER = 'Here it is:\n\n```rust\nfn two() {\n    22\n}\n```\n';
/** Two places, far enough from each other to be two hunks. */
const BLOCKS = ['<<<<<<< SEARCH', '    1', '=======', '    10', '>>>>>>> REPLACE', '', '<<<<<<< SEARCH', '    2', '=======', '    20', '>>>>>>> REPLACE', ''].join('\n');

/** The code with other lines in place of some, counted from 0. */
function withLines(changes: Record<number, string>): string {
  return LINES.map((line, number) => changes[number] ?? line).join('\n');
}

describe('an edit', () => {
  let api: BackchatApi;
  let asked = 0;

  before(async () => {
    api = await backchat();
  });

  afterEach(async () => {
    // The comparisons only: an untitled buffer that is closed gives its name to the next one.
    await vscode.window.tabGroups.close(vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.filter(({ input }) => input instanceof vscode.TabInputTextDiff)));
  });

  /** Asks for a change of the second function; it waits until it is released. */
  async function ask(editor: vscode.TextEditor, answer = ANSWER, range = TWO): Promise<RequestInfo & { words: string }> {
    const words = `double it, ${(asked += 1)}`;
    await script({ match: words, answer, gate: true });
    const { request } = await api.submit({ uri: editor.document.uri, range, prompt: words, intent: 'edit' });
    await until('it to run', () => api.requests(editor.document.uri).some((one) => one.id === request.id && one.state === 'running'));
    return { ...request, words };
  }

  /** What the lenses of a buffer say, from left to right. */
  async function lenses(uri: vscode.Uri): Promise<{ line: number; title: string; command: vscode.Command }[]> {
    const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri);
    return found.flatMap(({ range, command }) => (command ? { line: range.start.line, title: command.title, command } : []));
  }

  async function seeLens(editor: vscode.TextEditor, wanted: string): Promise<void> {
    await until(`the lens “${wanted}”`, async () => (await lenses(editor.document.uri)).some(({ title }) => title === wanted));
  }

  /** Asks for a change and waits until what it proposes is shown. */
  async function proposed(editor: vscode.TextEditor, answer = ANSWER, shown = '✎ +1 −1 clean', range = TWO): Promise<RequestInfo> {
    const request = await ask(editor, answer, range);
    await release(request.words);
    await seeLens(editor, shown);
    return request;
  }

  const run = (command: string, argument?: object): Thenable<Outcome> => vscode.commands.executeCommand<Outcome>(`backchat.${command}`, argument);

  it('is shown at its code, applied there, and one undo takes it back', async () => {
    const editor = await buffer(CODE);
    const request = await proposed(editor);
    const { document } = editor;
    assert.deepEqual(
      (await lenses(document.uri)).map(({ line, title }) => `${line} ${title}`),
      ['4 ✎ +1 −1 clean', '4 apply', '4 preview', '4 dismiss'],
    );
    await until('📬', () => lineEnds(api, editor).includes('6: 📬 ✎ +1 −1 clean'));
    await until('the thread to offer it', () => api.drawn(document).threads[0]?.contextValue?.includes('appliable'));
    assert.equal(document.getText(), CODE);

    editor.selection = new vscode.Selection(8, 3, 8, 3);
    assert.deepEqual(await run('apply', { requestId: request.id }), { applied: true, message: 'applied +1 −1' });
    assert.equal(document.getText(), withLines({ 5: '    22' }));
    assert.deepEqual(editor.selection, new vscode.Selection(8, 3, 8, 3));
    // It was shown: it is read, and there is nothing left to apply.
    await until('no 📬', () => api.requests(document.uri).every((one) => !one.unread));
    await seeLens(editor, '✎ in the buffer');
    assert.deepEqual(await run('apply'), { applied: false, message: 'The buffer has the proposed change already.' });

    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), CODE);
    // What was undone can be applied again.
    await seeLens(editor, '✎ +1 −1 clean');
    assert.equal((await run('apply')).applied, true);
    assert.equal(document.getText(), withLines({ 5: '    22' }));
  });

  it('moves with its code when something is typed above and below while it runs', async () => {
    const editor = await buffer(CODE);
    const request = await ask(editor);
    await editor.edit((edit) => {
      edit.insert(new vscode.Position(0, 0), '// above\n// and more\n');
      edit.insert(new vscode.Position(9, 0), '// below\n');
    });
    const typed = editor.document.getText();
    await release(request.words);
    await seeLens(editor, '✎ +1 −1 moved');
    assert.equal((await lenses(editor.document.uri))[0]?.line, 6);
    assert.deepEqual(await run('apply'), { applied: true, message: 'applied +1 −1, moved with its code' });
    assert.equal(editor.document.getText(), typed.replace('    2\n', '    22\n'));
    await vscode.commands.executeCommand('undo');
    assert.equal(editor.document.getText(), typed);
  });

  it('that is the latest and about the least code is meant at the cursor', async () => {
    const editor = await buffer(CODE);
    const whole = await ask(editor, BLOCKS, new vscode.Range(0, 0, 6, 1));
    await release(whole.words);
    const older = await ask(editor, ANSWER.replace('22', '2222'));
    await release(older.words);
    const newer = await ask(editor, ANSWER);
    await release(newer.words);
    await until('all', () => api.requests(editor.document.uri).every(({ state }) => state === 'done'));
    const offers = async (): Promise<string[]> => (await lenses(editor.document.uri)).filter(({ title }) => title.startsWith('✎')).map(({ title }) => title);
    await until('the proposals', async () => (await offers()).sort().join() === '✎ +1 −1 clean,✎ +1 −1 clean,✎ +2 −2 clean').catch(async () => assert.deepEqual(await offers(), []));
    editor.selection = new vscode.Selection(5, 0, 5, 0);
    assert.equal((await run('apply')).applied, true);
    assert.equal(editor.document.getText(), withLines({ 5: '    22' }));
  });

  it('is merged again when something is typed while it is applied', async () => {
    const editor = await buffer(CODE);
    await proposed(editor);
    const applying = run('apply');
    const typing = editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '// typed\n// meanwhile\n'));
    assert.equal(await typing, true);
    assert.equal((await applying).applied, true);
    assert.equal(editor.document.getText(), `// typed\n// meanwhile\n${withLines({ 5: '    22' })}`);
    // Two changes, two steps.
    await vscode.commands.executeCommand('undo');
    assert.equal(editor.document.getText(), `// typed\n// meanwhile\n${CODE}`);
  });

  it('tells how it fits as the buffer changes', async () => {
    const editor = await buffer(CODE);
    await proposed(editor);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '// typed\n'));
    await seeLens(editor, '✎ +1 −1 moved');
    await editor.edit((edit) => edit.replace(new vscode.Range(6, 0, 6, 5), '    200'));
    await seeLens(editor, '✎ +0 −0 conflict: you typed over 1 place');
    await editor.edit((edit) => edit.replace(new vscode.Range(6, 0, 6, 7), '    22'));
    await seeLens(editor, '✎ in the buffer');
  });

  it('that was typed over is a conflict: nothing is applied, conflicts can be marked', async () => {
    const editor = await buffer(CODE);
    const request = await ask(editor);
    await editor.edit((edit) => edit.replace(new vscode.Range(5, 0, 5, 5), '    200'));
    const typed = editor.document.getText();
    await release(request.words);
    await seeLens(editor, '✎ +0 −0 conflict: you typed over 1 place');
    const titles = (await lenses(editor.document.uri)).map(({ title }) => title);
    assert.ok(titles.includes('mark conflicts') && !titles.includes('apply'));

    const refused = await run('apply');
    assert.equal(refused.applied, false);
    assert.match(refused.message, /^1 conflict: .* Nothing was applied/);
    assert.equal(editor.document.getText(), typed);

    assert.deepEqual(await run('applyMarked'), { applied: true, message: 'applied +0 −0, and marked 1 conflict' });
    const marked = typed.replace('    200\n', '<<<<<<< yours\n    200\n=======\n    22\n>>>>>>> proposed\n');
    assert.equal(editor.document.getText(), marked);
    // Not a second time into its own markers.
    assert.match((await run('applyMarked')).message, /conflict markers already/);
    assert.equal(editor.document.getText(), marked);
    await vscode.commands.executeCommand('undo');
    assert.equal(editor.document.getText(), typed);
  });

  it('can be taken by hunks', async () => {
    const editor = await buffer(CODE);
    const request = await proposed(editor, BLOCKS, '✎ +2 −2 clean', new vscode.Range(0, 0, 9, 0));
    const { document } = editor;
    editor.selection = new vscode.Selection(5, 2, 5, 2);
    assert.deepEqual(await run('applyHunk'), { applied: true, message: 'applied hunk 2 of 2' });
    assert.equal(document.getText(), withLines({ 5: '    20' }));
    await seeLens(editor, '✎ +1 −1 clean');
    const gone: HunkInfo = { index: 1, range: { start: { line: 5, character: 0 }, end: { line: 6, character: 0 } }, oldText: '    2\n', newText: '    20\n' };
    assert.match((await run('applyHunk', { requestId: request.id, hunk: gone })).message, /not there any more/);
    assert.deepEqual(await run('applyHunk'), { applied: true, message: 'applied hunk 1 of 1' });
    assert.equal(document.getText(), withLines({ 1: '    10', 5: '    20' }));
    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), withLines({ 5: '    20' }));
  });

  it('is compared with the buffer in a diff editor, which follows the buffer', async () => {
    const editor = await buffer(CODE);
    const request = await proposed(editor, BLOCKS, '✎ +2 −2 clean', new vscode.Range(0, 0, 9, 0));
    const { document } = editor;
    await run('preview', { requestId: request.id });
    const preview = await until('the preview', () => vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'backchat-proposal'));
    assert.equal(preview.getText(), withLines({ 1: '    10', 5: '    20' }));
    assert.equal(preview.languageId, document.languageId);
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(input instanceof vscode.TabInputTextDiff && input.original.toString() === document.uri.toString());
    assert.equal(document.getText(), CODE);
    assert.ok(api.requests(document.uri)[0]?.unread, 'a look at the change is no reading of the answer');
    assert.deepEqual((await lenses(preview.uri)).map(({ line, title }) => `${line} ${title}`), ['1 ✎ apply hunk 1 of 2', '5 ✎ apply hunk 2 of 2']);

    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(0, 0), '// typed\n');
    await vscode.workspace.applyEdit(edit);
    await until('the preview to follow', () => preview.getText() === `// typed\n${withLines({ 1: '    10', 5: '    20' })}`);

    // One hunk is taken in the comparison, which stays; the rest closes it.
    const second = await until('the second hunk', async () => (await lenses(preview.uri)).find(({ line, title }) => line === 6 && title === '✎ apply hunk 2 of 2'));
    assert.equal((await vscode.commands.executeCommand<Outcome>(second.command.command, ...((second.command.arguments ?? []) as unknown[]))).applied, true);
    assert.equal(document.getText(), `// typed\n${withLines({ 5: '    20' })}`);
    assert.ok(vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputTextDiff);
    await until('one hunk to be left', async () => (await lenses(preview.uri)).map(({ title }) => title).join() === '✎ apply');
    assert.equal((await run('apply', preview.uri)).applied, true);
    assert.equal(document.getText(), `// typed\n${withLines({ 1: '    10', 5: '    20' })}`);
    await until('the comparison to close', () => !vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ input }) => input instanceof vscode.TabInputTextDiff)));
    assert.equal(vscode.window.activeTextEditor?.document, document);
  });

  it('in conflict is compared with the conflict between markers', async () => {
    const editor = await buffer(CODE);
    await proposed(editor);
    await editor.edit((edit) => edit.replace(new vscode.Range(5, 0, 5, 5), '    200'));
    await seeLens(editor, '✎ +0 −0 conflict: you typed over 1 place');
    await run('preview');
    const preview = await until('the preview', () => vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'backchat-proposal'));
    assert.match(preview.getText(), /<<<<<<< yours\n {4}200\n=======\n {4}22\n>>>>>>> proposed\n/);
    const typed = editor.document.getText();
    assert.match((await run('apply', preview.uri)).message, /^1 conflict/);
    assert.ok(vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputTextDiff, 'it stays in front');
    assert.equal((await run('applyMarked', preview.uri)).applied, true);
    assert.equal(editor.document.getText(), typed.replace('    200\n', '<<<<<<< yours\n    200\n=======\n    22\n>>>>>>> proposed\n'));
  });

  it('is dismissed, and its comparison closes', async () => {
    const editor = await buffer(CODE);
    const request = await proposed(editor);
    await run('preview');
    await until('the comparison', () => vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputTextDiff);
    await vscode.commands.executeCommand('backchat.dismiss', vscode.window.activeTextEditor?.document.uri);
    await until('no comparison', () => !vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ input }) => input instanceof vscode.TabInputTextDiff)));
    await until('no lenses', async () => (await lenses(editor.document.uri)).length === 0);
    assert.equal(editor.document.getText(), CODE);
    assert.ok(!api.requests(editor.document.uri).some(({ id }) => id === request.id));
  });

  it('whose answer has no code says so and changes nothing', async () => {
    const editor = await buffer(CODE);
    const request = await ask(editor, 'It is fine as it is.');
    await release(request.words);
    const [first] = await until('the reason', async () => {
      const shown = await lenses(editor.document.uri);
      return shown.length > 0 && shown;
    });
    assert.match(first?.title ?? '', /^✎ no change: the response has no code/);
    assert.match((await run('apply')).message, /^Nothing to apply: the response has no code/);
    assert.equal(editor.document.getText(), CODE);
    await until('the answer', () => api.drawn(editor.document).threads[0]?.comments.length === 2);
  });

  it('keeps the line breaks of the buffer', async () => {
    const editor = await buffer(CODE);
    await editor.edit((edit) => edit.setEndOfLine(vscode.EndOfLine.CRLF));
    await proposed(editor);
    assert.equal((await run('apply')).applied, true);
    assert.equal(editor.document.getText(), withLines({ 5: '    22' }).replaceAll('\n', '\r\n'));
  });

  it('at the end leaves no empty line, whatever ends the lines', async () => {
    const lines = LINES.slice(0, 7);
    for (const eol of [vscode.EndOfLine.LF, vscode.EndOfLine.CRLF]) {
      for (const last of ['', '\n']) {
        const editor = await buffer(lines.join('\n') + last);
        await editor.edit((edit) => edit.setEndOfLine(eol));
        await proposed(editor, '```rust\nfn two() {\n    2\n}\n// the end\n```', `✎ ${last === '' ? '+2 −1' : '+1 −0'} clean`);
        assert.equal((await run('apply')).applied, true);
        const expected = [...lines, '// the end'].join('\n') + last;
        assert.equal(editor.document.getText(), eol === vscode.EndOfLine.LF ? expected : expected.replaceAll('\n', '\r\n'));
      }
    }
  });

  describe('of a file', () => {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';

    async function file(name: string, directory = folder): Promise<vscode.TextEditor> {
      const where = path.join(directory, name);
      fs.writeFileSync(where, CODE);
      // VS Code keeps a document that an extension opened open for minutes; one that a command opened only while it is shown.
      await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(where));
      return until('the file', () => vscode.window.visibleTextEditors.find(({ document }) => document.uri.fsPath === where));
    }

    it('that was closed opens it, and leaves it to be saved', async () => {
      const editor = await file('closed.rs');
      const { document } = editor;
      const request = await proposed(editor);
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      await until('it to be closed', () => document.isClosed);
      const outcome = await vscode.commands.executeCommand<Outcome>('backchat.apply', { kind: 'request', request: { ...request, state: 'done' } });
      assert.deepEqual(outcome, { applied: true, message: 'applied +1 −1' });
      const shown = vscode.window.activeTextEditor?.document;
      assert.ok(shown);
      assert.equal(shown.uri.fsPath, document.uri.fsPath);
      assert.equal(shown.getText(), withLines({ 5: '    22' }));
      assert.ok(shown.isDirty);
      assert.equal(fs.readFileSync(document.uri.fsPath, 'utf8'), CODE);
    });

    it('that is read-only is refused', async () => {
      const editor = await file('locked.rs');
      await proposed(editor);
      fs.chmodSync(editor.document.uri.fsPath, 0o444);
      assert.match((await run('apply')).message, /^Nothing to apply: the file is read-only/);
      fs.chmodSync(editor.document.uri.fsPath, 0o644);
      await vscode.commands.executeCommand('workbench.action.files.setActiveEditorReadonlyInSession');
      await until('the editor to refuse', async () => {
        const outcome = await run('apply');
        assert.equal(outcome.applied, false);
        return outcome.message === 'The editor is read-only; nothing was applied.';
      });
      await vscode.commands.executeCommand('workbench.action.files.resetActiveEditorReadonlyInSession');
      assert.equal(editor.document.getText(), CODE);

      const files = vscode.workspace.getConfiguration('files');
      await files.update('readonlyInclude', { '**/locked.rs': true }, vscode.ConfigurationTarget.Global);
      assert.deepEqual(await run('apply'), { applied: false, message: 'The editor is read-only; nothing was applied.' });
      await files.update('readonlyInclude', undefined, vscode.ConfigurationTarget.Global);
      assert.equal(editor.document.getText(), CODE);
    });

    it('outside of the workspace is refused', async () => {
      const editor = await file('elsewhere.rs', path.dirname(folder));
      await proposed(editor, ANSWER, '✎ no change: the file lies outside of the workspace');
      const outcome = await run('apply');
      assert.equal(outcome.applied, false);
      assert.match(outcome.message, /the file lies outside of the workspace/);
      assert.equal(editor.document.getText(), CODE);
    });
  });

  it('is about the function around the cursor', async () => {
    const editor = await buffer(CODE);
    const { document } = editor;
    const symbols = vscode.languages.registerDocumentSymbolProvider({ scheme: 'untitled' }, {
      provideDocumentSymbols: () => [
        new vscode.DocumentSymbol('one', '', vscode.SymbolKind.Function, new vscode.Range(0, 0, 2, 1), new vscode.Range(0, 3, 0, 6)),
        new vscode.DocumentSymbol('two', '', vscode.SymbolKind.Function, new vscode.Range(4, 3, 6, 1), new vscode.Range(4, 3, 4, 6)),
      ],
    });
    editor.selection = new vscode.Selection(5, 2, 5, 2);
    await vscode.commands.executeCommand('backchat.edit', { prompt: 'about the function' });
    const about = await until('the request', () => api.requests(document.uri)[0]);
    assert.deepEqual(about.anchor?.range, { start: { line: 4, character: 0 }, end: { line: 6, character: 1 } });
    assert.equal(about.intent, 'edit');
    symbols.dispose();
    editor.selection = new vscode.Selection(8, 0, 8, 0);
    await vscode.commands.executeCommand('backchat.edit', { prompt: 'about the line' });
    await until('the other', () => api.requests(document.uri).some(({ prompt, anchor }) => prompt === 'about the line' && anchor?.range.start.line === 8 && anchor.range.end.line === 8));
  });

  it('without one, there is a hint and no change', async () => {
    const editor = await buffer(CODE);
    assert.equal(await run('apply'), undefined);
    assert.equal(editor.document.getText(), CODE);
  });
});
