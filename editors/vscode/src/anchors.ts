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
  readonly #buffers = new Map<string, { version: number; change: Change }[]>();

  /** Records that `changes`, in their order, made the buffer's `version`. */
  record(uri: string, version: number, changes: readonly Change[]): void {
    const log = this.#buffers.get(uri) ?? [];
    log.push(...changes.map((change) => ({ version, change })));
    log.splice(0, Math.max(0, log.length - REMEMBERED));
    this.#buffers.set(uri, log);
  }

  /** Forgets a closed buffer. */
  forget(uri: string): void {
    this.#buffers.delete(uri);
  }

  /** The anchor's range in the buffer as it is now. */
  rangeNow(uri: string, anchor: AnchorInfo): Range {
    const { version } = anchor;
    if (version === undefined) return anchor.range;
    return (this.#buffers.get(uri) ?? [])
      .filter((entry) => entry.version > version)
      .reduce<Range>((range, { change }) => shifted(range, change), anchor.range);
  }
}

/** The range after a change; its start and end each move with the text behind them. */
export function shifted(range: Range, change: Change): Range {
  const start = moved(range.start, change);
  const end = moved(range.end, change);
  return isBefore(end, start) ? { start, end: start } : { start, end };
}

function moved(position: Position, change: Change): Position {
  const { start, end } = change.range;
  if (!isBefore(start, position)) return position;
  const lines = change.text.split(/\r\n|\n|\r/);
  const last = lines.at(-1) ?? '';
  const insertedEnd = {
    line: start.line + lines.length - 1,
    character: (lines.length === 1 ? start.character : 0) + last.length,
  };
  if (isBefore(position, end)) return isBefore(insertedEnd, position) ? insertedEnd : position;
  return {
    line: position.line - end.line + insertedEnd.line,
    character: position.line === end.line ? position.character - end.character + insertedEnd.character : position.character,
  };
}

/** Whether `left` comes before `right`, not at it. */
export function isBefore(left: Position, right: Position): boolean {
  return left.line < right.line || (left.line === right.line && left.character < right.character);
}
