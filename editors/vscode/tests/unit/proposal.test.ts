import assert from 'node:assert/strict';
import test from 'node:test';
import { comparedText, hasMarkers, hunkAtComparedLine, hunkAtLine, isOf, linesInCompared, sameHunk } from '../../src/proposal';
import type { HunkInfo, ProposalResult } from '../../src/protocol';

const lines = (first: number, end: number) => ({ start: { line: first, character: 0 }, end: { line: end, character: 0 } });

function hunk(index: number, first: number, end: number, newText: string): HunkInfo {
  return { index, range: lines(first, end), oldText: `old ${index}\n`, newText };
}

function result(hunks: HunkInfo[], more: Partial<ProposalResult> = {}): ProposalResult {
  return {
    requestId: 'r1',
    uri: 'file:///a.rs',
    status: 'clean',
    version: 1,
    digest: '',
    edits: hunks.map(({ range, newText }) => ({ range, newText })),
    hunks,
    conflicts: [],
    added: 0,
    removed: 0,
    preview: '',
    merged: 'merged',
    ...more,
  };
}

test('hunks are found at their lines, in the buffer and beside it', () => {
  // Two lines in place of one, a line put in, two lines taken out.
  const all = [hunk(0, 1, 2, 'a\nb\n'), hunk(1, 5, 5, 'c\n'), hunk(2, 8, 10, '')];
  const at = (line: number) => hunkAtLine(all, line)?.index;
  assert.deepEqual([0, 1, 2, 4, 5, 6, 8, 9, 10].map(at), [undefined, 0, undefined, undefined, 1, undefined, 2, 2, undefined]);
  const proposal = result(all);
  assert.deepEqual(all.map((one) => linesInCompared(proposal, one)), [{ first: 1, end: 3 }, { first: 6, end: 7 }, { first: 10, end: 11 }]);
  const beside = (line: number) => hunkAtComparedLine(proposal, line)?.index;
  assert.deepEqual([0, 1, 2, 3, 6, 7, 10, 11].map(beside), [undefined, 0, 0, undefined, 1, undefined, 2, undefined]);
});

test('lines of a conflict move the hunks below it', () => {
  const below = hunk(0, 9, 10, 'x\n');
  const markedEdits = [
    { range: lines(3, 3), newText: '<<<<<<< yours\n' },
    { range: lines(4, 4), newText: '=======\ntheirs\n>>>>>>> proposed\n' },
    { range: below.range, newText: below.newText },
  ];
  const proposal = result([below], { status: 'conflict', marked: 'marked', markedEdits });
  assert.equal(comparedText(proposal), 'marked');
  assert.deepEqual(linesInCompared(proposal, below), { first: 13, end: 14 });
});

test('a hunk is known again by its text', () => {
  const wanted = hunk(1, 4, 5, 'same\n');
  const renumbered = { ...wanted, index: 0, range: lines(40, 41) };
  assert.equal(sameHunk([renumbered], wanted), renumbered);
  assert.equal(sameHunk([{ ...renumbered, newText: 'other\n' }], wanted), undefined);
  // Where the same is proposed twice, the number tells which.
  const twin = { ...wanted, index: 1 };
  assert.equal(sameHunk([renumbered, twin], wanted), twin);
  assert.equal(sameHunk([renumbered, { ...twin, index: 2 }], wanted), undefined);
});

test('a text is told from others by its digest', () => {
  const text = 'fn é() {}\r\n';
  const digest = 'b33ed76804dffe1eb2841b190d480c01f2f411943fae13365e44f0854c2ad467';
  assert.ok(isOf({ digest }, text));
  assert.ok(!isOf({ digest }, text.replace('\r', '')));
  assert.ok(isOf({}, text), 'an older server tells none');
});

test('markers count when a whole conflict is marked', () => {
  assert.ok(hasMarkers('a\n<<<<<<< yours\nb\n=======\nc\n>>>>>>> proposed\n'));
  assert.ok(hasMarkers('<<<<<<< yours\r\n=======\r\n>>>>>>> proposed\r\n'));
  assert.ok(!hasMarkers('// <<<<<<< yours\n// >>>>>>> proposed\n'));
  assert.ok(!hasMarkers('>>>>>>> proposed\n<<<<<<< yours\n'));
});
