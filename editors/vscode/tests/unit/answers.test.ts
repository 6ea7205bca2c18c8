import assert from 'node:assert/strict';
import test from 'node:test';
import { afterAnswer } from '../../src/answers';
import type { RequestInfo } from '../../src/protocol';

function request(id: string, state: RequestInfo['state']): RequestInfo {
  return { id, sessionId: 's', uri: 'file:///a.rs', prompt: id, intent: 'ask', lane: 'background', model: 'm', state, attempt: 1, createdAt: 0, unread: false, dismissed: false };
}

test('what was told while an answer was on its way stays as it was told', () => {
  const [before, cancelled, later] = [request('a', 'running'), request('a', 'cancelled'), request('b', 'queued')];
  assert.deepEqual(afterAnswer([before], [cancelled, later]), [cancelled, later]);
});

test('what was not told meanwhile is as the answer says', () => {
  const [one, two] = [request('a', 'done'), request('b', 'failed')];
  assert.deepEqual(afterAnswer([one, two], []), [one, two]);
});
