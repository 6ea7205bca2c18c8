// `npm test`: every check of the project, one step after the other, with what each of them prints.
//
//   npm test                    all steps
//   npm test -- rust            the steps of a group
//   npm test -- rust:test nvim  these steps, and those that they need
//   npm test -- --list          the names
//
// A failed step does not stop the others; the end is a summary, and an exit code that is 0 only when
// all of them passed. What is downloaded is kept in .cache/, what is built in target/.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { audit } from "./steps/audit.mjs";
import { checkTools } from "./steps/tools.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * The steps in their order. `needs` names the steps that must have run before, `onlyIf` a file without
 * which the step does not exist.
 */
const STEPS = [
  { name: "tools", run: async () => checkTools({ forTests: true }) },
  { name: "rust:format", needs: ["tools"], run: command("cargo", "fmt", "--check") },
  {
    name: "rust:lint",
    needs: ["tools"],
    run: command("cargo", "clippy", "--locked", "--all-targets", "--", "-D", "warnings"),
  },
  {
    name: "local-model",
    needs: ["tools"],
    run: command("python3", "src/cli/local_model.py", "setup", ".cache/local-model"),
  },
  // Also what the editors' tests run: `cargo build` would build the same program with other features
  // of its dependencies, and everything twice.
  { name: "rust:build", needs: ["tools"], run: command("cargo", "test", "--locked", "--no-run") },
  { name: "rust:test", needs: ["rust:build", "local-model"], run: command("cargo", "test", "--locked") },
  editor("nvim"),
  editor("vscode"),
  // After the editors, whose packages it looks at.
  { name: "audit", needs: ["tools"], run: async () => audit() },
].filter((step) => !step.onlyIf || existsSync(path.join(root, step.onlyIf)));

/**
 * An editor's own tests: a script that fetches what it needs into .cache/ and exits with 0 or not. It is
 * told which program to test: the one that was just built.
 */
function editor(name) {
  const script = `editors/${name}/tests/run.mjs`;
  process.env.BACKCHAT_BINARY ??= path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug", "backchat");
  return { name, needs: ["rust:build", "local-model"], onlyIf: script, run: command("node", script) };
}

/** The process of the step that runs, to be ended along with this one. */
let running = null;

/** A step that is one command, run in the root of the repository; it passes when the exit code is 0. */
function command(program, ...args) {
  return () =>
    new Promise((resolve) => {
      const child = spawn(program, args, { cwd: root, stdio: "inherit" });
      running = child;
      child.on("error", (error) => {
        console.error(`${program} could not be started: ${error.message}`);
        resolve(false);
      });
      child.on("exit", (code, signal) => {
        if (signal) console.error(`${program} was ended by ${signal}`);
        resolve(code === 0);
      });
    });
}

/** The steps that the arguments name, with those that they need, in their order. */
function select(names) {
  if (names.length === 0) return STEPS;
  const wanted = new Set();
  const add = (step) => {
    wanted.add(step);
    for (const need of step.needs ?? []) add(STEPS.find((other) => other.name === need));
  };
  for (const name of names) {
    const matching = STEPS.filter((step) => step.name === name || step.name.startsWith(`${name}:`));
    if (matching.length === 0) {
      console.error(`There is no step "${name}". The steps: ${STEPS.map((step) => step.name).join(", ")}.`);
      process.exit(2);
    }
    matching.forEach(add);
  }
  return STEPS.filter((step) => wanted.has(step));
}

function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

async function main() {
  const args = process.argv.slice(2);
  if (args.includes("--list")) {
    for (const step of STEPS) console.log(step.name);
    return 0;
  }
  const steps = select(args);
  // The running step ends as well, and the summary is still written.
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      interrupted = true;
      running?.kill(signal);
    });
  }

  const results = [];
  const begun = Date.now();
  for (const [index, step] of steps.entries()) {
    if (interrupted) break;
    console.log(`\n── ${step.name} (${index + 1} of ${steps.length}) ──`);
    const started = Date.now();
    const passed = await step.run();
    results.push({ name: step.name, passed, took: Date.now() - started });
    console.log(`── ${step.name}: ${passed ? "passed" : "FAILED"} in ${duration(Date.now() - started)} ──`);
  }

  const failed = results.filter((result) => !result.passed);
  console.log(`\nSummary, ${duration(Date.now() - begun)} in all`);
  const width = Math.max(...steps.map((step) => step.name.length));
  for (const { name, passed, took } of results) {
    console.log(`  ${passed ? "passed" : "FAILED"}  ${name.padEnd(width)}  ${duration(took)}`);
  }
  for (const step of steps.slice(results.length)) console.log(`  not run ${step.name}`);
  if (interrupted) return 130;
  if (failed.length > 0) {
    console.log(`\n${failed.length} of ${steps.length} steps failed. Again only those: npm test -- ${failed.map((step) => step.name).join(" ")}`);
    return 1;
  }
  return 0;
}

process.exit(await main());
