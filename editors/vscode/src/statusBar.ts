// The counts over all windows, in the status bar. A click shows the sessions.

import * as vscode from 'vscode';
import type { Inbox } from './inbox';
import { count, holdText } from './labels';
import type { StatusInfo } from './protocol';

/** The one item of the status bar. */
export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('backchat.status', vscode.StatusBarAlignment.Right, 90);
  readonly #subscription: vscode.Disposable;

  constructor(inbox: Inbox) {
    this.#item.name = 'Backchat';
    this.#item.command = 'backchat.showSessions';
    this.#subscription = inbox.onDidChangeStatus((status) => this.#show(status));
    this.#show(inbox.status);
    this.#item.show();
  }

  /** What the item says now. */
  get text(): string {
    return this.#item.text;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #show(status: StatusInfo | undefined): void {
    this.#item.text = statusText(status);
    this.#item.tooltip = statusTooltip(status);
    this.#item.backgroundColor = status?.problem === undefined ? undefined : new vscode.ThemeColor('statusBarItem.warningBackground');
    this.#item.accessibilityInformation = { label: `Backchat: ${statusTooltip(status).replaceAll('\n', ', ')}` };
  }
}

/** The counts that are not 0, each with its icon. */
export function statusText(status: StatusInfo | undefined): string {
  if (!status) return '$(comment-discussion) $(debug-disconnect)';
  const parts = [
    status.unread > 0 ? `📬 ${status.unread}` : '',
    status.running > 0 ? `$(sync~spin) ${status.running}` : '',
    status.queued > 0 ? `$(clock) ${status.queued}` : '',
    status.held > 0 ? `$(debug-pause) ${status.held}` : '',
    status.problem === undefined ? '' : '$(warning)',
  ].filter(Boolean);
  return ['$(comment-discussion)', ...parts].join(' ');
}

function statusTooltip(status: StatusInfo | undefined): string {
  if (!status) return 'Backchat: the server is not running';
  return [
    count(status.unread, 'unread response'),
    `${status.running} running, ${status.queued} queued`,
    status.held > 0 ? `${status.held} held: ${holdText(status)}` : '',
    `Model: ${status.model ?? 'none'}`,
    status.problem ?? '',
  ]
    .filter(Boolean)
    .join('\n');
}
