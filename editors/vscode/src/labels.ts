// The words in which states, places and times are shown. Pure: the time comes from the caller.

import { firstLine } from './markdown';
import { isPending, type Proposal } from './proposal';
import type { RequestInfo, SessionInfo } from './protocol';

/** The longest preview at the end of a line, in characters. */
const PREVIEW = 80;

/**
 * What a line end shows for a request, or nothing. `streamed` is the length of the text so far, `proposal`
 * what the request proposes, as far as it is known.
 */
export function lineEndText(request: RequestInfo, now: number, streamed: number, proposal?: Proposal): string | undefined {
  switch (request.state) {
    case 'queued':
      return `◷ queued${placeText(request.place)}`;
    case 'running':
      return ['⟳ running', duration(now - (request.startedAt ?? now)), tokensText(request, streamed)].filter(Boolean).join(' · ');
    case 'held':
      return `⏸ held: ${holdText(request)}`;
    case 'failed':
      return `✗ failed: ${firstLine(request.failure?.message ?? 'for an unknown reason', PREVIEW)}`;
    case 'done':
      if (!request.unread) return undefined;
      if (proposal) return `📬 ✎ ${proposalText(proposal)}`;
      return `📬 ${firstLine(request.preview ?? request.notice ?? '', PREVIEW) || 'The response is ready'}`;
    case 'cancelled':
      return undefined;
  }
}

/** How a proposed change and its buffer go together: `+12 −3 clean`. */
export function proposalText(proposal: Proposal): string {
  const { status, reason, added, removed, conflicts } = proposal;
  if (status === 'none') return `no change: ${firstLine(reason ?? 'no reason was given', PREVIEW)}`;
  if (!isPending(proposal)) return 'in the buffer';
  const typedOver = conflicts.length > 0 ? `: you typed over ${count(conflicts.length, 'place')}` : '';
  return `${linesText(added, removed)} ${status}${typedOver}`;
}

/** Lines that a change adds and removes: `+12 −3`. */
export function linesText(added: number, removed: number): string {
  return `+${added} −${removed}`;
}

/** One short line about a request's state, for lists. */
export function stateText(request: RequestInfo, now: number): string {
  switch (request.state) {
    case 'queued':
      return `queued${placeText(request.place)}`;
    case 'running':
      return `running, ${duration(now - (request.startedAt ?? now))}`;
    case 'held':
      return `held: ${holdText(request)}`;
    case 'failed':
      return `failed ${age(now - (request.finishedAt ?? now))}`;
    case 'cancelled':
      return `cancelled ${age(now - (request.finishedAt ?? now))}`;
    case 'done':
      return `done ${age(now - (request.finishedAt ?? now))}`;
  }
}

/** What of a session is not done, for lists. */
export function busyText(session: SessionInfo): string {
  return [
    session.running > 0 ? 'running' : '',
    session.held > 0 ? `${session.held} held` : '',
    session.queued - session.held > 0 ? `${session.queued - session.held} queued` : '',
    session.failed > 0 ? `${session.failed} failed` : '',
  ]
    .filter(Boolean)
    .join(', ');
}

/** A session as a screen reader says it, with what icons and marks show to others. */
export function sessionLabel(session: SessionInfo, name: string, now: number): string {
  return [
    name,
    session.unread > 0 ? count(session.unread, 'unread response') : '',
    busyText(session),
    session.title,
    count(session.requests, 'question'),
    age(now - session.updatedAt),
  ]
    .filter(Boolean)
    .join(', ');
}

/** A request as a screen reader says it. */
export function requestLabel(request: RequestInfo, now: number): string {
  const { prompt, unread, preview, failure } = request;
  const said = firstLine(preview ?? failure?.message ?? '', PREVIEW);
  return [unread ? 'Unread' : '', firstLine(prompt, PREVIEW), stateText(request, now), said].filter(Boolean).join(', ');
}

/** Why a request is held, and until when if that is known. */
export function holdText(request: Pick<RequestInfo, 'hold'>): string {
  const { hold } = request;
  if (!hold) return 'the queue waits';
  return hold.until === undefined ? hold.reason : `${hold.reason}, until ${clock(hold.until)}`;
}

function placeText(place: number | undefined): string {
  if (place === undefined) return '';
  return place <= 1 ? ' · next' : ` · place ${place}`;
}

/** The provider's count when it told; else an estimate, marked as one. */
function tokensText(request: RequestInfo, streamed: number): string {
  const told = request.usage?.outputTokens;
  if (told !== undefined && told > 0) return count(told, 'token');
  return streamed > 0 ? `~${count(Math.ceil(streamed / 4), 'token')}` : '';
}

/** A length of time: `7 s`, `3 min`, `2 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How long ago: `just now`, `3 min ago`. */
export function age(milliseconds: number): string {
  return milliseconds < 60_000 ? 'just now' : `${duration(milliseconds)} ago`;
}

/** The time of day, in the user's own form. */
function clock(instant: number): string {
  return new Date(instant).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

/** `1 response`, `2 responses`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
