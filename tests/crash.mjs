// `npm run crash`: rounds of killing at random moments, more of them than `npm test` has.
//
//   npm run crash -- --rounds 200            as a nightly run does
//   npm run crash -- --rounds 20 --seed 7    the rounds with the seeds from 7 on, to repeat a failure
//
// It tests what tests/it/crash.rs does, which says what is killed and what must be so afterwards.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "200" }, seed: { type: "string" } },
});
for (const [name, value] of Object.entries(values)) {
  if (!/^\d+$/.test(value)) {
    console.error(`--${name} takes a number, not "${value}"`);
    process.exit(2);
  }
}

const environment = { ...process.env, BACKCHAT_CRASH_ROUNDS: values.rounds };
if (values.seed !== undefined) environment.BACKCHAT_CRASH_SEED = values.seed;
const run = spawnSync("cargo", ["test", "--locked", "--test", "it", "crash::", "--", "--nocapture"], {
  cwd: root,
  env: environment,
  stdio: "inherit",
});
if (run.error) console.error(`cargo could not be started: ${run.error.message}`);
process.exit(run.status ?? 1);
