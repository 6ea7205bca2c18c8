// Both editors on one store: asked in Neovim, read in VS Code, and then unread in neither.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CACHE, REPOSITORY } from '../install.mjs';
import { keeping } from '../failure.mjs';
import { see } from '../patience.mjs';
import { startVsCode } from '../vscode.mjs';
import { badge, fileBadges, openFile, openThread, ready, seeLineEnd, thread } from '../workbench.mjs';
import { makeWorld } from '../world.mjs';

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const extension = path.join(here, `backchat-${process.platform}-${process.arch}.vsix`);
const plugin = path.join(REPOSITORY, 'editors/nvim');

let world;
let vscode;
let neovim;
const windows = [];

/** Starts Neovim with the plugin, without a terminal, on a file of the folder. */
async function startNeovim(file) {
  const home = path.join(CACHE, 'nvim-0.11');
  execFileSync('sh', [path.join(plugin, 'tests/install-neovim.sh'), '0.11', home], { stdio: 'inherit' });
  const program = path.join(home, 'bin/nvim');
  const init = path.join(world.root, 'init.lua');
  const binary = path.join(here, 'server/backchat');
  fs.writeFileSync(init, `vim.opt.rtp:prepend(${JSON.stringify(plugin)})\nrequire("backchat").setup({ binary = ${JSON.stringify(binary)} })\n`);
  const socket = path.join(world.root, 'nvim.sock');
  const child = spawn(program, ['--headless', '--listen', socket, '-u', init, '-n', file], {
    cwd: world.folder,
    env: { ...process.env, ...world.env, HOME: world.root, XDG_STATE_HOME: path.join(world.root, 'xdg'), XDG_DATA_HOME: path.join(world.root, 'xdg') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
  await see('Neovim', () => fs.existsSync(socket), () => said);
  const evaluate = (lua) =>
    JSON.parse(execFileSync(program, ['--server', socket, '--remote-expr', `luaeval('vim.json.encode(${lua.replaceAll("'", "''")})')`], { encoding: 'utf8' }));
  return {
    /** The value of a Lua expression. */
    evaluate,
    /** Runs a command. */
    command: (text) => evaluate(`vim.cmd(${JSON.stringify(text)}) or 0`),
    said: () => said,
    close: () => child.kill(),
  };
}

const kept = (name, run) => keeping('vscode-page', name, () => ({ windows, vscode, world }), run);

before(kept('before both editors', async () => {
  world = await makeWorld();
  vscode = await startVsCode({ extension, env: world.env });
  neovim = await startNeovim('notes.txt');
}));

after(async () => {
  neovim?.close();
  await vscode?.close();
  await world?.close();
});

const unreadInNeovim = () => neovim.evaluate('(require("backchat").counts() or {}).unread or 0');

test(
  'a question of Neovim is answered in VS Code, and then read in both',
  kept('both editors', async () => {
    await see('the server in Neovim', () => neovim.evaluate('#vim.lsp.get_clients()') > 0, () => neovim.said());
    neovim.command('2Backchat submit which note is this?');
    await see('📬 in Neovim', () => unreadInNeovim() === 1, () => neovim.evaluate('require("backchat").counts() or {}'));

    const page = await vscode.openWindow(world.folder);
    windows.push(page);
    await ready(page);
    await see('📬 in VS Code', async () => (await badge(page)) === '1' && (await fileBadges(page))['notes.txt'] === '📬');
    await openFile(page, 'notes.txt');
    await seeLineEnd(page, 'second note', '📬 Echo: which note is this?');
    await openThread(page);
    await thread(page).getByText('Echo: which note is this?').waitFor();
    await seeLineEnd(page, 'second note', null);
    await see('no badge in VS Code', async () => (await badge(page)) === '');
    await see('nothing unread in Neovim', () => unreadInNeovim() === 0);
    assert.equal(neovim.evaluate('vim.api.nvim_buf_get_lines(0, 1, 2, false)[1]'), 'second note');
  }),
);
