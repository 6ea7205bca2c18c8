import assert from 'node:assert/strict';
import test from 'node:test';
import { withoutNulls } from '../../src/absent';

test('null is absent, and nothing else is', () => {
  const before = { a: null, b: 0, c: '', d: false, e: [{ f: null, g: 1 }], h: { i: null } };
  assert.deepEqual(withoutNulls(before), { b: 0, c: '', d: false, e: [{ g: 1 }], h: {} });
  assert.equal(withoutNulls(null), null);
});
