// The entry that VS Code calls inside its extension host: runs every test and leaves the results in a
// file, as this process has no terminal.

import fs from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

interface Result {
  title: string;
  ok: boolean;
  milliseconds: number;
  error?: string;
}

/** Called by VS Code; a rejection is a failed run. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 150_000, ...(process.env.BACKCHAT_TEST_GREP && { grep: process.env.BACKCHAT_TEST_GREP }) });
  const directory = path.join(__dirname, 'tests');
  mocha.rootHooks({
    afterEach: async function (this: Mocha.Context) {
      if (this.currentTest?.state === 'failed') await tellOfFailure(this.currentTest);
    },
  });
  for (const name of fs.readdirSync(directory).sort()) mocha.addFile(path.join(directory, name));
  const results: Result[] = [];
  const failures = await new Promise<number>((resolve) => {
    const add = (test: Mocha.Test, error?: Error): void => {
      results.push({
        title: test.fullTitle(),
        ok: error === undefined,
        milliseconds: test.duration ?? 0,
        ...(error && { error: error.stack ?? error.message }),
      });
      // After each test: what is known is there even when the run never ends. Renamed, so that it is read whole.
      const file = process.env.BACKCHAT_TEST_RESULTS ?? path.join(__dirname, 'results.json');
      fs.writeFileSync(`${file}.new`, JSON.stringify(results));
      fs.renameSync(`${file}.new`, file);
    };
    mocha
      .run(resolve)
      .on('pass', (test) => add(test))
      .on('fail', (test, error: Error) => add(test, error));
  });
  if (failures > 0) throw new Error(`${failures} tests failed`);
}

/** Tells whoever started the tests of a failure, who keeps what the window shows now. */
async function tellOfFailure(test: Mocha.Test): Promise<void> {
  const address = process.env.BACKCHAT_TEST_FAILED;
  if (address === undefined) return;
  await fetch(address, { method: 'POST', body: JSON.stringify({ title: test.fullTitle(), error: test.err?.stack ?? test.err?.message }) });
}
