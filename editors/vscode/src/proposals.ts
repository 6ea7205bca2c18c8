// The mirror of what the finished requests for a change propose for their buffers as they are now. The
// server merges anew each time that it is asked; here is what it said last.

import * as vscode from 'vscode';
import * as methods from './methods';
import { mayPropose } from './places';
import type { Proposal } from './proposal';
import type { ProposalResult, RequestId } from './protocol';
import { keyOf, type Requests } from './requests';
import { ServerNotRunning, type Server } from './server';

/** A buffer is looked at again when nothing was typed for so long, in milliseconds. */
const SETTLE = 400;
/** A merge of a large buffer costs time: of all time at most one part in so many is spent on it. */
const SHARE = 10;

/** A buffer with proposals. */
interface Watch {
  timer: NodeJS.Timeout | undefined;
  asking: boolean;
  /** How long the last answer took, in milliseconds. */
  took: number;
  /** The version of the buffer about which each request was asked last. */
  readonly asked: Map<RequestId, number>;
}

/** The proposals for the buffers that are open. */
export class Proposals implements vscode.Disposable {
  readonly #server: Server;
  readonly #requests: Requests;
  readonly #log: vscode.LogOutputChannel;
  readonly #known = new Map<RequestId, Proposal>();
  readonly #watches = new Map<string, Watch>();
  readonly #didChange = new vscode.EventEmitter<ProposalResult>();
  readonly #disposables: vscode.Disposable[];

  /** The server told how a proposal and its buffer go together now. */
  readonly onDidChange = this.#didChange.event;

  constructor(server: Server, requests: Requests, log: vscode.LogOutputChannel) {
    this.#server = server;
    this.#requests = requests;
    this.#log = log;
    this.#disposables = [
      this.#didChange,
      requests.onDidChange((key) => {
        // While something is typed the timer runs, and looks.
        if (!this.#watches.get(key)?.timer) this.#look(key);
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.#lookLater(keyOf(document.uri));
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#forget(keyOf(uri))),
      server.onDidStop(() => {
        // The next server is asked when it has told its requests.
        for (const { asked } of this.#watches.values()) asked.clear();
      }),
    ];
  }

  dispose(): void {
    for (const { timer } of this.#watches.values()) clearTimeout(timer);
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** What is known of a request's proposal; nothing before the server told it. */
  get(id: RequestId): Proposal | undefined {
    return this.#known.get(id);
  }

  /** Has the server merge a proposal into its buffer, which must be open, as it is now. */
  async ask(id: RequestId): Promise<ProposalResult> {
    const result = await this.#server.request(methods.proposal, { requestId: id });
    const known = this.#known.get(id);
    if (!known || known.version <= result.version) {
      const { requestId, uri, status, reason, version, hunks, conflicts, added, removed } = result;
      this.#known.set(id, { requestId, uri, status, version, hunks, conflicts, added, removed, ...(reason !== undefined && { reason }) });
      this.#didChange.fire(result);
    }
    return result;
  }

  #lookLater(key: string): void {
    const watch = this.#watches.get(key);
    if (!watch) return;
    clearTimeout(watch.timer);
    watch.timer = setTimeout(() => {
      watch.timer = undefined;
      this.#look(key);
    }, Math.max(SETTLE, SHARE * watch.took));
  }

  /** Asks about the buffer's proposals one after the other, until all are up to date. */
  #look(key: string): void {
    if (!this.#server.running || !this.#server.supportsProposals) return;
    const watch = this.#watches.get(key) ?? { timer: undefined, asking: false, took: 0, asked: new Map<RequestId, number>() };
    const due = watch.asking ? undefined : this.#due(key, watch);
    if (!due) return;
    this.#watches.set(key, watch);
    watch.asking = true;
    watch.asked.set(due.id, due.version);
    const started = Date.now();
    this.ask(due.id)
      .catch((error: unknown) => {
        if (!(error instanceof ServerNotRunning)) this.#log.warn(`What is proposed can't be told: ${String(error)}`);
      })
      .finally(() => {
        watch.asking = false;
        watch.took = Date.now() - started;
        if (!watch.timer && this.#watches.get(key) === watch) this.#look(key);
      });
  }

  /** A request that was not yet asked about the text that is there now, and the version of that text. */
  #due(key: string, watch: Watch): { id: RequestId; version: number } | undefined {
    const document = vscode.workspace.textDocuments.find(({ uri }) => keyOf(uri) === key);
    const request =
      document &&
      this.#requests.of(document.uri).find((one) => mayPropose(one) && watch.asked.get(one.id) !== document.version);
    return request && { id: request.id, version: document.version };
  }

  #forget(key: string): void {
    const watch = this.#watches.get(key);
    if (!watch) return;
    clearTimeout(watch.timer);
    this.#watches.delete(key);
    for (const id of watch.asked.keys()) this.#known.delete(id);
  }
}
