// The sessions in the activity bar: a buffer each, with its requests below it.

import * as vscode from 'vscode';
import type { Inbox } from './inbox';
import { age, busyText, count, requestLabel, sessionLabel, stateText } from './labels';
import * as methods from './methods';
import { isAllowable, isFinished, isRetryable, mayPropose } from './places';
import type { RequestInfo, SessionInfo, State } from './protocol';
import { keyOf } from './requests';
import type { Server } from './server';

/** A line of the tree: a session, or one of its requests. */
export type SessionNode =
  | { readonly kind: 'session'; readonly session: SessionInfo }
  | { readonly kind: 'request'; readonly request: RequestInfo };

export const SESSIONS_VIEW = 'backchat.sessions';

/** How often ages are drawn anew, in milliseconds. */
const TICK = 30_000;

/**
 * The tree and its badge. What runs has a turning icon; VS Code's progress bar of a view would take the
 * place of the number in the badge.
 */
export class SessionsView implements vscode.TreeDataProvider<SessionNode>, vscode.Disposable {
  readonly #server: Server;
  readonly #inbox: Inbox;
  readonly #didChange = new vscode.EventEmitter<undefined>();
  readonly #view: vscode.TreeView<SessionNode>;
  readonly #disposables: vscode.Disposable[];

  readonly onDidChangeTreeData = this.#didChange.event;

  constructor(server: Server, inbox: Inbox) {
    this.#server = server;
    this.#inbox = inbox;
    this.#view = vscode.window.createTreeView(SESSIONS_VIEW, { treeDataProvider: this, showCollapseAll: true });
    const tick = setInterval(() => {
      if (this.#view.visible) this.#didChange.fire(undefined);
    }, TICK);
    this.#disposables = [
      this.#view,
      this.#didChange,
      new vscode.Disposable(() => clearInterval(tick)),
      inbox.onDidChange(() => this.#didChange.fire(undefined)),
      inbox.onDidChangeStatus(() => this.#showStatus()),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** What the view wears on its icon. */
  get badge(): vscode.ViewBadge | undefined {
    return this.#view.badge;
  }

  async getChildren(node?: SessionNode): Promise<SessionNode[]> {
    if (!node) return this.#inbox.sessions.map((session) => ({ kind: 'session', session }));
    if (node.kind === 'request') return [];
    try {
      const { turns } = await this.#server.request(methods.session, { sessionId: node.session.id });
      return turns.map(({ request }) => ({ kind: 'request', request }) as const).reverse();
    } catch {
      return [];
    }
  }

  getTreeItem(node: SessionNode): vscode.TreeItem {
    return node.kind === 'session' ? sessionItem(node) : requestItem(node);
  }

  #showStatus(): void {
    const { status } = this.#inbox;
    const unread = status?.unread ?? 0;
    this.#view.badge = { value: unread, tooltip: count(unread, 'unread response') };
    this.#view.message = this.#inbox.problem ?? '';
  }
}

function sessionItem(node: SessionNode & { kind: 'session' }): vscode.TreeItem {
  const { session } = node;
  const uri = vscode.Uri.parse(session.uri);
  const name = uri.path.split('/').pop() ?? session.uri;
  const item = new vscode.TreeItem(session.unread > 0 ? `📬 ${name}` : name, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = session.id;
  item.iconPath = new vscode.ThemeIcon(iconOf(session.state, session.running > 0), undefined);
  item.description = [session.title, busyText(session), age(Date.now() - session.updatedAt)].filter(Boolean).join(' · ');
  item.tooltip = [
    vscode.workspace.asRelativePath(uri),
    session.title,
    count(session.requests, 'question'),
    session.unread > 0 ? `📬 ${count(session.unread, 'unread response')}` : '',
  ]
    .filter(Boolean)
    .join('\n');
  item.contextValue = session.unread > 0 ? 'session unread' : 'session';
  item.accessibilityInformation = { label: sessionLabel(session, name, Date.now()) };
  return item;
}

function requestItem(node: SessionNode & { kind: 'request' }): vscode.TreeItem {
  const { request } = node;
  const item = new vscode.TreeItem(`${request.unread ? '📬 ' : ''}${request.prompt.replace(/\s+/g, ' ')}`);
  item.id = request.id;
  item.iconPath = new vscode.ThemeIcon(iconOf(request.state, request.state === 'running'));
  item.description = stateText(request, Date.now());
  item.tooltip = [request.prompt, request.preview ?? request.failure?.message, request.notice].filter(Boolean).join('\n\n');
  item.contextValue = [
    'request',
    !isFinished(request) && 'cancellable',
    isRetryable(request) && 'retryable',
    isAllowable(request) && 'allowable',
    isFinished(request) && !request.dismissed && 'dismissable',
    mayPropose(request) && 'proposing',
  ]
    .filter(Boolean)
    .join(' ');
  item.accessibilityInformation = { label: requestLabel(request, Date.now()) };
  item.command = { command: 'backchat.read', title: 'Read Response', arguments: [node] };
  return item;
}

function iconOf(state: State, running: boolean): string {
  if (running) return 'sync~spin';
  return { queued: 'clock', running: 'sync~spin', held: 'debug-pause', done: 'comment', failed: 'error', cancelled: 'circle-slash' }[state];
}

/** The buffer of a line of the tree. */
export function uriOf(node: SessionNode): vscode.Uri {
  return vscode.Uri.parse(keyOf(node.kind === 'session' ? node.session.uri : node.request.uri));
}
