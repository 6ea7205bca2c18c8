import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { BackchatApi } from '../../src/extension';
import { DEFAULTS } from '../../src/settings';
import { backchat, buffer, EXTENSION, line, lineEnds, script, until } from './backchat';

interface Manifest {
  contributes: {
    commands: { command: string; title: string }[];
    keybindings: { key: string; command: string }[];
    configuration: { properties: Record<string, { scope: string; default: unknown }> };
  };
}

describe('in the workbench', () => {
  let api: BackchatApi;
  let manifest: Manifest;

  before(async () => {
    api = await backchat();
    manifest = vscode.extensions.getExtension(EXTENSION)?.packageJSON as Manifest;
  });

  it('every command of the manifest exists', async () => {
    const commands = await vscode.commands.getCommands(true);
    const missing = manifest.contributes.commands.filter(({ command }) => !commands.includes(command));
    assert.deepEqual(missing, []);
  });

  it('no default key is taken from another command', async () => {
    await vscode.commands.executeCommand('workbench.action.openDefaultKeybindingsFile');
    const editor = await until('the default keys', () => vscode.window.visibleTextEditors.find(({ document }) => document.getText().includes('workbench.action.quickOpen')));
    const bound = [...editor.document.getText().matchAll(/"key": "([^"]+)",[^{}]*?"command": "([^"]+)"/g)].map(([, key, command]) => ({ key, command }));
    assert.ok(bound.length > 500, 'the list was understood');
    const chords = manifest.contributes.keybindings.filter(({ key }) => key.startsWith('ctrl+k '));
    assert.equal(chords.length, 4);
    for (const { key } of chords) {
      assert.deepEqual(bound.filter((one) => one.key === key && !one.command?.startsWith('backchat.')), []);
    }
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('the settings of the manifest are those that are read, with the same defaults', () => {
    const { properties } = manifest.contributes.configuration;
    const declared = Object.entries(properties).map(([name, { default: value }]) => [name, value]);
    const read = Object.entries(DEFAULTS).map(([name, value]) => [`backchat.${name}`, value]);
    assert.deepEqual(Object.fromEntries(declared), Object.fromEntries(read));
  });

  it('what names a program to run is not for a workspace to set', () => {
    const { properties } = manifest.contributes.configuration;
    assert.equal(properties['backchat.server.path']?.scope, 'machine');
    assert.equal(properties['backchat.server.logLevel']?.scope, 'machine');
  });

  it('the lightbulb offers to ask about a selection, and to edit it', async () => {
    const { document } = await buffer('some code\n');
    const titles = async (range: vscode.Range): Promise<string[]> =>
      (await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, range)).map(({ title }) => title);
    for (const offer of ['Ask Backchat about the selection in the background…', 'Have Backchat edit the selection in the background…']) {
      assert.ok((await titles(new vscode.Range(0, 0, 0, 4))).includes(offer));
      assert.ok(!(await titles(new vscode.Range(0, 0, 0, 0))).includes(offer));
    }
  });

  it('a problem is asked about with its own words', async () => {
    const { document } = await buffer('broken code\n');
    const problems = vscode.languages.createDiagnosticCollection('test');
    const range = new vscode.Range(0, 0, 0, 6);
    problems.set(document.uri, [new vscode.Diagnostic(range, 'it is broken')]);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, range);
    problems.dispose();
    const explain = actions.find(({ title }) => title === 'Ask Backchat about this problem in the background');
    assert.ok(explain?.command);
    await vscode.commands.executeCommand(explain.command.command, ...((explain.command.arguments ?? []) as unknown[]));
    const [request] = await until('the request', () => api.requests(document.uri));
    assert.equal(request?.prompt, 'Explain this problem and how to solve it: it is broken');
    const fix = actions.find(({ title }) => title === 'Have Backchat fix this problem in the background');
    assert.ok(fix?.command);
    await vscode.commands.executeCommand(fix.command.command, ...((fix.command.arguments ?? []) as unknown[]));
    const edit = await until('the other request', () => api.requests(document.uri)[1]);
    assert.deepEqual([edit.intent, edit.prompt], ['edit', 'Fix this problem: it is broken']);
  });

  it('a problem is asked about where it is when its action is chosen', async () => {
    const editor = await buffer('fine\nbroken code\n');
    const { document } = editor;
    const problems = vscode.languages.createDiagnosticCollection('test');
    const range = new vscode.Range(1, 0, 1, 6);
    problems.set(document.uri, [new vscode.Diagnostic(range, 'it is broken here')]);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, range);
    problems.dispose();
    const explain = actions.find(({ title }) => title === 'Ask Backchat about this problem in the background');
    assert.ok(explain?.command);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'one\ntwo\n'));
    await vscode.commands.executeCommand(explain.command.command, ...((explain.command.arguments ?? []) as unknown[]));
    const request = await until('the request', () => api.requests(document.uri)[0]);
    assert.equal(request.anchor?.range.start.line, 3);
  });

  it('the line ends follow their setting', async () => {
    const editor = await buffer('quiet\n');
    const configuration = vscode.workspace.getConfiguration('backchat');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'seen?' });
    await until('the answer', () => lineEnds(api, editor).length === 1);
    await configuration.update('decorations', 'off', vscode.ConfigurationTarget.Global);
    await until('no line ends', () => lineEnds(api, editor).length === 0);
    await configuration.update('decorations', undefined, vscode.ConfigurationTarget.Global);
    await until('the line end again', () => lineEnds(api, editor).length === 1);
  });

  it('a buffer is a session, listed with what is unread', async () => {
    const editor = await buffer('listed\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'listed?' });
    const session = await until('the session', () => api.inbox().sessions.find((one) => one.uri === editor.document.uri.toString() && one.unread === 1));
    assert.equal(session.title, 'listed?');
    assert.ok(api.inbox().badge >= 1);
  });

  it('a transcript is markdown that loads nothing', async () => {
    await script({ match: 'picture?', answer: 'Look: ![x](https://example.org/x.png) <img src="https://example.org/y.png">\n\n```rust\nvec![1]\n```' });
    const editor = await buffer('transcript\n');
    const { request } = await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'picture?' });
    await until('the answer', () => api.requests(editor.document.uri)[0]?.state === 'done');
    const uri = vscode.Uri.from({ scheme: 'backchat', path: `/${request.sessionId}/Transcript.md` });
    const text = (await vscode.workspace.openTextDocument(uri)).getText();
    assert.match(text, /## You · line 1\n\npicture\?/);
    assert.ok(text.includes('\\![x]') && text.includes('&lt;img') && text.includes('vec![1]'), text);
    assert.ok(!/<img|(?<!\\|vec)!\[/.test(text), text);
  });

  it('a command may be given its prompt', async () => {
    const editor = await buffer('given\n');
    await vscode.commands.executeCommand('backchat.submit', { prompt: 'given', uri: editor.document.uri.toString() });
    const [request] = await until('the request', () => api.requests(editor.document.uri));
    assert.equal(request?.prompt, 'given');
  });
});
