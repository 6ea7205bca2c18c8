// Buffers that were never saved: what is asked about one is its own, wherever its name is used again.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keeping } from '../failure.mjs';
import { AGAIN, clickFor, insist, see } from '../patience.mjs';
import { startVsCode } from '../vscode.mjs';
import { closeTab, editorText, goToLine, lineEnds, openFile, palette, ready, seeLineEnd, statusBar, submit } from '../workbench.mjs';
import { makeWorld } from '../world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), `../../backchat-${process.platform}-${process.arch}.vsix`);

let world;
let vscode;
const windows = [];
const kept = (name, run) => keeping('vscode-page', name, () => ({ windows, vscode, world }), run);
const story = (name, run) => test(name, kept(name, run));

before(kept('before unsaved', async () => {
  world = await makeWorld();
  vscode = await startVsCode({ extension, env: world.env });
  windows.push(await open(world.folder));
}));

after(async () => {
  await vscode?.close();
  await world?.close();
});

async function open(folder) {
  const page = await vscode.openWindow(folder);
  await ready(page);
  await see('the extension', async () => (await statusBar(page).count()) > 0);
  return page;
}

/** Opens a new buffer, which is called Untitled-1 when no other one is open. */
async function newBuffer(page, text) {
  await palette(page, 'File: New Untitled Text File', page.locator('.tab.active[data-resource-name="Untitled-1"]'));
  await insist('the text in the buffer', async () => {
    await page.locator('.editor-instance .view-line').first().click({ timeout: AGAIN });
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text, { delay: 5 });
  }, async () => (await editorText(page)) === text);
}

async function showBuffer(page) {
  await clickFor('the buffer in front', page.locator('.tab[data-resource-name="Untitled-1"]'), page.locator('.tab.active[data-resource-name="Untitled-1"]'));
}

async function throwAway(page) {
  const discard = page.getByRole('button', { name: "Don't Save" });
  await insist('the question whether to save', () => page.keyboard.press('Control+W'), discard);
  await clickFor('the buffer to close', discard, async () => (await page.locator('.tab[data-resource-name="Untitled-1"]').count()) === 0);
}

/** What was sent with a question. */
const sent = (prompt) => world.model.requests().find((request) => request.prompt.includes(prompt)).prompt;

story('an answer about an unsaved buffer is there again in the reloaded window', async () => {
  const [page] = windows;
  await newBuffer(page, 'the first secret plan\nits second line\n');
  await goToLine(page, 1);
  await submit(page, 'is it good?');
  await seeLineEnd(page, 'first secret plan', '📬 Echo: is it good?');
  await page.reload({ waitUntil: 'domcontentloaded' });
  await page.locator('.monaco-workbench').waitFor();
  await showBuffer(page);
  await seeLineEnd(page, 'first secret plan', '📬 Echo: is it good?');
});

story('a new buffer of the same name has nothing of it, in no window', async () => {
  const [page] = windows;
  await throwAway(page);
  const other = path.join(world.root, 'other');
  fs.mkdirSync(other);
  fs.writeFileSync(path.join(other, 'a.txt'), 'a\n');
  const second = await open(other);
  windows.push(second);
  for (const [window, number] of [[page, 'one'], [second, 'two']]) {
    await newBuffer(window, `shopping ${number}\n`);
    await goToLine(window, 1);
    await submit(window, `what is missing in ${number}?`);
    await seeLineEnd(window, `shopping ${number}`, `📬 Echo: what is missing in ${number}?`);
    assert.equal((await lineEnds(window)).length, 1);
    assert.ok(!/secret plan|is it good/.test(sent(`missing in ${number}`)), sent(`missing in ${number}`));
  }
  assert.ok(!sent('missing in two').includes('missing in one'));
  await second.context().close();
  windows.pop();
});

story('a buffer that is saved keeps its session under the name of its file', async () => {
  const [page] = windows;
  await showBuffer(page);
  await goToLine(page, 1);
  const input = page.locator('.quick-input-widget input.input');
  await insist('the box for a name', () => page.keyboard.press('Control+S'), input);
  const ok = page.locator('.quick-input-widget').getByRole('button', { name: 'OK' });
  await insist('the buffer to be saved', async () => {
    await input.fill(path.join(world.folder, 'shopping.txt'), { timeout: AGAIN });
    await ok.click({ timeout: AGAIN });
  }, page.locator('.tab.active[data-resource-name="shopping.txt"]'));
  await seeLineEnd(page, 'shopping one', '📬 Echo: what is missing in one?');
  await closeTab(page, page.locator('.tab[data-resource-name="shopping.txt"]'));
  await openFile(page, 'shopping.txt');
  await seeLineEnd(page, 'shopping one', '📬 Echo: what is missing in one?');
  // The next one of its name is another one again.
  await newBuffer(page, 'shopping one\n');
  await goToLine(page, 1);
  await submit(page, 'anything else?');
  await seeLineEnd(page, 'shopping one', '📬 Echo: anything else?');
  assert.ok(!sent('anything else').includes('missing in one'));
});
