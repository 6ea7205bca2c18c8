// How a proposed change and its buffer go together: what can be applied, and which of its hunks is
// where. Pure: the server merges, this only reads what it said.

import { createHash } from 'node:crypto';
import { isBefore, type Position, type Range } from './anchors';
import type { HunkInfo, ProposalResult } from './protocol';

/** What is remembered of a proposal: everything but the texts of whole buffers. */
export type Proposal = Omit<ProposalResult, 'digest' | 'edits' | 'preview' | 'merged' | 'marked' | 'markedEdits'>;

/** Whether there may be something to apply: false only when it is known that there is not. */
export function isPending(proposal: Pick<Proposal, 'hunks' | 'conflicts'> | undefined): boolean {
  return !proposal || proposal.hunks.length > 0 || proposal.conflicts.length > 0;
}

/** Whether a text is the one that a proposal is of. An older server does not tell, and its version is all there is. */
export function isOf({ digest }: Partial<Pick<ProposalResult, 'digest'>>, text: string): boolean {
  return digest === undefined || digest === createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The text that is compared with the buffer: with the change in it, and conflicts between markers. */
export function comparedText({ merged, marked }: ProposalResult): string {
  return marked ?? merged;
}

/** The lines that a hunk has in {@link comparedText}: the first, and the one behind the last. */
export function linesInCompared({ edits, markedEdits = edits }: ProposalResult, hunk: HunkInfo): { first: number; end: number } {
  // A line moves by what the edits before it add and remove.
  const moved = ({ line }: Position, before: readonly { range: Range; newText: string }[]): number =>
    before.reduce((at, { range, newText }) => at + breaks(newText) - (range.end.line - range.start.line), line);
  const { start, end } = hunk.range;
  const first = moved(start, markedEdits.filter(({ range }) => isBefore(range.start, start) && !isBefore(start, range.end)));
  const last = moved(end, markedEdits.filter(({ range }) => !isBefore(end, range.end) && !isBefore(end, range.start)));
  return { first, end: Math.max(last, first + 1) };
}

/** The hunk at a line of the buffer. */
export function hunkAtLine(hunks: readonly HunkInfo[], line: number): HunkInfo | undefined {
  return hunks.find(({ range: { start, end } }) => start.line <= line && line <= Math.max(start.line, end.character === 0 ? end.line - 1 : end.line));
}

/** The hunk at a line of {@link comparedText}. */
export function hunkAtComparedLine(result: ProposalResult, line: number): HunkInfo | undefined {
  return result.hunks.find((hunk) => {
    const { first, end } = linesInCompared(result, hunk);
    return first <= line && line < end;
  });
}

/**
 * The same hunk after another merge, in which its number and place may be others. Of several that read the
 * same it is the one with the same number.
 */
export function sameHunk(hunks: readonly HunkInfo[], wanted: HunkInfo): HunkInfo | undefined {
  const alike = hunks.filter(({ oldText, newText }) => oldText === wanted.oldText && newText === wanted.newText);
  return alike.length === 1 ? alike[0] : alike.find(({ index }) => index === wanted.index);
}

function breaks(text: string): number {
  return text.split('\n').length - 1;
}

/** Whether a text has a conflict that was marked before and is not yet resolved. */
export function hasMarkers(text: string): boolean {
  return /^<<<<<<< yours\r?\n[^]*^>>>>>>> proposed\r?$/m.test(text);
}
