// What the plugin adds to the start of Neovim.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { summary } from "./samples.mjs";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const VERSIONS = ["0.12", "0.11", "0.10"];

/** The start of Neovim with the plugin, and without it; undefined when no Neovim is there. */
export async function measureNeovim({ times }) {
  const nvim = VERSIONS.map((version) => path.join(root, ".cache", `nvim-${version}`, "bin", "nvim")).find(existsSync);
  if (!nvim) {
    console.error("No Neovim is in .cache/, so its start is not measured: `npm test -- nvim` puts it there.");
    return undefined;
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), "backchat-bench-"));
  try {
    const plugin = path.join(root, "editors", "nvim");
    const samples = { with: [], without: [] };
    // In turn, so that whatever the machine does besides hits both.
    for (let i = 0; i < times; i += 1) {
      samples.without.push(start(nvim, folder, []));
      samples.with.push(start(nvim, folder, ["--cmd", `set runtimepath^=${plugin}`]));
    }
    const [ours, bare] = [summary(samples.with), summary(samples.without)];
    const added = ours.median - bare.median;
    return {
      id: "neovim-start",
      what: "Neovim's start with the plugin",
      unit: "ms",
      ours,
      baseline: { name: "without", ...bare },
      target: { text: `≤ 1 ms more (${added.toFixed(2)})`, met: added <= 1 },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds until Neovim says that it has started. */
function start(nvim, folder, args) {
  const log = path.join(folder, "startuptime");
  rmSync(log, { force: true });
  const { status } = spawnSync(nvim, ["--headless", "-i", "NONE", "-u", "NORC", ...args, "--startuptime", log, "+qa"]);
  if (status !== 0) throw new Error("Neovim could not be started");
  const line = readFileSync(log, "utf8")
    .split("\n")
    .find((line) => line.includes("--- NVIM STARTED ---"));
  return Number.parseFloat(line);
}
