// The one owner of everything that has to be disposed of, and the one place that knows what depends on
// what: the server, the mirrors of its state, the surfaces that draw them.

import * as vscode from 'vscode';
import { CodeActions } from './codeActions';
import { Decorations } from './decorations';
import { Doctor } from './doctor';
import { FileDecorations } from './fileDecorations';
import { Focus } from './focus';
import { Inbox } from './inbox';
import { Keys } from './keys';
import * as methods from './methods';
import { Previews } from './preview';
import { Prompts } from './prompts';
import { ProposalLenses } from './proposalLenses';
import { Proposals } from './proposals';
import { Requests } from './requests';
import { Server } from './server';
import { SessionsView } from './sessionsView';
import { settings } from './settings';
import { StatusBar } from './statusBar';
import { Threads } from './threads';
import { Toast } from './toast';
import { Transcripts } from './transcript';
import { UnsavedBuffers } from './unsavedBuffers';

/** All parts of the extension in one window. */
export class Context implements vscode.Disposable {
  readonly #owned: vscode.Disposable[] = [];
  readonly #announced = new Map<string, boolean | number>();

  readonly log = this.own(vscode.window.createOutputChannel('Backchat', { log: true }));
  readonly unsaved: UnsavedBuffers;
  readonly server: Server;
  readonly requests: Requests;
  readonly inbox: Inbox;
  readonly proposals: Proposals;
  readonly previews: Previews;
  readonly threads: Threads;
  readonly decorations: Decorations;
  readonly sessionsView: SessionsView;
  readonly statusBar: StatusBar;
  readonly transcripts: Transcripts;
  readonly keys: Keys;
  readonly prompts: Prompts;
  readonly toast: Toast;
  readonly doctor: Doctor;

  constructor({ extensionPath, secrets, globalState, workspaceState }: vscode.ExtensionContext) {
    this.unsaved = this.own(new UnsavedBuffers(workspaceState));
    this.server = this.own(new Server(extensionPath, this.log, (uri) => this.unsaved.identityOf(uri)));
    this.own(
      this.unsaved.onDidSave(({ name, file }) => {
        this.server.notify(methods.didRenameFiles, { files: [{ oldUri: name, newUri: file.toString() }] });
      }),
    );
    // Before all others: the keys and the buffer in front are the first that a new server hears of.
    this.keys = this.own(new Keys(this.server, secrets, this.log));
    this.own(new Focus(this.server));
    this.requests = this.own(new Requests(this.server, this.log));
    this.inbox = this.own(new Inbox(this.server, this.log));
    this.proposals = this.own(new Proposals(this.server, this.requests, this.log));
    this.previews = this.own(new Previews(this.proposals, this.requests));
    this.own(new ProposalLenses(this.requests, this.proposals, this.previews));
    this.threads = this.own(new Threads(this.server, this.requests, this.proposals));
    this.decorations = this.own(new Decorations(this.requests, this.proposals));
    this.sessionsView = this.own(new SessionsView(this.server, this.inbox));
    this.statusBar = this.own(new StatusBar(this.inbox));
    this.own(new FileDecorations(this.inbox));
    this.transcripts = this.own(new Transcripts(this.server, this.requests));
    this.prompts = new Prompts(globalState);
    this.toast = this.own(new Toast(this.server, this.inbox));
    this.doctor = this.own(new Doctor(extensionPath));
    this.own(new CodeActions(this.server));
    this.own(this.server.onDidChangeState(() => this.#announce()));
    this.own(this.inbox.onDidChange(() => this.#announce()));
    this.own(vscode.workspace.onDidChangeConfiguration((event) => this.#reconfigure(event)));
  }

  /** Disposes of something along with the extension. */
  own<T extends vscode.Disposable>(disposable: T): T {
    this.#owned.push(disposable);
    return disposable;
  }

  dispose(): void {
    // What was made last depends on what was made first.
    for (const disposable of this.#owned.reverse()) disposable.dispose();
  }

  /** For the `when` clauses of menus and welcome views. */
  #announce(): void {
    this.#set('running', this.server.running);
    this.#set('stopped', this.server.state === 'stopped');
    this.#set('unread', this.inbox.status?.unread ?? 0);
    this.#set('hasModel', this.inbox.status?.model !== undefined);
  }

  #set(key: string, value: boolean | number): void {
    if (this.#announced.get(key) === value) return;
    this.#announced.set(key, value);
    void vscode.commands.executeCommand('setContext', `backchat.${key}`, value);
  }

  #reconfigure(event: vscode.ConfigurationChangeEvent): void {
    if (settings.changed(event, 'server.path', 'server.logLevel')) void this.server.restart();
  }
}
