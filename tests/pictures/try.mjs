// Makes tests/pictures/try.png, the README's picture of `npm start`, from the real thing: `backchat try` in a
// terminal (tmux), with the small real model.
//
//   node tests/pictures/try.mjs
//
// Needs tmux, python3 with pip, a Debian's apt-get for the fonts, and the repository's own build.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { builtProgram, draw, fetchRenderer } from "../../editors/tests/terminal_picture.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(path.dirname(here));
const [COLUMNS, ROWS] = [112, 64];
const PATIENCE = 300_000;

const renderer = fetchRenderer();
const stage = mkdtempSync(path.join(tmpdir(), "home-"));
const tmux = (...args) => execFileSync("tmux", ["-S", path.join(stage, "tmux"), "-f", "/dev/null", ...args], { encoding: "utf8" });
const screen = (...args) => tmux("capture-pane", "-p", "-N", ...args);
try {
  const settings = { HOME: stage, LANG: "C.UTF-8", PATH: process.env.PATH, COLORTERM: "truecolor" };
  const environment = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  // The end of the program is seen by a mark that it does not write itself.
  const command = ["env", "-i", "TERM=xterm-256color", ...environment, builtProgram(), "try", "--cache", path.join(root, ".cache")];
  const quoted = command.map((word) => `'${word}'`).join(" ");
  tmux("new-session", "-d", "-x", String(COLUMNS), "-y", String(ROWS), "-c", root, `${quoted}; echo "ended $?" > '${stage}/ended'; sleep 600`);
  const end = Date.now() + PATIENCE;
  const ended = () => {
    try {
      return execFileSync("cat", [path.join(stage, "ended")], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      return "";
    }
  };
  while (!ended()) {
    if (Date.now() > end) throw new Error("the demonstration did not end");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  if (ended() !== "ended 0") throw new Error(`the demonstration failed: ${ended()}`);
  const output = path.join(here, "try.png");
  // Whoever looks at the picture has other folders.
  const shown = screen("-e").replaceAll(root, "~/src/backchat").replaceAll(stage, "~");
  writeFileSync(output, draw(renderer, shown, COLUMNS, ROWS, tmux("display-message", "-p", "#{cursor_x},#{cursor_y}").trim()));
  console.log(`Wrote ${path.relative(process.cwd(), output)}`);
} catch (error) {
  console.error(error.message);
  console.error(screen());
  process.exitCode = 1;
} finally {
  try {
    tmux("kill-server");
  } catch {
    // It ended by itself.
  }
  rmSync(stage, { recursive: true, force: true });
}
