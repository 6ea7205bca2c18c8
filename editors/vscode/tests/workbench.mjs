// What a person does in VS Code's window, and what they see there.

import { AGAIN, clickFor, insist, see } from './patience.mjs';

/** Waits until the window shows the files of its folder. */
export async function ready(page) {
  await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
}

const quickInput = (page) => page.locator('.quick-input-widget');
const inputOf = (page) => quickInput(page).locator('input.input');

/** A row of the list that the palette, or a list of the extension, shows. */
export function quickRow(page, text) {
  return page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text });
}

/** Closes the palette, or what else is in its place. */
export async function closeBox(page) {
  const isClosed = async () => !(await quickInput(page).isVisible());
  // A box is seen a moment before it has the focus, and the key would close something else.
  await insist('the box to close', () => inputOf(page).press('Escape', { timeout: AGAIN }), isClosed);
}

/**
 * Opens the palette by a key, types, and clicks the row. Enter may hit the row of an earlier search. Fails soon when
 * anything of it is swallowed.
 */
async function choose(page, key, text, row) {
  await closeBox(page);
  await page.keyboard.press(key);
  const input = inputOf(page);
  await input.waitFor({ timeout: AGAIN });
  await input.fill(text, { timeout: AGAIN });
  await row.first().click({ timeout: AGAIN });
  // It closes as it takes the choice, or a box of the extension takes its place.
  const isTaken = async () => !(await input.isVisible()) || (await input.inputValue()) !== text;
  for (const end = Date.now() + AGAIN; !(await isTaken()); ) {
    if (Date.now() > end) throw new Error(`The palette does not take “${text}”`);
  }
}

/** Runs a command from the palette; with an `effect`, again until that is there. */
export async function palette(page, title, effect) {
  let chosen = false;
  const run = async () => {
    await choose(page, 'F1', `>${title}`, quickRow(page, title));
    chosen = true;
  };
  await insist(`what “${title}” does`, run, effect ?? (async () => chosen));
}

/** Opens a file of the folder and puts the cursor into it. */
export async function openFile(page, name) {
  const tab = page.locator(`.tab.active[data-resource-name="${name}"]`);
  const label = page.locator('.label-name', { hasText: new RegExp(`^${name.replaceAll('.', '\\.')}$`) });
  const row = page.locator('.quick-input-list .monaco-list-row').filter({ has: label });
  const isInFront = async () => (await tab.isVisible()) && (await isInEditor(page));
  await insist(`the file ${name} in front`, () => choose(page, 'Control+P', name, row), isInFront);
  await page.locator('.editor-instance .view-line').first().waitFor();
}

/** Closes the tab that is in front. */
export async function closeTab(page, tab) {
  await insist('the tab to close', () => page.keyboard.press('Control+W'), async () => (await tab.count()) === 0);
}

/** Whether what is typed goes into the editor. */
function isInEditor(page) {
  return page.locator('.editor-instance .monaco-editor.focused').first().isVisible();
}

/** What the status bar says of the cursor, such as `Ln 2, Col 1`. */
export async function cursor(page) {
  const item = page.locator('[id="status.editor.selection"]');
  return (await item.count()) > 0 ? item.innerText() : '';
}

/** Puts the cursor at the beginning of a line, counted from 1. */
export async function goToLine(page, line) {
  const isThere = async () => (await isInEditor(page)) && (await cursor(page)) === `Ln ${line}, Col 1`;
  const row = page.locator('.quick-input-list .monaco-list-row');
  await insist(`the cursor in line ${line}`, () => choose(page, 'Control+G', `:${line}`, row), isThere);
}

/** Puts the cursor at the beginning of the line with this text; all of the file has to be on the screen. */
export async function goToText(page, text) {
  const lines = (await editorText(page)).split('\n');
  await goToLine(page, lines.findIndex((line) => line.includes(text)) + 1);
}

/** Selects whole lines, counted from 1, without the end of the last one. */
export async function selectLines(page, first, last) {
  const select = async () => {
    await goToLine(page, first);
    for (let line = first; line < last; line += 1) await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+End');
  };
  const isSelected = async () => new RegExp(`^Ln ${last}, Col \\d+ \\(.*selected\\)$`).test(await cursor(page));
  await insist(`lines ${first} to ${last} to be selected`, select, isSelected);
}

/** Presses a key of two parts. Between them the status bar says that the second is waited for. */
export async function chord(page, first, second) {
  const waiting = page.locator('.statusbar-item', { hasText: 'Waiting for second key of chord' });
  await insist('the chord to be begun', () => page.keyboard.press(first), waiting);
  await page.keyboard.press(second);
}

/** The box of the extension with this title, which `open` opens. The palette, which may still be closing, has no title. */
export async function openBox(page, title, open) {
  const box = quickInput(page).locator('.quick-input-title', { hasText: title });
  await insist(`the box “${title}”`, open, box);
  return inputOf(page);
}

/** Answers the box with this title, which `open` opens. */
export async function answerBox(page, title, text, open) {
  const input = await openBox(page, title, open);
  await input.fill(text);
  await see(`“${text}” in the box`, async () => (await input.inputValue()) === text, () => input.inputValue());
  const box = quickInput(page).locator('.quick-input-title', { hasText: title });
  await insist('the box to take it', () => input.press('Enter', { timeout: AGAIN }), async () => !(await box.isVisible()));
}

/** Asks a question about the line of the cursor, in the background. */
export async function submit(page, prompt) {
  await answerBox(page, 'Submit to Background', prompt, () => palette(page, 'Backchat: Submit to Background'));
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

/** Clicks a link above code until the effect is there: the links are drawn anew whenever something changes. */
export function clickLens(page, title, effect) {
  return clickFor(`the effect of “${title}”`, lens(page, title), effect);
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

/** Shows the list of sessions. */
export async function openSessions(page) {
  // Another click on the icon of what is shown would hide it.
  await clickFor('the sessions', activityIcon(page), page.locator('.activitybar li.action-item.checked a[aria-label^="Backchat"]'));
}

/** A line of the list of sessions. */
export function sessionRow(page, text) {
  return page.locator('.pane-body .monaco-list-row', { hasText: text });
}

/** Chooses from the context menu of something. */
export async function chooseInMenu(page, target, name) {
  const item = page.locator('.context-view').getByRole('menuitem', { name });
  await clickFor('the menu', target, item, { button: 'right' });
  // A menu takes no click in its first moments.
  await clickFor(`the menu to take “${name}”`, item, async () => !(await item.isVisible()));
}

/** The open thread. */
export function thread(page) {
  return page.locator('.editor-instance .review-widget');
}

/** Opens the thread of the first mark in the margin. */
export async function openThread(page) {
  await clickFor('the thread', page.locator('.editor-instance .comment-range-glyph.comment-thread').first(), thread(page));
}

/** Writes a reply into the open thread, and sends it. */
export async function reply(page, text) {
  const form = thread(page).locator('.comment-form .monaco-editor').first();
  await clickFor('the box for a reply', thread(page).locator('.review-thread-reply-button'), form);
  const isWritten = async () => (await form.locator('.view-lines').innerText()).replaceAll('\u00a0', ' ').trim() === text;
  const write = async () => {
    await form.click({ timeout: AGAIN });
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text, { delay: 15 });
  };
  await insist(`the reply “${text}” to be written`, write, isWritten);
  const send = thread(page).getByRole('button', { name: 'Send' });
  await clickFor('the reply to be sent', send, async () => !(await send.isVisible()));
}
