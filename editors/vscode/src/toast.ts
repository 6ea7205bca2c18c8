// One notification when everything that was asked in this window is answered while no one looked.

import * as vscode from 'vscode';
import type { Inbox } from './inbox';
import { count } from './labels';
import * as methods from './methods';
import type { Server } from './server';
import { settings } from './settings';

/** The counts and the responses arrive one by one; so long they may take to agree, in milliseconds. */
const SETTLE = 600;

/** Counts a batch from its first submit until nothing is queued or runs. */
export class Toast implements vscode.Disposable {
  readonly #inbox: Inbox;
  readonly #disposables: vscode.Disposable[];
  readonly #asked = new Set<string>();
  #ready = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(server: Server, inbox: Inbox) {
    this.#inbox = inbox;
    this.#disposables = [
      server.on(methods.responseReady, ({ request }) => {
        // A request of another window is that window's to tell about.
        // Whether anyone looks is asked when the batch is through: a window that was just left is told so late.
        if (this.#asked.delete(request.id)) this.#ready += 1;
        this.#consider();
      }),
      inbox.onDidChangeStatus(() => this.#consider()),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) this.#ready = 0;
      }),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** This window submitted a request. */
  submitted(requestId: string): void {
    this.#asked.add(requestId);
  }

  #consider(): void {
    clearTimeout(this.#timer);
    if (this.#ready > 0) this.#timer = setTimeout(() => this.#tellIfDrained(), SETTLE);
  }

  #tellIfDrained(): void {
    const { status } = this.#inbox;
    if (!status || status.queued > 0 || status.running > 0) return;
    const ready = this.#ready;
    this.#ready = 0;
    if (ready > 0 && settings.toast() && !vscode.window.state.focused) void this.#tell(ready);
  }

  async #tell(ready: number): Promise<void> {
    const [next, all] = ['Read Next', 'Show Sessions'];
    const choice = await vscode.window.showInformationMessage(`📬 ${count(ready, 'response')} ready.`, next, all);
    if (choice === next) await vscode.commands.executeCommand('backchat.nextUnread');
    else if (choice === all) await vscode.commands.executeCommand('backchat.showSessions');
  }
}
