// `npm run counts`: how many instructions the hot paths take, as a table. A busy machine does not change that.
//
//   npm run counts                      all of them, beside the baseline if there is one; some minutes
//   npm run counts -- --save            and makes this run the baseline
//   npm run counts -- --compare FILE    beside an earlier run instead
//   npm run counts -- --limit 2         fails when a count has risen by more than 2 %, not 5
//
// Counts depend on the compiler and on the processor's kind, so they are compared between runs of one machine
// only: all are kept as JSON in .cache/counts/. What valgrind saw is in target/gungraun, for
// `callgrind_annotate` and KCachegrind.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compare, markdown } from "./counts/table.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const kept = path.join(root, ".cache", "counts");
const baseline = path.join(kept, "baseline.json");

const { values: options } = parseArgs({
  options: {
    save: { type: "boolean", default: false },
    compare: { type: "string" },
    limit: { type: "string", default: "5" },
  },
});

function output(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The program that runs valgrind and reads what it has counted, built once. Its version has to be the library's. */
function runner() {
  const manifest = readFileSync(path.join(root, "tests", "counts", "Cargo.toml"), "utf8");
  const version = /^gungraun = "=(.+)"$/m.exec(manifest)[1];
  const folder = path.join(root, ".cache", "gungraun");
  const home = path.join(folder, version);
  const program = path.join(home, "bin", "gungraun-runner");
  if (existsSync(program)) return program;
  const build = path.join(folder, "build");
  const env = { ...process.env, CARGO_TARGET_DIR: build, CARGO_PROFILE_DEV_DEBUG: "0" };
  const args = ["install", "--debug", "--locked", "--root", home, "--version", version, "gungraun-runner"];
  const { status } = spawnSync("cargo", args, { cwd: root, stdio: "inherit", env });
  rmSync(build, { recursive: true, force: true });
  if (status !== 0) throw new Error(`gungraun-runner ${version} could not be installed: \`cargo install gungraun-runner\` says why.`);
  return program;
}

/** Counts: each benchmark with its name, its instructions and the cycles that they are estimated to take. */
function count() {
  const env = {
    ...process.env,
    GUNGRAUN_RUNNER: runner(),
    // The program as it is released, but for the names of its functions.
    CARGO_PROFILE_BENCH_STRIP: "none",
    CARGO_PROFILE_BENCH_DEBUG: "line-tables-only",
  };
  const args = ["bench", "--locked", "--package", "backchat-counts", "--", "--output-format=json"];
  const { status, stdout } = spawnSync("cargo", args, { cwd: root, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8", env, maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error("The instructions could not be counted; what is above says why.");
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .map(({ group, function_name: work, id, profiles }) => {
      const { metrics } = profiles.find((profile) => profile.tool === "Callgrind").data.total;
      return { group, work, id, instructions: metrics.Ir.values.new, cycles: metrics.EstimatedCycles.values.new };
    });
}

function main() {
  const limit = Number(options.limit);
  if (!(limit >= 0)) throw new Error(`--limit is a number of percents, not ${options.limit}.`);
  const file = options.compare ?? (existsSync(baseline) ? baseline : undefined);
  const earlier = file && JSON.parse(readFileSync(file, "utf8"));
  const valgrind = output("valgrind", "--version");
  if (!valgrind) throw new Error("valgrind is missing; it runs on Linux. Debian and Ubuntu: `apt-get install valgrind`.");
  const when = new Date().toISOString();
  const run = {
    when,
    commit: output("git", "describe", "--always", "--dirty") ?? "an unknown commit",
    compiler: output("rustc", "--version"),
    valgrind,
    counts: count(),
  };

  const rows = compare(run.counts, earlier?.counts);
  mkdirSync(kept, { recursive: true });
  const result = path.join(kept, `${when.replaceAll(":", "-")}.json`);
  for (const target of options.save ? [result, baseline] : [result]) writeFileSync(target, `${JSON.stringify(run, null, 2)}\n`);
  console.log(markdown(run, earlier, rows));
  console.log(`Kept in ${path.relative(process.cwd(), result)}${options.save ? ", and as the baseline" : ""}.`);

  const risen = rows.filter((row) => row.change > limit);
  for (const row of risen) console.error(`${row.what}: ${row.change.toFixed(1)} % more instructions than at ${earlier.commit}.`);
  if (risen.length > 0) throw new Error(`${risen.length} of ${rows.length} counts have risen by more than ${limit} %.`);
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
