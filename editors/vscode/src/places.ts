// A place is what an editor shows one thread and one line-end text for: the requests about the same
// lines. A reply asks about the lines of what it replies to, so a conversation about one piece of code is
// one place. The columns do not count: each request follows its own original code, and after typing and
// undoing at an end of it two anchors of one conversation can be a few characters apart.

import type { Range } from './anchors';
import type { AnchorStatus, RequestInfo } from './protocol';

/** A request whose place in the buffer is known. */
export interface PlacedRequest {
  readonly request: RequestInfo;
  /** The range now. */
  readonly range: Range;
}

/** The requests about the same lines, in the order in which they were submitted. */
export interface Place {
  readonly requests: readonly RequestInfo[];
  /** The range now of the first one's anchor, as it is shown: see {@link shownRange}. */
  readonly range: Range;
  /** The line that wears the text and has the thread below it. */
  readonly line: number;
  readonly status: AnchorStatus;
  /** The code that was asked about, when it has changed or is gone. */
  readonly original: string | undefined;
}

/** Groups a buffer's requests by the lines of their anchors. */
export function placesOf(placed: readonly PlacedRequest[], lineCount: number): Place[] {
  const groups = new Map<string, PlacedRequest[]>();
  for (const one of placed) {
    const { start, end } = shownRange(one.range, lineCount);
    const key = JSON.stringify([start.line, end.line, one.request.anchor?.status === 'gone' ? one.request.anchor.original : '']);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const range = shownRange(first.range, lineCount);
    const anchor = first.request.anchor;
    return {
      requests: group.map((one) => one.request),
      range,
      line: range.end.line,
      status: anchor?.status ?? 'exact',
      original: anchor?.original,
    };
  });
}

/**
 * The range to show for an anchor: the first line for a whole buffer, and without the line that a
 * selection of whole lines ends at the beginning of.
 */
export function shownRange(range: Range, lineCount: number): Range {
  const { start, end } = range;
  const top = { line: 0, character: 0 };
  const last = Math.max(0, lineCount - 1);
  if (start.line === 0 && start.character === 0 && end.line >= last && last > 0) return { start: top, end: top };
  if (start.line > last) return { start: { line: last, character: 0 }, end: { line: last, character: 0 } };
  if (end.line > start.line && end.character === 0) {
    // VS Code shortens a column that is past the end of its line.
    return { start, end: { line: Math.min(end.line - 1, last), character: Number.MAX_SAFE_INTEGER } };
  }
  return { start, end: { line: Math.min(end.line, last), character: end.character } };
}

/** Whether nothing but an explicit retry will change the request any more. */
export function isFinished(request: RequestInfo): boolean {
  return request.state === 'done' || request.state === 'failed' || request.state === 'cancelled';
}

/** Whether the request may propose a change: it asked for one, and is answered. */
export function mayPropose(request: RequestInfo): boolean {
  return request.intent === 'edit' && request.state === 'done' && !request.dismissed;
}

/** Whether the request may be queued again, or need not wait any longer. */
export function isRetryable(request: RequestInfo): boolean {
  return request.state === 'failed' || request.state === 'cancelled' || (request.state === 'held' && !isAllowable(request));
}

/** Whether the request waits until the user allows the secrets in it to be sent. */
export function isAllowable(request: RequestInfo): boolean {
  return request.state === 'held' && request.hold?.secrets !== undefined;
}
