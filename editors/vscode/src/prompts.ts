// The box that asks for a prompt. Up and down go through what was asked before, as in a shell; the
// button shows it as a list.

import * as vscode from 'vscode';

const STORED_AS = 'backchat.prompts';
const REMEMBERED = 50;

const listButton: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('history'), tooltip: 'Earlier prompts (↑ and ↓ go through them)' };
const forgetButton: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('close'), tooltip: 'Forget this prompt' };

/** What the box is about. It may change while the box is open. */
export interface Title {
  readonly text: () => string;
  readonly onDidChange: vscode.Event<void>;
}

/** Asks for prompts and remembers them. */
export class Prompts {
  readonly #memory: vscode.Memento;
  #open: { readonly box: vscode.InputBox; place: number; draft: string } | undefined;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  /** The latest first. */
  get history(): readonly string[] {
    return this.#memory.get<string[]>(STORED_AS, []);
  }

  /** Puts a prompt at the top of the history. */
  async remember(prompt: string): Promise<void> {
    await this.#memory.update(STORED_AS, [prompt, ...this.history.filter((one) => one !== prompt)].slice(0, REMEMBERED));
  }

  /** What the user typed or recalled, or nothing. */
  async ask(title: Title, placeholder: string, value = ''): Promise<string | undefined> {
    const box = vscode.window.createInputBox();
    box.title = title.text();
    const following = title.onDidChange(() => (box.title = title.text()));
    box.placeholder = placeholder;
    box.value = value;
    box.ignoreFocusOut = true;
    box.buttons = [listButton];
    this.#open = { box, place: -1, draft: '' };
    await vscode.commands.executeCommand('setContext', 'backchat.inPrompt', true);
    const answer = await new Promise<{ list: boolean; prompt?: string }>((resolve) => {
      box.onDidTriggerButton(() => {
        resolve({ list: true });
        box.hide();
      });
      box.onDidAccept(() => {
        if (box.value.trim() === '') return;
        resolve({ list: false, prompt: box.value.trim() });
        box.hide();
      });
      box.onDidHide(() => resolve({ list: false }));
      box.show();
    });
    this.#open = undefined;
    following.dispose();
    await vscode.commands.executeCommand('setContext', 'backchat.inPrompt', false);
    const draft = box.value;
    box.dispose();
    // The list can't lie over the box; the box comes back with what was picked, to be edited.
    return answer.list ? this.ask(title, placeholder, (await this.#pick()) ?? draft) : answer.prompt;
  }

  /** Goes one prompt back (1) or forth (-1) in the open box; what was being typed is at the end. */
  recall(step: 1 | -1): void {
    if (!this.#open) return;
    const { box, place } = this.#open;
    const next = Math.min(this.history.length - 1, Math.max(-1, place + step));
    if (next === place) return;
    if (place === -1) this.#open.draft = box.value;
    this.#open.place = next;
    box.value = next === -1 ? this.#open.draft : (this.history[next] ?? '');
  }

  #pick(): Promise<string | undefined> {
    const list = vscode.window.createQuickPick();
    list.title = 'Earlier Prompts';
    const show = (): void => {
      list.items = this.history.map((prompt) => ({ label: prompt, buttons: [forgetButton] }));
    };
    show();
    return new Promise((resolve) => {
      list.onDidTriggerItemButton(async ({ item }) => {
        await this.#memory.update(STORED_AS, this.history.filter((one) => one !== item.label));
        show();
      });
      list.onDidAccept(() => {
        resolve(list.selectedItems[0]?.label);
        list.hide();
      });
      list.onDidHide(() => {
        resolve(undefined);
        list.dispose();
      });
      list.show();
    });
  }
}
