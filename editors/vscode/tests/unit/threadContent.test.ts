import assert from 'node:assert/strict';
import test from 'node:test';
import { lineEndText } from '../../src/labels';
import { placesOf } from '../../src/places';
import type { RequestInfo } from '../../src/protocol';
import type { Proposal } from '../../src/proposal';
import { threadContent } from '../../src/threadContent';

const NOW = 1_000_000;
const range = { start: { line: 2, character: 4 }, end: { line: 3, character: 9 } };

function request(more: Partial<RequestInfo> = {}): RequestInfo {
  return {
    id: 'r1',
    sessionId: 's1',
    uri: 'file:///a.rs',
    prompt: 'why?',
    intent: 'ask',
    lane: 'background',
    model: 'sonnet',
    state: 'queued',
    attempt: 0,
    anchor: { range, status: 'exact' },
    unread: false,
    dismissed: false,
    createdAt: NOW,
    ...more,
  };
}

const nothing = () => undefined;

function proposal(more: Partial<Proposal> = {}): Proposal {
  const hunk = { index: 0, range, oldText: 'a\n', newText: 'b\nc\n' };
  return { requestId: 'r1', uri: 'file:///a.rs', status: 'clean', version: 1, hunks: [hunk], conflicts: [], added: 2, removed: 1, ...more };
}

function place(requests: RequestInfo[], lineCount = 20) {
  const [only] = placesOf(requests.map((one) => ({ request: one, range: one.anchor?.range ?? range })), lineCount);
  assert.ok(only);
  return only;
}

test('each state has its text at the end of the line', () => {
  const text = (more: Partial<RequestInfo>, streamed = 0) => lineEndText(request(more), NOW, streamed);
  assert.equal(text({ place: 1 }), '◷ queued · next');
  assert.equal(text({ place: 3 }), '◷ queued · place 3');
  assert.equal(text({ state: 'running', startedAt: NOW - 12_000 }), '⟳ running · 12 s');
  assert.equal(text({ state: 'running', startedAt: NOW - 12_000 }, 400), '⟳ running · 12 s · ~100 tokens');
  assert.equal(text({ state: 'running', startedAt: NOW, usage: { outputTokens: 7 } }, 400), '⟳ running · 0 s · 7 tokens');
  assert.equal(text({ state: 'held', hold: { reason: 'rate limit of api.example.org' } }), '⏸ held: rate limit of api.example.org');
  assert.match(text({ state: 'held', hold: { reason: 'no network', until: NOW } }) ?? '', /^⏸ held: no network, until \d/);
  assert.equal(text({ state: 'failed', failure: { kind: 'tls', message: 'No TLS.' } }), '✗ failed: No TLS.');
  assert.equal(text({ state: 'done', unread: true, preview: '**Because** so.\nMore.' }), '📬 Because so.');
  assert.equal(text({ state: 'done', unread: true }), '📬 The response is ready');
  assert.equal(text({ state: 'done', preview: 'Because.' }), undefined);
  assert.equal(text({ state: 'cancelled' }), undefined);
});

test('a thread has the question and the answer, and tells what can be done', () => {
  const running = threadContent(place([request({ state: 'running' })]), nothing, nothing);
  assert.equal(running.context, 'cancellable');
  assert.deepEqual(
    running.comments.map((comment) => [comment.author, comment.body]),
    [
      ['You', 'why?'],
      ['sonnet', '*Waiting for the first word…*'],
    ],
  );

  const text = { text: 'So:\n```\nx\n```', attempt: 1, nextSeq: 2 };
  const done = threadContent(place([request({ state: 'done', unread: true })]), () => text, nothing);
  assert.equal(done.context, 'dismissable unread');
  assert.equal(done.comments[1]?.context, 'answer code');

  const failure = { kind: 'x', message: 'No <key>.', remedy: 'Set it.' };
  const failed = threadContent(place([request({ state: 'failed', failure })]), () => ({ text: 'Half', attempt: 1, nextSeq: 2 }), nothing);
  assert.equal(failed.context, 'retryable dismissable');

  const secrets = [{ kind: 'GitHub token', place: 'line 2', line: 2 }];
  const hold = { reason: 'GitHub token (line 2) would be sent to example.com; allow it, or cancel', secrets };
  const guarded = threadContent(place([request({ state: 'held', hold })]), () => undefined, nothing);
  assert.equal(guarded.context, 'cancellable allowable');
  assert.match(guarded.comments[1]?.body ?? '', /GitHub token/);
  assert.equal(failed.comments[1]?.body, 'Half\n\n**Failed.** No &lt;key\\>\\. Set it\\.');
});

test('an answer without text, or one that was cut, says so in the server\'s words', () => {
  const notice = 'There is no answer: the model, or a filter of its provider, refused.';
  const refused = request({ state: 'done', unread: true, notice });
  const body = (text?: string) =>
    threadContent(place([refused]), () => (text === undefined ? undefined : { text, attempt: 1, nextSeq: 2 }), nothing).comments[1]?.body;
  assert.equal(body(), '*There is no answer: the model, or a filter of its provider, refused\\.*');
  assert.match(body('Half') ?? '', /^Half\n\n\*There is no answer/);
  assert.equal(lineEndText(refused, NOW, 0), `📬 ${notice}`);
});

test('what is proposed is told at the end of the line and below the answer', () => {
  const edit = request({ intent: 'edit', state: 'done', unread: true, preview: 'Here it is:' });
  const told = (more: Partial<Proposal>) => lineEndText(edit, NOW, 0, proposal(more));
  assert.equal(told({}), '📬 ✎ +2 −1 clean');
  assert.equal(told({ status: 'moved' }), '📬 ✎ +2 −1 moved');
  const conflict = { range, base: 'a\n', theirs: 'b\n' };
  assert.equal(told({ status: 'conflict', conflicts: [conflict] }), '📬 ✎ +2 −1 conflict: you typed over 1 place');
  assert.equal(told({ hunks: [] }), '📬 ✎ in the buffer');
  assert.equal(told({ status: 'none', hunks: [], reason: 'no code' }), '📬 ✎ no change: no code');
  assert.equal(lineEndText(edit, NOW, 0), '📬 Here it is:');

  const text = () => ({ text: 'So.', attempt: 1, nextSeq: 2 });
  const thread = (more: Partial<Proposal>) => threadContent(place([edit]), text, () => proposal(more));
  assert.equal(thread({}).comments[1]?.body, 'So.\n\n✎ *\\+2 −1 clean*');
  assert.match(thread({}).context, /appliable/);
  assert.doesNotMatch(thread({ hunks: [] }).context, /appliable/);
  assert.doesNotMatch(thread({ status: 'none', hunks: [] }).context, /appliable/);
});

test('requests about the same lines are one thread, others are not', () => {
  const other = { start: { line: 7, character: 0 }, end: { line: 7, character: 1 } };
  const all = placesOf(
    [
      { request: request(), range },
      { request: request({ id: 'r2' }), range: other },
      { request: request({ id: 'r3' }), range },
    ],
    20,
  );
  assert.deepEqual(
    all.map((one) => one.requests.map(({ id }) => id)),
    [['r1', 'r3'], ['r2']],
  );
});

test('an anchor that has lost its first characters stays in its conversation', () => {
  const shorter = { start: { ...range.start, character: range.start.character + 2 }, end: range.end };
  const all = placesOf([{ request: request(), range }, { request: request({ id: 'r2' }), range: shorter }], 20);
  assert.equal(all.length, 1);
});

test('a thread says when its code has changed or is gone', () => {
  const changed = place([request({ anchor: { range, status: 'changed', original: 'old()' } })]);
  assert.equal(
    threadContent(changed, nothing, nothing).comments[0]?.body,
    'why?\n\n*The code has changed since this was asked.* It was:\n\n```\nold()\n```',
  );
  const gone = place([request({ anchor: { range, status: 'gone' } })]);
  assert.match(threadContent(gone, nothing, nothing).comments[0]?.body ?? '', /not in the file any more/);
});

test('a whole buffer is shown at its first line, whole lines at their last', () => {
  const whole = { start: { line: 0, character: 0 }, end: { line: 19, character: 0 } };
  assert.equal(place([request({ anchor: { range: whole, status: 'exact' } })]).line, 0);
  const lines = { start: { line: 2, character: 0 }, end: { line: 5, character: 0 } };
  assert.equal(place([request({ anchor: { range: lines, status: 'exact' } })]).line, 4);
  assert.equal(place([request({ anchor: { range: lines, status: 'exact' } })], 3).line, 2);
});
