// API keys: kept by VS Code's secret storage, handed to the server over the protocol. They are never in
// a setting, in a log or on a command line.

import * as vscode from 'vscode';
import * as methods from './methods';
import type { Server } from './server';

const PREFIX = 'backchat.key.';

/** The keys that the user entered. */
export class Keys implements vscode.Disposable {
  readonly #server: Server;
  readonly #secrets: vscode.SecretStorage;
  readonly #log: vscode.LogOutputChannel;
  readonly #disposables: vscode.Disposable[];

  constructor(server: Server, secrets: vscode.SecretStorage, log: vscode.LogOutputChannel) {
    this.#server = server;
    this.#secrets = secrets;
    this.#log = log;
    this.#disposables = [
      server.onDidStart(() => void this.#handOverAll()),
      // Another window may have changed it.
      secrets.onDidChange(({ key }) => {
        if (key.startsWith(PREFIX)) void this.#handOver(key.slice(PREFIX.length), true);
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** Whether a key of this name was entered. */
  async has(name: string): Promise<boolean> {
    return (await this.#secrets.get(PREFIX + name)) !== undefined;
  }

  /** Stores a key and hands it over; an empty one is forgotten. */
  async set(name: string, key: string): Promise<void> {
    if (key === '') await this.#secrets.delete(PREFIX + name);
    else await this.#secrets.store(PREFIX + name, key);
    await this.#server.request(methods.provideKey, key === '' ? { name } : { name, key });
  }

  /** Asks for the key of one of the models that want one. */
  async ask(): Promise<void> {
    const { models } = await this.#server.request(methods.models, undefined);
    const names = [...new Set(models.flatMap((model) => model.keyName ?? []))];
    if (names.length === 0) {
      void vscode.window.showInformationMessage('None of the configured models takes its key from the editor.');
      return;
    }
    const items = await Promise.all(
      names.map(async (name) => ({
        label: name,
        description: models.filter((model) => model.keyName === name).map((model) => model.name).join(', '),
        detail: (await this.has(name)) ? 'A key is stored in this editor.' : 'No key is stored in this editor.',
      })),
    );
    const picked =
      items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { title: 'Set API Key', placeHolder: 'Which key?' });
    if (!picked) return;
    const key = await vscode.window.showInputBox({
      title: `Set API Key: ${picked.label}`,
      prompt: 'Kept in the secret storage of VS Code. Leave it empty to forget the stored one.',
      password: true,
      ignoreFocusOut: true,
    });
    if (key === undefined) return;
    await this.set(picked.label, key.trim());
    vscode.window.setStatusBarMessage(key === '' ? `Backchat: ${picked.label} is forgotten` : `Backchat: ${picked.label} is set`, 5000);
  }

  async #handOverAll(): Promise<void> {
    try {
      const { models } = await this.#server.request(methods.models, undefined);
      for (const name of new Set(models.flatMap((model) => model.keyName ?? []))) await this.#handOver(name, false);
    } catch (error) {
      this.#log.warn(`The keys could not be handed to the server: ${String(error)}`);
    }
  }

  async #handOver(name: string, evenWithout: boolean): Promise<void> {
    const key = await this.#secrets.get(PREFIX + name);
    if (!this.#server.running || (key === undefined && !evenWithout)) return;
    await this.#server.request(methods.provideKey, key === undefined ? { name } : { name, key });
  }
}
