// The life of the server's process: found, started, watched, started again after a crash.
//
// All traffic goes through here, so the rest of the extension sees one server that is there or not,
// whatever number of processes it took.

import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { Backoff } from './backoff';
import { findServer, ServerNotFound } from './binary';
import type { ClientParts } from './client';
import * as methods from './methods';
import type { NotificationMethod, RequestMethod } from './methods';
import type { ClientOptions } from './protocol';
import { settings } from './settings';

/** The buffers that a prompt can be about. */
export const DOCUMENTS = [{ scheme: 'file' }, { scheme: 'untitled' }, { scheme: 'vscode-remote' }];

/** What the server tells by itself. */
const NOTIFICATIONS = [methods.requestDidChange, methods.responseDelta, methods.responseReady, methods.statusDidChange, methods.bufferLost].map(({ name }) => name);

/** The end of a process is known so long after its connection at the most, in milliseconds. */
const END_NOTICED = 2000;

/** So many crashes in a row are repaired without a word. */
const QUIET_CRASHES = 2;

/** The server can't be asked just now. */
export class ServerNotRunning extends Error {
  constructor() {
    super('The Backchat server is not running. It is started again by “Backchat: Restart Server”.');
  }
}

/** `starting` is also the pause between a crash and the next start. */
export type ServerState = 'starting' | 'running' | 'stopped';

/** The errors of the connection, which is no answer of the server: `MessageWriteError` up to `ConnectionInactive`. */
const CONNECTION_ERRORS = { first: -32099, last: -32096 };

type Listener = (params: unknown) => void;

/** The prompts of a workspace are read only where the user trusts it. */
const clientOptions = (): ClientOptions => ({ workspaceTrusted: vscode.workspace.isTrusted });

/** The one server of this window. */
export class Server implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #extensionPath: string;
  readonly #identityOf: ClientParts['identityOf'];
  readonly #backoff = new Backoff();
  readonly #didStart = new vscode.EventEmitter<void>();
  readonly #didStop = new vscode.EventEmitter<void>();
  readonly #didChangeState = new vscode.EventEmitter<ServerState>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #trusted = vscode.workspace.onDidGrantWorkspaceTrust(() => this.notify(methods.didChangeConfiguration, { settings: { backchat: clientOptions() } }));
  #client: LanguageClient | undefined;
  #state: ServerState = 'starting';
  #generation = 0;

  /** The server answered `initialize`: at first, and again after each restart. */
  readonly onDidStart = this.#didStart.event;
  /** The server went away. */
  readonly onDidStop = this.#didStop.event;
  /** It starts, runs or has stopped. */
  readonly onDidChangeState = this.#didChangeState.event;

  constructor(extensionPath: string, log: vscode.LogOutputChannel, identityOf: ClientParts['identityOf']) {
    this.#extensionPath = extensionPath;
    this.#identityOf = identityOf;
    this.#log = log;
    this.on(methods.bufferLost, ({ uri, reason }) => {
      const lost = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
      log.warn(`The server does not know the text of ${uri} any more (${reason}). It is sent anew.`);
      if (lost) this.reopen(lost);
    });
  }

  /** Whether requests can be sent. */
  get running(): boolean {
    return this.#state === 'running';
  }

  /** Whether it runs, or will by itself. */
  get state(): ServerState {
    return this.#state;
  }

  /** Resolves when requests can be sent; fails with {@link ServerNotRunning} when that will not come by itself. */
  async ready(): Promise<void> {
    if (this.#state === 'starting') {
      const waiting = vscode.window.setStatusBarMessage('$(sync~spin) Backchat: waiting for the server…');
      await new Promise<void>((resolve) => {
        const subscription = this.onDidChangeState(() => {
          subscription.dispose();
          resolve();
        });
      });
      waiting.dispose();
    }
    if (this.#state !== 'running') throw new ServerNotRunning();
  }

  /** The process id of the server, for tests and for “which one is it” in a process list. */
  get pid(): number | undefined {
    return this.#client?.serverProcess?.pid;
  }

  /** Whether the server can answer `backchat/proposal`, as far as is known: one that starts has not said it yet. */
  get supportsProposals(): boolean {
    const initialized = this.#client?.initializeResult;
    const experimental = initialized?.capabilities.experimental as { backchat?: { proposals?: boolean } } | undefined;
    return !initialized || experimental?.backchat?.proposals === true;
  }

  /** Sends a request; fails with {@link ServerNotRunning} when there is no one to answer. */
  async request<P, R>({ name }: RequestMethod<P, R>, params: P): Promise<R> {
    if (!this.#client || !this.running) throw new ServerNotRunning();
    const client = this.#client;
    return params === undefined ? client.sendRequest<R>(name) : client.sendRequest<R>(name, params);
  }

  /**
   * Sends a request that may be sent twice: to the next server when this one dies before it has answered.
   * `params` are made at each sending.
   */
  async requestSurely<P, R>(method: RequestMethod<P, R>, params: () => P): Promise<R> {
    for (;;) {
      await this.ready();
      const generation = this.#generation;
      try {
        return await this.request(method, params());
      } catch (error) {
        if (!isOfConnection(error)) throw error;
        this.#log.info(`${method.name} was not answered before the server went away`);
        // The request may fail before it is known that the process has ended.
        if (generation === this.#generation) await this.#noticeEnd();
      }
    }
  }

  /** Sends a notification, or drops it when there is no server. */
  notify<P>({ name }: NotificationMethod<P>, params: P): void {
    if (this.#client && this.running) {
      this.#client.sendNotification(name, params).catch((error: unknown) => this.#log.debug(String(error)));
    }
  }

  /** Has the server forget the text of a buffer and take it as it is now. */
  reopen(document: vscode.TextDocument): void {
    const textDocument = { uri: document.uri.toString() };
    const { languageId, version } = document;
    this.notify(methods.didClose, { textDocument });
    this.notify(methods.didOpen, { textDocument: { ...textDocument, languageId, version, text: document.getText() } });
  }

  /** Listens to a notification, through every restart. */
  on<P>({ name }: NotificationMethod<P>, listener: (params: P) => void): vscode.Disposable {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as Listener));
    return new vscode.Disposable(() => listeners.delete(listener as Listener));
  }

  /** Finds the program and starts it. What fails is shown to the user, with a way out. */
  async start(): Promise<void> {
    const generation = ++this.#generation;
    this.#setState('starting');
    // The extension is active first: what takes time comes after, when VS Code has heard of that.
    await new Promise((resolve) => setImmediate(resolve));
    if (generation !== this.#generation) return;
    try {
      const [binary, { clientOf }] = await Promise.all([findServer(this.#extensionPath, settings.serverPath()), import('./client')]);
      if (generation !== this.#generation) return;
      this.#log.info(`Starting ${binary.command}, version ${binary.version}`);
      const client = clientOf(this.#partsFor(binary.command, generation));
      this.#client = client;
      await client.start();
    } catch (error) {
      this.#log.error(String(error));
      if (generation !== this.#generation) return;
      this.#setState('stopped');
      void this.#explain(error);
    }
  }

  /** Ends the process and starts a new one. */
  async restart(): Promise<void> {
    this.#backoff.reset();
    await this.#end('starting');
    await this.start();
  }

  /** Ends the process; what is queued stays in the store. */
  async stop(): Promise<void> {
    await this.#end('stopped');
  }

  async #end(state: ServerState): Promise<void> {
    this.#generation += 1;
    const client = this.#client;
    this.#client = undefined;
    this.#setState(state);
    if (client?.needsStop()) {
      await client.stop().catch((error: unknown) => this.#log.warn(`The server did not stop in order: ${String(error)}`));
    }
  }

  dispose(): void {
    void this.stop();
    this.#trusted.dispose();
    this.#didStart.dispose();
    this.#didStop.dispose();
    this.#didChangeState.dispose();
  }

  #partsFor(command: string, generation: number): ClientParts {
    const level = settings.serverLogLevel();
    return {
      command,
      env: { ...process.env, ...(level !== 'default' && { BACKCHAT_LOG: level }) },
      documents: DOCUMENTS,
      log: this.#log,
      identityOf: this.#identityOf,
      options: clientOptions,
      notifications: NOTIFICATIONS,
      notified: (name, params) => {
        for (const listener of this.#listeners.get(name) ?? []) listener(params);
      },
      changed: (running) => {
        if (generation !== this.#generation) return;
        if (running) this.#backoff.started(Date.now());
        // What follows an end is decided where its reason is known.
        if (running || this.running) this.#setState(running ? 'running' : 'starting');
      },
      ended: () => this.#ended(generation),
    };
  }

  #setState(state: ServerState): void {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    if (state === 'running') this.#didStart.fire();
    else if (before === 'running') this.#didStop.fire();
    this.#didChangeState.fire(state);
  }

  /** Waits until a server that does not answer any more is known not to run. */
  async #noticeEnd(): Promise<void> {
    if (!this.running) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(end, END_NOTICED);
      const subscription = this.onDidChangeState(end);
      function end(): void {
        clearTimeout(timer);
        subscription.dispose();
        resolve();
      }
    });
  }

  /** Waits longer from crash to crash. */
  async #ended(generation: number): Promise<boolean> {
    if (generation !== this.#generation) return false;
    this.#setState('starting');
    const delay = this.#backoff.crashed(Date.now());
    this.#log.warn(`The server ended unexpectedly. It is started again in ${delay} ms.`);
    if (this.#backoff.crashes === QUIET_CRASHES + 1) void this.#tellOfCrashes();
    await new Promise((resolve) => setTimeout(resolve, delay));
    return generation === this.#generation;
  }

  async #tellOfCrashes(): Promise<void> {
    const showLog = 'Show Log';
    const choice = await vscode.window.showWarningMessage(
      'The Backchat server keeps ending unexpectedly. It is started again after a pause; nothing that was submitted is lost.',
      showLog,
      'Restart Now',
    );
    if (choice === showLog) this.#log.show();
    else if (choice !== undefined) await this.restart();
  }

  async #explain(error: unknown): Promise<void> {
    const [openSettings, showLog, retry] = ['Open Settings', 'Show Log', 'Try Again'];
    const message = error instanceof Error ? error.message : String(error);
    const text = error instanceof ServerNotFound ? message : `Backchat's server could not be started: ${message}`;
    const choice = await vscode.window.showErrorMessage(text, openSettings, showLog, retry);
    if (choice === openSettings) await vscode.commands.executeCommand('workbench.action.openSettings', 'backchat.server.path');
    else if (choice === showLog) this.#log.show();
    else if (choice === retry) await this.restart();
  }
}

/** Whether a request failed because the server went away, not because of what it said. */
function isOfConnection(error: unknown): boolean {
  if (error instanceof ServerNotRunning) return true;
  const { code } = error as { code?: unknown };
  return typeof code === 'number' && code >= CONNECTION_ERRORS.first && code <= CONNECTION_ERRORS.last;
}
