// The extension's mirror of the requests of the open buffers, and of what the model has said to them.
// The server is the truth; this is what it said last.

import * as vscode from 'vscode';
import { EditLog, type Range } from './anchors';
import { afterAnswer } from './answers';
import { Bursts } from './bursts';
import * as methods from './methods';
import { isFinished, placesOf, type Place } from './places';
import type { RequestId, RequestInfo, ResponseDeltaParams, ResponseInfo, SessionId } from './protocol';
import { DOCUMENTS, ServerNotRunning, type Server } from './server';

/** The changes of a buffer's requests within so many milliseconds are told together. */
const BURST = 40;

/** What the model has said to one request so far. */
export type ResponseText = Pick<ResponseInfo, 'text' | 'reasoning' | 'finish' | 'attempt' | 'nextSeq'>;

/** The same buffer has the same key, however a URI was written. */
export function keyOf(uri: string | vscode.Uri): string {
  return (typeof uri === 'string' ? vscode.Uri.parse(uri) : uri).toString();
}

/** The requests of the buffers that are open. */
export class Requests implements vscode.Disposable {
  readonly #server: Server;
  readonly #log: vscode.LogOutputChannel;
  readonly #byId = new Map<RequestId, RequestInfo>();
  readonly #byBuffer = new Map<string, Set<RequestId>>();
  readonly #texts = new Map<RequestId, ResponseText>();
  readonly #edits = new EditLog();
  readonly #loading = new Map<string, { again: boolean }>();
  /** For each buffer whose requests are being read: those that were told meanwhile. */
  readonly #told = new Map<string, Set<RequestId>>();
  readonly #loads = new Map<string, Promise<void>>();
  readonly #transcripts = new Map<SessionId, { again: boolean }>();
  readonly #didChange = new vscode.EventEmitter<string>();
  readonly #changes = new Bursts<string>(BURST, (key) => this.#didChange.fire(key));
  readonly #didStream = new vscode.EventEmitter<RequestInfo>();
  readonly #disposables: vscode.Disposable[] = [];

  /** A buffer's requests changed; the value is the buffer's key. */
  readonly onDidChange = this.#didChange.event;
  /** More was said to a request. */
  readonly onDidStream = this.#didStream.event;

  constructor(server: Server, log: vscode.LogOutputChannel) {
    this.#server = server;
    this.#log = log;
    this.#disposables.push(
      this.#changes,
      this.#didChange,
      this.#didStream,
      server.on(methods.requestDidChange, ({ request }) => this.accept(request)),
      server.on(methods.responseReady, ({ request }) => this.accept(request)),
      server.on(methods.responseDelta, (delta) => this.#append(delta)),
      server.onDidStart(() => this.#loadAll()),
      vscode.workspace.onDidOpenTextDocument((document) => this.#load(document)),
      vscode.workspace.onDidCloseTextDocument((document) => this.#forget(document)),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const key = keyOf(document.uri);
        if (this.#byBuffer.has(key)) this.#edits.record(key, document.version, contentChanges);
      }),
    );
    // What is typed before the server runs counts as well.
    this.#loadAll();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** A request of an open buffer. */
  get(id: RequestId): RequestInfo | undefined {
    return this.#byId.get(id);
  }

  /** The requests of an open buffer that were not dismissed, in the order in which they were submitted. */
  of(uri: vscode.Uri): RequestInfo[] {
    return [...(this.#byBuffer.get(keyOf(uri)) ?? [])]
      .flatMap((id) => this.#byId.get(id) ?? [])
      .filter((request) => !request.dismissed)
      .sort((left, right) => left.createdAt - right.createdAt || (left.id < right.id ? -1 : 1));
  }

  /** Resolves when the server has told the requests of an open buffer, which it is asked when it starts. */
  async loaded(uri: vscode.Uri): Promise<void> {
    await this.#loads.get(keyOf(uri));
  }

  /** Where an open buffer's requests are now. */
  places(document: vscode.TextDocument): Place[] {
    const placed = this.of(document.uri).flatMap((request) => {
      const range = this.rangeOf(request);
      return range ? { request, range } : [];
    });
    return placesOf(placed, document.lineCount);
  }

  /** The range of a request in its buffer as it is now. */
  rangeOf(request: RequestInfo): Range | undefined {
    return request.anchor && this.#edits.rangeNow(keyOf(request.uri), request.anchor);
  }

  /** Where a range of an earlier version of an open buffer is now. */
  rangeNow({ uri }: vscode.TextDocument, earlier: { readonly range: Range; readonly version: number }): Range {
    return this.#edits.rangeNow(keyOf(uri), earlier);
  }

  /** What the model has said to a request, as far as it is known here. */
  textOf(id: RequestId): ResponseText | undefined {
    return this.#texts.get(id);
  }

  /** Takes over a request as the server described it, unless its buffer is not open here. */
  accept(request: RequestInfo): void {
    const key = keyOf(request.uri);
    const buffer = this.#byBuffer.get(key);
    if (!buffer) return;
    const loading = this.#loading.get(key);
    if (loading) loading.again = true;
    this.#told.get(key)?.add(request.id);
    const before = this.#byId.get(request.id);
    buffer.add(request.id);
    this.#byId.set(request.id, request);
    if (isFinished(request) && (before === undefined || !isFinished(before))) void this.loadTranscript(request.sessionId);
    this.#changes.changed(key);
  }

  /** Reads a session's responses anew, whole. One call at a time; a call meanwhile reads once more. */
  async loadTranscript(sessionId: SessionId): Promise<void> {
    await this.#once(this.#transcripts, sessionId, async () => {
      const { session, turns } = await this.#server.request(methods.session, { sessionId });
      for (const { request, response } of turns) {
        if (!response) continue;
        const known = this.#texts.get(request.id);
        const older = known && (response.attempt < known.attempt || (response.attempt === known.attempt && response.nextSeq < known.nextSeq));
        // What stays the same stays the same object: what was made of it for the screen is still good.
        if (known && isSame(known, response)) continue;
        if (!older || isFinished(request)) this.#texts.set(request.id, response);
      }
      this.#changes.changed(keyOf(session.uri));
    });
  }

  #loadAll(): void {
    for (const document of vscode.workspace.textDocuments) this.#load(document);
  }

  #load(document: vscode.TextDocument): void {
    if (vscode.languages.match(DOCUMENTS, document) === 0) return;
    const key = keyOf(document.uri);
    if (!this.#byBuffer.has(key)) this.#byBuffer.set(key, new Set());
    if (!this.#server.running) return;
    const running = this.#loading.get(key);
    if (running) {
      running.again = true;
      return;
    }
    const load = this.#once(this.#loading, key, async () => {
      const told = new Set<RequestId>();
      this.#told.set(key, told);
      const answer = await this.#server.request(methods.requests, { textDocument: { uri: document.uri.toString() } });
      this.#told.delete(key);
      const buffer = this.#byBuffer.get(key);
      if (!buffer) return;
      const requests = afterAnswer(answer.requests, [...told].flatMap((id) => this.#byId.get(id) ?? []));
      this.#drop(buffer);
      for (const request of requests) {
        buffer.add(request.id);
        this.#byId.set(request.id, request);
      }
      for (const sessionId of new Set(requests.filter((one) => one.preview !== undefined).map((one) => one.sessionId))) {
        void this.loadTranscript(sessionId);
      }
      this.#changes.changed(key);
    });
    this.#loads.set(key, load);
  }

  #forget(document: vscode.TextDocument): void {
    const key = keyOf(document.uri);
    const buffer = this.#byBuffer.get(key);
    if (!buffer) return;
    for (const id of buffer) this.#texts.delete(id);
    this.#drop(buffer);
    this.#byBuffer.delete(key);
    this.#told.delete(key);
    this.#loads.delete(key);
    this.#edits.forget(key);
    this.#changes.changed(key);
  }

  #drop(buffer: Set<RequestId>): void {
    for (const id of buffer) this.#byId.delete(id);
    buffer.clear();
  }

  #append({ requestId, attempt, seq, text }: ResponseDeltaParams): void {
    const request = this.#byId.get(requestId);
    if (!request) return;
    const known = this.#texts.get(requestId);
    if (known?.attempt === attempt && known.nextSeq === seq) {
      this.#texts.set(requestId, { ...known, text: known.text + text, nextSeq: seq + 1 });
    } else if (seq === 0 && (!known || attempt > known.attempt)) {
      this.#texts.set(requestId, { text, attempt, nextSeq: 1 });
    } else if (known && (attempt < known.attempt || (attempt === known.attempt && seq < known.nextSeq))) {
      return;
    } else {
      // The beginning was missed: this window opened the buffer in mid-stream.
      void this.loadTranscript(request.sessionId);
      return;
    }
    this.#didStream.fire(request);
  }

  async #once<K>(pending: Map<K, { again: boolean }>, key: K, work: () => Promise<void>): Promise<void> {
    const running = pending.get(key);
    if (running) {
      running.again = true;
      return;
    }
    const turn = { again: true };
    pending.set(key, turn);
    try {
      while (turn.again) {
        turn.again = false;
        await work();
      }
    } catch (error) {
      // The server went away; everything is read again when it is back.
      if (!(error instanceof ServerNotRunning)) this.#log.warn(`Reading a buffer's requests failed: ${String(error)}`);
    } finally {
      pending.delete(key);
    }
  }
}

function isSame(left: ResponseText, right: ResponseText): boolean {
  return (
    left.attempt === right.attempt &&
    left.nextSeq === right.nextSeq &&
    left.finish === right.finish &&
    left.text === right.text &&
    left.reasoning === right.reasoning
  );
}
