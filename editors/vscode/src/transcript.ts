// A session as a read-only markdown document, shown in VS Code's markdown preview.

import * as vscode from 'vscode';
import { stateText } from './labels';
import { escaped, fenced, harmless } from './markdown';
import * as methods from './methods';
import type { SessionId, SessionResult, TurnInfo } from './protocol';
import type { Requests } from './requests';
import type { Server } from './server';

/** Of the URIs `backchat:/SESSION/NAME.md`. */
export const TRANSCRIPT_SCHEME = 'backchat';
/** How soon a transcript follows its session, in milliseconds. */
const SETTLE = 400;

/** Provides the transcripts, and keeps the open ones up to date. */
export class Transcripts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #server: Server;
  readonly #didChange = new vscode.EventEmitter<vscode.Uri>();
  readonly #disposables: vscode.Disposable[];
  readonly #due = new Set<SessionId>();
  #timer: NodeJS.Timeout | undefined;

  readonly onDidChange = this.#didChange.event;

  constructor(server: Server, requests: Requests) {
    this.#server = server;
    this.#disposables = [
      this.#didChange,
      server.on(methods.requestDidChange, ({ request }) => this.#changed(request.sessionId)),
      requests.onDidStream((request) => this.#changed(request.sessionId)),
      vscode.workspace.registerTextDocumentContentProvider(TRANSCRIPT_SCHEME, this),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** Shows a session's transcript; what it shows is read by that. */
  async open(sessionId: SessionId): Promise<void> {
    const { session } = await this.#server.request(methods.session, { sessionId });
    const uri = transcriptUri(sessionId, session.uri);
    const commands = await vscode.commands.getCommands(true);
    // The markdown extension is built in, but it can be disabled.
    if (commands.includes('markdown.showPreview')) await vscode.commands.executeCommand('markdown.showPreview', uri);
    else await vscode.window.showTextDocument(uri, { preview: true });
    await this.#server.request(methods.take, { sessionId });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const [, sessionId = ''] = uri.path.split('/');
    return transcriptText(await this.#server.request(methods.session, { sessionId }), Date.now());
  }

  #changed(sessionId: SessionId): void {
    this.#due.add(sessionId);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const document of vscode.workspace.textDocuments) {
        const [, id = ''] = document.uri.path.split('/');
        if (document.uri.scheme === TRANSCRIPT_SCHEME && this.#due.has(id)) this.#didChange.fire(document.uri);
      }
      this.#due.clear();
    }, SETTLE);
  }
}

/** The name is for the tab; the session's id is what counts. */
export function transcriptUri(sessionId: SessionId, buffer: string): vscode.Uri {
  const name = vscode.Uri.parse(buffer).path.split('/').pop() ?? 'session';
  return vscode.Uri.from({ scheme: TRANSCRIPT_SCHEME, path: `/${sessionId}/Transcript of ${name}.md` });
}

/** The transcript as markdown that loads nothing. */
export function transcriptText({ session, turns }: SessionResult, now: number): string {
  const name = vscode.Uri.parse(session.uri).path.split('/').pop() ?? session.uri;
  const head = `# ${escaped(session.title || name)}\n\n\`${name.replaceAll('`', '')}\``;
  return `${[head, ...turns.map((turn) => turnText(turn, now))].join('\n\n---\n\n')}\n`;
}

function turnText({ request, response }: TurnInfo, now: number): string {
  const lines = request.anchor && request.anchor.status !== 'gone' ? linesText(request.anchor.range) : '';
  const question = `## You${lines}\n\n${harmless(request.prompt)}`;
  const heading = `## ${escaped(request.model)} · ${escaped(stateText(request, now))}`;
  const failure = request.failure ? `> **Failed.** ${escaped([request.failure.message, request.failure.remedy ?? ''].join(' ').trim())}` : '';
  const reasoning = response?.reasoning ? `Reasoning:\n\n${fenced(response.reasoning, 'text')}` : '';
  const notice = request.notice === undefined ? '' : `> ${escaped(request.notice)}`;
  return [question, heading, reasoning, harmless(response?.text ?? ''), notice, failure].filter(Boolean).join('\n\n');
}

function linesText({ start, end }: { start: { line: number }; end: { line: number } }): string {
  return start.line === end.line ? ` · line ${start.line + 1}` : ` · lines ${start.line + 1}–${end.line + 1}`;
}
