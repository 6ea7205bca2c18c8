// Every check of the VS Code extension, one after the other. Nothing has to be installed before: what is
// missing is fetched, into node_modules and the repository's .cache/.
//
//   node tests/run.mjs                 all of them
//   node tests/run.mjs unit exthost    only these
//   node tests/run.mjs --server FILE   with this server in the package
//   node tests/run.mjs --times 10      the tests 10 times; --beside-load 2 keeps two cores busy meanwhile
//
// The server in the package is the one that BACKCHAT_BINARY names, as `npm test` does, which has built it; without
// either it is built anew, optimised.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { REPETITION_OPTIONS, repeated, repetitionOf } from '../../../tests/steps/repeat.mjs';

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({ options: { server: { type: 'string' }, ...REPETITION_OPTIONS }, allowPositionals: true });
const repetition = repetitionOf(values);
const server = values.server ?? process.env.BACKCHAT_BINARY;

/** What runs now: an interrupted run ends it too, and it ends the editors that it started. */
let child;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!child) process.exit(143);
    interrupted = true;
    child.kill(signal);
  });
}

function run(command, ...args) {
  return new Promise((resolve) => {
    child = spawn(command, args, { cwd: here, stdio: 'inherit' });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => {
      child = undefined;
      resolve(code === 0);
    });
  });
}

const node = (...args) => run(process.execPath, ...args);
const tool = (name, ...args) => node(path.join('node_modules', name), ...args);

/** Installs the packages of the lock file, unless they are there. */
function dependencies() {
  const installed = path.join(here, 'node_modules/.package-lock.json');
  const wanted = path.join(here, 'package-lock.json');
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(wanted).mtimeMs) return true;
  return run('npm', 'ci', '--no-audit', '--no-fund');
}

/** Node's own runner takes files, not folders, in all its versions. */
const testsIn = (folder, suffix) =>
  fs.readdirSync(path.join(here, folder)).filter((name) => name.endsWith(suffix)).sort().map((name) => path.join(folder, name));

const STEPS = {
  dependencies,
  types: () => tool('typescript/bin/tsc', '--noEmit'),
  lint: () => tool('eslint/bin/eslint.js', '.'),
  bundle: () => node('esbuild.mjs', '--tests'),
  unit: () => node('--test', '--test-reporter=dot', ...testsIn('out/unit', '.test.js')),
  package: () => node('package.mjs', ...(server ? ['--server', path.resolve(server)] : [])),
  vscode: () => node('tests/install.mjs'),
  exthost: () => node('tests/exthost.mjs'),
  page: () => node('--test', '--test-reporter=spec', '--test-concurrency=1', ...testsIn('tests/page', '.test.mjs')),
};

const unknown = positionals.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. The steps: ${Object.keys(STEPS).join(', ')}.`);
  process.exit(2);
}

/** What can end differently from run to run: what waits for other processes. */
const VARYING = ['exthost', 'page'];

/** Runs a step, and says so. */
async function pass(name) {
  const begun = Date.now();
  console.log(`vscode: ${name}`);
  const passed = await STEPS[name]();
  if (passed) console.log(`vscode: ${name} passed in ${seconds(begun)}`);
  else console.error(`vscode: ${name} failed after ${seconds(begun)}`);
  return passed;
}

const started = Date.now();
const wanted = Object.keys(STEPS).filter((name) => positionals.length === 0 || positionals.includes(name));
for (const name of wanted.filter((name) => !VARYING.includes(name))) {
  // What comes later builds on what comes before.
  if (!(await pass(name))) process.exit(1);
}
const varying = wanted.filter((name) => VARYING.includes(name));
const passed = await repeated('vscode', varying.length > 0 ? repetition : { times: 1, load: 0 }, async () => {
  let all = true;
  for (const name of varying) all = !interrupted && (await pass(name)) && all;
  return all;
}, () => interrupted);
if (!passed) process.exit(interrupted ? 143 : 1);
console.log(`vscode: everything passed in ${seconds(started)}`);

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
