// Cargo's build of the program to try, with what it does as it does it.

import os from "node:os";
import { stripVTControlCharacters } from "node:util";
import { ended, eachLine, startChild } from "../steps/children.mjs";
import { Estimate } from "./estimate.mjs";

/** What `npm start` builds; Cargo.toml says what it is for. */
export const PROFILE = "try";

/** What cargo says of its progress, which is shown in another form. */
const STATUS = /^\s*(Updating|Locking|Adding|Downloading|Downloaded|Compiling|Fresh|Dirty|Finished|Blocking)\b\s*(.*)$/;

/** A build that goes on, or has ended. `changed` is called whenever it has more to show. */
export class Build {
  /** How many crates were downloaded. */
  downloaded = 0;
  /** Why cargo waits, when it does. */
  waitsFor = "";
  /** The crates that are compiled now, the last begun last. */
  compiling = new Set();
  /** Whether anything had to be compiled. */
  worked = false;
  /** How far it is, once it is known which crates there are. */
  estimate = undefined;
  /** What cargo said beside its progress: warnings and errors, whole. */
  said = [];
  #changed;

  constructor(changed) {
    this.#changed = changed;
  }

  /** Builds, and gives the path of the program; undefined when it cannot be built: `said` then tells why. */
  async run(root, { colours }) {
    const crates = await this.#crates(root);
    if (!crates) return undefined;
    this.estimate = new Estimate(crates, { now: Date.now(), processors: os.availableParallelism() });
    this.#changed();
    let program;
    const options = ["--message-format=json-render-diagnostics", "--color", colours ? "always" : "never"];
    const built = await this.#cargo(root, ["build", "--profile", PROFILE, "--locked", "--bin", "backchat", ...options], (line) => {
      const message = parsed(line);
      if (message?.reason !== "compiler-artifact" || message.target.kind.includes("custom-build")) return;
      this.worked ||= !message.fresh;
      const crate = crateOf(message.package_id);
      program ??= message.executable;
      // Backchat itself is a library and a program, of which the program is the last.
      if (message.target.name !== "backchat" || message.executable) {
        this.compiling.delete(crate);
        this.estimate.built(crate, { fresh: message.fresh, now: Date.now() });
      }
      this.#changed();
    });
    return built ? program : undefined;
  }

  /** The crates that the program is made of, as `name version`, after their sources have been downloaded. */
  async #crates(root) {
    const crates = new Set();
    const args = ["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    const listed = await this.#cargo(root, args, (line) => {
      const [name, version] = line.split(" ");
      if (version) crates.add(`${name} ${version.slice(1)}`);
    });
    return listed ? [...crates] : undefined;
  }

  async #cargo(root, args, out) {
    const child = startChild("cargo", args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    eachLine(child.stdout, out);
    eachLine(child.stderr, (line) => this.#heard(line));
    const { code, error } = await ended(child);
    if (error) this.said.push(`cargo could not be started: ${error.message}`);
    return code === 0;
  }

  #heard(line) {
    const [, verb, what] = STATUS.exec(stripVTControlCharacters(line)) ?? [];
    if (!verb) {
      this.said.push(line);
    } else if (verb === "Downloaded") {
      this.downloaded += 1;
    } else if (verb === "Compiling") {
      this.worked = true;
      const [name, version] = what.split(" ");
      this.compiling.add(`${name} ${version?.slice(1)}`);
    }
    if (verb) this.waitsFor = verb === "Blocking" ? what : "";
    this.#changed();
  }
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The crate as `name version`, of a package id: `registry+https://…#name@1.0`, or `path+file:///…/name#1.0`. */
function crateOf(id) {
  const [source, fragment] = id.split("#");
  return fragment.includes("@") ? fragment.replace("@", " ") : `${source.split("/").pop()} ${fragment}`;
}
