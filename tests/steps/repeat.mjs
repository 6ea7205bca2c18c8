// Repeated runs: one run that passes says little about tests that wait for other processes. What can vary
// is run many times, beside busy processors where that is asked for.
//
//   --times N         runs the tests N times; what only prepares them, or always ends the same, runs once
//   --beside-load N   keeps N processor cores busy while the tests run

import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const LOAD = path.join(path.dirname(fileURLToPath(import.meta.url)), "load.mjs");

/** The options of a script that repeats runs, for `parseArgs`. */
export const REPETITION_OPTIONS = { times: { type: "string" }, "beside-load": { type: "string" } };

/**
 * How often to run and beside how many busy loops, from the values of these options. A value that is no
 * number ends the process with a message.
 */
export function repetitionOf(values) {
  const number = (name, least, otherwise) => {
    const value = values[name];
    if (value === undefined) return otherwise;
    if (/^\d{1,4}$/.test(value) && Number(value) >= least) return Number(value);
    console.error(`--${name} takes a number from ${least} to 9999, not "${value}"`);
    process.exit(2);
  };
  return { times: number("times", 1, 1), load: number("beside-load", 0, 0) };
}

/** The same as arguments for another script. */
export function argumentsOf({ times, load }) {
  return [...(times > 1 ? ["--times", String(times)] : []), ...(load > 0 ? ["--beside-load", String(load)] : [])];
}

/**
 * Runs `run` as often as `repetition` says and resolves to whether each run passed. A run that fails does
 * not stop those after it; `isInterrupted` does.
 *
 * @param {string} name what is run, for the messages
 * @param {{times: number, load: number}} repetition
 * @param {() => Promise<boolean>} run
 * @param {() => boolean} [isInterrupted]
 */
export async function repeated(name, { times, load }, run, isInterrupted = () => false) {
  const stopLoad = startLoad(load);
  const beside = load === 0 ? "" : ` beside ${load} busy ${load === 1 ? "loop" : "loops"}`;
  let passed = 0;
  let runs = 0;
  const failed = [];
  try {
    while (runs < times && !isInterrupted()) {
      runs += 1;
      if (times > 1) console.log(`\n${name}: run ${runs} of ${times}${beside}`);
      const started = Date.now();
      if (await run()) passed += 1;
      // A run that was interrupted shows nothing.
      else if (isInterrupted()) break;
      else failed.push(runs);
      const verdict = failed.at(-1) === runs ? "FAILED" : "passed";
      if (times > 1) console.log(`${name}: run ${runs} of ${times} ${verdict} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    }
  } finally {
    stopLoad();
  }
  if (times > 1) {
    const which = failed.length === 0 ? "" : `; failed: ${failed.length === 1 ? "run" : "runs"} ${failed.join(", ")}`;
    const missing = isInterrupted() ? "; interrupted" : "";
    console.log(`\n${name}: passed ${passed} of ${times}${beside}${which}${missing}`);
  }
  return passed === times;
}

/** Starts so many busy loops; what it returns ends them. They also end when this process does, however it ends. */
function startLoad(count) {
  const loops = Array.from({ length: count }, () => spawn(process.execPath, [LOAD], { stdio: ["pipe", "ignore", "inherit"] }));
  for (const loop of loops) loop.stdin.on("error", () => {});
  return () => {
    for (const loop of loops) loop.kill();
  };
}
