// What the plugin costs Neovim: its start, and the drawing of answers that stream.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { summary } from "./samples.mjs";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const plugin = path.join(root, "editors", "nvim");
const VERSIONS = ["0.12", "0.11", "0.10"];
/** How long the answers are that stream: a short one, a long one, and one that nobody reads. */
const STREAMED = [
  { bytes: 12_000, what: "12 kB" },
  { bytes: 60_000, what: "60 kB" },
  { bytes: 1_000_000, what: "1 MB" },
];
/** How long a drawing may take, with Neovim's own redraw, in milliseconds; and how many there may be in a second. */
const DRAW_LIMIT = 1;
const RATE_LIMIT = 10;

/** The figures of the newest Neovim that is there, the drawing in each of them; none when there is none. */
export async function measureNeovim({ times }) {
  const found = VERSIONS.map((version) => ({ version, nvim: path.join(root, ".cache", `nvim-${version}`, "bin", "nvim") })).filter(
    ({ nvim }) => existsSync(nvim),
  );
  if (found.length === 0) {
    console.error("No Neovim is in .cache/, so the plugin is not measured: `npm test -- nvim` puts it there.");
    return [];
  }
  return [measureStart(found[0].nvim, times), ...found.flatMap(({ version, nvim }) => measureStreaming(version, nvim, times))];
}

/** How long a drawing of an answer takes while it streams, and how often there is one. */
function measureStreaming(version, nvim, times) {
  const figures = [];
  for (const { bytes, what } of STREAMED) {
    const { rate, code, code_redraw, reader, reader_redraw } = stream(nvim, bytes, times);
    const figure = (where, samples, redraws) => {
      const ours = summary(samples);
      const redraw = summary(redraws).median;
      return {
        id: `neovim-${version}-stream-${where.id}-${bytes}`,
        what: `Neovim ${version}: a drawing ${where.what}, ${what} streamed`,
        unit: "ms",
        ours,
        target: { text: `≤ ${DRAW_LIMIT} ms with Neovim's redraw (${redraw.toFixed(2)})`, met: ours.median + redraw <= DRAW_LIMIT },
      };
    };
    figures.push(
      figure({ id: "code", what: "at the code" }, code, code_redraw),
      figure({ id: "reader", what: "in the reader" }, reader, reader_redraw),
      {
        id: `neovim-${version}-stream-rate-${bytes}`,
        what: `Neovim ${version}: drawings of 100 deltas a second, ${what} streamed`,
        unit: "/s",
        ours: { median: rate, p99: rate },
        target: { text: `≤ ${RATE_LIMIT} a second`, met: rate <= RATE_LIMIT },
      },
    );
  }
  return figures;
}

/** What streaming.lua measures in a Neovim. */
function stream(nvim, bytes, times) {
  const script = path.join(root, "tests", "bench", "neovim", "streaming.lua");
  const args = ["--headless", "-i", "NONE", "--clean", "-n", "--cmd", `set runtimepath^=${plugin}`, "-c", `luafile ${script}`, "-c", "qa!"];
  const { status, stdout, stderr } = spawnSync(nvim, args, {
    encoding: "utf8",
    env: { ...process.env, BACKCHAT_BENCH_BYTES: String(bytes), BACKCHAT_BENCH_TIMES: String(times) },
  });
  const line = stdout.split("\n").find((text) => text.startsWith("{"));
  if (status !== 0 || !line) throw new Error(`Neovim could not measure the streaming: ${stderr}`);
  return JSON.parse(line);
}

/** The start of Neovim with the plugin, and without it. */
function measureStart(nvim, times) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "backchat-bench-"));
  try {
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
