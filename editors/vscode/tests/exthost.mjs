// Runs the mocha tests of out/exthost inside the real extension host of a real VS Code.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { SCREENSHOTS, startVsCode } from './vscode.mjs';
import { makeWorld } from './world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const TIMEOUT = 240_000;

const world = await makeWorld();
const results = path.join(world.root, 'results.json');
const vscode = await startVsCode({
  // The tests script the model over HTTP, and leave their results in a file.
  env: { ...world.env, BACKCHAT_TEST_MODEL: `http://127.0.0.1:${world.model.port}`, BACKCHAT_TEST_RESULTS: results, BACKCHAT_TEST_GREP: process.argv[2] ?? '' },
  args: ['--vscode-option', 'enable-smoke-test-driver'],
});
let passed = false;
let page;
try {
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const timer = setTimeout(() => finish('the time is up'), TIMEOUT);
  page = await vscode.openWindow(world.folder, {
    before: async (window) => {
      await window.exposeFunction('codeAutomationLog', (type, args) => {
        if (process.env.VERBOSE) console.log(`[${type}] ${format(...args)}`);
      });
      await window.exposeFunction('codeAutomationExit', (code) => finish(code));
    },
    payload: (host) => [
      ['extensionDevelopmentPath', `vscode-remote://${host}${extension}`],
      ['extensionTestsPath', `vscode-remote://${host}${path.join(extension, 'out/exthost/index.js')}`],
    ],
  });
  const code = await finished;
  clearTimeout(timer);
  const tests = fs.existsSync(results) ? JSON.parse(fs.readFileSync(results, 'utf8')) : [];
  for (const { title, ok, milliseconds, error } of tests) {
    console.log(`  ${ok ? 'ok    ' : 'FAILED'} ${title} (${milliseconds} ms)${error ? `\n${error}` : ''}`);
  }
  passed = code === 0 && tests.length > 0 && tests.every(({ ok }) => ok);
  if (!passed) console.log(`The extension host's tests did not pass (${code}).`);
} catch (error) {
  console.error(error);
} finally {
  if (!passed) {
    fs.mkdirSync(SCREENSHOTS, { recursive: true });
    await page?.screenshot({ path: path.join(SCREENSHOTS, 'exthost.png') }).catch(() => {});
    copyLogs(path.join(vscode.user, 'logs'), path.join(SCREENSHOTS, 'exthost-logs'));
    copyLogs(world.state, path.join(SCREENSHOTS, 'exthost-state'));
  }
  await vscode.close();
  await world.close();
}
process.exit(passed ? 0 : 1);

function copyLogs(from, to) {
  fs.rmSync(to, { recursive: true, force: true });
  fs.cpSync(from, to, { recursive: true });
}
