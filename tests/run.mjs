// `npm test`: every check of the project, one step after the other, with what each of them prints.
//
//   npm test                    all steps
//   npm test -- rust            the steps of a group
//   npm test -- rust:test nvim  these steps, and those that they need
//   npm test -- --list          the names
//   npm test -- --help          all options: also how to run tests many times
//
// A failed step does not stop the others; the end is a summary, and an exit code that is 0 only when
// all of them passed. What is downloaded is kept in .cache/, what is built in target/.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { audit } from "./steps/audit.mjs";
import { besideOthers } from "./steps/beside.mjs";
import { endChildren } from "./steps/children.mjs";
import { argumentsOf, REPETITION_OPTIONS, repeated, repetitionOf } from "./steps/repeat.mjs";
import { checkTools } from "./steps/tools.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const HELP = `npm test -- [steps] [options]

Runs all checks of the project, or the named steps and those that they need. A name stands for a step
(rust:test) or a group of them (rust).

  --list            prints the names of the steps
  --times N         runs the tests of each step N times. What only prepares them, or always ends the same
                    (tools, builds, formatting, lints, packages), runs once. Each run is reported; the end
                    is a line such as "vscode: passed 20 of 20"
  --beside-load N   keeps N processor cores busy while tests run
  --help            prints this

  npm test -- vscode --times 20                  the tests of the VS Code extension, 20 times
  npm test -- nvim --times 10 --beside-load 2    those of the Neovim plugin, 10 times, on a busy machine

A test that fails leaves pictures of what was on the screen, logs and the store in a folder below
.cache/failures/, which the output names. The newest 20 of these folders of each kind of tests are kept.`;

/**
 * The steps in their order. `needs` names the steps that must have run before, `onlyIf` a file without
 * which the step does not exist. One that has a `start` is begun as soon as the tools are there.
 */
const STEPS = [
  { name: "tools", run: async () => checkTools({ forTests: true }) },
  { name: "rust:format", needs: ["tools"], run: command("cargo", "fmt", "--check") },
  {
    name: "rust:lint",
    needs: ["tools"],
    run: command("cargo", "clippy", "--locked", "--all-targets", "--", "-D", "warnings"),
  },
  // Also what the editors' tests run: `cargo build` would build the same program with other features
  // of its dependencies, and everything twice.
  { name: "rust:build", needs: ["tools"], run: command("cargo", "test", "--locked", "--no-run") },
  // What comes over the network is fetched while cargo compiles, and is there before a test could be disturbed by it.
  { name: "local-model", needs: ["tools"], ...besideOthers(root, "python3", "src/cli/local_model.py", "setup", ".cache/local-model") },
  fetched("nvim", "--fetch"),
  fetched("vscode", "dependencies", "vscode"),
  { name: "start", needs: ["tools"], run: command("node", "--test", "--test-reporter=spec", ...testsOfStart()) },
  { name: "rust:test", needs: ["rust:build", "local-model"], run: often("rust:test", command("cargo", "test", "--locked")) },
  editor("nvim"),
  editor("vscode"),
  { name: "emacs", needs: ["rust:build"], run: often("emacs", command("node", "editors/emacs/tests/run.mjs")) },
  // Built while the editors' tests wait for their editors.
  { name: "fetch:audit", needs: ["tools"], ...besideOthers(root, "node", "tests/steps/audit.mjs") },
  // After the editors, whose packages it looks at.
  { name: "audit", needs: ["fetch:audit"], run: async () => audit() },
].filter((step) => !step.onlyIf || existsSync(path.join(root, step.onlyIf)));

/**
 * An editor's own tests: a script that fetches what it needs into .cache/ and exits with 0 or not. It is
 * told which program to test: the one that was just built.
 */
function editor(name) {
  const script = `editors/${name}/tests/run.mjs`;
  process.env.BACKCHAT_BINARY ??= path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug", "backchat");
  // The script itself knows what of it can vary from run to run.
  const run = (repetition) => command("node", script, ...argumentsOf(repetition))();
  return { name, needs: ["rust:build", "local-model", `fetch:${name}`], onlyIf: script, run };
}

/** What an editor's tests need from the network; the arguments make its script fetch that and do nothing else. */
function fetched(name, ...args) {
  const script = `editors/${name}/tests/run.mjs`;
  return { name: `fetch:${name}`, needs: ["tools"], onlyIf: script, ...besideOthers(root, "node", script, ...args) };
}

function testsOfStart() {
  return ["estimate", "start"].map((name) => path.join("tests", "start", `${name}.test.mjs`));
}

/** A step that is run as often as the options say. */
function often(name, run) {
  return (repetition) => repeated(name, repetition, run, () => interrupted);
}

/** Whether the user has asked for an end. */
let interrupted = false;

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

/** The arguments, taken apart; an unknown option ends the process with a message. */
function options() {
  const known = { list: { type: "boolean" }, help: { type: "boolean", short: "h" }, ...REPETITION_OPTIONS };
  try {
    return parseArgs({ options: known, allowPositionals: true });
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

async function main() {
  const { values, positionals } = options();
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.list) {
    for (const step of STEPS) console.log(step.name);
    return 0;
  }
  const repetition = repetitionOf(values);
  const steps = select(positionals);
  // The running step ends as well, and the summary is still written.
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      interrupted = true;
      running?.kill(signal);
      endChildren(signal);
    });
  }

  const results = [];
  const begun = Date.now();
  for (const [index, step] of steps.entries()) {
    if (interrupted) break;
    console.log(`\n── ${step.name} (${index + 1} of ${steps.length}) ──`);
    const started = Date.now();
    const passed = await step.run(repetition);
    results.push({ name: step.name, passed, took: Date.now() - started });
    if (step.name === "tools" && passed) for (const other of steps) other.start?.();
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
