// `npm run simulate`: the simulation of scheduler and store, with more seeds than `npm test` has.
//
//   npm run simulate -- --seeds 10000    as a nightly run does
//   npm run simulate -- --seed 7         one seed again, with each of its steps when it fails
//
// src/worker/simulation.rs says what is simulated and what must hold.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "10000" }, seed: { type: "string" } },
});
for (const [name, value] of Object.entries(values)) {
  if (!/^\d+$/.test(value)) {
    console.error(`--${name} takes a number, not "${value}"`);
    process.exit(2);
  }
}

const environment = { ...process.env, BACKCHAT_SIMULATION_SEEDS: values.seeds };
if (values.seed !== undefined) environment.BACKCHAT_SIMULATION_SEED = values.seed;
const run = spawnSync("cargo", ["test", "--locked", "--lib", "worker::simulation"], {
  cwd: root,
  env: environment,
  stdio: "inherit",
});
if (run.error) console.error(`cargo could not be started: ${run.error.message}`);
process.exit(run.status ?? 1);
