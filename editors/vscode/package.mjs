// Makes backchat-PLATFORM.vsix: the bundled extension with the server's program of this platform.
//
//   npm run package                     builds the server first, optimised
//   npm run package -- --server FILE    takes this program instead

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const repository = path.resolve(here, '../..');
const executable = process.platform === 'win32' ? 'backchat.exe' : 'backchat';

/** The largest package that is still quick to install; one with a program that is not optimised may be larger. */
const LARGEST = 10 * 1000 * 1000;

/** The most that everything in it but the server may take, before it is compressed. */
const LARGEST_REST = 2 * 1000 * 1000;

const { values } = parseArgs({ options: { server: { type: 'string' } } });

function run(command, args, cwd) {
  execFileSync(command, args, { cwd, stdio: 'inherit' });
}

function builtServer() {
  run('cargo', ['build', '--release', '--locked', '--bin', 'backchat'], repository);
  return path.join(process.env.CARGO_TARGET_DIR ?? path.join(repository, 'target'), 'release', executable);
}

const server = values.server === undefined ? builtServer() : path.resolve(values.server);
fs.mkdirSync(path.join(here, 'server'), { recursive: true });
// Written beside and renamed: a program that runs can't be written to.
const packaged = path.join(here, 'server', executable);
fs.copyFileSync(server, `${packaged}.new`);
fs.chmodSync(`${packaged}.new`, 0o755);
fs.renameSync(`${packaged}.new`, packaged);

run(process.execPath, ['esbuild.mjs'], here);

const target = `${process.platform}-${process.arch}`;
const vsix = path.join(here, `backchat-${target}.vsix`);
const vsce = path.join(here, 'node_modules/@vscode/vsce/vsce');
const options = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'];
run(process.execPath, [vsce, 'package', '--target', target, '--out', vsix, ...options], here);

const { listFiles } = await import('@vscode/vsce');
const files = (await listFiles({ cwd: here, dependencies: false })).filter((file) => path.join(here, file) !== packaged);
const rest = files.reduce((sum, file) => sum + fs.statSync(path.join(here, file)).size, 0);
if (rest > LARGEST_REST) {
  console.error(`Without the server, the package has ${(rest / 1e6).toFixed(1)} MB of files, more than ${LARGEST_REST / 1e6}: ${files.join(', ')}`);
  process.exit(1);
}
const { size } = fs.statSync(vsix);
console.log(`${path.relative(process.cwd(), vsix)}: ${(size / 1e6).toFixed(1)} MB`);
if (values.server === undefined && size > LARGEST) {
  console.error(`The package is larger than ${LARGEST / 1e6} MB.`);
  process.exit(1);
}
