// Replies, written in the box of a thread while answers arrive in this and in other threads.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keeping } from '../failure.mjs';
import { AGAIN, insist, see } from '../patience.mjs';
import { startVsCode } from '../vscode.mjs';
import { goToLine, lineEnds, openFile, palette, ready, seeLineEnd, statusBar, submit, thread } from '../workbench.mjs';
import { makeWorld } from '../world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), `../../backchat-${process.platform}-${process.arch}.vsix`);

let world;
let vscode;
const windows = [];
const kept = (name, run) => keeping('vscode-page', name, () => ({ windows, vscode, world }), run);
const story = (name, run) => test(name, kept(name, run));

before(async () => {
  world = await makeWorld();
  vscode = await startVsCode({ extension, env: world.env });
  const page = await vscode.openWindow(world.folder, { size: { width: 1400, height: 1400 } });
  windows.push(page);
  await ready(page);
  await see('the extension', async () => (await statusBar(page).count()) > 0);
});

after(async () => {
  await vscode?.close();
  await world?.close();
});

/** The thread in which this was asked. */
const threadWith = (page, text) => thread(page).filter({ hasText: text });

const boxOf = (where) => where.locator('.comment-form .monaco-editor').first();
const textOf = async (box) => (await box.locator('.view-lines').innerText()).replaceAll('\u00a0', ' ').trim();

/** Opens a thread. */
async function open(page, where) {
  await palette(page, 'Backchat: Read Response', where);
}

/** Types into the empty reply box of a thread. */
async function write(page, where, text) {
  const button = where.locator('.review-thread-reply-button');
  const box = boxOf(where);
  const openBox = async () => {
    if (await button.isVisible()) await button.click({ timeout: AGAIN });
  };
  await insist('the reply box', openBox, box);
  await insist(`“${text}” in the reply box`, async () => {
    await box.click({ timeout: AGAIN });
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text, { delay: 15 });
  }, async () => (await textOf(box)) === text);
}

/** Sends the reply that was just written, by the key. */
async function sendByKey(page, where) {
  const box = boxOf(where);
  const isSent = async () => !(await box.isVisible()) || (await textOf(box)) === '';
  await insist('the reply to be sent', () => page.keyboard.press('Control+Enter'), isSent);
}

story('a reply is sent by its key', async () => {
  const [page] = windows;
  await openFile(page, 'prices.rs');
  await goToLine(page, 2);
  await submit(page, 'why mutable?');
  await seeLineEnd(page, 'let mut sum', '📬 Echo: why mutable?');
  await open(page, threadWith(page, 'why mutable?'));
  world.model.script({ match: 'by the key?', answer: 'Sent.' });
  await write(page, threadWith(page, 'why mutable?'), 'by the key?');
  await sendByKey(page, threadWith(page, 'why mutable?'));
  await thread(page).getByText('Sent.').waitFor();
  assert.deepEqual(await page.locator('.notification-toast').allInnerTexts(), []);
});

story('what a screen reader says of an answer is how far it is', async () => {
  const [page] = windows;
  world.model.script({ match: 'spoken?', answer: 'Aloud.', gate: true });
  await write(page, threadWith(page, 'why mutable?'), 'spoken?');
  await sendByKey(page, threadWith(page, 'why mutable?'));
  const label = () => thread(page).locator('.review-comment').last().getAttribute('aria-label');
  await see('that it runs', async () => (await label())?.includes('Waiting for the first word'), label);
  world.model.release('spoken?');
  await see('the answer', async () => (await label()) === 'scripted, Aloud.', label);
});

story('a draft stops its own thread alone, and nothing is read that was not drawn', async () => {
  const [page] = windows;
  world.model.script({ match: 'about the loop', answer: 'There it is.', gate: true });
  world.model.script({ match: 'while I write', answer: 'Here it is.', gate: true });
  await goToLine(page, 10);
  await submit(page, 'about the loop');
  await seeLineEnd(page, 'println', '⟳ running');
  const [writing, other] = [threadWith(page, 'why mutable?'), threadWith(page, 'about the loop')];
  await open(page, other);
  await write(page, writing, 'while I write');
  await sendByKey(page, writing);
  await seeLineEnd(page, 'let mut sum', '◷ queued');
  await write(page, writing, 'a long');
  world.model.release('about the loop');
  world.model.release('while I write');
  await other.getByText('There it is.').waitFor();
  await seeLineEnd(page, 'println', null);
  // The one that is written in has an answer that is not drawn, and so is not read.
  await seeLineEnd(page, 'let mut sum', '📬 Here it is.');
  await page.keyboard.type(' draft', { delay: 15 });
  assert.equal(await writing.getByText('Here it is.').count(), 0);
  assert.ok((await lineEnds(page)).some(({ text }) => text.startsWith('📬 Here it is.')));
  assert.equal(await textOf(boxOf(writing)), 'a long draft');
  for (let count = 'a long draft'.length; count > 0; count -= 1) await page.keyboard.press('Backspace');
  await writing.getByText('Here it is.').waitFor();
  await seeLineEnd(page, 'let mut sum', null);
});
