// What a failed test of VS Code leaves: pictures of its windows, what they wrote to their consoles, the logs
// of VS Code (the extension host's and the extension's own among them), and the server's log and store.

import fs from 'node:fs';
import path from 'node:path';
import { copyEvidence, failureFolder, told } from '../../../tests/steps/failures.mjs';
import { consoleOf } from './vscode.mjs';

/** How long a picture may take, in milliseconds: a window that hangs must not hold up what comes after. */
const PATIENCE = 15_000;

/**
 * Keeps it, and says where.
 *
 * @param {string} step @param {string} test
 * @param {{windows?: object[], vscode?: object, world?: object, error?: unknown}} stage what there is of it
 */
export async function keepFailure(step, test, { windows = [], vscode, world, error }) {
  const folder = failureFolder(step, test);
  const write = (name, text) => fs.writeFileSync(path.join(folder, name), text);
  if (error !== undefined) write('error.txt', `${error?.stack ?? error}\n`);
  for (const [index, page] of windows.entries()) {
    const name = `window-${index + 1}`;
    await page.screenshot({ path: path.join(folder, `${name}.png`), timeout: PATIENCE }).catch((problem) => write(`${name}.txt`, String(problem)));
    write(`${name}-console.txt`, `${consoleOf(page).join('\n')}\n`);
  }
  if (vscode) {
    write('code-server.txt', vscode.said());
    copyEvidence(path.join(vscode.user, 'logs'), path.join(folder, 'vscode-logs'));
  }
  if (world) {
    copyEvidence(world.state, path.join(folder, 'server-state'));
    write('model-requests.json', JSON.stringify(world.model.requests().map(({ prompt, state }) => ({ prompt, state })), null, 2));
  }
  console.log(`kept in ${told(folder)}`);
}

/** Wraps a test or a hook: when it fails, what there is of its stage is kept. */
export function keeping(step, name, stage, run) {
  return async () => {
    try {
      await run();
    } catch (error) {
      await keepFailure(step, name, { ...stage(), error }).catch((problem) => console.error(`What the failed test left could not be kept: ${problem}`));
      throw error;
    }
  };
}
