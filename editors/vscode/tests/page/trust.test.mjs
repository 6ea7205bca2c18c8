// What a workspace may not do, and what is said when there is no server.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keeping } from '../failure.mjs';
import { clickFor, insist, see } from '../patience.mjs';
import { startVsCode } from '../vscode.mjs';
import { closeBox, goToLine, openBox, openFile, palette, quickRow, ready, seeLineEnd, statusBar, submit } from '../workbench.mjs';
import { makeWorld } from '../world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), `../../backchat-${process.platform}-${process.arch}.vsix`);

let world;
let vscode;
let intruder;
const windows = [];
const kept = (name, run) => keeping('vscode-page', name, () => ({ windows, vscode, world }), run);
const story = (name, run) => test(name, kept(name, run));

before(kept('before trust', async () => {
  world = await makeWorld();
  intruder = path.join(world.root, 'intruder-was-here');
  const program = path.join(world.folder, 'intruder.sh');
  fs.writeFileSync(program, `#!/bin/sh\ntouch ${intruder}\necho backchat 9.9.9\n`, { mode: 0o755 });
  fs.mkdirSync(path.join(world.folder, '.vscode'));
  fs.writeFileSync(path.join(world.folder, '.vscode/settings.json'), JSON.stringify({ 'backchat.server.path': program }));
  fs.mkdirSync(path.join(world.folder, '.backchat/prompts'), { recursive: true });
  fs.writeFileSync(path.join(world.folder, '.backchat/prompts/review.md'), 'Review this code.\n');
  const settings = { 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.banner': 'never' };
  vscode = await startVsCode({ extension, env: world.env, trust: true, settings });
  const page = await vscode.openWindow(world.folder);
  windows.push(page);
  await ready(page);
}));

after(async () => {
  await vscode?.close();
  await world?.close();
});

story('in a restricted workspace questions are answered', async () => {
  const [page] = windows;
  await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
  await see('the extension', async () => (await statusBar(page).count()) > 0);
  await openFile(page, 'notes.txt');
  await goToLine(page, 1);
  await submit(page, 'may I ask?');
  await seeLineEnd(page, 'first note', '📬 Echo: may I ask?');
});

story('the prompts of a restricted workspace are not read, until it is trusted', async () => {
  const [page] = windows;
  const list = () => openBox(page, 'Ask with Prompt', () => palette(page, 'Backchat: Ask with Prompt'));
  await list();
  const trust = page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true });
  await clickFor('the question of trust', quickRow(page, 'The prompts of this workspace are not read'), trust);
  const isTrusted = async () => (await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).count()) === 0;
  await clickFor('the workspace to be trusted', trust, isTrusted);
  // The extension host may start anew now: what is open then closes, and keys are swallowed.
  await openFile(page, 'notes.txt');
  await insist('the prompt of the workspace', async () => {
    await closeBox(page);
    await list();
  }, quickRow(page, 'review'));
  await closeBox(page);
});

story('without a program there is a message with a way out, and the workspace names none', async () => {
  const [page] = windows;
  const [installed] = fs.readdirSync(vscode.extensions).filter((name) => name.startsWith('backchat.backchat'));
  fs.rmSync(path.join(vscode.extensions, installed, 'server'), { recursive: true });
  const message = page.locator('.notification-toast', { hasText: "Backchat can't start its server." }).first();
  await palette(page, 'Backchat: Restart Server', message);
  assert.match(await message.innerText(), /has no program for this platform\.[\s\S]*on the PATH was not found/);
  await clickFor('the settings', message.getByRole('button', { name: 'Open Settings' }), page.locator('.settings-editor'));
  assert.ok(!fs.existsSync(intruder), 'the program that the workspace names was never run');
});
