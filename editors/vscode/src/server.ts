// The life of the server's process: found, started, watched, started again after a crash.
//
// All traffic goes through here, so the rest of the extension sees one server that is there or not,
// whatever number of processes it took.

import * as vscode from 'vscode';
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  LanguageClient,
  State,
  type ClientCapabilities,
  type CloseHandlerResult,
  type LanguageClientOptions,
  type NotificationType,
  type RequestType,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { Backoff } from './backoff';
import { findServer, ServerNotFound } from './binary';
import { method, PROTOCOL_VERSION, type ClientOptions } from './protocol';
import { settings } from './settings';

/** The buffers that a prompt can be about. */
export const DOCUMENTS = [{ scheme: 'file' }, { scheme: 'untitled' }, { scheme: 'vscode-remote' }];

/** What the server tells by itself. */
const NOTIFICATIONS = [method.requestDidChange, method.responseDelta, method.responseReady, method.statusDidChange];

/** So many crashes in a row are repaired without a word. */
const QUIET_CRASHES = 2;

/** The server can't be asked just now. */
export class ServerNotRunning extends Error {
  constructor() {
    super('The Backchat server is not running. It is started again by “Backchat: Restart Server”.');
  }
}

type Listener = (params: unknown) => void;

/** Tells the server that this client draws by itself and needs none of the standard fallbacks. */
const announcement: StaticFeature = {
  fillClientCapabilities: (capabilities: ClientCapabilities) => {
    capabilities.experimental = {
      ...(capabilities.experimental as object | undefined),
      backchat: { protocolVersion: PROTOCOL_VERSION },
    };
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' }),
  clear: () => undefined,
};

/** The prompts of a workspace are read only where the user trusts it. */
const clientOptions = (): ClientOptions => ({ workspaceTrusted: vscode.workspace.isTrusted });

/** The one server of this window. */
export class Server implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #extensionPath: string;
  readonly #backoff = new Backoff();
  readonly #didStart = new vscode.EventEmitter<void>();
  readonly #didStop = new vscode.EventEmitter<void>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #trusted = vscode.workspace.onDidGrantWorkspaceTrust(() => this.notify(DidChangeConfigurationNotification.type, { settings: { backchat: clientOptions() } }));
  #client: LanguageClient | undefined;
  #running = false;
  #generation = 0;

  /** The server answered `initialize`: at first, and again after each restart. */
  readonly onDidStart = this.#didStart.event;
  /** The server went away. */
  readonly onDidStop = this.#didStop.event;

  constructor(extensionPath: string, log: vscode.LogOutputChannel) {
    this.#extensionPath = extensionPath;
    this.#log = log;
  }

  /** Whether requests can be sent. */
  get running(): boolean {
    return this.#running;
  }

  /** The process id of the server, for tests and for “which one is it” in a process list. */
  get pid(): number | undefined {
    return this.#client?.serverProcess?.pid;
  }

  /** Whether the server can answer `backchat/proposal`. */
  get supportsProposals(): boolean {
    const experimental = this.#client?.initializeResult?.capabilities.experimental as
      | { backchat?: { proposals?: boolean } }
      | undefined;
    return experimental?.backchat?.proposals === true;
  }

  /** Sends a request; fails with {@link ServerNotRunning} when there is no one to answer. */
  async request<P, R>(type: RequestType<P, R, void>, params: P): Promise<R> {
    if (!this.#client || !this.#running) throw new ServerNotRunning();
    const client = this.#client;
    return params === undefined ? client.sendRequest<R>(type.method) : client.sendRequest<R>(type.method, params);
  }

  /** Sends a notification, or drops it when there is no server. */
  notify<P>(type: NotificationType<P>, params: P): void {
    if (this.#client && this.#running) {
      this.#client.sendNotification(type.method, params).catch((error: unknown) => this.#log.debug(String(error)));
    }
  }

  /** Listens to a notification, through every restart. */
  on<P>(type: NotificationType<P>, listener: (params: P) => void): vscode.Disposable {
    const listeners = this.#listeners.get(type.method) ?? new Set();
    this.#listeners.set(type.method, listeners.add(listener as Listener));
    return new vscode.Disposable(() => listeners.delete(listener as Listener));
  }

  /** Finds the program and starts it. What fails is shown to the user, with a way out. */
  async start(): Promise<void> {
    const generation = ++this.#generation;
    try {
      const binary = await findServer(this.#extensionPath, settings.serverPath());
      if (generation !== this.#generation) return;
      this.#log.info(`Starting ${binary.command}, version ${binary.version}`);
      const client = this.#clientFor(binary.command, generation);
      this.#client = client;
      await client.start();
    } catch (error) {
      this.#log.error(String(error));
      if (generation === this.#generation) void this.#explain(error);
    }
  }

  /** Ends the process and starts a new one. */
  async restart(): Promise<void> {
    this.#backoff.reset();
    await this.stop();
    await this.start();
  }

  /** Ends the process; what is queued stays in the store. */
  async stop(): Promise<void> {
    this.#generation += 1;
    const client = this.#client;
    this.#client = undefined;
    this.#setRunning(false);
    if (client?.state === State.Running || client?.state === State.Starting) {
      await client.stop().catch((error: unknown) => this.#log.warn(`The server did not stop in order: ${String(error)}`));
    }
  }

  dispose(): void {
    void this.stop();
    this.#trusted.dispose();
    this.#didStart.dispose();
    this.#didStop.dispose();
  }

  #clientFor(command: string, generation: number): LanguageClient {
    const options: LanguageClientOptions = {
      documentSelector: DOCUMENTS,
      outputChannel: this.#log,
      initializationFailedHandler: () => false,
      initializationOptions: clientOptions,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => this.#closed(generation),
      },
    };
    const level = settings.serverLogLevel();
    const env = { ...process.env, ...(level !== 'default' && { BACKCHAT_LOG: level }) };
    const client = new LanguageClient('backchat', 'Backchat', { command, args: ['serve'], options: { env } }, options);
    client.registerFeature(announcement);
    // The language client has one handler for a method; many parts of the extension listen to the same.
    for (const name of NOTIFICATIONS) {
      client.onNotification(name, (params: unknown) => {
        for (const listener of this.#listeners.get(name) ?? []) listener(params);
      });
    }
    client.onDidChangeState(({ newState }) => {
      if (generation !== this.#generation) return;
      if (newState === State.Running) this.#backoff.started(Date.now());
      this.#setRunning(newState === State.Running);
    });
    return client;
  }

  #setRunning(running: boolean): void {
    if (running === this.#running) return;
    this.#running = running;
    if (running) this.#didStart.fire();
    else this.#didStop.fire();
  }

  /** Waits longer from crash to crash; the language client sends every open document again. */
  async #closed(generation: number): Promise<CloseHandlerResult> {
    const stopped: CloseHandlerResult = { action: CloseAction.DoNotRestart, handled: true };
    if (generation !== this.#generation) return stopped;
    this.#setRunning(false);
    const delay = this.#backoff.crashed(Date.now());
    this.#log.warn(`The server ended unexpectedly. It is started again in ${delay} ms.`);
    if (this.#backoff.crashes === QUIET_CRASHES + 1) void this.#tellOfCrashes();
    await new Promise((resolve) => setTimeout(resolve, delay));
    if (generation !== this.#generation) return stopped;
    return { action: CloseAction.Restart, handled: true };
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
