// A proposed change before it is applied: the buffer beside the text that it would become, in VS Code's own
// diff editor. The proposed side is a read-only document that follows the buffer.

import * as vscode from 'vscode';
import { comparedText } from './proposal';
import type { Proposals } from './proposals';
import type { ProposalResult, RequestId, RequestInfo } from './protocol';
import { keyOf, type Requests } from './requests';
import { firstLine } from './markdown';

/** Of the URIs `backchat-proposal:/REQUEST/NAME`. */
export const PREVIEW_SCHEME = 'backchat-proposal';

/** The longest part of a prompt in the title of a tab, in characters. */
const TITLE = 40;

/** Provides the proposed texts, and closes the comparisons of what was dismissed. */
export class Previews implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #proposals: Proposals;
  readonly #didChange = new vscode.EventEmitter<vscode.Uri>();
  readonly #shown = new Map<RequestId, ProposalResult>();
  readonly #disposables: vscode.Disposable[];

  readonly onDidChange = this.#didChange.event;

  constructor(proposals: Proposals, requests: Requests) {
    this.#proposals = proposals;
    this.#disposables = [
      this.#didChange,
      vscode.workspace.registerTextDocumentContentProvider(PREVIEW_SCHEME, this),
      proposals.onDidChange((result) => {
        if (!this.#shown.has(result.requestId)) return;
        this.#shown.set(result.requestId, result);
        for (const { uri } of previewDocuments()) if (requestOf(uri) === result.requestId) this.#didChange.fire(uri);
      }),
      requests.onDidChange(() => {
        for (const id of this.#shown.keys()) if (requests.get(id)?.dismissed) void this.close(id);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === PREVIEW_SCHEME) this.#shown.delete(requestOf(uri));
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** What a preview shows now. */
  shown(uri: vscode.Uri): ProposalResult | undefined {
    return this.#shown.get(requestOf(uri));
  }

  /** Whether a request's comparison is on the screen. */
  isVisible(id: RequestId): boolean {
    return vscode.window.visibleTextEditors.some(({ document: { uri } }) => isPreview(uri) && requestOf(uri) === id);
  }

  /** Compares the buffer with what the request makes of it, with the cursor at the first change. */
  async open(request: RequestInfo, document: vscode.TextDocument, result: ProposalResult): Promise<void> {
    this.#shown.set(request.id, result);
    const uri = previewUri(request);
    const title = `${nameOf(document.uri)} ↔ proposed: ${firstLine(request.prompt, TITLE)}`;
    await vscode.commands.executeCommand('vscode.diff', document.uri, uri, title, { preview: true });
  }

  /** Closes the comparisons of a request, in every editor group. */
  async close(id: RequestId): Promise<void> {
    const tabs = vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter(({ input }) => input instanceof vscode.TabInputTextDiff && isPreview(input.modified) && requestOf(input.modified) === id);
    if (tabs.length > 0) await vscode.window.tabGroups.close(tabs);
  }

  /** Called by VS Code; a comparison that was open when the window was reloaded has to ask. */
  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const id = requestOf(uri);
    const known = this.#shown.get(id);
    if (known) return comparedText(known);
    const result = await this.#proposals.ask(id);
    this.#shown.set(id, result);
    return comparedText(result);
  }
}

/** Where the proposed text of a request is. The name is for its language; the request's id is what counts. */
export function previewUri(request: RequestInfo): vscode.Uri {
  return vscode.Uri.from({ scheme: PREVIEW_SCHEME, path: `/${request.id}/${nameOf(vscode.Uri.parse(request.uri))}` });
}

/** Whether a URI is one of the proposed texts. */
export function isPreview(uri: vscode.Uri): boolean {
  return uri.scheme === PREVIEW_SCHEME;
}

/** The request of a proposed text. */
export function requestOf(uri: vscode.Uri): RequestId {
  return uri.path.split('/')[1] ?? '';
}

function previewDocuments(): vscode.TextDocument[] {
  return vscode.workspace.textDocuments.filter(({ uri }) => isPreview(uri));
}

function nameOf(uri: vscode.Uri): string {
  return uri.path.split('/').pop() ?? keyOf(uri);
}
