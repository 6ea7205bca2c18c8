// What a failed test leaves for whoever looks into it: a folder of its own below .cache/failures/, whose
// name the output tells. Only the newest are kept.

import { cpSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Where the folders are. */
export const FAILURES = path.join(root, ".cache", "failures");

/** So many folders of each step are kept; tests/support/failures.rs keeps as many. */
const KEPT = 20;
/** Larger files are left out of what is copied. */
const LARGEST = 16 * 1024 * 1024;

/** Makes the folder for a failed test of a step. */
export function failureFolder(step, test) {
  const time = new Date().toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  const name = `${step}-${test.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 80)}-${time}`;
  mkdirSync(FAILURES, { recursive: true });
  for (let number = 1; ; number += 1) {
    const folder = path.join(FAILURES, number === 1 ? name : `${name}-${number}`);
    try {
      mkdirSync(folder);
      removeOldFailures();
      return folder;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
  }
}

/** Removes all folders but the newest of each step. */
export function removeOldFailures() {
  let names = [];
  try {
    names = readdirSync(FAILURES);
  } catch {
    return;
  }
  const age = (name) => lstatSync(path.join(FAILURES, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const kept = new Map();
  for (const name of names.sort((left, right) => age(right) - age(left))) {
    const [step] = name.split("-");
    const number = (kept.get(step) ?? 0) + 1;
    kept.set(step, number);
    if (number > KEPT) rmSync(path.join(FAILURES, name), { recursive: true, force: true });
  }
}

/** The folder as it is told: relative to the repository. */
export function told(folder) {
  return path.relative(root, folder);
}

/** Copies a file or a folder, without sockets, links and what is very large. What is not there is left out. */
export function copyEvidence(from, to) {
  const isCopied = (file) => {
    const found = lstatSync(file, { throwIfNoEntry: false });
    return found !== undefined && (found.isDirectory() || (found.isFile() && found.size <= LARGEST));
  };
  if (isCopied(from)) cpSync(from, to, { recursive: true, filter: isCopied });
}
