import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { BackchatApi } from '../../src/extension';
import { backchat, buffer, line, lineEnds, release, script, steady, text, until } from './backchat';

const { Collapsed, Expanded } = vscode.CommentThreadCollapsibleState;

describe('an answer', () => {
  let api: BackchatApi;

  /** The thread of a buffer that has one. It is drawn a moment after its request is known, so it is waited for. */
  const threadIn = ({ document }: vscode.TextEditor): Promise<vscode.CommentThread> => until('a thread', () => api.drawn(document).threads[0]);

  before(async () => {
    api = await backchat();
  });

  it('is announced at the end of the line, and moves nothing', async () => {
    await script({ match: 'quietly?', answer: 'Because **so** it is.', gate: true });
    const editor = await buffer('one\ntwo\nthree\n');
    editor.selection = new vscode.Selection(2, 1, 2, 1);
    const { request, disposition } = await api.submit({ uri: editor.document.uri, range: line(1, editor), prompt: 'quietly?' });
    assert.equal(disposition, 'backgroundSubmitted');
    await until('the line end to say that it runs', () => lineEnds(api, editor).some((end) => end.startsWith('1: ⟳ running')));
    await release('quietly?');
    await until('the answer’s first line', () => lineEnds(api, editor).includes('1: 📬 Because so it is.'));
    const thread = await threadIn(editor);
    assert.equal(thread.collapsibleState, Collapsed);
    assert.equal(thread.range.start.line, 1);
    await until('the whole answer in the thread', () => text(thread.comments[1]) === 'Because **so** it is.');
    assert.equal(text(thread.comments[0]), 'quietly?');
    assert.ok(api.requests(editor.document.uri).some((one) => one.id === request.id && one.unread));
    assert.equal(vscode.window.activeTextEditor, editor);
    assert.deepEqual(editor.selection, new vscode.Selection(2, 1, 2, 1));
    assert.equal(editor.document.getText(), 'one\ntwo\nthree\n');
  });

  it('is read when it was shown, not before', async () => {
    const editor = await buffer('alpha\nbeta\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'shown?' });
    await until('📬', () => lineEnds(api, editor).includes('0: 📬 Echo: shown?'));
    const unread = await steady(() => api.inbox().badge);
    assert.ok(unread > 0);
    assert.ok(api.inbox().statusBar.includes('📬'));
    await vscode.commands.executeCommand('backchat.read');
    const thread = await threadIn(editor);
    await until('it to be open', () => thread.collapsibleState === Expanded);
    await until('📬 to go', () => lineEnds(api, editor).length === 0);
    await until('the badge to count one less', () => api.inbox().badge === unread - 1);
  });

  it('moves with its code while it is made', async () => {
    await script({ match: 'moving?', answer: 'It moved.', gate: true });
    const editor = await buffer('first\nsecond\n');
    await api.submit({ uri: editor.document.uri, range: line(1, editor), prompt: 'moving?' });
    await until('it to run', () => lineEnds(api, editor).some((end) => end.startsWith('1: ⟳')));
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'zero\nand\n'));
    await until('the line end to move', () => lineEnds(api, editor).some((end) => end.startsWith('3: ⟳')));
    await release('moving?');
    await until('📬 at the new line', () => lineEnds(api, editor).includes('3: 📬 It moved.'));
    await until('the thread there', () => api.drawn(editor.document).threads[0]?.range.start.line === 3);
  });

  it('streams into an open thread', async () => {
    await script({ match: 'streaming?', chunks: ['Half', ' of it'], gate: 1 });
    const editor = await buffer('stream\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'streaming?', mode: 'foreground' });
    const thread = await until('an open thread', () => api.drawn(editor.document).threads.find((one) => one.collapsibleState === Expanded));
    await until('the first half', () => text(thread.comments[1]) === 'Half');
    await release('streaming?');
    await until('the rest', () => text(thread.comments[1]) === 'Half of it');
    await until('it to be read, as it was on the screen', () => api.requests(editor.document.uri).every((one) => one.state === 'done' && !one.unread));
  });

  it('is continued by a reply in the same thread', async () => {
    const editor = await buffer('talk\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'hello?' });
    await until('the first answer', () => lineEnds(api, editor).includes('0: 📬 Echo: hello?'));
    const thread = await threadIn(editor);
    await vscode.commands.executeCommand('backchat.reply', { thread, text: 'and then?' });
    await until('the second answer', () => thread.comments.length === 4 && text(thread.comments[3]) === 'Echo: and then?');
    assert.equal(api.drawn(editor.document).threads.length, 1);
  });

  it('is cancelled with what had streamed, and retried', async () => {
    await script({ match: 'cancel me', chunks: ['Some', ' more'], gate: 1 });
    const editor = await buffer('cancel\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'cancel me' });
    const thread = await threadIn(editor);
    await until('text', () => lineEnds(api, editor).some((end) => end.startsWith('0: ⟳ running') && end.endsWith('~1 token')));
    await vscode.commands.executeCommand('backchat.cancel', thread);
    await until('it to be cancelled', () => api.requests(editor.document.uri)[0]?.state === 'cancelled');
    await release('cancel me');
    // The commands of a thread are about what is drawn.
    await until('the thread to offer a retry', () => thread.contextValue?.includes('retryable'));
    await until('what had streamed', () => text(thread.comments[1]) === 'Some\n\n*Cancelled.*');
    await vscode.commands.executeCommand('backchat.retry', thread);
    await until('the answer after all', () => lineEnds(api, editor).includes('0: 📬 Some more'));
  });

  it('that fails says why', async () => {
    await script({ match: 'forbidden?', status: 401, message: 'no such key' });
    const editor = await buffer('fail\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'forbidden?' });
    await until('the reason', () => lineEnds(api, editor).some((end) => end.startsWith('0: ✗ failed: ')));
    const thread = await threadIn(editor);
    await until('it in the thread', () => text(thread.comments[1]).includes('**Failed.**'));
    assert.match(thread.contextValue ?? '', /retryable/);
  });

  it('that is held says what for', async () => {
    await script({ match: 'too fast?', status: 429, headers: { 'retry-after': '5' }, times: 1 });
    const editor = await buffer('hold\n');
    const { request } = await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'too fast?' });
    await until('why it is held', () => lineEnds(api, editor).some((end) => /^0: ⏸ held: .+, until .*\d/.test(end)));
    await until('the status bar to count it', () => api.inbox().statusBar.includes('$(debug-pause)'));
    const thread = await threadIn(editor);
    await until('it in the thread', () => text(thread.comments[1]).includes('Held: '));
    await vscode.commands.executeCommand('backchat.retry', { requestId: request.id });
    await until('the answer', () => lineEnds(api, editor).includes('0: 📬 Echo: too fast?'));
  });

  it('is dismissed from the margin', async () => {
    const editor = await buffer('dismiss\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'enough?' });
    await until('the answer', () => lineEnds(api, editor).includes('0: 📬 Echo: enough?'));
    // The editor's menu hands over the URI of the editor, the palette nothing.
    await vscode.commands.executeCommand('backchat.dismiss', editor.document.uri);
    await until('the thread to go', () => api.drawn(editor.document).threads.length === 0);
    assert.deepEqual(lineEnds(api, editor), []);
  });

  it('is cancelled and dismissed one by one at the cursor: the one about the least code, the latest first', async () => {
    await script({ match: 'of this place', answer: 'Well.', gate: true });
    const editor = await buffer('a\nb\nc\nd\n');
    const { uri } = editor.document;
    const wide = new vscode.Range(0, 0, 2, 1);
    const asked: Record<string, string> = {};
    for (const [name, range] of [['wide', wide], ['first', line(1, editor)], ['second', line(1, editor)], ['elsewhere', line(3, editor)]] as const) {
      asked[name] = (await api.submit({ uri, range, prompt: `${name} of this place` })).request.id;
    }
    const states = (): string => api.requests(uri).map(({ prompt, state }) => `${prompt.split(' ')[0] ?? ''} ${state}`).join();
    editor.selection = new vscode.Selection(1, 0, 1, 0);
    await vscode.commands.executeCommand('backchat.cancel');
    await until('the latest of the line', () => states() === 'wide running,first queued,second cancelled,elsewhere queued');
    await vscode.commands.executeCommand('backchat.cancel');
    await until('the other of the line', () => states() === 'wide running,first cancelled,second cancelled,elsewhere queued');
    await vscode.commands.executeCommand('backchat.cancel');
    await until('the one around it', () => states() === 'wide cancelled,first cancelled,second cancelled,elsewhere running');
    await release('of this place');
    await until('the last one', () => states().endsWith('elsewhere done'));
    await vscode.commands.executeCommand('backchat.dismiss');
    await until('the latest of the line to go', () => !api.requests(uri).some(({ id }) => id === asked.second));
    assert.equal(api.requests(uri).length, 3);
  });

  it('comes in order within a buffer', async () => {
    await script({ match: 'slow one', answer: 'First.', gate: true });
    const editor = await buffer('a\nb\n');
    await api.submit({ uri: editor.document.uri, range: line(0, editor), prompt: 'slow one' });
    await api.submit({ uri: editor.document.uri, range: line(1, editor), prompt: 'after it' });
    await until('the second to be queued', () => lineEnds(api, editor).some((end) => end.startsWith('1: ◷ queued')));
    await release('slow one');
    await until('both', () => {
      const ends = lineEnds(api, editor);
      return ends.includes('0: 📬 First.') && ends.includes('1: 📬 Echo: after it');
    });
  });
});
