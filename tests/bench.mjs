// `npm run bench`: the figures of the whole program as a table, each beside what it is compared with.
//
//   npm run bench                          everything; several minutes, on a machine that does nothing else
//   npm run bench -- --only start,typing   some groups of figures; vscode installs VS Code for it if need be
//   npm run bench -- --peer lsp-ai         measures this lsp-ai 0.7 beside it; found on the PATH by itself
//   npm run bench -- --compare FILE        beside the figures of an earlier run
//   npm run bench -- --quick               few samples: to try it out, not to believe it
//
// The peer is no part of the project: `cargo install lsp-ai` installs it. What was measured is kept as
// JSON in .cache/bench/. No figure fails the run: a machine that is busy would.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureNeovim } from "./bench/neovim.mjs";
import { markdown } from "./bench/table.mjs";
import { measureVsCode } from "./bench/vscode.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
const server = path.join(target, "release", "backchat");

/** The groups that are measured in an editor. */
const EDITORS = ["neovim", "vscode"];

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    peer: { type: "string" },
    compare: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});

/** The groups that were asked for by name; undefined for all of them. */
const only = options.only ? options.only.split(",").filter(Boolean) : undefined;

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (error) throw new Error(`${program} could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0]} failed`);
}

/** The whole path of a program, or undefined when it is not there. */
function find(program) {
  const folders = program.includes(path.sep) ? [""] : (process.env.PATH ?? "").split(path.delimiter);
  return folders
    .map((folder) => path.resolve(folder, program))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

function output(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** What the figures depend on, beside the program. */
function machine() {
  const cpus = os.cpus();
  return {
    when: new Date().toISOString(),
    commit: output("git", "describe", "--always", "--dirty"),
    system: `${os.type()} ${os.release()}`,
    processor: `${cpus.length} × ${cpus[0]?.model.trim()}`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    load: os.loadavg()[0].toFixed(2),
  };
}

function figures() {
  const groups = (only ?? []).filter((name) => !EDITORS.includes(name));
  if (only && groups.length === 0) return [];
  const peer = find(options.peer ?? "lsp-ai");
  if (options.peer && !peer) throw new Error(`There is no program ${options.peer}.`);
  if (!peer) console.error("lsp-ai is not installed, so nothing is measured beside it: `cargo install lsp-ai` installs it.");
  const out = path.join(target, "figures.json");
  run("cargo", [
    // Only drives and listens, so that it need not be optimised itself: what the tests have built will do.
    ...["bench", "--locked", "--profile", "dev", "--bench", "figures", "--"],
    ...["--server", server, "--out", out],
    ...(peer ? ["--peer", peer] : []),
    ...(groups.length > 0 ? ["--only", groups.join(",")] : []),
    ...(options.quick ? ["--quick"] : []),
  ]);
  return JSON.parse(readFileSync(out, "utf8"));
}

async function main() {
  const earlier = options.compare && JSON.parse(readFileSync(options.compare, "utf8"));
  run("cargo", ["build", "--release", "--locked"]);
  const on = machine();
  const measured = figures();
  if (only?.includes("neovim") ?? true) {
    measured.push(...(await measureNeovim({ times: options.quick ? 5 : 40 })));
  }
  if (only?.includes("vscode") ?? true) {
    measured.push(...(await measureVsCode({ times: options.quick ? 3 : 20, server, install: only !== undefined })));
  }
  const kept = path.join(root, ".cache", "bench", `${on.when.replaceAll(":", "-")}.json`);
  mkdirSync(path.dirname(kept), { recursive: true });
  writeFileSync(kept, `${JSON.stringify({ machine: on, figures: measured }, null, 2)}\n`);
  console.log(markdown({ machine: on, figures: measured, earlier }));
  console.log(`Kept in ${path.relative(process.cwd(), kept)}: compare a later run with --compare.`);
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
