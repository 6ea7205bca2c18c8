import assert from 'node:assert/strict';
import test from 'node:test';
import { requestLabel, sessionLabel } from '../../src/labels';
import type { RequestInfo, SessionInfo } from '../../src/protocol';

const NOW = 1_000_000;

const session: SessionInfo = {
  id: 's',
  uri: 'file:///a.rs',
  title: 'why?',
  unread: 0,
  requests: 1,
  queued: 0,
  running: 0,
  held: 0,
  failed: 0,
  state: 'done',
  updatedAt: NOW,
  createdAt: NOW,
};

const request: RequestInfo = {
  id: 'r',
  sessionId: 's',
  uri: 'file:///a.rs',
  prompt: 'why so?',
  intent: 'ask',
  lane: 'background',
  model: 'm',
  state: 'done',
  attempt: 1,
  unread: false,
  dismissed: false,
  createdAt: NOW,
  finishedAt: NOW,
};

test('a session says what is unread and what is under way', () => {
  assert.equal(sessionLabel(session, 'a.rs', NOW), 'a.rs, why?, 1 question, just now');
  assert.equal(
    sessionLabel({ ...session, unread: 2, requests: 5, running: 1, queued: 1, held: 1 }, 'a.rs', NOW + 180_000),
    'a.rs, 2 unread responses, running, 1 held, why?, 5 questions, 3 min ago',
  );
});

test('a request says its state, whether it is unread, and what it is about', () => {
  assert.equal(requestLabel({ ...request, unread: true, preview: 'Because.' }, NOW), 'Unread, why so?, done just now, Because.');
  const failure = { kind: 'tls', message: 'No trust.' };
  assert.equal(requestLabel({ ...request, state: 'failed', failure }, NOW), 'why so?, failed just now, No trust.');
});
