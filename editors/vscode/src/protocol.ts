// Generated from src/protocol/*.rs by `UPDATE_GENERATED=1 cargo test --lib generated`. Do not edit.

import type { Range, TextDocumentIdentifier, TextEdit } from 'vscode-languageclient';

/** The version of the contract that these types are of. */
export const PROTOCOL_VERSION = 1;

/** The names of the custom methods. */
export const method = {
  submit: 'backchat/submit',
  sessions: 'backchat/sessions',
  session: 'backchat/session',
  requests: 'backchat/requests',
  take: 'backchat/take',
  cancel: 'backchat/cancel',
  retry: 'backchat/retry',
  allow: 'backchat/allow',
  dismiss: 'backchat/dismiss',
  proposal: 'backchat/proposal',
  prompts: 'backchat/prompts',
  models: 'backchat/models',
  selectModel: 'backchat/selectModel',
  provideKey: 'backchat/provideKey',
  status: 'backchat/status',
  didFocus: 'backchat/didFocus',
  requestDidChange: 'backchat/requestDidChange',
  responseDelta: 'backchat/responseDelta',
  responseReady: 'backchat/responseReady',
  statusDidChange: 'backchat/statusDidChange',
  bufferLost: 'backchat/bufferLost',
} as const;

/**
 * Names one submitted prompt for ever. UUID version 7, so ids sort by the time they were made.
 */
export type RequestId = string;

/**
 * Names the conversation of one buffer. UUID version 7.
 */
export type SessionId = string;

/**
 * What a prompt wants: an answer to read, or a change to the code at its anchor.
 */
export type Intent = "ask" | "edit";

/**
 * What the user said about where a submit should run.
 */
export type Mode = "auto" | "foreground" | "background";

/**
 * The two priorities of the queue.
 */
export type Lane = "foreground" | "background";

/**
 * How the server took a submit: the answer that an editor shows at once.
 */
export type Disposition = "backgroundSubmitted" | "streaming";

/**
 * Where a request is in its life: `queued → running → done | failed | cancelled`, and
 * `running → queued` when an attempt ended in a fault that a retry can mend or its worker died.
 *
 * `Held` is how a queued request is shown while the queue waits for something it can name: it is
 * derived from the hold of a request, never stored.
 */
export type State = "queued" | "running" | "held" | "done" | "failed" | "cancelled";

/**
 * Parameters of `backchat/submit`.
 */
export type SubmitParams = {
/**
 * The buffer that the prompt is about. It must be open.
 */
textDocument: TextDocumentIdentifier,
/**
 * The code that the prompt is about: the request's anchor. Without it, the whole buffer,
 * shown at its first line.
 */
range?: Range,
/**
 * What to ask. Not empty, unless `libraryPrompt` names a prompt; it is then what follows that.
 */
prompt: string,
/**
 * The name of a prompt of the library, as `backchat/prompts` lists it for this buffer. The file is
 * read now, and its text is stored as part of the request's prompt.
 */
libraryPrompt?: string,
/**
 * An answer to read, or a change to the code. Default: what the prompt of the library says, else
 * `ask`.
 */
intent?: Intent,
/**
 * Where to run it. Default `auto`: background when the buffer is not in front or its session
 * is busy.
 */
mode?: Mode,
/**
 * The name of a model of the configuration. Default: the one of the prompt of the library, else the
 * selected one.
 */
model?: string,
/**
 * A submit with a key that was seen before returns the earlier request and stores nothing, so
 * a client may send again when it did not see the answer.
 */
idempotencyKey?: string, };

/**
 * Result of `backchat/submit`. When it arrives the request is on disk.
 */
export type SubmitResult = {
/**
 * The request as it was stored.
 */
request: RequestInfo,
/**
 * How it will run.
 */
disposition: Disposition, };

/**
 * Parameters of `backchat/sessions`. Every filter is optional; together they narrow.
 */
export type SessionsParams = {
/**
 * Only sessions with an unread response.
 */
unreadOnly?: boolean,
/**
 * Only the session of this buffer.
 */
textDocument?: TextDocumentIdentifier,
/**
 * Only sessions whose title or buffer contains this text, whatever its case.
 */
query?: string,
/**
 * At most so many, default 200.
 */
limit?: number,
/**
 * Skip so many, for the next page.
 */
offset?: number, };

/**
 * Result of `backchat/sessions`.
 */
export type SessionsResult = {
/**
 * Unread first, then busy, then by their last change, newest first.
 */
sessions: Array<SessionInfo>,
/**
 * How many match the filter, on all pages.
 */
total: number, };

/**
 * Parameters of `backchat/session`.
 */
export type SessionParams = {
/**
 * Which session.
 */
sessionId: SessionId, };

/**
 * Result of `backchat/session`: the transcript. Reading it clears no 📬: that is
 * `backchat/take`.
 */
export type SessionResult = {
/**
 * The session.
 */
session: SessionInfo,
/**
 * Its requests in the order in which they were submitted, each with what the model said.
 */
turns: Array<TurnInfo>, };

/**
 * One turn of a transcript.
 */
export type TurnInfo = {
/**
 * The prompt.
 */
request: RequestInfo,
/**
 * What the model has said so far. Absent before its first word.
 */
response?: ResponseInfo, };

/**
 * Parameters of `backchat/requests`.
 */
export type RequestsParams = {
/**
 * The buffer.
 */
textDocument: TextDocumentIdentifier, };

/**
 * Result of `backchat/requests`: what an editor draws when it opens a buffer.
 */
export type RequestsResult = {
/**
 * The buffer's requests that were not dismissed, each with its range now, in the order in
 * which they were submitted.
 */
requests: Array<RequestInfo>, };

/**
 * Parameters of `backchat/take`: exactly one of the two.
 */
export type TakeParams = {
/**
 * Take every unread response of this session.
 */
sessionId?: SessionId,
/**
 * Take the response of this request.
 */
requestId?: RequestId, };

/**
 * Result of `backchat/take`.
 */
export type TakeResult = {
/**
 * The responses that were unread, now read in every window. Empty when another window was
 * first.
 */
responses: Array<TakenResponse>,
/**
 * How many responses of all sessions are still unread.
 */
unread: number, };

/**
 * One response that `backchat/take` handed over.
 */
export type TakenResponse = {
/**
 * The prompt, with its range now.
 */
request: RequestInfo,
/**
 * What the model said.
 */
response: ResponseInfo, };

/**
 * Parameters of `backchat/cancel`, `backchat/retry`, `backchat/allow` and `backchat/dismiss`.
 *
 * - `cancel` ends a request that is queued, held or running; the connection to the model is
 *   closed and the text that had streamed is kept. A finished request stays as it is.
 * - `retry` queues a failed or cancelled request again; a held one stops waiting.
 * - `allow` lets the secrets that a request is held for (`Hold.secrets`) go to its endpoint, in this
 *   request, its retries and the later turns of its session, and queues it again.
 * - `dismiss` takes a finished request out of the buffer's margin, read; it stays in the session.
 *
 * Each answers with the request as it is after the call.
 */
export type RequestParams = {
/**
 * Which request.
 */
requestId: RequestId, };

/**
 * Parameters of `backchat/proposal`.
 */
export type ProposalParams = {
/**
 * A request that is done.
 */
requestId: RequestId,
/**
 * Only these hunks, by their `index`; without it all of them.
 */
hunks?: Array<number>, };

/**
 * Result of `backchat/proposal`: the three-way merge of the text at submit, the buffer now and the
 * proposal. It is made anew at each call and changes nothing.
 *
 * To apply it, check that the buffer's version is still `version` and the digest of its text `digest`, and
 * apply `edits` as one undo step. Ask again when the version is another one; open the buffer anew before that
 * when the version is the same and the digest is not, as the server has another text then.
 */
export type ProposalResult = {
/**
 * Which request.
 */
requestId: RequestId,
/**
 * The URI of the buffer.
 */
uri: string,
/**
 * How the proposal and the buffer go together.
 */
status: ProposalStatus,
/**
 * Why there is nothing to apply; only when `status` is `none`.
 */
reason?: string,
/**
 * The version of the buffer that ranges and edits are of.
 */
version: number,
/**
 * The SHA-256 of the whole text that ranges and edits are of, in UTF-8, as 64 hexadecimal digits.
 */
digest: string,
/**
 * What leads from the buffer to the merged text: disjoint, in order. Empty when the buffer has the
 * proposal already. Conflicting regions are left as they are.
 */
edits: TextEdit[],
/**
 * The changes one by one, whether chosen or not.
 */
hunks: Array<HunkInfo>,
/**
 * Where the same lines were typed over.
 */
conflicts: Array<ConflictInfo>,
/**
 * Lines that the edits add.
 */
added: number,
/**
 * Lines that the edits remove.
 */
removed: number,
/**
 * The edits as a unified diff.
 */
preview: string,
/**
 * The whole buffer with the edits in it.
 */
merged: string,
/**
 * The whole buffer with the edits in it and each conflict between markers, as git writes them;
 * only when `status` is `conflict`.
 */
marked?: string,
/**
 * What leads from the buffer to `marked`: disjoint, in order; present when `marked` is.
 */
markedEdits?: TextEdit[], };

/**
 * How a proposal and a buffer go together.
 */
export type ProposalStatus = "clean" | "moved" | "conflict" | "none";

/**
 * One change of a proposal.
 */
export type HunkInfo = {
/**
 * Its number, from 0.
 */
index: number,
/**
 * What it replaces, in the buffer now.
 */
range: Range,
/**
 * What is there.
 */
oldText: string,
/**
 * What it puts there.
 */
newText: string, };

/**
 * Lines that were changed by the user and by the proposal.
 */
export type ConflictInfo = {
/**
 * The user's lines, in the buffer now.
 */
range: Range,
/**
 * What the lines were at submit.
 */
base: string,
/**
 * What the proposal makes of them.
 */
theirs: string, };

/**
 * What Backchat reads of `initializationOptions`, and of the `settings` of
 * `workspace/didChangeConfiguration` (there also under the key `backchat`). An absent field changes
 * nothing; a present one replaces what was said before.
 *
 * A workspace may bring prompts along. They are read only where the user trusts it: because the client
 * says so here, or because `trusted_folders` of the user's own configuration names the folder.
 */
export type ClientOptions = {
/**
 * Whether the user trusts every folder of the workspace. Default `false`.
 */
workspaceTrusted?: boolean,
/**
 * The URIs of folders that the user trusts, with all that is below them. Default: none.
 */
trustedFolders?: Array<string>,
/**
 * What ends a line in the client's buffers, and so in its positions: `"\n"`, which always does, `"\r\n"`,
 * `"\r"`, `"\u000b"`, `"\u000c"`, `"\u0085"`, `"\u2028"`, `"\u2029"`. A `\r` that is not named is a
 * character of its line, before a `\n` too. Only in `initializationOptions`. Default: what LSP says, `"\n"`,
 * `"\r\n"` and `"\r"`.
 */
lineEnds?: Array<string>, };

/**
 * LSP's `TextDocumentItem` in `textDocument/didOpen`, and which buffer it is.
 */
export type OpenedDocument = {
/**
 * Its URI.
 */
uri: string,
/**
 * Its language.
 */
languageId: string,
/**
 * Its version, as the client counts.
 */
version: number,
/**
 * Its whole text.
 */
text: string,
/**
 * Of a buffer without a file whose URI is used again for others, such as `untitled:Untitled-1`: what it has
 * for itself for as long as it lives, through restarts of server and editor. Letters, digits, `-`, `_`
 * and `.`, at most 128 of them, such as a UUID.
 */
identity?: string, };

/**
 * Parameters of `backchat/prompts`.
 */
export type PromptsParams = {
/**
 * The buffer that is to be asked about: the prompts of the workspace folder that it lies in are
 * listed too. Without it only the user's own.
 */
textDocument?: TextDocumentIdentifier, };

/**
 * Result of `backchat/prompts`: the prompt library, as it is on disk now.
 */
export type PromptsResult = {
/**
 * What `libraryPrompt` of `backchat/submit` may name: the user's own, then the workspace's, each
 * sorted by name.
 */
prompts: Array<PromptInfo>,
/**
 * What is wrong with files that are not listed, or was ignored in files that are.
 */
problems: Array<PromptProblem>,
/**
 * The URI of the folder for the user's own prompts, whether it exists or not.
 */
folder?: string,
/**
 * The URI of the workspace's folder of prompts, when there is one that is not read because the
 * workspace is not trusted.
 */
untrustedFolder?: string, };

/**
 * A prompt of the library.
 */
export type PromptInfo = {
/**
 * By which it is chosen; a title for people. One line.
 */
name: string,
/**
 * What it is for. One line.
 */
description?: string,
/**
 * What a submit with it wants, when the submit does not say.
 */
intent: Intent,
/**
 * The model that it chooses, when the submit names none. Absent also for the model of a
 * workspace's prompt that `workspace_prompt_models` of the configuration does not allow.
 */
model?: string,
/**
 * Whose it is.
 */
source: PromptSource,
/**
 * The URI of its file, to be opened and edited.
 */
uri: string, };

/**
 * Whose a prompt of the library is.
 */
export type PromptSource = "user" | "workspace";

/**
 * What is wrong with a file of the library.
 */
export type PromptProblem = {
/**
 * The URI of the file or the folder.
 */
uri: string,
/**
 * The line, from 0 as in a position.
 */
line?: number,
/**
 * What is wrong, with the file and the line, for people.
 */
message: string, };

/**
 * Result of `backchat/models`.
 */
export type ModelsResult = {
/**
 * Every model that is configured or was found.
 */
models: Array<ModelInfo>,
/**
 * The name of the one that a submit without `model` uses.
 */
selected?: string,
/**
 * Why there is none, and how to get one.
 */
problem?: string, };

/**
 * One model of the configuration. Never holds a key.
 */
export type ModelInfo = {
/**
 * Its name in the configuration.
 */
name: string,
/**
 * `anthropic`, `openai-chat` or `openai-responses`.
 */
format: string,
/**
 * The provider's id of the model.
 */
model: string,
/**
 * Where its requests go.
 */
baseUrl: string,
/**
 * Where this entry came from: a file, an environment variable, a port that answered.
 */
origin: string,
/**
 * The name under which `backchat/provideKey` hands over its key, when it wants one.
 */
keyName?: string,
/**
 * Why a submit to it would be refused now, for example a key that is not set.
 */
problem?: string, };

/**
 * Parameters of `backchat/selectModel`: the choice is stored and holds in every window.
 */
export type SelectModelParams = {
/**
 * A model's name; without it the configuration's default again.
 */
model?: string, };

/**
 * Parameters of `backchat/provideKey`: an editor hands over a key from its own secret storage.
 *
 * The key lives in the memory of this server (and of the worker that it leaves behind when the
 * editor closes), is never stored and never logged.
 */
export type ProvideKeyParams = {
/**
 * The model's `keyName`: the variable that its configuration names, e.g. `ANTHROPIC_API_KEY`.
 */
name: string,
/**
 * The key; without it an earlier one is forgotten.
 */
key?: string, };

/**
 * A submitted prompt, as it is now.
 */
export type RequestInfo = {
/**
 * Its id.
 */
id: RequestId,
/**
 * The session that it belongs to.
 */
sessionId: SessionId,
/**
 * The URI of its buffer.
 */
uri: string,
/**
 * What was asked.
 */
prompt: string,
/**
 * An answer or a change.
 */
intent: Intent,
/**
 * Its priority.
 */
lane: Lane,
/**
 * The name of its model in the configuration.
 */
model: string,
/**
 * Where it is in its life.
 */
state: State,
/**
 * How many attempts were started.
 */
attempt: number,
/**
 * Its place in the queue, 1 for the next; only while it is queued.
 */
place?: number,
/**
 * What it waits for; only while it is held.
 */
hold?: Hold,
/**
 * Why it failed; only when it failed.
 */
failure?: Failure,
/**
 * Where in the buffer it belongs now. Absent when the buffer has never been seen by this
 * server: ask `backchat/requests` after opening it.
 */
anchor?: AnchorInfo,
/**
 * The first lines of the response, at most 200 characters; only when there is text.
 */
preview?: string,
/**
 * What is to be said of the response beside its text, a sentence or two to be shown as they are: that there is
 * no answer, that it was cut, what of the file the model was not shown. Absent for a response that is simply an
 * answer.
 */
notice?: string,
/**
 * Done and not yet shown: 📬.
 */
unread: boolean,
/**
 * Taken out of the margin by the user.
 */
dismissed: boolean,
/**
 * Tokens, as far as the provider told.
 */
usage?: Usage,
/**
 * When it was accepted.
 */
createdAt: number,
/**
 * When its latest attempt began.
 */
startedAt?: number,
/**
 * When it came to its end.
 */
finishedAt?: number, };

/**
 * Where in the buffer a request belongs.
 */
export type AnchorInfo = {
/**
 * The range now.
 */
range: Range,
/**
 * The buffer's version that `range` is of; absent when the buffer is not open.
 */
version?: number,
/**
 * How sure the range is.
 */
status: AnchorStatus,
/**
 * The code that was asked about, when `status` is `changed` or `gone`.
 */
original?: string, };

/**
 * How sure an anchor is of its place.
 */
export type AnchorStatus = "exact" | "moved" | "changed" | "gone" | "ambiguous";

/**
 * What a held request waits for.
 */
export type Hold = {
/**
 * For people, e.g. `rate limit of api.anthropic.com`.
 */
reason: string,
/**
 * When it will be tried again, if that is known.
 */
until?: number,
/**
 * The secrets in what would be sent, when it waits for the user to allow them: `backchat/allow`.
 */
secrets?: Array<HeldSecret>, };

/**
 * A secret that would be sent. Never the secret itself.
 */
export type HeldSecret = {
/**
 * What it is, e.g. `GitHub token`.
 */
kind: string,
/**
 * Where it is, for people: `line 12`, `the prompt`, `AGENTS.md`, `an earlier turn`.
 */
place: string,
/**
 * Its line in the buffer as it was at submit, counted from 1; absent when it is elsewhere.
 */
line?: number, };

/**
 * Why a request failed.
 */
export type Failure = {
/**
 * A stable word for programs, e.g. `authentication`, `interrupted`, `contextTooLong`.
 */
kind: string,
/**
 * What failed, on what, for people.
 */
message: string,
/**
 * What the user can do.
 */
remedy?: string, };

/**
 * Tokens of one attempt.
 */
export type Usage = {
/**
 * Tokens of the prompt, with what was sent along.
 */
inputTokens?: number,
/**
 * Tokens of the response, reasoning included.
 */
outputTokens?: number, };

/**
 * What the model said to one request.
 */
export type ResponseInfo = {
/**
 * Markdown, untrusted.
 */
text: string,
/**
 * What the model thought before, when it told.
 */
reasoning?: string,
/**
 * Whether the text may still grow, or ended before the model was finished.
 */
partial: boolean,
/**
 * Why the model stopped, when it did: `stop`, `length`, `refusal`, `contextFull`, `toolCall`, `incomplete`, or
 * the provider's own word. What that means for people is in the request's `notice`.
 */
finish?: string,
/**
 * The attempt that the text is of.
 */
attempt: number,
/**
 * The `seq` of the next `backchat/responseDelta` that is not yet part of `text`.
 */
nextSeq: number, };

/**
 * The conversation of one buffer.
 */
export type SessionInfo = {
/**
 * Its id.
 */
id: SessionId,
/**
 * The URI of its buffer.
 */
uri: string,
/**
 * Made from the first prompt.
 */
title: string,
/**
 * Unread responses: 📬 when it is not 0.
 */
unread: number,
/**
 * Requests in all.
 */
requests: number,
/**
 * Requests that wait, held ones included.
 */
queued: number,
/**
 * Requests that run: 0 or 1, as a session has an order.
 */
running: number,
/**
 * Of those that wait, the ones that wait for something they name.
 */
held: number,
/**
 * Failed requests that were not dismissed.
 */
failed: number,
/**
 * The state of its latest request.
 */
state: State,
/**
 * The latest change.
 */
updatedAt: number,
/**
 * Its beginning.
 */
createdAt: number, };

/**
 * The state of the whole inbox, over all windows: the result of `backchat/status` and the
 * parameters of `backchat/statusDidChange`.
 */
export type StatusInfo = {
/**
 * Requests that wait for a worker, held ones not included.
 */
queued: number,
/**
 * Requests that run.
 */
running: number,
/**
 * Requests that wait for something they name.
 */
held: number,
/**
 * The hold that ends first.
 */
hold?: Hold,
/**
 * Unread responses.
 */
unread: number,
/**
 * The selected model's name.
 */
model?: string,
/**
 * What keeps Backchat from working, with what to do: no model, a configuration error.
 */
problem?: string,
/**
 * The server's version.
 */
version: string,
/**
 * [`super::PROTOCOL_VERSION`].
 */
protocolVersion: number, };

/**
 * Parameters of `backchat/didFocus`: which buffer is in front, for the routing of `auto`.
 */
export type DidFocusParams = {
/**
 * The buffer in front; absent when the window lost the focus.
 */
textDocument?: TextDocumentIdentifier, };

/**
 * Parameters of `backchat/requestDidChange`.
 *
 * Sent for every change of a request's state, hold, place in the queue, attempt or read mark, in
 * whatever window it happened, and when an edit moved the anchor of a request of an open buffer.
 * Changes are coalesced: the latest is always sent, those between may not be.
 */
export type RequestDidChangeParams = {
/**
 * The request as it is now.
 */
request: RequestInfo, };

/**
 * Parameters of `backchat/responseDelta`: streamed text of a request of an open buffer,
 * coalesced to at most 20 notifications a second for a request.
 */
export type ResponseDeltaParams = {
/**
 * Which request.
 */
requestId: RequestId,
/**
 * Which attempt; a higher one than before begins the text anew.
 */
attempt: number,
/**
 * Counts the deltas of an attempt from 0, without gaps. A client that opened the buffer in
 * mid-stream begins at the `nextSeq` of the response that it read by `backchat/session`.
 */
seq: number,
/**
 * To be appended.
 */
text: string, };

/**
 * Parameters of `backchat/responseReady`: a request is done; show it where it was asked.
 *
 * Sent once in each window, after the `requestDidChange` with the state `done`. Nothing is read by
 * it: call `backchat/take` when the response was actually shown.
 */
export type ResponseReadyParams = {
/**
 * The request, with its range now and a preview of the response.
 */
request: RequestInfo,
/**
 * Unread responses of its session, this one included.
 */
sessionUnread: number,
/**
 * Unread responses of all sessions, this one included.
 */
unread: number, };

/**
 * Parameters of `backchat/bufferLost`: a change was of a line that the buffer does not have, so that the server
 * does not know its text any more.
 *
 * Until the client sends `didClose` and `didOpen` for it, or a `didChange` with its whole text, submits and
 * proposals of the buffer are refused with the error `bufferLost`, and its requests have no anchor.
 */
export type BufferLostParams = {
/**
 * The buffer's URI, as the client spells it.
 */
uri: string,
/**
 * What the change was of, for people.
 */
reason: string, };
