// Draws what a terminal shows as a PNG: what the scripts that make the README's pictures share.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const cache = path.join(root, ".cache", "picture");
const neovimTests = path.join(root, "editors", "nvim", "tests");

/** Fetches what drawing needs, once: a terminal emulator and an image library for Python, and fonts. */
export function fetchRenderer() {
  mkdirSync(cache, { recursive: true });
  const python = path.join(cache, "python");
  if (!existsSync(path.join(python, "pyte"))) {
    const environment = { ...process.env, PIP_ROOT_USER_ACTION: "ignore" };
    execFileSync("python3", ["-m", "pip", "install", "-q", "--target", python, "pyte==0.8.2", "pillow==12.0.0"], { stdio: "inherit", env: environment });
  }
  const fonts = path.join(cache, "fonts");
  if (!existsSync(path.join(fonts, "usr"))) {
    const packages = ["fonts-jetbrains-mono", "fonts-dejavu-mono", "fonts-noto-color-emoji"];
    execFileSync("sh", [path.join(neovimTests, "fetch-debian.sh"), "forky", fonts, ...packages], { stdio: "inherit" });
  }
  return { python, fonts };
}

/** A screen of `columns` by `rows`, as `tmux capture-pane -p -N -e` gives it, with the cursor at `x,y`, as PNG. */
export function draw({ python, fonts }, screen, columns, rows, cursor) {
  return execFileSync("python3", [path.join(neovimTests, "picture", "render.py"), `${columns}x${rows}`, fonts, cursor], {
    input: screen,
    env: { ...process.env, PYTHONPATH: python },
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** The repository's own build of the program, the latest one. */
export function builtProgram() {
  const built = ["release", "try", "debug"].map((profile) => path.join(root, "target", profile, "backchat")).filter(existsSync);
  if (built.length === 0) throw new Error("There is no program to show. Build it: cargo build");
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}
