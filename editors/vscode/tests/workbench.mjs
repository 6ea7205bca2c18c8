// What a person does in VS Code's window, and what they see there.

import fs from 'node:fs';
import path from 'node:path';
import { SCREENSHOTS } from './vscode.mjs';

/** Waits until the window shows the files of its folder. */
export async function ready(page) {
  await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
}

/** Runs a command from the palette. The row is clicked: Enter may hit the row of an earlier search. */
export async function palette(page, title) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor();
  await input.fill(`>${title}`);
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first().click();
}

/** Opens a file of the folder and puts the cursor into it. */
export async function openFile(page, name) {
  await page.keyboard.press('Control+P');
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor();
  await input.fill(name);
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: name }).first().click();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  await page.locator('.editor-instance .view-line').first().waitFor();
}

/** Puts the cursor at the beginning of a line, counted from 1. */
export async function goToLine(page, line) {
  await page.keyboard.press('Control+G');
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor();
  await input.fill(`:${line}`);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** The box that the extension opened: it has a title, the palette, which may still be closing, has none. */
export async function openBox(page, title) {
  await page.locator('.quick-input-widget .quick-input-title', { hasText: title }).waitFor();
  return page.locator('.quick-input-widget input.input');
}

/** Answers the box with this title. */
export async function answerBox(page, title, text) {
  await (await openBox(page, title)).fill(text);
  await page.keyboard.press('Enter');
}

/** Asks a question about the line of the cursor, in the background. */
export async function submit(page, prompt) {
  await palette(page, 'Backchat: Submit to Background');
  await answerBox(page, 'Submit to Background', prompt);
}

/** The texts at the ends of lines, each with the code that it stands behind. They are CSS, not text. */
export function lineEnds(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('.editor-instance .view-lines .view-line')].flatMap((line) =>
      [...line.querySelectorAll('span')]
        .map((span) => getComputedStyle(span, '::after').content)
        .filter((content) => content !== 'none' && content !== 'normal' && content !== '""')
        .map((content) => ({ code: line.textContent.replaceAll('\u00a0', ' ').trim(), text: content.replace(/^"|"$/g, '') })),
    ),
  );
}

/** Waits for a text at the end of the line with this code; `null` waits until there is none. */
export async function seeLineEnd(page, code, wanted) {
  await see(`“${wanted}” behind “${code}”`, async () => {
    const shown = (await lineEnds(page)).filter((end) => end.code.includes(code)).map((end) => end.text);
    return wanted === null ? shown.length === 0 : shown.some((text) => text.includes(wanted));
  }, () => lineEnds(page));
}

/** The lines of links above code, each as its titles with | between them. */
export async function lenses(page) {
  const lines = await page.locator('.editor-instance .codelens-decoration').allInnerTexts();
  return lines.map((line) => line.replaceAll('\u00a0', ' ').split('|').map((title) => title.trim()).join('|')).filter((line) => line.startsWith('✎'));
}

/** A link above code, by its title. */
export function lens(page, title) {
  return page.locator('.editor-instance .codelens-decoration a').filter({ hasText: new RegExp(`^${title}$`) }).first();
}

/** The text of the editor in front, when all of it is on the screen. */
export async function editorText(page) {
  const lines = await page.locator('.editor-instance .view-lines').first().locator('.view-line').evaluateAll((found) =>
    found
      .map((line) => ({ top: Number.parseFloat(line.style.top), text: line.textContent.replaceAll('\u00a0', ' ') }))
      .sort((left, right) => left.top - right.top)
      .map(({ text }) => text),
  );
  return lines.join('\n');
}

/** The badges of files in the explorer, by the file's name. */
export function fileBadges(page) {
  return page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll('.explorer-folders-view .monaco-icon-label')].map((label) => [
        label.textContent,
        getComputedStyle(label, '::after').content.replace(/^"|"$/g, ''),
      ]),
    ),
  );
}

/** What the extension's item of the status bar says. */
export function statusBar(page) {
  return page.locator('.statusbar-item[id="backchat.backchat.backchat.status"], .statusbar-item[id*="backchat.status"]').first();
}

/** The icon of the extension in the activity bar. */
export function activityIcon(page) {
  return page.locator('.activitybar li.action-item', { has: page.locator('a[aria-label^="Backchat"]') });
}

/** The number on that icon, or an empty text. */
export async function badge(page) {
  const content = activityIcon(page).locator('.badge-content').first();
  return (await content.count()) > 0 && (await content.isVisible()) ? content.innerText() : '';
}

/** Chooses from the open context menu, which takes no click in its first moments. */
export async function chooseInMenu(page, name) {
  const item = page.locator('.context-view').getByRole('menuitem', { name });
  await item.waitFor();
  await see(`the menu to take “${name}”`, async () => {
    await item.click({ timeout: 1000 }).catch(() => {});
    return !(await item.isVisible());
  });
}

/** The open thread. */
export function thread(page) {
  return page.locator('.editor-instance .review-widget');
}

/** Clicks the mark in the margin that belongs to the place of a text. */
export async function clickMark(page) {
  await page.locator('.editor-instance .comment-range-glyph.comment-thread').first().click();
}

/** Waits until `look` finds something; tells what was there instead when it does not. */
export async function see(what, look, instead = () => 'nothing to tell') {
  const end = Date.now() + 45_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`Looked in vain for ${what}. There is: ${JSON.stringify(await instead())}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs a test, and leaves pictures of the windows when it fails. */
export function picturing(windows, name, test) {
  return async () => {
    try {
      await test();
    } catch (error) {
      fs.mkdirSync(SCREENSHOTS, { recursive: true });
      for (const [index, page] of windows().entries()) {
        await page.screenshot({ path: path.join(SCREENSHOTS, `${name.replace(/\W+/g, '-')}-${index + 1}.png`) }).catch(() => {});
      }
      throw error;
    }
  };
}
