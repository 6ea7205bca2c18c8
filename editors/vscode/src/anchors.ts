// Where a request belongs right now. The server's anchor is the truth, but it is the truth of one
// version of the buffer; what was typed since then is applied on top, so nothing jumps back and forth
// while the server catches up.

import type { AnchorInfo } from './protocol';

/** A position as LSP and VS Code count it: lines and UTF-16 units from 0. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** From `start` up to, not including, `end`. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** One replacement of text; its range is of the text before it. */
export interface Change {
  readonly range: Range;
  readonly text: string;
}

/** So many changes a buffer are remembered; the server is never so far behind. */
const REMEMBERED = 1000;

/** The recent changes of the open buffers. */
export class EditLog {
  readonly #buffers = new Map<string, { version: number; shift: Shift }[]>();

  /** Records that `changes`, in their order, made the buffer's `version`. */
  record(uri: string, version: number, changes: readonly Change[]): void {
    const log = this.#buffers.get(uri) ?? [];
    for (const change of changes) log.push({ version, shift: shiftOf(change) });
    log.splice(0, Math.max(0, log.length - REMEMBERED));
    this.#buffers.set(uri, log);
  }

  /** Forgets a closed buffer. */
  forget(uri: string): void {
    this.#buffers.delete(uri);
  }

  /** The anchor's range in the buffer as it is now. */
  rangeNow(uri: string, anchor: Pick<AnchorInfo, 'range' | 'version'>): Range {
    const { version } = anchor;
    if (version === undefined) return anchor.range;
    const log = this.#buffers.get(uri) ?? [];
    // The versions rise, and nearly all of what is remembered is older than what the server knows.
    let first = log.length;
    while (first > 0 && (log[first - 1]?.version ?? 0) > version) first -= 1;
    return log.slice(first).reduce<Range>((range, { shift }) => afterShift(range, shift), anchor.range);
  }
}

/** What a change does to the positions behind it, without its text, which may be a whole file. */
interface Shift {
  readonly start: Position;
  /** The end of what was replaced, before the change. */
  readonly end: Position;
  /** The end of what was put in its place, after the change. */
  readonly insertedEnd: Position;
}

function shiftOf({ range: { start, end }, text }: Change): Shift {
  const lines = text.split(/\r\n|\n|\r/);
  const last = lines.at(-1) ?? '';
  const insertedEnd = {
    line: start.line + lines.length - 1,
    character: (lines.length === 1 ? start.character : 0) + last.length,
  };
  return { start: { line: start.line, character: start.character }, end: { line: end.line, character: end.character }, insertedEnd };
}

/**
 * The range after a change, by the rules of the server's anchors: text that is inserted exactly at an end of the
 * range stays outside, and when all of the range is removed nothing is left of it.
 */
export function afterChange(range: Range, change: Change): Range {
  return afterShift(range, shiftOf(change));
}

function afterShift({ start, end }: Range, shift: Shift): Range {
  if (!isBefore(start, shift.end)) return { start: behind(start, shift), end: behind(end, shift) };
  if (!isBefore(shift.start, end)) return { start, end };
  if (!isBefore(shift.start, start) && !isBefore(end, shift.end)) return { start, end: behind(end, shift) };
  if (!isBefore(start, shift.start) && !isBefore(shift.end, end)) return { start: shift.start, end: shift.start };
  if (isBefore(shift.start, start)) return { start: shift.insertedEnd, end: behind(end, shift) };
  return { start, end: shift.start };
}

/** A position at or behind the end of what was replaced. */
function behind(position: Position, { end, insertedEnd }: Shift): Position {
  return {
    line: position.line - end.line + insertedEnd.line,
    character: position.line === end.line ? position.character - end.character + insertedEnd.character : position.character,
  };
}

/** Whether `left` comes before `right`, not at it. */
export function isBefore(left: Position, right: Position): boolean {
  return left.line < right.line || (left.line === right.line && left.character < right.character);
}
