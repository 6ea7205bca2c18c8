import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { BackchatApi } from '../../src/extension';
import type { SubmitResult } from '../../src/protocol';
import { backchat, buffer, line, lineEnds, release, script, until } from './backchat';

describe('the server', () => {
  let api: BackchatApi;

  before(async () => {
    api = await backchat();
  });

  it('that was killed comes back, with everything that was there', async () => {
    await script({ match: 'survive?', answer: 'It did.', gate: true });
    const editor = await buffer('kept\nrunning\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'kept?' });
    await until('an answer', () => lineEnds(api, editor).includes('0: 📬 Echo: kept?'));
    await api.submit({ uri: editor.document.uri, range: line(1, editor), prompt: 'survive?' });
    await until('the other to run', () => lineEnds(api, editor).some((end) => end.startsWith('1: ⟳')));
    const before = api.serverPid();
    assert.ok(before);
    process.kill(before, 'SIGKILL');
    await until('it to be gone', () => api.inbox().status === undefined || api.serverPid() !== before);
    await until('another process', () => api.inbox().status !== undefined && api.serverPid() !== before);
    await until('the unread answer', () => lineEnds(api, editor).includes('0: 📬 Echo: kept?'));
    await release('survive?');
    await until('the answer of what ran', () => lineEnds(api, editor).includes('1: 📬 It did.'));
  });

  it('that dies before it has answered a submit is followed by one that is sent it again', async () => {
    const editor = await buffer('above\nlost?\n');
    const pid = api.serverPid();
    assert.ok(pid);
    process.kill(pid, 'SIGSTOP');
    const submitting = api.submit({ uri: editor.document.uri, range: line(1, editor), prompt: 'sent again?' });
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'typed\n'));
    process.kill(pid, 'SIGKILL');
    const { request } = await submitting;
    assert.notEqual(api.serverPid(), pid);
    await until('the answer', () => lineEnds(api, editor).includes('2: 📬 Echo: sent again?'));
    assert.deepEqual(api.requests(editor.document.uri).map(({ id }) => id), [request.id]);
  });

  it('that just starts keeps a command waiting, not failing', async () => {
    await script({ match: 'wait for it', answer: 'Late.', gate: true });
    const editor = await buffer('patience\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'wait for it' });
    await until('it to run', () => api.requests(editor.document.uri)[0]?.state === 'running');
    const restarting = vscode.commands.executeCommand('backchat.restartServer');
    assert.equal(api.inbox().status, undefined);
    const submitting = vscode.commands.executeCommand<SubmitResult>('backchat.submit', { prompt: 'and then', uri: editor.document.uri.toString() });
    editor.selection = new vscode.Selection(0, 0, 0, 0);
    await vscode.commands.executeCommand('backchat.cancel');
    await restarting;
    assert.equal((await submitting).request.prompt, 'and then');
    // The latest at the cursor was cancelled, which was the one that ran or the one that was just submitted.
    await until('one of them to be cancelled', () => api.requests(editor.document.uri).some(({ state }) => state === 'cancelled'));
    await release('wait for it');
  });

  it('is restarted by the command', async () => {
    const before = api.serverPid();
    await vscode.commands.executeCommand('backchat.restartServer');
    await until('another process', () => api.inbox().status !== undefined && api.serverPid() !== before);
  });

  it('is given the keys of the secret storage, again after a restart', async () => {
    const problem = async (): Promise<string | undefined> => (await api.models()).models.find(({ name }) => name === 'locked')?.problem;
    assert.ok(await problem(), 'without a key the model can not answer');
    await api.setKey('BACKCHAT_LOCKED_KEY', 'a-planted-key');
    assert.equal(await problem(), undefined);
    await vscode.commands.executeCommand('backchat.restartServer');
    await until('the key to be there again', async () => api.inbox().status !== undefined && (await problem()) === undefined);
    assert.ok(!JSON.stringify(vscode.workspace.getConfiguration('backchat')).includes('a-planted-key'));
    await api.setKey('BACKCHAT_LOCKED_KEY', '');
    assert.ok(await problem(), 'the key is forgotten');
  });

  it('is diagnosed by the doctor', async () => {
    const report = await vscode.commands.executeCommand<string>('backchat.runDoctor');
    assert.match(report, /scripted/);
  });
});
