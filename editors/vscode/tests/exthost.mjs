// Runs the mocha tests of out/exthost inside the real extension host of a real VS Code.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { keepFailure } from './failure.mjs';
import { startVsCode } from './vscode.mjs';
import { makeWorld } from './world.mjs';

const extension = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
/** How long the tests may go without an end of one of them, in milliseconds: each has a limit of its own. */
const PATIENCE = 180_000;

let page;
/** What of the stage there is so far; it is kept when a test fails. */
const stage = () => ({ windows: page ? [page] : [], vscode, world });
const keep = (test, error) => keepFailure('vscode-exthost', test, { ...stage(), error }).catch((problem) => console.error(problem));

const world = await makeWorld();
const results = path.join(world.root, 'results.json');
const failures = await listenForFailures();
const vscode = await startVsCode({
  // The tests script the model over HTTP, and leave their results in a file.
  env: {
    ...world.env,
    BACKCHAT_TEST_MODEL: `http://127.0.0.1:${world.model.port}`,
    BACKCHAT_TEST_RESULTS: results,
    BACKCHAT_TEST_FAILED: `http://127.0.0.1:${failures.address().port}`,
    BACKCHAT_TEST_GREP: process.argv[2] ?? '',
  },
  args: ['--vscode-option', 'enable-smoke-test-driver'],
});
let passed = false;
try {
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  page = await vscode.openWindow(world.folder, {
    before: async (window) => {
      page = window;
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
  const code = await Promise.race([finished, stuck()]);
  const tests = readResults();
  for (const { title, ok, milliseconds, error } of tests) {
    console.log(`  ${ok ? 'ok    ' : 'FAILED'} ${title} (${milliseconds} ms)${error ? `\n${error}` : ''}`);
  }
  passed = code === 0 && tests.length > 0 && tests.every(({ ok }) => ok);
  if (!passed) console.log(`The extension host's tests did not pass (${code}).`);
  // A test that failed has left its evidence itself.
  if (!passed && tests.every(({ ok }) => ok)) await keep('the run', new Error(String(code)));
} catch (error) {
  console.error(error);
  await keep('the start', error);
} finally {
  await vscode.close();
  failures.close();
  await world.close();
}
process.exit(passed ? 0 : 1);

function readResults() {
  return fs.existsSync(results) ? JSON.parse(fs.readFileSync(results, 'utf8')) : [];
}

/** Resolves when no test has come to its end for a long time. */
async function stuck() {
  let [known, since] = [0, Date.now()];
  while (Date.now() - since < PATIENCE) {
    await new Promise((resolve) => setTimeout(resolve, 500).unref());
    const { length } = readResults();
    if (length !== known) [known, since] = [length, Date.now()];
  }
  return `no test has ended for ${PATIENCE / 1000} s`;
}

/** Hears of each failed test at once, while the window still shows what it shows, and answers when that is kept. */
async function listenForFailures() {
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const { title, error } = JSON.parse(text);
    await keep(title, error);
    response.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
