// The main job, as a person sees it: ask, keep typing, read where it was asked.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keeping } from '../failure.mjs';
import { AGAIN, clickFor, insist, see } from '../patience.mjs';
import { startVsCode } from '../vscode.mjs';
import {
  answerBox,
  badge,
  clickLens,
  closeBox,
  closeTab,
  fileBadges,
  goToLine,
  goToText,
  lenses,
  lineEnds,
  openBox,
  openFile,
  openSessions,
  openThread,
  palette,
  quickRow,
  ready,
  reply,
  seeLineEnd,
  sessionRow,
  statusBar,
  submit,
  thread,
} from '../workbench.mjs';
import { makeWorld, serverLog } from '../world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), `../../backchat-${process.platform}-${process.arch}.vsix`);

let world;
let vscode;
const windows = [];
const kept = (name, run) => keeping('vscode-page', name, () => ({ windows, vscode, world }), run);
const story = (name, run) => test(name, kept(name, run));

before(kept('before flow', async () => {
  world = await makeWorld();
  vscode = await startVsCode({ extension, env: world.env });
  const page = await vscode.openWindow(world.folder);
  windows.push(page);
  await ready(page);
  await see('the extension', async () => (await statusBar(page).count()) > 0);
}));

after(async () => {
  await vscode?.close();
  await world?.close();
});

story('a question is asked from the palette, and announced where it was asked', async () => {
  const [page] = windows;
  world.model.script({ match: 'why mutable?', answer: 'Because it **sums**.\n\n```rust\nlet total: u32 = prices.iter().sum();\n```', gate: true });
  await openFile(page, 'prices.rs');
  await goToLine(page, 2);
  await submit(page, 'why mutable?');
  await seeLineEnd(page, 'let mut sum', '⟳ running');
  await see('it in the status bar', async () => /1/.test(await statusBar(page).innerText()));
  // The cursor is where it was: what is typed goes on there.
  await page.keyboard.press('Home');
  await page.keyboard.type('/*x*/');
  await seeLineEnd(page, '/*x*/let mut sum', '⟳ running');
  world.model.release('why mutable?');
  await seeLineEnd(page, '/*x*/let mut sum', '📬 Because it sums.');
  await see('📬 in the status bar', async () => (await statusBar(page).innerText()).includes('📬 1'));
  await see('the badge', async () => (await badge(page)) === '1');
  await see('📬 on the file', async () => (await fileBadges(page))['prices.rs'] === '📬');
  assert.equal(await thread(page).count(), 0, 'nothing opened by itself');
  assert.deepEqual(await page.locator('.notification-toast').allInnerTexts(), []);
});

story('it is opened by a click, and read by that', async () => {
  const [page] = windows;
  await openThread(page);
  await thread(page).getByText('Because it').waitFor();
  assert.match(await thread(page).innerText(), /why mutable\?[\s\S]*let total: u32 = prices\.iter\(\)\.sum\(\);/);
  await seeLineEnd(page, 'let mut sum', null);
  await see('no badge', async () => (await badge(page)) === '');
  await see('no 📬 on the file', async () => (await fileBadges(page))['prices.rs'] !== '📬');
});

story('its code is copied, and inserted at the cursor', async () => {
  const [page] = windows;
  const answer = thread(page).locator('.review-comment').nth(1);
  const button = async (name) => {
    await answer.hover();
    return answer.getByRole('button', { name });
  };
  const isCopied = async () => (await page.evaluate(() => navigator.clipboard.readText())).trim() === 'let total: u32 = prices.iter().sum();';
  await clickFor('the code on the clipboard', await button('Copy Code'), isCopied);
  const text = async () => (await page.locator('.view-lines').first().innerText()).replaceAll('\u00a0', ' ');
  const isInserted = async () => (await text()).includes('prices.iter().sum();    /*x*/let mut');
  await clickFor('the code in the file', await button('Insert Code at Cursor'), isInserted);
  await page.locator('.editor-instance .view-line').nth(2).click();
  await page.keyboard.press('Control+Z');
  await see('the file without it', async () => !(await isInserted()), text);
});

story('a reply continues the conversation, and is not disturbed while it is written', async () => {
  const [page] = windows;
  world.model.script({ match: 'and faster?', answer: 'Use an iterator.' });
  await reply(page, 'and faster?');
  await thread(page).getByText('Use an iterator.').waitFor();
  assert.equal(await thread(page).count(), 1);
});

story('a link to a command in an answer does nothing', async () => {
  const [page] = windows;
  const sideBar = page.locator('.part.sidebar');
  world.model.script({ match: 'what now?', answer: 'Press [this](command:workbench.action.toggleSidebarVisibility), see [that](https://example.org/).' });
  await reply(page, 'what now?');
  const answer = thread(page).locator('.review-comment', { hasText: 'Press this, see that.' });
  await answer.waitFor();
  const target = (name) => answer.locator('a', { hasText: name }).evaluateAll((links) => links.map((link) => link.dataset.href ?? '').join());
  assert.equal(await target('that'), 'https://example.org/');
  assert.equal(await target('this'), '');
  // What VS Code shows has no link there, only the word. It is clicked within its paragraph, which may still move
  // as the thread grows.
  const paragraph = answer.locator('p', { hasText: 'Press this' });
  const position = await paragraph.evaluate((element) => {
    const texts = document.createTreeWalker(element, 4 /* text nodes */);
    while (texts.nextNode()) {
      const from = texts.currentNode.data.indexOf('this');
      if (from < 0) continue;
      const word = document.createRange();
      word.setStart(texts.currentNode, from);
      word.setEnd(texts.currentNode, from + 'this'.length);
      const [inside, around] = [word.getBoundingClientRect(), element.getBoundingClientRect()];
      return { x: inside.x - around.x + inside.width / 2, y: inside.y - around.y + inside.height / 2 };
    }
    return undefined;
  });
  await paragraph.click({ position });
  // What the click sets off, if anything, comes before the palette.
  await insist('the palette', () => page.keyboard.press('F1'), page.locator('.quick-input-widget input.input'));
  await closeBox(page);
  assert.ok(await sideBar.isVisible());
});

story('the transcript is shown as markdown', async () => {
  const [page] = windows;
  await thread(page).hover();
  const transcript = page.locator('.tab', { hasText: 'Transcript of prices.rs' });
  await clickFor('the transcript', thread(page).getByRole('button', { name: /Open Transcript/ }).first(), transcript);
  await see('the conversation', async () => {
    for (const frame of page.frames()) {
      const text = await frame.locator('body').innerText({ timeout: 1000 }).catch(() => '');
      if (/You[\s\S]*why mutable\?[\s\S]*Because it sums[\s\S]*and faster\?[\s\S]*Use an iterator\./.test(text)) return true;
    }
    return false;
  });
  await closeTab(page, transcript);
});

story('typing above moves it while it runs', async () => {
  const [page] = windows;
  world.model.script({ match: 'what is printed?', answer: 'Six.', gate: true });
  await openFile(page, 'prices.rs');
  await goToText(page, 'println');
  await submit(page, 'what is printed?');
  await seeLineEnd(page, 'println', '⟳ running');
  await goToLine(page, 1);
  await page.keyboard.type('// above\n// and more\n', { delay: 5 });
  await seeLineEnd(page, 'println', '⟳ running');
  world.model.release('what is printed?');
  await seeLineEnd(page, 'println', '📬 Six.');
  assert.equal((await lineEnds(page)).length, 1);
});

story('its progress is shown to those who ask, and can be cancelled there', async () => {
  const [page] = windows;
  world.model.script({ match: 'how long?', answer: 'Too long.', gate: true });
  await goToText(page, 'fn main');
  await submit(page, 'how long?');
  await seeLineEnd(page, 'fn main', '⟳ running');
  const progress = page.locator('.notification-toast', { hasText: 'Backchat: how long?' });
  await palette(page, 'Backchat: Show Progress', progress);
  await progress.getByText(/running \d/).waitFor();
  const isCancelled = async () => !(await lineEnds(page)).some(({ code }) => code.includes('fn main'));
  await clickFor('it to be cancelled', progress.getByRole('button', { name: 'Cancel' }), isCancelled);
  await progress.waitFor({ state: 'hidden' });
  world.model.release('how long?');
});

story('the sessions are listed, and lead to the answer', async () => {
  const [page] = windows;
  await openSessions(page);
  const request = sessionRow(page, '📬 what is printed?');
  await clickFor('its requests', sessionRow(page, '📬 prices.rs'), request);
  await clickFor('the answer', request, thread(page).getByText('Six.'));
  await seeLineEnd(page, 'println', null);
  await sessionRow(page, 'what is printed?').first().waitFor();
});

story('the rows of the list say to a screen reader what their marks show', async () => {
  const [page] = windows;
  world.model.script({ match: 'said aloud?', answer: 'Yes.', gate: true });
  await openFile(page, 'empty.md');
  await submit(page, 'said aloud?');
  const row = sessionRow(page, 'empty.md');
  const label = () => row.getAttribute('aria-label');
  await see('that it runs', async () => /^empty\.md, running, said aloud\?, 1 question/.test((await label()) ?? ''), label);
  world.model.release('said aloud?');
  await see('that it is unread', async () => /^empty\.md, 1 unread response, said aloud\?/.test((await label()) ?? ''), label);
  await row.click();
  const request = sessionRow(page, '📬 said aloud?');
  await see('the same of the request', async () => /^Unread, said aloud\?, done just now, Yes\./.test((await request.getAttribute('aria-label')) ?? ''), () => request.getAttribute('aria-label'));
  await request.click();
  await seeLineEnd(page, '', null);
});

story('a reloaded window shows everything again', async () => {
  const [page] = windows;
  world.model.script({ match: 'after the reload?', answer: 'Still here.', gate: true });
  await openFile(page, 'notes.txt');
  await goToLine(page, 2);
  await submit(page, 'before the reload?');
  await seeLineEnd(page, 'second note', '📬 Echo: before the reload?');
  await goToLine(page, 3);
  await submit(page, 'after the reload?');
  await seeLineEnd(page, 'third note', '⟳ running');
  await page.reload({ waitUntil: 'domcontentloaded' });
  await page.locator('.monaco-workbench').waitFor();
  await openFile(page, 'notes.txt');
  await seeLineEnd(page, 'second note', '📬 Echo: before the reload?');
  world.model.release('after the reload?');
  await seeLineEnd(page, 'third note', '📬 Still here.');
  await see('both in the badge', async () => (await badge(page)) === '2');
});

story('what is read in one window is read in the other', async () => {
  const [first] = windows;
  const second = await vscode.openWindow(world.folder);
  windows.push(second);
  await openFile(second, 'notes.txt');
  await seeLineEnd(second, 'second note', '📬 Echo: before the reload?');
  await goToLine(second, 2);
  await palette(second, 'Backchat: Read Response', thread(second).getByText('Echo: before the reload?'));
  await seeLineEnd(second, 'second note', null);
  await seeLineEnd(first, 'second note', null);
  await see('one left in the badge', async () => (await badge(first)) === '1');
  await second.context().close();
  windows.pop();
});

story('a prompt of the library is chosen from the list, and words are added', async () => {
  const [page] = windows;
  fs.mkdirSync(path.join(world.root, 'prompts'));
  fs.writeFileSync(path.join(world.root, 'prompts/shorter.md'), '---\nname: Say it shorter\ndescription: Without loss\nintent: edit\n---\nMake it shorter.\n');
  fs.writeFileSync(path.join(world.root, 'prompts/empty.md'), '');
  world.model.script({ match: 'in one word', answer: '```\nfirst\n```' });
  await openFile(page, 'notes.txt');
  await goToLine(page, 1);
  const row = quickRow(page, 'Say it shorter');
  await answerBox(page, 'Say it shorter', 'in one word', async () => {
    await openBox(page, 'Ask with Prompt', () => palette(page, 'Backchat: Ask with Prompt'));
    await row.getByText('Without loss').waitFor();
    await quickRow(page, 'empty.md').waitFor();
    await row.hover();
    await row.getByRole('button', { name: 'Add words of your own' }).click({ timeout: AGAIN });
  });
  await see('what is proposed', async () => (await lenses(page)).includes('✎ +1 −1 clean|apply|preview|dismiss'), () => lenses(page));
  assert.match(world.model.requests().at(-1).prompt, /Make it shorter\.[^]*in one word/);
  await clickLens(page, 'dismiss', async () => (await lenses(page)).length === 0);
});

story('one notification tells of a whole batch, when no one looks', async () => {
  const [page] = windows;
  world.model.script({ match: 'batch', answer: 'Done.', gate: true });
  await openFile(page, 'prices.rs');
  await goToLine(page, 1);
  await submit(page, 'batch one');
  await openFile(page, 'notes.txt');
  await goToLine(page, 1);
  await submit(page, 'batch two');
  await seeLineEnd(page, 'first note', 'running');
  // The extension hears of it a moment after the window, and passes it on to the server.
  const left = () => serverLog(world).split('watched=false').length;
  const before = left();
  await page.evaluate(() => {
    document.hasFocus = () => false;
    window.dispatchEvent(new Event('blur'));
  });
  await see('the window to be left', () => left() > before);
  world.model.release('batch');
  await page.locator('.notification-toast').getByText('📬 2 responses ready.').waitFor();
  assert.equal(await page.locator('.notification-toast').count(), 1);
  await page.evaluate(() => {
    delete document.hasFocus;
    window.dispatchEvent(new Event('focus'));
  });
  await clickFor('an answer', page.locator('.notification-toast').getByRole('button', { name: 'Read Next' }), thread(page).getByText('Done.'));
});

story('a key goes into the secret storage and to the server, and nowhere else', async () => {
  const [page] = windows;
  const setKey = (key) => answerBox(page, 'Set API Key', key, () => palette(page, 'Backchat: Set API Key'));
  const models = () => openBox(page, 'Select Model', () => palette(page, 'Backchat: Select Model'));
  const locked = quickRow(page, 'locked');
  await models();
  await locked.getByText('BACKCHAT_LOCKED_KEY').waitFor();
  await closeBox(page);
  await setKey('sk-planted-in-a-test');
  await insist('the model to be ready', async () => {
    await closeBox(page);
    await models();
    await locked.waitFor({ timeout: AGAIN });
  }, async () => (await locked.count()) > 0 && (await locked.innerText()).includes('From '));
  await closeBox(page);
  await setKey('');
});

story('earlier prompts come back with the arrow keys', async () => {
  const [page] = windows;
  await openFile(page, 'notes.txt');
  const input = await openBox(page, 'Submit to Background', () => palette(page, 'Backchat: Submit to Background'));
  const recall = (what, key, prompt) => insist(what, () => page.keyboard.press(key), async () => (await input.inputValue()) === prompt);
  await recall('the latest prompt', 'ArrowUp', 'batch two');
  await recall('the one before', 'ArrowUp', 'batch one');
  await recall('the latest again', 'ArrowDown', 'batch two');
  await closeBox(page);
});
