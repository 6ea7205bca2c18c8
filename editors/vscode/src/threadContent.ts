// What the thread of a place says: the one function from the server's requests to what is drawn.
// Pure, so that every state can be looked at in a test.

import { count, duration, holdText, proposalText } from './labels';
import { codeBlocks, escaped, fenced, harmless } from './markdown';
import { isAllowable, isFinished, isRetryable, mayPropose, type Place } from './places';
import { isPending, type Proposal } from './proposal';
import type { RequestInfo, State } from './protocol';
import type { ResponseText } from './requests';

/** One comment of a thread. */
export interface CommentContent {
  /** The same comment has the same key from one drawing to the next. */
  readonly key: string;
  readonly author: string;
  /** A short remark beside the author. */
  readonly label: string;
  /** Markdown that loads nothing and runs nothing. */
  readonly body: string;
  /** Words for `when` clauses: `question`, `answer`, `code`. */
  readonly context: string;
  /** Of an answer: how far it is. */
  readonly state?: State;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** A whole thread. */
export interface ThreadContent {
  readonly label: string;
  /** Words for `when` clauses: `cancellable`, `retryable`, `allowable`, `dismissable`, `unread`, `appliable`. */
  readonly context: string;
  readonly comments: readonly CommentContent[];
}

/** The thread of a place: `textOf` and `proposalOf` tell what is known of a request's response. */
export function threadContent(
  place: Place,
  textOf: (id: string) => ResponseText | undefined,
  proposalOf: (id: string) => Proposal | undefined,
): ThreadContent {
  const { requests } = place;
  const context = [
    requests.some((request) => !isFinished(request)) && 'cancellable',
    requests.some(isRetryable) && 'retryable',
    requests.some(isAllowable) && 'allowable',
    requests.every(isFinished) && 'dismissable',
    requests.some((request) => request.unread) && 'unread',
    requests.some((request) => mayPropose(request) && canApply(proposalOf(request.id))) && 'appliable',
  ];
  return {
    label: label(requests),
    context: context.filter(Boolean).join(' '),
    comments: requests.flatMap((request, index) => [
      question(request, index === 0 ? anchorNote(place) : ''),
      answer(request, textOf(request.id), proposalOf(request.id)),
    ]),
  };
}

/** A text as it is shown. */
interface Rendered {
  readonly body: string;
  readonly hasCode: boolean;
}

/** What was made of the texts, for as long as there is what holds them: it is long, and drawn often. */
const made = new WeakMap<object, Rendered>();

/** The text as it is shown; `holder` is the object that it belongs to, which never has another one. */
function rendered(holder: RequestInfo | ResponseText, text: string): Rendered {
  const known = made.get(holder);
  if (known) return known;
  const now = { body: harmless(text), hasCode: codeBlocks(text).length > 0 };
  made.set(holder, now);
  return now;
}

function label(requests: readonly RequestInfo[]): string {
  const latest = requests.at(-1);
  const state = latest?.state ?? 'done';
  return requests.length === 1 ? `Backchat · ${state}` : `Backchat · ${count(requests.length, 'question')} · ${state}`;
}

function question(request: RequestInfo, note: string): CommentContent {
  return {
    key: `${request.id}:question`,
    author: 'You',
    label: request.intent === 'edit' ? 'edit' : '',
    body: [rendered(request, request.prompt).body, note].filter(Boolean).join('\n\n'),
    context: 'question',
    timestamp: request.createdAt,
  };
}

function canApply(proposal: Proposal | undefined): boolean {
  return proposal !== undefined && proposal.status !== 'none' && isPending(proposal);
}

function answer(request: RequestInfo, response: ResponseText | undefined, proposal: Proposal | undefined): CommentContent {
  const text = response?.text ?? request.preview ?? '';
  const { body, hasCode } = response ? rendered(response, text) : { body: harmless(text), hasCode: false };
  const remark = remarkOf(request, text, proposal);
  return {
    key: `${request.id}:answer`,
    author: request.model,
    label: answerLabel(request),
    body: [body, remark].filter(Boolean).join('\n\n'),
    context: hasCode ? 'answer code' : 'answer',
    state: request.state,
    timestamp: request.finishedAt ?? request.startedAt ?? request.createdAt,
  };
}

function answerLabel(request: RequestInfo): string {
  if (request.state !== 'done') return request.state;
  const took =
    request.startedAt === undefined || request.finishedAt === undefined ? '' : duration(request.finishedAt - request.startedAt);
  const tokens = request.usage?.outputTokens;
  return [took, tokens === undefined ? '' : count(tokens, 'token')].filter(Boolean).join(' · ');
}

/** What stands below the text, or in its place. */
function remarkOf(request: RequestInfo, text: string, proposal: Proposal | undefined): string {
  switch (request.state) {
    case 'queued':
      return request.place === undefined || request.place <= 1 ? '*Queued: the next one.*' : `*Queued at place ${request.place}.*`;
    case 'held':
      return `*Held: ${escaped(holdText(request))}.*`;
    case 'running':
      return text === '' ? '*Waiting for the first word…*' : '';
    case 'cancelled':
      return '*Cancelled.*';
    case 'failed': {
      const { message = 'No reason is known.', remedy = '' } = request.failure ?? {};
      return `**Failed.** ${escaped([message, remedy].filter(Boolean).join(' '))}`;
    }
    case 'done':
      return [request.notice && `*${escaped(request.notice)}*`, proposal && `✎ *${escaped(proposalText(proposal))}*`].filter(Boolean).join('\n\n');
  }
}

/** Says so when the code is not what or where it was. */
function anchorNote(place: Place): string {
  const was = place.original === undefined ? '' : `\n\n${fenced(place.original)}`;
  switch (place.status) {
    case 'exact':
    case 'moved':
      return '';
    case 'changed':
      return `*The code has changed since this was asked.*${was && ` It was:${was}`}`;
    case 'gone':
      return `*The code that this was about is not in the file any more.*${was && ` It was:${was}`}`;
    case 'ambiguous':
      return '*The code is there several times; this is the place nearest to where it was.*';
  }
}
