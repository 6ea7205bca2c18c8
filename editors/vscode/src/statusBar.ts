// The counts over all windows, in the status bar. A click shows the sessions.

import * as vscode from 'vscode';
import type { Inbox } from './inbox';
import { count as plural, holdText } from './labels';
import type { StatusInfo } from './protocol';

/** The one item of the status bar. */
export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('backchat.status', vscode.StatusBarAlignment.Right, 90);
  readonly #subscription: vscode.Disposable;

  constructor(inbox: Inbox) {
    this.#item.name = 'Backchat';
    this.#item.command = 'backchat.showSessions';
    this.#subscription = inbox.onDidChangeStatus(() => this.#show(inbox));
    this.#show(inbox);
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

  #show({ status, problem }: Inbox): void {
    const tooltip = statusTooltip(status, problem);
    this.#item.text = statusText(status, problem);
    this.#item.tooltip = tooltip;
    this.#item.backgroundColor = problem === undefined ? undefined : new vscode.ThemeColor('statusBarItem.warningBackground');
    this.#item.accessibilityInformation = { label: `Backchat: ${tooltip.replaceAll('\n', ', ')}` };
  }
}

/** The counts that are not 0, each with its icon. */
export function statusText(status: StatusInfo | undefined, problem: string | undefined): string {
  const parts = [
    count(status?.unread, '📬'),
    count(status?.running, '$(sync~spin)'),
    count(status?.queued, '$(clock)'),
    count(status?.held, '$(debug-pause)'),
    problem === undefined ? '' : '$(warning)',
    status === undefined && problem === undefined ? '$(debug-disconnect)' : '',
  ];
  return ['$(comment-discussion)', ...parts].filter(Boolean).join(' ');
}

function count(number: number | undefined, icon: string): string {
  return number === undefined || number === 0 ? '' : `${icon} ${number}`;
}

function statusTooltip(status: StatusInfo | undefined, problem: string | undefined): string {
  if (!status) return problem ?? 'Backchat: the server is not running';
  return [
    plural(status.unread, 'unread response'),
    `${status.running} running, ${status.queued} queued`,
    status.held > 0 ? `${status.held} held: ${holdText(status)}` : '',
    `Model: ${status.model ?? 'none'}`,
    problem ?? '',
  ]
    .filter(Boolean)
    .join('\n');
}
