// What the extension costs VS Code: the time of its activation, and its size.
//
// The times are the marks of VS Code's own extension host, in whole milliseconds, from the same places as the
// figures of its command "Show Running Extensions". Each sample is a window of a real VS Code, and so a fresh
// extension host, with the packaged extension; both processors are busy with the window meanwhile.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { summary } from "./samples.mjs";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const extension = path.join(root, "editors", "vscode");
const stopwatch = path.join(root, "tests", "bench", "stopwatch");
/** How long a window may take until both extensions are active, in milliseconds. */
const PATIENCE = 120_000;

/**
 * The figures of the extension packaged with this server; none when there is no VS Code, unless it may be
 * installed, as for the extension's tests.
 */
export async function measureVsCode({ times, server, install }) {
  if (install) {
    run("tests/run.mjs", "dependencies", "vscode");
  } else if (!(await isInstalled())) {
    console.error("No VS Code is in .cache/, so the extension is not measured: `npm run bench -- --only vscode` puts it there.");
    return [];
  }
  run("package.mjs", "--server", server);
  const vsix = path.join(extension, `backchat-${process.platform}-${process.arch}.vsix`);
  const samples = await activations(vsix, times);
  const of = (measured) => summary(samples.map(measured));
  const whole = of(({ backchat }) => backchat.load + backchat.activate);
  return [
    {
      id: "vscode-activation",
      what: "VS Code: activation of the extension",
      unit: "ms",
      ours: whole,
      baseline: { name: "an empty extension", ...of(({ empty }) => empty.load + empty.activate) },
      target: { text: "≤ 50 ms", met: whole.median <= 50 },
    },
    { id: "vscode-load", what: "of it loading the code", unit: "ms", ours: of(({ backchat }) => backchat.load) },
    { id: "vscode-activate", what: "of it the call of `activate`", unit: "ms", ours: of(({ backchat }) => backchat.activate) },
    { id: "vscode-client", what: "after it loading the language client", unit: "ms", ours: of(({ client }) => client) },
    sizeOf("vscode-code-size", "VS Code: the extension's code", path.join(extension, "dist", "extension.js"), { name: "KiB", bytes: 2 ** 10 }),
    sizeOf("vscode-package-size", "VS Code: the package with the server", vsix, { name: "MiB", bytes: 2 ** 20 }),
  ];
}

async function isInstalled() {
  if (!existsSync(path.join(extension, "node_modules", "playwright-core"))) return false;
  const { CHROMIUM, VSCODE } = await import(path.join(extension, "tests", "install.mjs"));
  return [CHROMIUM, VSCODE.node, VSCODE.entry].every((file) => existsSync(file));
}

/** Runs a script of the extension; what it prints is not part of the table. */
function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: extension, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`node ${args.join(" ")} failed in editors/vscode`);
}

/** Opens a window after the other; the milliseconds that the activations took in each. */
async function activations(vsix, times) {
  // They need what was just installed.
  const { startVsCode } = await import(path.join(extension, "tests", "vscode.mjs"));
  const { makeWorld } = await import(path.join(extension, "tests", "world.mjs"));
  const world = await makeWorld();
  try {
    const results = path.join(world.root, "activations");
    mkdirSync(results);
    const vscode = await startVsCode({
      extension: vsix,
      env: { ...world.env, BACKCHAT_BENCH_FOLDER: results },
      // Without it a browser may not name an extension to load from a folder.
      args: ["--vscode-option", "enable-smoke-test-driver"],
    });
    try {
      const samples = [];
      const seen = new Set();
      while (samples.length < times) {
        const page = await vscode.openWindow(world.folder, {
          payload: (host) => [["extensionDevelopmentPath", `vscode-remote://${host}${stopwatch}`]],
        });
        const file = await fresh(results, seen);
        samples.push(JSON.parse(readFileSync(path.join(results, file), "utf8")));
        await page.context().close();
      }
      return samples;
    } finally {
      await vscode.close();
    }
  } finally {
    await world.close();
  }
}

/** Waits for the result of one more extension host. */
async function fresh(folder, seen) {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(100)) {
    const file = readdirSync(folder).find((name) => name.endsWith(".json") && !seen.has(name));
    if (file) {
      seen.add(file);
      return file;
    }
  }
  throw new Error("The extension was not activated in time.");
}

function sizeOf(id, what, file, { name, bytes }) {
  const size = statSync(file).size / bytes;
  return { id, what, unit: name, ours: { median: size, p99: size } };
}
