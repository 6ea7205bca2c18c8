// Programs that run beside each other for one command, and end with it.
//
// Each gets a process group of its own, as ending cargo alone would leave its compilers running, and ending
// the shell of a step alone would leave what it has started.

import { spawn } from "node:child_process";

const running = new Set();

/** Starts a program that `endChildren` ends, with all that it starts. Takes and gives what `spawn` does. */
export function startChild(program, args, options = {}) {
  const child = spawn(program, args, { ...options, detached: process.platform !== "win32" });
  running.add(child);
  child.on("error", () => running.delete(child));
  child.on("close", () => running.delete(child));
  return child;
}

/** Ends what runs. Given SIGINT a program may still tidy up; given SIGKILL none does. */
export function endChildren(signal = "SIGINT") {
  for (const child of running) {
    try {
      if (process.platform === "win32") child.kill(signal);
      else process.kill(-child.pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** How a child ends: with its exit code, which is null when a signal has ended it, or with why it could not be started. */
export function ended(child) {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: null, error }));
    child.on("close", (code) => resolve({ code }));
  });
}

/** Calls `each` for every line of a stream, whole ones only, without the ends of lines. */
export function eachLine(stream, each) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) each(line.replace(/\r$/, ""));
  });
  stream.on("end", () => {
    if (rest) each(rest);
    rest = "";
  });
}
