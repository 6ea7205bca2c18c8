import assert from 'node:assert/strict';
import test from 'node:test';
import { afterChange, EditLog, type Change, type Range } from '../../src/anchors';

function range(startLine: number, startCharacter: number, endLine: number, endCharacter: number): Range {
  return { start: { line: startLine, character: startCharacter }, end: { line: endLine, character: endCharacter } };
}

function change(at: Range, text: string): Change {
  return { range: at, text };
}

test('lines typed above move a range down', () => {
  assert.deepEqual(afterChange(range(3, 0, 4, 5), change(range(1, 0, 1, 0), 'a\nb\n')), range(5, 0, 6, 5));
});

test('text typed before it on its line moves it right', () => {
  assert.deepEqual(afterChange(range(3, 4, 3, 8), change(range(3, 0, 3, 0), 'ab')), range(3, 6, 3, 10));
});

test('text typed inside makes it longer', () => {
  assert.deepEqual(afterChange(range(3, 4, 5, 2), change(range(4, 0, 4, 0), 'x\n')), range(3, 4, 6, 2));
});

test('text typed below leaves it alone', () => {
  assert.deepEqual(afterChange(range(3, 4, 5, 2), change(range(6, 0, 7, 0), '')), range(3, 4, 5, 2));
});

test('when all of it is deleted it is empty', () => {
  assert.deepEqual(afterChange(range(3, 4, 5, 2), change(range(2, 0, 6, 0), '')), range(2, 0, 2, 0));
});

test('a replaced end is at the end of the replacement', () => {
  assert.deepEqual(afterChange(range(3, 0, 3, 8), change(range(3, 6, 4, 3), '')), range(3, 0, 3, 6));
});

test('text typed exactly at an end stays outside', () => {
  assert.deepEqual(afterChange(range(3, 0, 3, 8), change(range(3, 0, 3, 0), 'a\nb\n')), range(5, 0, 5, 8));
  assert.deepEqual(afterChange(range(3, 0, 3, 8), change(range(3, 8, 3, 8), ' more')), range(3, 0, 3, 8));
});

test('what was replaced as a whole is what replaces it', () => {
  assert.deepEqual(afterChange(range(3, 4, 3, 8), change(range(3, 4, 3, 8), 'a\nbc')), range(3, 4, 4, 2));
});

test('when more than all of it is replaced, nothing is left of it', () => {
  assert.deepEqual(afterChange(range(3, 4, 3, 8), change(range(3, 0, 3, 8), 'other')), range(3, 0, 3, 0));
  assert.deepEqual(afterChange(range(3, 4, 3, 8), change(range(3, 4, 4, 0), 'other\n')), range(3, 4, 3, 4));
});

test('a replaced beginning is cut off', () => {
  assert.deepEqual(afterChange(range(3, 4, 3, 8), change(range(2, 0, 3, 6), 'x')), range(2, 1, 2, 3));
});

test('a place without text goes with what is behind it', () => {
  assert.deepEqual(afterChange(range(3, 4, 3, 4), change(range(3, 4, 3, 4), '\n  ')), range(4, 2, 4, 2));
});

test('only what was typed after the anchor counts', () => {
  const log = new EditLog();
  log.record('a', 2, [change(range(0, 0, 0, 0), '\n')]);
  log.record('a', 3, [change(range(0, 0, 0, 0), '\n\n')]);
  const anchor = { range: range(5, 0, 5, 3), status: 'exact' as const };
  assert.deepEqual(log.rangeNow('a', { ...anchor, version: 1 }), range(8, 0, 8, 3));
  assert.deepEqual(log.rangeNow('a', { ...anchor, version: 2 }), range(7, 0, 7, 3));
  assert.deepEqual(log.rangeNow('a', { ...anchor, version: 3 }), range(5, 0, 5, 3));
  assert.deepEqual(log.rangeNow('b', { ...anchor, version: 1 }), range(5, 0, 5, 3));
  log.forget('a');
  assert.deepEqual(log.rangeNow('a', { ...anchor, version: 1 }), range(5, 0, 5, 3));
});
