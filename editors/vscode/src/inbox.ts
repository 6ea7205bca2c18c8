// The mirror of the inbox: the sessions of every window, and the counts over all of them.

import * as vscode from 'vscode';
import * as methods from './methods';
import type { SessionInfo, StatusInfo } from './protocol';
import { ServerNotRunning, type Server } from './server';

/** Several changes within this many milliseconds are read at once. */
const SETTLE = 120;

/** Sessions and counts, as the server told them last. */
export class Inbox implements vscode.Disposable {
  readonly #server: Server;
  readonly #log: vscode.LogOutputChannel;
  readonly #didChange = new vscode.EventEmitter<void>();
  readonly #didChangeStatus = new vscode.EventEmitter<StatusInfo | undefined>();
  readonly #disposables: vscode.Disposable[];
  #sessions: readonly SessionInfo[] = [];
  #status: StatusInfo | undefined;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Sessions or counts changed. */
  readonly onDidChange = this.#didChange.event;
  /** The counts changed; nothing when the server went away. */
  readonly onDidChangeStatus = this.#didChangeStatus.event;

  constructor(server: Server, log: vscode.LogOutputChannel) {
    this.#server = server;
    this.#log = log;
    this.#disposables = [
      this.#didChange,
      this.#didChangeStatus,
      server.on(methods.statusDidChange, (status) => {
        this.#setStatus(status);
        this.refresh();
      }),
      server.on(methods.requestDidChange, () => this.refresh()),
      server.onDidStart(() => this.refresh()),
      server.onDidStop(() => this.#setStatus(undefined)),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** Unread first, then busy, then by their last change. */
  get sessions(): readonly SessionInfo[] {
    return this.#sessions;
  }

  /** The counts over all windows; nothing while the server is away. */
  get status(): StatusInfo | undefined {
    return this.#status;
  }

  /** What keeps Backchat from working, in the server's words. */
  get problem(): string | undefined {
    return this.#problem ?? this.#status?.problem;
  }

  /** Reads everything again, soon. */
  refresh(): void {
    this.#timer ??= setTimeout(() => void this.#read(), SETTLE);
  }

  async #read(): Promise<void> {
    this.#timer = undefined;
    try {
      const [sessions, status] = await Promise.all([
        this.#server.request(methods.sessions, {}),
        this.#server.request(methods.status, undefined),
      ]);
      this.#problem = undefined;
      this.#sessions = sessions.sessions;
      this.#setStatus(status);
      this.#didChange.fire();
    } catch (error) {
      if (error instanceof ServerNotRunning) return;
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#problem) this.#log.warn(`The sessions can't be read: ${message}`);
      this.#problem = message;
      this.#setStatus(undefined);
    }
  }

  #setStatus(status: StatusInfo | undefined): void {
    this.#status = status;
    this.#didChangeStatus.fire(status);
  }
}
