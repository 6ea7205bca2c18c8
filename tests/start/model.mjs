// The small model of the demonstration, set up beside the build, when it looks as if it would be needed.

import { existsSync, readFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { ended, eachLine, startChild } from "../steps/children.mjs";

/** How long a server on this machine may take to accept a connection, in milliseconds. */
const ACCEPTS_WITHIN = 300;

/**
 * Why the small model will hardly be needed; undefined when it will. It is a guess that saves a download:
 * `backchat try` looks for a model itself, and sets the small one up when this guess was wrong.
 */
export async function ownModel(root, environment = process.env) {
  const set = (name) => environment[name]?.trim();
  const file = configuration(set);
  if (existsSync(file)) return `${file} is there`;
  // What the program itself looks for, from the place that says so.
  const known = readFileSync(path.join(root, "src", "llm", "discover.rs"), "utf8");
  const key = [...known.matchAll(/\bkey: "(\w+)"/g)].map(([, name]) => name).find(set);
  if (key) return `${key} is set`;
  const ports = [...known.matchAll(/\bport: (\d+)/g)].map(([, port]) => Number(port));
  const open = await Promise.all(ports.map(accepts));
  const port = ports.find((_, index) => open[index]);
  return port && `a server listens on port ${port} of this machine`;
}

/** Where the user's configuration is; the same as `config_file` of the program. */
function configuration(set) {
  if (set("BACKCHAT_CONFIG")) return set("BACKCHAT_CONFIG");
  const home = process.platform === "win32" ? set("APPDATA") : path.join(os.homedir(), ".config");
  return path.join(set("XDG_CONFIG_HOME") ?? home ?? os.homedir(), "backchat", "config.toml");
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1", timeout: ACCEPTS_WITHIN });
    const end = (is) => {
      socket.destroy();
      resolve(is);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => end(false));
    socket.on("error", () => end(false));
  });
}

/** The set-up of the small model. `changed` is called whenever it has more to show. */
export class ModelSetup {
  /** What it does now. */
  now = "";
  /** Whether it has ended, and well. */
  state = "running";
  /** What went wrong, and what helps. */
  said = [];
  #changed;

  constructor(changed) {
    this.#changed = changed;
  }

  async run(root) {
    const script = path.join("src", "cli", "local_model.py");
    const child = startChild("python3", [script, "setup", path.join(".cache", "local-model")], {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let what = "";
    eachLine(child.stderr, (line) => {
      if (this.said.length > 0 || line.startsWith("error: ")) {
        this.said.push(line);
        return;
      }
      // "downloading WHAT, N MB …", "  n of N MB", "  done in N s", "the local model is ready in DIR"
      const begun = /^downloading (.*), \d+ MB/.exec(line);
      if (begun) what = begun[1];
      const progress = /^\s+(\d+ of \d+ MB)$/.exec(line);
      this.now = progress ? `${what}, ${progress[1]}` : line.trim();
      this.#changed();
    });
    const { code, error } = await ended(child);
    if (error) this.said.push(`python3 could not be started: ${error.message}`);
    this.state = code === 0 ? "ready" : "failed";
    this.#changed();
  }
}
