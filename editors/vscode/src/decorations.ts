// The quiet texts at the ends of lines: what waits, what runs, what is ready.

import * as vscode from 'vscode';
import { lineEndText } from './labels';
import { escaped } from './markdown';
import { isAllowable, isRetryable, mayPropose, type Place } from './places';
import type { Proposals } from './proposals';
import type { RequestInfo } from './protocol';
import { keyOf, type Requests } from './requests';
import { settings } from './settings';

/** How often the elapsed time of what runs is drawn, in milliseconds. */
const TICK = 1000;

/** The text at the end of one line. */
export interface LineEnd {
  readonly line: number;
  readonly text: string;
}

/** Draws the line ends of every visible editor. */
export class Decorations implements vscode.Disposable {
  readonly #requests: Requests;
  readonly #proposals: Proposals;
  readonly #type = vscode.window.createTextEditorDecorationType({
    rangeBehavior: vscode.DecorationRangeBehavior.OpenOpen,
    after: { margin: '0 0 0 2em' },
  });
  readonly #disposables: vscode.Disposable[];
  #ticking: NodeJS.Timeout | undefined;

  constructor(requests: Requests, proposals: Proposals) {
    this.#requests = requests;
    this.#proposals = proposals;
    const drawBuffer = (key: string): void => this.#draw((editor) => keyOf(editor.document.uri) === key);
    this.#disposables = [
      this.#type,
      requests.onDidChange(drawBuffer),
      proposals.onDidChange(({ uri }) => drawBuffer(keyOf(uri))),
      vscode.window.onDidChangeVisibleTextEditors(() => this.#draw()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (settings.changed(event, 'decorations')) this.#draw();
      }),
    ];
    this.#draw();
  }

  dispose(): void {
    clearInterval(this.#ticking);
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** What is drawn in a buffer now, from top to bottom. */
  lineEnds(document: vscode.TextDocument): LineEnd[] {
    return this.#shown(document).map(({ line, texts }) => ({ line, text: texts.join('   ') }));
  }

  /** The time passes only where something runs. */
  #followTime(): void {
    const isBusy = ({ document }: vscode.TextEditor): boolean => this.#requests.of(document.uri).some((request) => request.state === 'running');
    if (vscode.window.visibleTextEditors.some(isBusy)) {
      this.#ticking ??= setInterval(() => this.#draw(isBusy), TICK);
    } else {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
  }

  #draw(which: (editor: vscode.TextEditor) => boolean = () => true): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (!which(editor)) continue;
      editor.setDecorations(
        this.#type,
        this.#shown(editor.document).map(({ line, texts, requests }) => {
          const end = editor.document.lineAt(Math.min(line, editor.document.lineCount - 1)).range.end;
          return {
            range: new vscode.Range(end, end),
            hoverMessage: hover(requests),
            renderOptions: { after: { contentText: texts.join('   '), color: colorOf(requests) } },
          };
        }),
      );
    }
    this.#followTime();
  }

  /** One text a line, whatever number of places end there. */
  #shown(document: vscode.TextDocument): { line: number; texts: string[]; requests: RequestInfo[] }[] {
    const which = settings.decorations();
    const lines = new Map<number, { line: number; texts: string[]; requests: RequestInfo[] }>();
    for (const place of which === 'off' ? [] : this.#requests.places(document)) {
      const request = foremost(place);
      if (!request || (which === 'unread' && !request.unread)) continue;
      const streamed = this.#requests.textOf(request.id)?.text.length ?? 0;
      const text = lineEndText(request, Date.now(), streamed, this.#proposals.get(request.id));
      if (text === undefined) continue;
      const shown = lines.get(place.line) ?? { line: place.line, texts: [], requests: [] };
      shown.texts.push(text);
      shown.requests.push(request);
      lines.set(place.line, shown);
    }
    return [...lines.values()].sort((left, right) => left.line - right.line);
  }
}

/** Of a conversation, the part to tell about: what is unread, else what goes on, else the latest. */
function foremost({ requests }: Place): RequestInfo | undefined {
  return (
    requests.find((request) => request.unread && request.state === 'done') ??
    requests.find((request) => request.state === 'running') ??
    requests.find((request) => request.state === 'held' || request.state === 'queued') ??
    requests.at(-1)
  );
}

function colorOf(requests: readonly RequestInfo[]): vscode.ThemeColor {
  if (requests.some((request) => request.unread && request.state === 'done')) return new vscode.ThemeColor('editorInfo.foreground');
  if (requests.some((request) => request.state === 'failed')) return new vscode.ThemeColor('editorWarning.foreground');
  return new vscode.ThemeColor('editorCodeLens.foreground');
}

/** Words of users and models are never in the same markdown as the links, which are trusted. */
function hover(requests: readonly RequestInfo[]): vscode.MarkdownString[] {
  return requests.flatMap((request) => {
    const words = new vscode.MarkdownString(`**Backchat** · ${escaped(request.model)}\n\n${escaped(request.prompt.slice(0, 400))}`);
    const parameters = encodeURIComponent(JSON.stringify([{ requestId: request.id }]));
    const actions = [
      ['Read', 'backchat.read'],
      ...(mayPropose(request) ? [['Apply', 'backchat.apply'], ['Preview', 'backchat.preview']] : []),
      ['Transcript', 'backchat.openTranscript'],
      isRetryable(request) ? ['Retry', 'backchat.retry'] : undefined,
      isAllowable(request) ? ['Allow', 'backchat.allow'] : undefined,
      request.finishedAt === undefined ? ['Cancel', 'backchat.cancel'] : ['Dismiss', 'backchat.dismiss'],
    ].filter((action) => action !== undefined);
    const links = new vscode.MarkdownString(actions.map(([title, command]) => `[${title ?? ''}](command:${command ?? ''}?${parameters})`).join(' · '));
    links.isTrusted = { enabledCommands: actions.map(([, command]) => command ?? '') };
    return [words, links];
  });
}
