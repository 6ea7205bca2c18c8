// Finds the server's program: the packaged one, else the configured one, else the one on the PATH.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** The oldest server that speaks this extension's contract. */
const OLDEST_SERVER: Version = [0, 1, 0];

type Version = readonly [number, number, number];

/** A program that runs and is new enough. */
export interface ServerBinary {
  readonly command: string;
  readonly version: string;
}

/** Why there is none: a sentence for each place that was looked at. */
export class ServerNotFound extends Error {
  constructor(readonly reasons: readonly string[]) {
    super(`Backchat can't start its server. ${reasons.join(' ')}`);
  }
}

const EXECUTABLE = process.platform === 'win32' ? 'backchat.exe' : 'backchat';

/** A packaged program that can't run here, for another C library say, does not hide a working one. */
export async function findServer(extensionPath: string, configured: string): Promise<ServerBinary> {
  const reasons: string[] = [];
  const packaged = path.join(extensionPath, 'server', EXECUTABLE);
  const candidates: { command: string; origin: string }[] = [];
  if (fs.existsSync(packaged)) candidates.push({ command: packaged, origin: 'The packaged program' });
  else reasons.push('This build of the extension has no program for this platform.');
  if (configured !== '') candidates.push({ command: configured, origin: `backchat.server.path (${configured})` });
  candidates.push({ command: EXECUTABLE, origin: `“${EXECUTABLE}” on the PATH` });

  for (const { command, origin } of candidates) {
    const version = await versionOf(command);
    if (typeof version === 'string') reasons.push(`${origin} ${version}.`);
    else if (isOlder(version, OLDEST_SERVER)) {
      reasons.push(`${origin} is version ${version.join('.')}, and ${OLDEST_SERVER.join('.')} or newer is needed.`);
    } else return { command, version: version.join('.') };
  }
  throw new ServerNotFound(reasons);
}

/** The version that a program reports, or what is wrong with it as the end of a sentence. */
function versionOf(command: string): Promise<Version | string> {
  return new Promise((resolve) => {
    execFile(command, ['--version'], { timeout: 15_000, windowsHide: true }, (error, stdout, stderr) => {
      if (error) {
        const said = stderr.split('\n').find((line) => line.trim() !== '') ?? error.message;
        resolve(error.code === 'ENOENT' ? 'was not found' : `can't be run (${said.trim()})`);
        return;
      }
      const version = /^backchat\S* (\d+)\.(\d+)\.(\d+)/.exec(stdout);
      resolve(version ? [Number(version[1]), Number(version[2]), Number(version[3])] : 'is not a Backchat server');
    });
  });
}

function isOlder(version: Version, than: Version): boolean {
  for (const [index, part] of version.entries()) {
    const other = than[index] ?? 0;
    if (part !== other) return part < other;
  }
  return false;
}
