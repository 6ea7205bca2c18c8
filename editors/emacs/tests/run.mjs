// Runs the README's block for Emacs in a real Emacs with eglot, and what it promises with the real server.
//
//   node editors/emacs/tests/run.mjs
//
// The server is what BACKCHAT_BINARY names, else target/debug/backchat. Emacs is unpacked from Debian's
// packages into .cache/. Ends with 0 when everything passed.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startScriptedModel } from '../../tests/scripted_model.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');
const emacs = path.join(root, '.cache', 'emacs-28');
// Emacs crashes without the sources of its Lisp (emacs-el).
const PACKAGES = [
  ...['emacs-nox', 'emacs-common', 'emacs-bin-common', 'emacs-el', 'elpa-eglot', 'elpa-project', 'elpa-xref', 'elpa-seq'],
  // What Emacs links to and a small system may not have.
  ...['libgccjit0', 'libgpm2', 'libisl23', 'libjansson4', 'libmpc3', 'libmpfr6'],
];
/** The longest that the tests may take: a hang ends as a failure. */
const TIME_LIMIT = 5 * 60 * 1000;

function installEmacs() {
  if (fs.existsSync(path.join(emacs, 'usr/bin/emacs-nox'))) return true;
  const unpacked = `${emacs}.${process.pid}`;
  const fetch = path.join(root, 'editors/nvim/tests/fetch-debian.sh');
  const fetched = spawnSync('sh', [fetch, 'bookworm', unpacked, ...PACKAGES], { stdio: 'inherit' });
  if (fetched.status !== 0) {
    fs.rmSync(unpacked, { recursive: true, force: true });
    return false;
  }
  fs.renameSync(unpacked, emacs);
  return true;
}

/** The directories of Lisp below one. */
function directoriesOfLisp(directory) {
  const entries = fs.readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [directory, ...entries.flatMap((entry) => directoriesOfLisp(path.join(directory, entry.name)))];
}

function readmesBlock() {
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```elisp\n(.*?)^```$/gms)].map((block) => block[1]);
  if (blocks.length !== 1) throw new Error(`README.md has ${blocks.length} blocks for Emacs, not one`);
  return blocks[0];
}

async function main() {
  if (!installEmacs()) return 1;
  const world = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'backchat-emacs-')));
  const model = await startScriptedModel();
  try {
    const at = (...names) => path.join(world, ...names);
    fs.mkdirSync(at('bin'));
    fs.mkdirSync(at('code'));
    fs.mkdirSync(at('state'), { mode: 0o700 });
    const program = process.env.BACKCHAT_BINARY ?? path.join(root, 'target/debug/backchat');
    fs.symlinkSync(path.resolve(program), at('bin', 'backchat'));
    fs.writeFileSync(at('init.el'), readmesBlock());
    fs.writeFileSync(
      at('config.toml'),
      `[models.scripted]\nformat = "openai-chat"\nbase_url = "${model.baseUrl}"\nmodel = "scripted"\n`,
    );
    model.script({ match: 'why is it two', answer: 'Because it is not three.' });

    const share = path.join(emacs, 'usr/share/emacs');
    const libexec = path.join(emacs, 'usr/libexec/emacs/28.2', fs.readdirSync(path.join(emacs, 'usr/libexec/emacs/28.2'))[0]);
    const lisp = [path.join(share, 'site-lisp/elpa-src'), path.join(share, '28.2/lisp')].flatMap(directoriesOfLisp);
    const child = spawn(
      path.join(emacs, 'usr/bin/emacs-nox'),
      [`--dump-file=${path.join(libexec, 'emacs.pdmp')}`, '--batch', '-Q', '-l', at('init.el'), '-l', path.join(here, 'eglot-test.el'), '-f', 'ert-run-tests-batch-and-exit'],
      {
        cwd: at('code'),
        stdio: ['ignore', 'inherit', 'inherit'],
        timeout: TIME_LIMIT,
        env: {
          PATH: `${at('bin')}:${process.env.PATH}`,
          HOME: world,
          LD_LIBRARY_PATH: path.join(emacs, 'usr/lib', fs.readdirSync(path.join(emacs, 'usr/lib')).find((name) => name.endsWith('-gnu'))),
          EMACSLOADPATH: lisp.join(':'),
          EMACSDATA: path.join(share, '28.2/etc'),
          EMACSPATH: libexec,
          BACKCHAT_CONFIG: at('config.toml'),
          BACKCHAT_STATE_DIR: at('state'),
        },
      },
    );
    const code = await new Promise((resolve) => {
      child.on('error', (error) => {
        console.error(`Emacs could not be started: ${error.message}`);
        resolve(1);
      });
      child.on('exit', (code) => resolve(code ?? 1));
    });
    // eglot kills its server as soon as that has answered `shutdown`.
    if (code === 0 && fs.existsSync(at('state', 'backchat.db-wal'))) {
      console.error('the server left its write-ahead log behind');
      return 1;
    }
    return code;
  } finally {
    await model.close();
    fs.rmSync(world, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

process.exit(await main());
