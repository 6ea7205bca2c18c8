// The main job, as a person sees it: ask, keep typing, read where it was asked.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startVsCode } from '../vscode.mjs';
import {
  activityIcon,
  answerBox,
  badge,
  clickMark,
  fileBadges,
  goToLine,
  lens,
  lenses,
  lineEnds,
  openBox,
  openFile,
  palette,
  picturing,
  ready,
  see,
  seeLineEnd,
  statusBar,
  submit,
  thread,
} from '../workbench.mjs';
import { makeWorld } from '../world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), `../../backchat-${process.platform}-${process.arch}.vsix`);

let world;
let vscode;
const windows = [];
const story = (name, run) => test(name, picturing(() => windows, name, run));

before(async () => {
  world = await makeWorld();
  vscode = await startVsCode({ extension, env: world.env });
  const page = await vscode.openWindow(world.folder);
  windows.push(page);
  await ready(page);
  await see('the extension', async () => (await statusBar(page).count()) > 0);
});

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
  await clickMark(page);
  await thread(page).getByText('Because it').waitFor();
  assert.match(await thread(page).innerText(), /why mutable\?[\s\S]*let total: u32 = prices\.iter\(\)\.sum\(\);/);
  await seeLineEnd(page, 'let mut sum', null);
  await see('no badge', async () => (await badge(page)) === '');
  await see('no 📬 on the file', async () => (await fileBadges(page))['prices.rs'] !== '📬');
});

story('its code is copied, and inserted at the cursor', async () => {
  const [page] = windows;
  const answer = thread(page).locator('.review-comment').nth(1);
  await answer.hover();
  await answer.getByRole('button', { name: 'Copy Code' }).click();
  await see('the code on the clipboard', async () => (await page.evaluate(() => navigator.clipboard.readText())).trim() === 'let total: u32 = prices.iter().sum();');
  await answer.hover();
  await answer.getByRole('button', { name: 'Insert Code at Cursor' }).click();
  await see('the code in the file', async () => (await page.locator('.view-lines').first().innerText()).replaceAll('\u00a0', ' ').includes('prices.iter().sum();    /*x*/let mut'));
  await page.locator('.editor-instance .view-line').nth(2).click();
  await page.keyboard.press('Control+Z');
});

story('a reply continues the conversation, and is not disturbed while it is written', async () => {
  const [page] = windows;
  world.model.script({ match: 'and faster?', answer: 'Use an iterator.' });
  await thread(page).locator('.review-thread-reply-button').click();
  await thread(page).locator('.comment-form .monaco-editor').first().click();
  await page.keyboard.type('and faster?', { delay: 15 });
  await thread(page).getByRole('button', { name: 'Send' }).click();
  await thread(page).getByText('Use an iterator.').waitFor();
  assert.equal(await thread(page).count(), 1);
});

story('a link to a command in an answer does nothing', async () => {
  const [page] = windows;
  const sideBar = page.locator('.part.sidebar');
  world.model.script({ match: 'what now?', answer: 'Press [this](command:workbench.action.toggleSidebarVisibility), see [that](https://example.org/).' });
  await thread(page).locator('.review-thread-reply-button').click();
  await thread(page).locator('.comment-form .monaco-editor').first().click();
  await page.keyboard.type('what now?', { delay: 15 });
  await thread(page).getByRole('button', { name: 'Send' }).click();
  const answer = thread(page).locator('.review-comment', { hasText: 'Press this, see that.' });
  await answer.waitFor();
  const target = (name) => answer.locator('a', { hasText: name }).evaluateAll((links) => links.map((link) => link.dataset.href ?? '').join());
  assert.equal(await target('that'), 'https://example.org/');
  assert.equal(await target('this'), '');
  // What VS Code shows has no link there, only the word.
  const at = await answer.locator('p', { hasText: 'Press this' }).evaluate((paragraph) => {
    const texts = document.createTreeWalker(paragraph, 4 /* text nodes */);
    while (texts.nextNode()) {
      const from = texts.currentNode.data.indexOf('this');
      if (from < 0) continue;
      const word = document.createRange();
      word.setStart(texts.currentNode, from);
      word.setEnd(texts.currentNode, from + 'this'.length);
      const { x, y, width, height } = word.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    }
    return undefined;
  });
  await page.mouse.click(at.x, at.y);
  // What the click sets off, if anything, comes before the palette.
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input.input').waitFor();
  await page.keyboard.press('Escape');
  assert.ok(await sideBar.isVisible());
});

story('the transcript is shown as markdown', async () => {
  const [page] = windows;
  await thread(page).hover();
  await thread(page).getByRole('button', { name: /Open Transcript/ }).first().click();
  await page.locator('.tab', { hasText: 'Transcript of prices.rs' }).waitFor();
  await see('the conversation', async () => {
    for (const frame of page.frames()) {
      const text = await frame.locator('body').innerText({ timeout: 1000 }).catch(() => '');
      if (/You[\s\S]*why mutable\?[\s\S]*Because it sums[\s\S]*and faster\?[\s\S]*Use an iterator\./.test(text)) return true;
    }
    return false;
  });
  await page.keyboard.press('Control+W');
});

story('typing above moves it while it runs', async () => {
  const [page] = windows;
  world.model.script({ match: 'what is printed?', answer: 'Six.', gate: true });
  await openFile(page, 'prices.rs');
  await page.locator('.editor-instance .view-line', { hasText: 'println' }).click();
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
  await page.locator('.editor-instance .view-line', { hasText: 'fn main' }).click();
  await submit(page, 'how long?');
  await seeLineEnd(page, 'fn main', '⟳ running');
  await palette(page, 'Backchat: Show Progress');
  const progress = page.locator('.notification-toast', { hasText: 'Backchat: how long?' });
  await progress.getByText(/running \d/).waitFor();
  await progress.getByRole('button', { name: 'Cancel' }).click();
  await seeLineEnd(page, 'fn main', null);
  await progress.waitFor({ state: 'hidden' });
  world.model.release('how long?');
});

story('the sessions are listed, and lead to the answer', async () => {
  const [page] = windows;
  await activityIcon(page).click();
  const row = page.locator('.pane-body .monaco-list-row', { hasText: '📬 prices.rs' });
  await row.waitFor();
  await row.click();
  const request = page.locator('.pane-body .monaco-list-row', { hasText: '📬 what is printed?' });
  await request.waitFor();
  await request.click();
  await thread(page).getByText('Six.').first().waitFor();
  await seeLineEnd(page, 'println', null);
  await page.locator('.pane-body .monaco-list-row', { hasText: 'what is printed?' }).first().waitFor();
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
  await palette(second, 'Backchat: Read Response');
  await thread(second).getByText('Echo: before the reload?').waitFor();
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
  await palette(page, 'Backchat: Ask with Prompt');
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: 'Say it shorter' });
  await row.getByText('Without loss').waitFor();
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'empty.md' }).waitFor();
  await row.hover();
  await row.getByRole('button', { name: 'Add words of your own' }).click();
  await answerBox(page, 'Say it shorter', 'in one word');
  await see('what is proposed', async () => (await lenses(page)).includes('✎ +1 −1 clean|apply|preview|dismiss'), () => lenses(page));
  assert.match(world.model.requests().at(-1).prompt, /Make it shorter\.[^]*in one word/);
  await lens(page, 'dismiss').click();
  await see('no links', async () => (await lenses(page)).length === 0);
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
  await page.evaluate(() => {
    document.hasFocus = () => false;
    window.dispatchEvent(new Event('blur'));
  });
  world.model.release('batch');
  await page.locator('.notification-toast').getByText('📬 2 responses ready.').waitFor();
  assert.equal(await page.locator('.notification-toast').count(), 1);
  await page.evaluate(() => {
    delete document.hasFocus;
    window.dispatchEvent(new Event('focus'));
  });
  await page.locator('.notification-toast').getByRole('button', { name: 'Read Next' }).click();
  await thread(page).getByText('Done.').first().waitFor();
});

story('a key goes into the secret storage and to the server, and nowhere else', async () => {
  const [page] = windows;
  await palette(page, 'Backchat: Select Model');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'locked' }).getByText('BACKCHAT_LOCKED_KEY').waitFor();
  await page.keyboard.press('Escape');
  await palette(page, 'Backchat: Set API Key');
  await answerBox(page, 'Set API Key', 'sk-planted-in-a-test');
  await see('the model to be ready', async () => {
    await palette(page, 'Backchat: Select Model');
    const row = page.locator('.quick-input-list .monaco-list-row', { hasText: 'locked' });
    await row.waitFor();
    const text = await row.innerText();
    await page.keyboard.press('Escape');
    return text.includes('From ');
  });
  await palette(page, 'Backchat: Set API Key');
  await answerBox(page, 'Set API Key', '');
});

story('earlier prompts come back with the arrow keys', async () => {
  const [page] = windows;
  await openFile(page, 'notes.txt');
  await palette(page, 'Backchat: Submit to Background');
  const input = await openBox(page, 'Submit to Background');
  await page.keyboard.press('ArrowUp');
  await see('the latest prompt', async () => (await input.inputValue()) === 'batch two');
  await page.keyboard.press('ArrowUp');
  await see('the one before', async () => (await input.inputValue()) === 'batch one');
  await page.keyboard.press('ArrowDown');
  await see('the latest again', async () => (await input.inputValue()) === 'batch two');
  await page.keyboard.press('Escape');
});
