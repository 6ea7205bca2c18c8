// The comment threads: a conversation where it was asked.
//
// - The server's anchor is the truth. VS Code moves a thread along with edits but does not tell where
//   it is; the thread is put where the server says.
// - A thread is not rewritten while a reply is being written in it: that would take the focus away.
// - Read means shown: drawn, and open. VS Code has no event for a thread being opened, so as long as something unread
//   is in a visible editor the state of its thread is looked at several times a second.

import * as vscode from 'vscode';
import * as methods from './methods';
import { isFinished, type Place } from './places';
import type { Proposals } from './proposals';
import type { RequestId, RequestInfo } from './protocol';
import { ReplyBoxes, threadNumber } from './replyBoxes';
import { keyOf, type Requests } from './requests';
import type { Server } from './server';
import { threadContent, type CommentContent, type ThreadContent } from './threadContent';

const CONTROLLER = 'backchat';
/** How often an open thread is drawn while text streams, in milliseconds. */
const STREAM_INTERVAL = 200;
/** A long text takes long to draw: of all time at most one part in so many is spent on it. */
const STREAM_SHARE = 10;
/** How often it is looked whether something unread was opened, in milliseconds. */
const READ_INTERVAL = 250;

/** A comment that can be drawn again without VS Code taking it for another one. */
interface DrawnComment extends vscode.Comment {
  readonly key: string;
  source: CommentContent;
}

interface Entry {
  readonly thread: vscode.CommentThread;
  readonly document: vscode.TextDocument;
  place: Place;
  comments: DrawnComment[];
  /** Something changed that could not be drawn, because a reply was being written. */
  stale: boolean;
  /** The requests whose answers are drawn, whole. */
  answered: ReadonlySet<RequestId>;
}

/** Every thread of this window. */
export class Threads implements vscode.Disposable {
  readonly #server: Server;
  readonly #requests: Requests;
  readonly #proposals: Proposals;
  readonly #controller = vscode.comments.createCommentController(CONTROLLER, 'Backchat');
  readonly #entries = new Map<string, Entry[]>();
  readonly #expandWhenDrawn = new Set<RequestId>();
  readonly #streaming = new Set<string>();
  readonly #taking = new Set<RequestId>();
  readonly #replyBoxes = new ReplyBoxes<Entry>();
  /** Every thread that is drawn, in the order in which they were made. */
  readonly #made = new Set<Entry>();
  readonly #disposables: vscode.Disposable[];
  #streamTimer: NodeJS.Timeout | undefined;
  /** How long the last drawing of what streams took, in milliseconds. */
  #streamTook = 0;
  #watch: NodeJS.Timeout | undefined;

  constructor(server: Server, requests: Requests, proposals: Proposals) {
    this.#server = server;
    this.#requests = requests;
    this.#proposals = proposals;
    this.#controller.options = { prompt: 'Reply…', placeHolder: 'Continue this conversation' };
    this.#disposables = [
      this.#controller,
      requests.onDidChange((key) => this.#drawBuffer(key)),
      requests.onDidStream((request) => this.#drawSoon(request)),
      proposals.onDidChange(({ uri }) => this.#drawBuffer(keyOf(uri))),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.#replyChanged(document)),
      vscode.workspace.onDidCloseTextDocument((document) => this.#replyChanged(document)),
    ];
  }

  dispose(): void {
    clearTimeout(this.#streamTimer);
    clearInterval(this.#watch);
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** The requests of a thread that VS Code hands to a command. */
  requestsOf(thread: vscode.CommentThread): readonly RequestInfo[] {
    return this.#find((entry) => entry.thread === thread)?.place.requests ?? [];
  }

  /** The request that a comment belongs to. */
  requestOf(comment: vscode.Comment): RequestInfo | undefined {
    const key = (comment as Partial<DrawnComment>).key ?? '';
    return this.#requests.get(key.slice(0, key.lastIndexOf(':')));
  }

  /** The thread of a request, when it is drawn. */
  threadOf(id: RequestId): vscode.CommentThread | undefined {
    return this.#find((entry) => entry.place.requests.some((request) => request.id === id))?.thread;
  }

  /** The threads of a buffer. */
  of(uri: vscode.Uri): vscode.CommentThread[] {
    return (this.#entries.get(keyOf(uri)) ?? []).map((entry) => entry.thread);
  }

  /** Opens the thread of a request; one that is not drawn yet opens as soon as it is. */
  expand(id: RequestId): void {
    const thread = this.threadOf(id);
    if (thread) thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    else this.#expandWhenDrawn.add(id);
  }

  #find(predicate: (entry: Entry) => boolean): Entry | undefined {
    for (const entries of this.#entries.values()) {
      const found = entries.find(predicate);
      if (found) return found;
    }
    return undefined;
  }

  #drawBuffer(key: string): void {
    const document = vscode.workspace.textDocuments.find((one) => keyOf(one.uri) === key);
    const before = this.#entries.get(key) ?? [];
    const entryOf = new Map(before.flatMap((entry) => entry.place.requests.map((request) => [request.id, entry])));
    const left = new Set(before);
    const now: Entry[] = [];
    for (const place of document ? this.#requests.places(document) : []) {
      // The thread stays the same when a reply joined it or one of its requests was dismissed.
      const ids = new Set(place.requests.map((request) => request.id));
      let entry = place.requests.map(({ id }) => entryOf.get(id)).find((one) => one !== undefined && left.has(one));
      if (entry) {
        left.delete(entry);
        entry.place = place;
      } else if (document) {
        entry = this.#create(document, place);
      }
      if (!entry) continue;
      now.push(entry);
      this.#draw(entry);
      for (const id of ids) {
        if (this.#expandWhenDrawn.delete(id)) entry.thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
      }
    }
    for (const entry of left) {
      entry.thread.dispose();
      this.#made.delete(entry);
    }
    if (now.length > 0) this.#entries.set(key, now);
    else this.#entries.delete(key);
    this.#watchUnread();
  }

  /** Looks at what is shown as long as something is unread, and not otherwise. */
  #watchUnread(): void {
    if (this.#find(({ place }) => place.requests.some((request) => request.unread))) {
      this.#watch ??= setInterval(() => this.#takeWhatIsShown(), READ_INTERVAL);
    } else {
      clearInterval(this.#watch);
      this.#watch = undefined;
    }
  }

  #create(document: vscode.TextDocument, place: Place): Entry {
    // A thread that begins without comments opens its reply box, and takes the focus with it.
    const comments = this.#contentOf(place).comments.map(drawn);
    const thread = this.#controller.createCommentThread(document.uri, rangeFor(place, document), comments);
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Collapsed;
    const entry: Entry = { thread, document, place, comments, stale: false, answered: this.#answered(place) };
    this.#made.add(entry);
    return entry;
  }

  /** The requests of a place whose answers can be drawn as they are. */
  #answered({ requests }: Place): ReadonlySet<RequestId> {
    const isWhole = ({ id, preview }: RequestInfo): boolean => preview === undefined || this.#requests.textOf(id) !== undefined;
    return new Set(requests.filter((request) => isFinished(request) && isWhole(request)).map(({ id }) => id));
  }

  #contentOf(place: Place): ThreadContent {
    return threadContent(
      place,
      (id) => this.#requests.textOf(id),
      (id) => this.#proposals.get(id),
    );
  }

  /** Brings a thread up to date, touching only what differs. */
  #draw(entry: Entry): void {
    const { thread, document, place } = entry;
    if (isExpanded(thread) && this.#drafting().has(entry)) {
      entry.stale = true;
      return;
    }
    entry.stale = false;
    entry.answered = this.#answered(place);
    const content = this.#contentOf(place);
    const range = rangeFor(place, document);
    if (!thread.range.isEqual(range)) thread.range = range;
    if (thread.label !== content.label) thread.label = content.label;
    if (thread.contextValue !== content.context) thread.contextValue = content.context;

    const known = new Map(entry.comments.map((comment) => [comment.key, comment]));
    let changed = content.comments.length !== entry.comments.length;
    entry.comments = content.comments.map((source) => {
      const comment = known.get(source.key);
      if (comment && sameContent(comment.source, source)) return comment;
      changed = true;
      // VS Code makes the buttons of a comment once, and what a screen reader says of it: they need another comment.
      const isSame = comment?.source.context === source.context && comment.source.state === source.state;
      return isSame ? redrawn(comment, source) : drawn(source);
    });
    if (changed) thread.comments = [...entry.comments];
  }

  #drawSoon(request: RequestInfo): void {
    this.#streaming.add(request.id);
    this.#streamTimer ??= setTimeout(() => {
      this.#streamTimer = undefined;
      const started = performance.now();
      for (const entries of this.#entries.values()) {
        for (const entry of entries) {
          // A closed thread is drawn when its request has come to its end.
          if (isExpanded(entry.thread) && entry.place.requests.some(({ id }) => this.#streaming.has(id))) this.#draw(entry);
        }
      }
      this.#streaming.clear();
      this.#streamTook = performance.now() - started;
    }, Math.max(STREAM_INTERVAL, STREAM_SHARE * this.#streamTook));
  }

  #replyChanged(document: vscode.TextDocument): void {
    if (!isReplyBox(document)) return;
    for (const entry of this.#made) if (entry.stale) this.#draw(entry);
  }

  /** The threads in which a reply is being written. */
  #drafting(): ReadonlySet<Entry> {
    const boxes = vscode.workspace.textDocuments.filter(isReplyBox).flatMap((document) => {
      const thread = threadNumber(document.uri.path);
      return thread === undefined ? [] : { thread, isEmpty: document.getText() === '' };
    });
    const visible = new Set(vscode.window.visibleTextEditors.map(({ document }) => keyOf(document.uri)));
    const shown = [...this.#made].filter(({ document }) => visible.has(keyOf(document.uri)));
    return this.#replyBoxes.drafting(shown, boxes);
  }

  #takeWhatIsShown(): void {
    if (!this.#server.running || !vscode.window.state.focused) return;
    for (const editor of vscode.window.visibleTextEditors) {
      for (const entry of this.#entries.get(keyOf(editor.document.uri)) ?? []) {
        if (entry.stale || !isExpanded(entry.thread) || !isInView(entry, editor)) continue;
        for (const request of entry.place.requests) if (request.unread) void this.#take(request, entry);
      }
    }
  }

  async #take(request: RequestInfo, entry: Entry): Promise<void> {
    if (this.#taking.has(request.id)) return;
    this.#taking.add(request.id);
    try {
      if (!this.#requests.textOf(request.id) && request.preview !== undefined) {
        await this.#requests.loadTranscript(request.sessionId);
        this.#draw(entry);
      }
      if (entry.stale || !entry.answered.has(request.id)) return;
      await this.#server.request(methods.take, { requestId: request.id });
    } catch {
      // Still unread; it is tried again as long as it is shown.
    } finally {
      this.#taking.delete(request.id);
    }
  }
}

function drawn(source: CommentContent): DrawnComment {
  const comment: DrawnComment = {
    key: source.key,
    source,
    author: { name: source.author },
    mode: vscode.CommentMode.Preview,
    body: bodyOf(source),
  };
  return redrawn(comment, source);
}

/** The same object with other words: VS Code then updates the comment instead of replacing it. */
function redrawn(comment: DrawnComment, source: CommentContent): DrawnComment {
  comment.source = source;
  comment.body = bodyOf(source);
  comment.author = { name: source.author };
  comment.label = source.label;
  comment.contextValue = source.context;
  comment.timestamp = new Date(source.timestamp);
  return comment;
}

function bodyOf(source: CommentContent): vscode.MarkdownString {
  const body = new vscode.MarkdownString(source.body);
  body.isTrusted = false;
  body.supportHtml = false;
  return body;
}

function sameContent(left: CommentContent, right: CommentContent): boolean {
  return (
    left.body === right.body &&
    left.label === right.label &&
    left.context === right.context &&
    left.author === right.author &&
    left.timestamp === right.timestamp
  );
}

function rangeFor(place: Place, document: vscode.TextDocument): vscode.Range {
  const { start, end } = place.range;
  return document.validateRange(new vscode.Range(start.line, start.character, end.line, end.character));
}

function isExpanded(thread: vscode.CommentThread): boolean {
  return thread.collapsibleState === vscode.CommentThreadCollapsibleState.Expanded;
}

/** The thread is drawn below its line, so the line or the one after it has to be in view. */
function isInView({ place }: Entry, editor: vscode.TextEditor): boolean {
  return editor.visibleRanges.some((range) => range.start.line <= place.line + 1 && place.line <= range.end.line);
}

/** The text of a reply box is a document of its own. */
function isReplyBox(document: vscode.TextDocument): boolean {
  return document.uri.scheme === 'comment' && document.uri.authority === CONTROLLER;
}
