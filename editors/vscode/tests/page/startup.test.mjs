// A window whose server is not there yet: everything can be chosen already, and waits.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keeping } from '../failure.mjs';
import { see } from '../patience.mjs';
import { startVsCode } from '../vscode.mjs';
import { answerBox, closeBox, goToLine, openFile, openSessions, palette, quickRow, ready, seeLineEnd, statusBar } from '../workbench.mjs';
import { makeWorld } from '../world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), `../../backchat-${process.platform}-${process.arch}.vsix`);

let world;
let vscode;
let gate;
const windows = [];
const kept = (name, run) => keeping('vscode-page', name, () => ({ windows, vscode, world }), run);
const story = (name, run) => test(name, kept(name, run));

before(async () => {
  world = await makeWorld();
  vscode = await startVsCode({ extension, env: world.env });
  // The real server, which is started when the gate is open.
  gate = path.join(world.root, 'gate');
  const [installed] = fs.readdirSync(vscode.extensions).filter((name) => name.startsWith('backchat.backchat'));
  const program = path.join(vscode.extensions, installed, 'server/backchat');
  fs.renameSync(program, `${program}-itself`);
  const waits = `#!/bin/sh\nif [ "$1" = serve ]; then until [ -e '${gate}' ]; do sleep 0.1; done; fi\nexec '${program}-itself' "$@"\n`;
  fs.writeFileSync(program, waits, { mode: 0o755 });
  const page = await vscode.openWindow(world.folder);
  windows.push(page);
  await ready(page);
  await see('the extension', async () => (await statusBar(page).count()) > 0);
});

after(async () => {
  await vscode?.close();
  await world?.close();
});

story('every command is in the palette before the server runs', async () => {
  const [page] = windows;
  await openFile(page, 'notes.txt');
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor();
  await input.fill('>Backchat:');
  for (const title of ['Submit to Background', 'Ask', 'Edit in Background', 'Ask with Prompt…', 'Apply Edit', 'Select Model', 'Cancel']) {
    await input.fill(`>Backchat: ${title}`);
    await quickRow(page, `Backchat: ${title}`).first().waitFor();
  }
  await closeBox(page);
});

story('the list says that it starts', async () => {
  const [page] = windows;
  await openSessions(page);
  await page.locator('.welcome-view', { hasText: 'Backchat is starting.' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Restart Server' }).count(), 0);
});

story('what is submitted and chosen meanwhile is done when the server runs', async () => {
  const [page] = windows;
  await goToLine(page, 2);
  await answerBox(page, 'Submit to Background · notes.txt:2', 'too early?', () => palette(page, 'Backchat: Submit to Background'));
  await page.locator('.statusbar-item', { hasText: 'waiting for the server' }).waitFor();
  await palette(page, 'Backchat: Select Model');
  fs.writeFileSync(gate, '');
  await quickRow(page, 'scripted').first().waitFor();
  await closeBox(page);
  await seeLineEnd(page, 'second note', '📬 Echo: too early?');
  assert.deepEqual(await page.locator('.notification-toast').allInnerTexts(), []);
});
