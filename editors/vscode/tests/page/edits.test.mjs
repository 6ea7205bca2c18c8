// A change, as a person sees it: asked for, typed around, looked at, applied.

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
  chooseInMenu,
  chord,
  clickLens,
  closeBox,
  closeTab,
  editorText,
  goToLine,
  lenses,
  openBox,
  openFile,
  openSessions,
  palette,
  ready,
  seeLineEnd,
  selectLines,
  sessionRow,
  statusBar,
  thread,
} from '../workbench.mjs';
import { FILES, makeWorld } from '../world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), `../../backchat-${process.platform}-${process.arch}.vsix`);
const CODE = FILES['prices.rs'];
const ANSWER = '```rust\nfn total(prices: &[u32]) -> u32 {\n    prices.iter().sum()\n}\n```';
const CHANGED = CODE.replace(/ {4}let mut[^]*?\n {4}sum\n/, '    prices.iter().sum()\n');
/** Two places, far enough from each other to be two hunks. */
const BLOCKS = ['<<<<<<< SEARCH', '    let mut sum = 0;', '=======', '    let mut sum: u32 = 0;', '>>>>>>> REPLACE', '', '<<<<<<< SEARCH', '    println!("{}", total(&[1, 2, 3]));', '=======', '    println!("{}", total(&[1]));', '>>>>>>> REPLACE', ''].join('\n');

let world;
let vscode;
const windows = [];
const kept = (name, run) => keeping('vscode-page', name, () => ({ windows, vscode, world }), run);
const story = (name, run) => test(name, kept(name, run));

before(kept('before edits', async () => {
  world = await makeWorld({ ...FILES, 'second.rs': CODE, 'third.rs': CODE, 'fourth.rs': CODE, 'fifth.rs': CODE });
  vscode = await startVsCode({ extension, env: world.env, settings: { 'diffEditor.codeLens': true, 'diffEditor.renderSideBySide': true } });
  const page = await vscode.openWindow(world.folder);
  windows.push(page);
  await ready(page);
  await see('the extension', async () => (await statusBar(page).count()) > 0);
}));

after(async () => {
  await vscode?.close();
  await world?.close();
});

const editKey = (page) => () => chord(page, 'Control+K', 'b');

/** Asks for a change of lines of the file in front, counted from 1. */
async function edit(page, lines, prompt) {
  await selectLines(page, ...lines);
  await answerBox(page, 'Edit in Background', prompt, editKey(page));
}

story('a change is asked for by its key, typed around, and applied by its link', async () => {
  const [page] = windows;
  world.model.script({ match: 'as an iterator', answer: ANSWER, gate: true });
  await openFile(page, 'prices.rs');
  await edit(page, [1, 7], 'as an iterator');
  await seeLineEnd(page, '}', '⟳ running');
  await goToLine(page, 1);
  await page.keyboard.type('#![allow(unused)]\n', { delay: 5 });
  const typed = `#![allow(unused)]\n${CODE}`;
  world.model.release('as an iterator');
  await see('what is proposed', async () => (await lenses(page)).includes('✎ +1 −5 moved|apply|preview|dismiss'), () => lenses(page));
  await seeLineEnd(page, '}', '📬 ✎ +1 −5 moved');
  assert.equal(await editorText(page), typed);
  assert.deepEqual(await page.locator('.notification-toast').allInnerTexts(), []);

  await clickLens(page, 'apply', async () => (await editorText(page)) === `#![allow(unused)]\n${CHANGED}`);
  await seeLineEnd(page, '}', null);
  await see('that it is in the buffer', async () => (await lenses(page)).includes('✎ in the buffer|dismiss'));
  assert.equal(fs.readFileSync(path.join(world.folder, 'prices.rs'), 'utf8'), CODE, 'nothing was saved');
  // What was typed is not taken back with it.
  await page.locator('.editor-instance .view-line').first().click();
  await page.keyboard.press('Control+Z');
  await see('what was typed', async () => (await editorText(page)) === typed, () => editorText(page));
  await see('the proposal again', async () => (await lenses(page)).includes('✎ +1 −5 moved|apply|preview|dismiss'));
});

story('its thread offers it too', async () => {
  const [page] = windows;
  await goToLine(page, 3);
  await palette(page, 'Backchat: Read Response', thread(page).getByText('+1 −5 moved'));
  await thread(page).hover();
  const isApplied = async () => (await editorText(page)).startsWith(`#![allow(unused)]\n${CHANGED.slice(0, 60)}`);
  await clickFor('the change', thread(page).getByRole('button', { name: 'Apply Edit' }), isApplied);
});

story('it is compared in a diff editor, and taken by hunks from there', async () => {
  const [page] = windows;
  world.model.script({ match: 'both places', answer: BLOCKS });
  await openFile(page, 'second.rs');
  await edit(page, [1, 11], 'both places');
  await see('what is proposed', async () => (await lenses(page)).includes('✎ +2 −2 clean|apply|preview|dismiss'), () => lenses(page));
  await clickLens(page, 'preview', page.locator('.tab.active', { hasText: 'second.rs ↔ proposed: both places' }));
  const modified = page.locator('.monaco-diff-editor .editor.modified');
  await modified.locator('.view-line', { hasText: 'let mut sum: u32 = 0;' }).waitFor();
  const links = () => modified.locator('.codelens-decoration a').allInnerTexts();
  await see('a link for each hunk', async () => (await links()).join() === '✎ apply hunk 1 of 2,✎ apply hunk 2 of 2', links);
  // The button takes the hunk at the cursor.
  await insist('one hunk to be left', async () => {
    await modified.locator('.view-line', { hasText: 'total(&[1])' }).click({ timeout: AGAIN });
    await page.locator('.editor-actions').getByRole('button', { name: 'Apply Hunk of Edit' }).click({ timeout: AGAIN });
  }, async () => (await links()).join() === '✎ apply');
  const original = page.locator('.monaco-diff-editor .editor.original');
  await original.locator('.view-line', { hasText: 'total(&[1])' }).waitFor();
  const comparison = page.locator('.tab', { hasText: '↔ proposed' });
  const applyAll = page.locator('.editor-actions').getByRole('button', { name: 'Apply Edit' });
  await clickFor('the comparison to close', applyAll, async () => (await comparison.count()) === 0);
  await page.locator('.tab.active[data-resource-name="second.rs"]').waitFor();
  await see('both', async () => (await editorText(page)).includes('let mut sum: u32 = 0;') && (await editorText(page)).includes('total(&[1])'));
});

story('what was typed over stays, and VS Code resolves the conflict', async () => {
  const [page] = windows;
  world.model.script({ match: 'start at one', answer: '```rust\n    let mut sum = 1;\n```', gate: true });
  await openFile(page, 'third.rs');
  await edit(page, [2, 2], 'start at one');
  await seeLineEnd(page, 'let mut sum', '⟳ running');
  await goToLine(page, 2);
  await page.keyboard.press('End');
  await page.keyboard.type(' // typed', { delay: 5 });
  world.model.release('start at one');
  await see('the conflict', async () => (await lenses(page)).includes('✎ +0 −0 conflict: you typed over 1 place|mark conflicts|preview|dismiss'), () => lenses(page));
  const message = page.locator('.notification-toast', { hasText: 'you typed over the same lines. Nothing was applied.' }).first();
  await palette(page, 'Backchat: Apply Edit', message);
  assert.equal(await editorText(page), CODE.replace('sum = 0;', 'sum = 0; // typed'));
  const mark = message.getByRole('button', { name: 'Mark Conflicts' });
  await clickFor('the markers', mark, async () => (await editorText(page)).includes('<<<<<<< yours'));
  const accept = page.locator('.codelens-decoration a', { hasText: 'Accept Incoming Change' });
  await clickFor('the proposed line alone', accept, async () => (await editorText(page)) === CODE.replace('sum = 0;', 'sum = 1;'));
});

story('a closed file is opened to be changed, and one that is dismissed loses its links', async () => {
  const [page] = windows;
  world.model.script({ match: 'a shorter one', answer: ANSWER });
  await openFile(page, 'fourth.rs');
  await edit(page, [1, 7], 'a shorter one');
  await see('what is proposed', async () => (await lenses(page)).includes('✎ +1 −5 clean|apply|preview|dismiss'), () => lenses(page));
  await closeTab(page, page.locator('.tab[data-resource-name="fourth.rs"]'));
  await openSessions(page);
  const request = sessionRow(page, '📬 a shorter one');
  await clickFor('its request', sessionRow(page, '📬 fourth.rs'), request);
  // A menu that closes because the list is drawn anew has done nothing.
  const file = page.locator('.tab.active[data-resource-name="fourth.rs"]');
  await insist('the file to be opened', () => chooseInMenu(page, request, 'Apply Edit'), file);
  await see('the change', async () => (await editorText(page)) === CHANGED, () => editorText(page));
  assert.equal(fs.readFileSync(path.join(world.folder, 'fourth.rs'), 'utf8'), CODE, 'nothing was saved');
  await clickLens(page, 'dismiss', async () => (await lenses(page)).length === 0);
  assert.equal(await editorText(page), CHANGED);
});

story('the box says which lines are meant', async () => {
  const [page] = windows;
  await goToLine(page, 2);
  const input = await openBox(page, 'Edit in Background · fourth.rs:2', editKey(page));
  assert.equal(await input.getAttribute('placeholder'), 'What should change?');
  await closeBox(page);
});

story('what is typed while the box is open moves what is meant, and the box says so', async () => {
  const [page] = windows;
  world.model.script({ match: 'twice as much', answer: '```rust\n        sum += 2 * price;\n```' });
  await openFile(page, 'fifth.rs');
  await goToLine(page, 4);
  const input = await openBox(page, 'Edit in Background · fifth.rs:4', editKey(page));
  await input.fill('twice as much');
  await page.locator('.editor-instance .view-line', { hasText: 'fn total' }).click();
  await page.keyboard.press('Home');
  await page.keyboard.type('mod one;\nmod two;\n', { delay: 5 });
  const moved = page.locator('.quick-input-title', { hasText: 'Edit in Background · fifth.rs:6' });
  await moved.waitFor();
  await insist('the box to take it', () => input.press('Enter', { timeout: AGAIN }), async () => !(await moved.isVisible()));
  await see('what is proposed', async () => (await lenses(page)).includes('✎ +1 −1 clean|apply|preview|dismiss'), () => lenses(page));
  const changed = `mod one;\nmod two;\n${CODE.replace('sum += price', 'sum += 2 * price')}`;
  await clickLens(page, 'apply', async () => (await editorText(page)) === changed);
});
