// Makes editors/nvim/docs/neovim.png, the picture of the README, from the real thing: a Neovim in a
// terminal (tmux), the real server, a model. Three questions about a file: one is answered, one runs,
// one waits; text was typed above them meanwhile.
//
//   node editors/nvim/tests/picture.mjs [--model scripted|local] [--output FILE]
//
// `scripted` (the default) is the scripted model of the tests, whose answers are in this file; `local` the
// small real model in .cache/local-model, which is real and not wise. Needs tmux, python3 with pip, a
// Debian's apt-get for the fonts, and the repository's own build of the server.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startScriptedModel } from "../../tests/scripted_model.mjs";
import { builtProgram, draw, fetchRenderer } from "../../tests/terminal_picture.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const plugin = path.dirname(here);
const root = path.dirname(path.dirname(plugin));
const [COLUMNS, ROWS] = [100, 32];
const PATIENCE = 60_000;

const QUESTIONS = [
  {
    lines: "6,12",
    prompt: "why is this slow with 100,000 items?",
    answer:
      "Each item is compared with every item after it, and `item not in found` walks a list as well: " +
      "the time grows with the square of the length. A `set` of what was seen makes it linear:\n\n" +
      "```python\nseen, found = set(), set()\nfor item in items:\n    (found if item in seen else seen).add(item)\n```",
  },
  {
    lines: "15,20",
    prompt: "what happens when a level is missing?",
    answer: "A name that is not in `levels` is never looked at, so it is never ordered. Pass the catalogue as well and use `levels.get(name, 0)`.",
    gate: 14,
  },
  { lines: "23,25", prompt: "review this for large files", answer: "It reads all rows at once." },
];

function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? otherwise : process.argv[at + 1];
}

function neovim() {
  const folder = path.join(root, ".cache", "nvim-0.11");
  execFileSync("sh", [path.join(here, "install-neovim.sh"), "0.11", folder], { stdio: "inherit" });
  return path.join(folder, "bin", "nvim");
}

async function localModel() {
  const script = path.join(root, "src", "cli", "local_model.py");
  const folder = path.join(root, ".cache", "local-model");
  execFileSync("python3", [script, "setup", folder], { stdio: "inherit" });
  const child = spawn("python3", [script, "serve", folder], { stdio: ["pipe", "pipe", "inherit"] });
  const line = await new Promise((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  const told = JSON.parse(line);
  return { baseUrl: told.base_url ?? told.baseUrl, close: async () => child.stdin.end() };
}

async function until(what, condition) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const value = condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Waited in vain until ${what}`);
}

async function main() {
  const renderer = fetchRenderer();
  const program = neovim();
  const scripted = option("model", "scripted") === "scripted";
  const model = scripted ? await startScriptedModel() : await localModel();
  if (scripted) for (const { prompt, answer, gate } of QUESTIONS) model.script({ match: prompt, answer, gate });

  const stage = mkdtempSync(path.join(tmpdir(), "backchat-picture-"));
  const socket = path.join(stage, "tmux");
  const tmux = (...args) => execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], { encoding: "utf8" });
  const screen = (...args) => tmux("capture-pane", "-p", "-N", ...args);
  const type = (...keys) => tmux("send-keys", ...keys);
  try {
    mkdirSync(path.join(stage, "bin"));
    execFileSync("ln", ["-s", builtProgram(), path.join(stage, "bin", "backchat")]);
    copyFileSync(path.join(here, "picture", "stock.py"), path.join(stage, "stock.py"));
    writeFileSync(
      path.join(stage, "config.toml"),
      `default_model = "m"\n[models.m]\nformat = "openai-chat"\nbase_url = "${model.baseUrl}"\nmodel = "m"\nmax_output_tokens = 300\n`,
    );
    const environment = {
      HOME: stage,
      PATH: `${path.join(stage, "bin")}:${process.env.PATH}`,
      LANG: "C.UTF-8",
      BACKCHAT_CONFIG: path.join(stage, "config.toml"),
      BACKCHAT_STATE_DIR: path.join(stage, "state"),
      BACKCHAT_PICTURE_PLUGIN: plugin,
      XDG_STATE_HOME: path.join(stage, "xdg"),
    };
    const settings = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const command = [program, "--clean", "-u", path.join(here, "picture", "init.lua"), "stock.py"];
    tmux("new-session", "-d", "-x", String(COLUMNS), "-y", String(ROWS), "-c", stage, ...settings, ...command);
    await until("Neovim shows the file", () => screen().includes("def load"));
    for (const { lines, prompt } of QUESTIONS) type(`:${lines}Backchat submit ${prompt}`, "Enter");
    await until("the first is answered and the second runs", () => /📬 why is this slow/.test(screen()) && /running \d+s/.test(screen()));
    type("3G", "o", "from collections import Cou");
    await until("the clock ticks", () => /running [3-9]s · ≈\d+ tokens/.test(screen()));
    const output = path.resolve(option("output", path.join(plugin, "docs", "neovim.png")));
    mkdirSync(path.dirname(output), { recursive: true });
    const cursor = tmux("display-message", "-p", "#{cursor_x},#{cursor_y}").trim();
    writeFileSync(output, draw(renderer, screen("-e"), COLUMNS, ROWS, cursor));
    console.log(`Wrote ${path.relative(process.cwd(), output)}`);
  } catch (error) {
    console.error(error.message);
    try {
      console.error(screen());
    } catch {
      // There is no terminal to show.
    }
    process.exitCode = 1;
  } finally {
    try {
      tmux("kill-server");
    } catch {
      // It ended by itself.
    }
    await model.close();
    rmSync(stage, { recursive: true, force: true });
  }
}

await main();
