// Makes the pictures of the README, and the icon, from the real thing: `node tests/pictures.mjs`, after
// `npm run package`. They land in docs/ and media/.

import { chromium } from 'playwright-core';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHROMIUM, installVsCode } from './install.mjs';
import { clickFor } from './patience.mjs';
import { startVsCode } from './vscode.mjs';
import { answerBox, clickLens, goToLine, lens, openFile, openSessions, palette, ready, seeLineEnd, selectLines, sessionRow, submit, thread } from './workbench.mjs';
import { makeWorld } from './world.mjs';

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const vsix = path.join(here, `backchat-${process.platform}-${process.arch}.vsix`);
const docs = path.join(here, 'docs');

const FILES = {
  'basket.rs': `use std::collections::HashMap;

/// What a customer is about to buy.
pub struct Basket {
    items: HashMap<String, u32>,
}

impl Basket {
    pub fn add(&mut self, name: &str, count: u32) {
        *self.items.entry(name.to_string()).or_insert(0) += count;
    }

    pub fn total(&self, prices: &HashMap<String, u32>) -> u32 {
        let mut sum = 0;
        for (name, count) in &self.items {
            sum += prices[name] * count;
        }
        sum
    }

    pub fn clear(&mut self) {
        self.items.clear();
    }
}
`,
  'prices.toml': 'apple = 3\npear = 4\nplum = 2\n',
  'notes.md': '# To do\n\n- discounts\n- currencies\n',
};

FILES['cart.rs'] = FILES['basket.rs'];

const PANIC = `A missing price panics.

\`prices[name]\` has no default. Ask for the price, and let the caller decide what a missing one means:

\`\`\`rust
pub fn total(&self, prices: &HashMap<String, u32>) -> Option<u32> {
    self.items.iter().map(|(name, count)| Some(prices.get(name)? * count)).sum()
}
\`\`\`

\`sum\` over \`Option<u32>\` is \`None\` as soon as one of them is.`;

const EDIT = `\`\`\`rust
    /// What the basket costs; \`None\` when a price is not known.
    pub fn total(&self, prices: &HashMap<String, u32>) -> Option<u32> {
        let mut sum = 0;
        for (name, count) in &self.items {
            sum += prices.get(name)? * count;
        }
        Some(sum)
    }
\`\`\``;

async function icon() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 128, height: 128 } });
  const svg = fs.readFileSync(path.join(here, 'media/icon.svg'), 'utf8');
  await page.setContent(`<style>body{margin:0;background:transparent}svg{display:block}</style>${svg}`);
  await page.screenshot({ path: path.join(here, 'media/icon.png'), omitBackground: true });
  await browser.close();
}

async function pictures() {
  const world = await makeWorld(FILES);
  const { model } = world;
  model.script({ match: 'go wrong', answer: PANIC, gate: true });
  model.script({ match: 'clone', answer: 'Yes: `entry` keeps the key.', gate: true });
  model.script({ match: 'release', chunks: ['`clear` keeps the memory ', 'of the table ', 'so that it can be filled again, ', 'and ', 'drops ', 'only ', 'the entries. '], gate: 6 });
  const settings = { 'editor.fontSize': 14, 'editor.lineHeight': 21, 'workbench.colorTheme': 'Default Dark Modern', 'editor.occurrencesHighlight': 'off', 'editor.hover.delay': 3000 };
  const vscode = await startVsCode({ extension: vsix, env: world.env, settings });
  try {
    const page = await vscode.openWindow(world.folder, { size: { width: 1280, height: 700 }, scale: 2 });
    await ready(page);
    await openFile(page, 'basket.rs');
    const ask = async (line, prompt) => {
      await goToLine(page, line);
      await submit(page, prompt);
    };
    await ask(16, 'what can go wrong here?');
    await seeLineEnd(page, 'prices[name]', 'running');
    model.release('go wrong');
    await seeLineEnd(page, 'prices[name]', '📬');
    await ask(10, 'is this clone needed?');
    await seeLineEnd(page, 'or_insert', 'running');
    model.release('clone');
    await seeLineEnd(page, 'or_insert', '📬');
    await ask(22, 'does this release the memory?');
    await seeLineEnd(page, 'items.clear', 'tokens');
    await openFile(page, 'prices.toml');
    await ask(2, 'are pears in season?');
    await seeLineEnd(page, 'pear', '📬');
    await openFile(page, 'basket.rs');
    await goToLine(page, 19);
    await openSessions(page);
    await clickFor('the requests', sessionRow(page, 'basket.rs'), sessionRow(page, 'does this release'));
    await page.mouse.move(600, 690);
    await still(page);
    await page.screenshot({ path: path.join(docs, 'ready.png') });

    await goToLine(page, 16);
    await palette(page, 'Backchat: Read Response', thread(page).getByText('A missing price panics'));
    await seeLineEnd(page, 'prices[name]', null);
    await page.mouse.move(600, 690);
    await still(page);
    await page.screenshot({ path: path.join(docs, 'thread.png') });
    await proposal(vscode, world);
  } finally {
    await vscode.close();
    await world.close();
  }
}

/** A change that is proposed for a file of its own, before and in the comparison. */
async function proposal(vscode, { folder, model }) {
  model.script({ match: 'do not panic', answer: EDIT, gate: true });
  const page = await vscode.openWindow(folder, { size: { width: 1280, height: 620 }, scale: 2 });
  await ready(page);
  await openFile(page, 'cart.rs');
  await selectLines(page, 13, 19);
  await answerBox(page, 'Edit in Background', 'do not panic when a price is missing', () => palette(page, 'Backchat: Edit in Background'));
  await seeLineEnd(page, '}', 'running');
  await goToLine(page, 22);
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('// The table keeps its memory.', { delay: 5 });
  model.release('do not panic');
  await lens(page, 'apply').waitFor();
  await palette(page, 'View: Toggle Primary Side Bar Visibility');
  await page.mouse.move(600, 600);
  await still(page);
  await page.screenshot({ path: path.join(docs, 'edit.png') });
  await clickLens(page, 'preview', page.locator('.monaco-diff-editor .editor.modified .view-line', { hasText: 'Some(sum)' }));
  await page.mouse.move(600, 600);
  await still(page);
  await page.screenshot({ path: path.join(docs, 'preview.png') });
}

/** Lets animations and late layouts come to rest. */
async function still(page) {
  await page.waitForTimeout(1200);
}

installVsCode();
fs.mkdirSync(docs, { recursive: true });
const only = process.argv[2];
if (only !== 'pictures') await icon();
if (only !== 'icon') await pictures();
