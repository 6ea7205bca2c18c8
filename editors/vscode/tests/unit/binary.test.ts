import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { findServer, ServerNotFound } from '../../src/binary';

let root: string;
let pathBefore: string | undefined;

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'bcbin-'));
  for (const folder of ['extension/server', 'configured', 'path']) fs.mkdirSync(path.join(root, folder), { recursive: true });
  pathBefore = process.env.PATH;
  process.env.PATH = `${path.join(root, 'path')}:/usr/bin:/bin`;
});

afterEach(() => {
  process.env.PATH = pathBefore;
  fs.rmSync(root, { recursive: true });
});

/** A program that does as a script says. */
function program(folder: string, script: string): string {
  const file = path.join(root, folder, 'backchat');
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

const find = (configured = '') => findServer(path.join(root, 'extension'), configured);

test('the packaged program comes first, then the configured one, then the PATH', async () => {
  const onPath = program('path', 'echo backchat 0.3.0');
  assert.deepEqual(await find(), { command: 'backchat', version: '0.3.0' });
  const configured = program('configured', 'echo backchat 0.2.0');
  assert.deepEqual(await find(configured), { command: configured, version: '0.2.0' });
  const packaged = program('extension/server', 'echo backchat 0.1.0');
  assert.deepEqual(await find(configured), { command: packaged, version: '0.1.0' });
  assert.ok(fs.existsSync(onPath));
});

test('a packaged program that can not run here hides no other', async () => {
  program('extension/server', 'echo "GLIBC not found" >&2; exit 1');
  program('path', 'echo backchat 0.1.0');
  assert.equal((await find()).command, 'backchat');
});

test('without one, it says where was looked and what was wrong there', async () => {
  program('extension/server', 'echo "GLIBC not found" >&2; exit 1');
  program('path', 'echo backchat 0.0.9');
  const missing = path.join(root, 'nowhere');
  await assert.rejects(find(missing), (error: ServerNotFound) => {
    assert.deepEqual(error.reasons, [
      "The packaged program can't be run (GLIBC not found).",
      `backchat.server.path (${missing}) was not found.`,
      '“backchat” on the PATH is version 0.0.9, and 0.1.0 or newer is needed.',
    ]);
    return true;
  });
});

test('another program of the same name is not taken for the server', async () => {
  program('path', 'echo something else 1.0.0');
  await assert.rejects(find(), /is not a Backchat server/);
});
