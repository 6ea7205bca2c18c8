// The prompt library: questions and changes that are kept as files, the user's own and those of a trusted
// workspace. The server reads them; here one is chosen, from a list or by the lightbulb.

import * as vscode from 'vscode';
import type { Context } from './context';
import * as methods from './methods';
import type { PromptInfo, PromptsResult, SubmitResult } from './protocol';
import type { Server } from './server';
import { subjectOf, submitAbout, type Submission } from './submitting';

const addButton: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('pencil'), tooltip: 'Add words of your own' };
const openButton: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('go-to-file'), tooltip: 'Open the file' };

/** A line of the list: a prompt, or a remark with something to do about it. */
interface Item extends vscode.QuickPickItem {
  readonly prompt?: PromptInfo;
  readonly act?: () => unknown;
}

/** The prompts for a buffer, as they are on disk now. */
export function readLibrary(server: Server, document: vscode.TextDocument): Promise<PromptsResult> {
  return server.request(methods.prompts, { textDocument: { uri: document.uri.toString() } });
}

/** Lets the user choose a prompt, and submits it about the selection. A submission may name one itself. */
export async function askWithPrompt(context: Context, given: Submission = {}): Promise<SubmitResult | undefined> {
  // The list is open for a while: what it is about is what was at the cursor before.
  const subject = await subjectOf(context, given);
  if (!subject) return undefined;
  try {
    const library = await readLibrary(context.server, subject.document);
    const named = library.prompts.find(({ name }) => name === given.libraryPrompt);
    const chosen = named ? { prompt: named, more: false } : await choose(library);
    if (!chosen) return undefined;
    const { name, intent } = chosen.prompt;
    const prompt = chosen.more ? undefined : (given.prompt ?? '');
    const what = { ...given, libraryPrompt: name, ...(prompt !== undefined && { prompt }) };
    return await submitAbout(context, subject, { intent, mode: 'background', title: name }, what);
  } finally {
    subject.dispose();
  }
}

/** The chosen prompt, and whether the user has more to say. */
function choose(library: PromptsResult): Promise<{ prompt: PromptInfo; more: boolean } | undefined> {
  const list = vscode.window.createQuickPick<Item>();
  list.title = 'Ask with Prompt';
  list.placeholder = library.prompts.length > 0 ? 'What to do with this code, in the background' : 'The prompt library is empty';
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  list.items = [...library.prompts.map(promptItem), ...remarks(library)];
  return new Promise((resolve) => {
    list.onDidTriggerItemButton(({ item, button }) => {
      if (!item.prompt) return;
      if (button === addButton) resolve({ prompt: item.prompt, more: true });
      else void vscode.window.showTextDocument(vscode.Uri.parse(item.prompt.uri));
      list.hide();
    });
    list.onDidAccept(() => {
      const [item] = list.selectedItems;
      if (item?.prompt) resolve({ prompt: item.prompt, more: false });
      else item?.act?.();
      list.hide();
    });
    list.onDidHide(() => {
      resolve(undefined);
      list.dispose();
    });
    list.show();
  });
}

function promptItem(prompt: PromptInfo): Item {
  const { name, description, intent, model, source } = prompt;
  const facts = [intent === 'edit' ? 'edits' : '', model, source === 'workspace' ? 'of this workspace' : ''].filter(Boolean).join(' · ');
  return {
    label: `$(${intent === 'edit' ? 'edit' : 'comment'}) ${name}`,
    description: facts,
    ...(description !== undefined && { detail: description }),
    buttons: [addButton, openButton],
    prompt,
  };
}

function remarks({ prompts, problems, untrustedFolder }: PromptsResult): Item[] {
  const found: Item[] = problems.map(({ uri, line = 0, message }) => ({
    label: '$(warning) Not usable',
    detail: message,
    act: () => vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection: new vscode.Range(line, 0, line, 0) }),
  }));
  if (untrustedFolder !== undefined) {
    found.push({
      label: '$(shield) The prompts of this workspace are not read',
      detail: 'The workspace is not trusted. Choose this to look at that.',
      act: () => vscode.commands.executeCommand('workbench.trust.manage'),
    });
  }
  if (prompts.length + found.length === 0) {
    found.push({
      label: '$(info) How to add prompts',
      detail: 'Markdown files in the folder “prompts” beside Backchat’s config.toml, or in .backchat/prompts of a trusted workspace.',
    });
  }
  return found;
}
