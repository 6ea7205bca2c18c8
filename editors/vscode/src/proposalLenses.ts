// The line above the code that a change is proposed for: `✎ +12 −3 clean | apply | preview | dismiss`; and,
// where the user has lenses in diff editors, a line above each hunk of a preview.

import * as vscode from 'vscode';
import { proposalText } from './labels';
import { mayPropose } from './places';
import { isPreview, PREVIEW_SCHEME, type Previews } from './preview';
import { isPending, linesInCompared, type Proposal } from './proposal';
import type { Proposals } from './proposals';
import { keyOf, type Requests } from './requests';
import { DOCUMENTS } from './server';

/** Gives VS Code the lenses of what is proposed. */
export class ProposalLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #requests: Requests;
  readonly #proposals: Proposals;
  readonly #previews: Previews;
  readonly #didChange = new vscode.EventEmitter<void>();
  /** The buffers that VS Code was given lenses for. */
  readonly #withLenses = new Set<string>();
  readonly #disposables: vscode.Disposable[];

  readonly onDidChangeCodeLenses = this.#didChange.event;

  constructor(requests: Requests, proposals: Proposals, previews: Previews) {
    this.#requests = requests;
    this.#proposals = proposals;
    this.#previews = previews;
    this.#disposables = [
      this.#didChange,
      proposals.onDidChange(() => this.#didChange.fire()),
      requests.onDidChange((key) => {
        // VS Code asks for the lenses of every visible editor then, of every extension.
        if (this.#withLenses.has(key) || this.#ofProposals(vscode.Uri.parse(key)).length > 0) this.#didChange.fire();
      }),
      vscode.languages.registerCodeLensProvider([...DOCUMENTS, { scheme: PREVIEW_SCHEME }], this),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (isPreview(document.uri)) return this.#ofHunks(document);
    const lenses = this.#ofProposals(document.uri);
    if (lenses.length > 0) this.#withLenses.add(keyOf(document.uri));
    else this.#withLenses.delete(keyOf(document.uri));
    return lenses;
  }

  #ofProposals(uri: vscode.Uri): vscode.CodeLens[] {
    return this.#requests.of(uri).flatMap((request) => {
      const proposal = mayPropose(request) ? this.#proposals.get(request.id) : undefined;
      const range = proposal && this.#requests.rangeOf(request);
      if (!range) return [];
      return offers(proposal).map(([title, command]) => lens(range.start.line, title, command, { requestId: request.id }));
    });
  }

  #ofHunks({ uri }: vscode.TextDocument): vscode.CodeLens[] {
    const result = this.#previews.shown(uri);
    if (!result) return [];
    const { requestId, hunks } = result;
    return hunks.map((hunk) => {
      const line = linesInCompared(result, hunk).first;
      const title = hunks.length > 1 ? `✎ apply hunk ${hunk.index + 1} of ${hunks.length}` : '✎ apply';
      return lens(line, title, 'backchat.applyHunk', { requestId, hunk });
    });
  }
}

/** What stands above the code, from left to right, and the command of each. */
function offers(proposal: Proposal): [title: string, command: string][] {
  const text = `✎ ${proposalText(proposal)}`;
  if (proposal.status === 'none' || !isPending(proposal)) return [[text, 'backchat.read'], ['dismiss', 'backchat.dismiss']];
  return [
    [text, 'backchat.preview'],
    proposal.conflicts.length > 0 ? ['mark conflicts', 'backchat.applyMarked'] : ['apply', 'backchat.apply'],
    ['preview', 'backchat.preview'],
    ['dismiss', 'backchat.dismiss'],
  ];
}

function lens(line: number, title: string, command: string, argument: object): vscode.CodeLens {
  return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), { title, command, arguments: [argument] });
}
