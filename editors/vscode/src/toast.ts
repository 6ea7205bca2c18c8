// One notification when everything that was asked in this window is answered while no one looked.

import * as vscode from 'vscode';
import type { Inbox } from './inbox';
import { count } from './labels';
import * as methods from './methods';
import type { StatusInfo } from './protocol';
import type { Server } from './server';
import { settings } from './settings';

/** Counts a batch from its first submit until nothing is queued or runs. */
export class Toast implements vscode.Disposable {
  readonly #disposables: vscode.Disposable[];
  #asked = new Set<string>();
  #ready = 0;

  constructor(server: Server, inbox: Inbox) {
    this.#disposables = [
      server.on(methods.responseReady, ({ request }) => {
        // A request of another window is that window's to tell about.
        if (this.#asked.delete(request.id) && !vscode.window.state.focused) this.#ready += 1;
      }),
      inbox.onDidChangeStatus((status) => {
        if (status) this.#drained(status);
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) this.#ready = 0;
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** This window submitted a request. */
  submitted(requestId: string): void {
    this.#asked.add(requestId);
  }

  #drained(status: StatusInfo): void {
    if (status.queued > 0 || status.running > 0) return;
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
