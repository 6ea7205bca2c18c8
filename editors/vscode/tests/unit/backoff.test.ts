import assert from 'node:assert/strict';
import test from 'node:test';
import { Backoff } from '../../src/backoff';

test('the pause doubles from crash to crash, up to a limit', () => {
  const backoff = new Backoff();
  backoff.started(0);
  const pauses = [10, 20, 30, 40, 50, 60, 70, 80].map((now) => backoff.crashed(now));
  assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  assert.equal(backoff.crashes, 8);
});

test('a server that ran for a while starts from the beginning', () => {
  const backoff = new Backoff();
  backoff.started(0);
  backoff.crashed(1);
  backoff.crashed(2);
  backoff.started(10);
  assert.equal(backoff.crashed(100_000), 500);
});
