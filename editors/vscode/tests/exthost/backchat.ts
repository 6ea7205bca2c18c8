// What the tests in the extension host share: the extension's API, the scripted model, and waiting.

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { BackchatApi } from '../../src/extension';

/** The identifier of the extension under test. */
export const EXTENSION = 'backchat.backchat';

/** How long anything may take, in milliseconds: the machine may be busy. */
const PATIENCE = 60_000;

/** The extension, active, with its server running. */
export async function backchat(): Promise<BackchatApi> {
  const extension = vscode.extensions.getExtension<BackchatApi>(EXTENSION);
  assert.ok(extension, 'the extension is there');
  const api = await extension.activate();
  await until('the server to run', () => api.inbox().status !== undefined);
  return api;
}

/** Waits until something is there, and returns it; an empty list is nothing. Fails with the name of what was waited for. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<Exclude<NonNullable<T>, false>> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (Array.isArray(found) ? found.length > 0 : found) return found as Exclude<NonNullable<T>, false>;
    if (Date.now() > end) {
      const extension = vscode.extensions.getExtension<BackchatApi>(EXTENSION);
      const requests = vscode.window.visibleTextEditors.flatMap(({ document }) => extension?.exports.requests(document.uri) ?? []);
      throw new Error(`Waited in vain for ${what}; shown are ${JSON.stringify(requests)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** What `look` sees as soon as it has seen the same for a while: counts come after the requests that they count. */
export async function steady<T>(look: () => T): Promise<T> {
  let seen = look();
  for (let same = 0; same < 40; same += 1) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    const now = look();
    if (now !== seen) [seen, same] = [now, 0];
  }
  return seen;
}

/** Tells the model what to say: see scripted_model.mjs. */
export async function script(rule: object): Promise<void> {
  await post('__script', rule);
}

/** Opens the gates of the rules with this text. */
export async function release(match: string): Promise<void> {
  await post('__release', { match });
}

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(`${process.env.BACKCHAT_TEST_MODEL ?? ''}/${path}`, { method: 'POST', body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
}

/** An untitled buffer of its own for a test, shown, with the cursor at its top. */
export async function buffer(text: string): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument({ content: text });
  return vscode.window.showTextDocument(document);
}

/** The whole of a line. */
export function line(number: number, editor: vscode.TextEditor): vscode.Range {
  return editor.document.lineAt(number).range;
}

/** The line ends of a buffer, as `line: text`. */
export function lineEnds(api: BackchatApi, { document }: vscode.TextEditor): string[] {
  return api.drawn(document).lineEnds.map((end) => `${end.line}: ${end.text}`);
}

/** The text of a comment. */
export function text(comment: vscode.Comment | undefined): string {
  assert.ok(comment, 'there is a comment');
  return typeof comment.body === 'string' ? comment.body : comment.body.value;
}
