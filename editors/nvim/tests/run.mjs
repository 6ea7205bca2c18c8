// Every check of the Neovim plugin: format, lint, and the tests in real Neovims with the real server.
//
//   node editors/nvim/tests/run.mjs                  everything
//   node editors/nvim/tests/run.mjs --nvim 0.11      only that version
//   node editors/nvim/tests/run.mjs --files flow     only the test files whose name contains it
//   node editors/nvim/tests/run.mjs --case cancel    only the tests whose name contains it
//   node editors/nvim/tests/run.mjs --update         write the reference screens anew
//   node editors/nvim/tests/run.mjs --times 10       the tests 10 times; --beside-load 2 keeps two cores busy
//   node editors/nvim/tests/run.mjs --fetch          only download what the tests need
//
// The server is the repository's own build (the profiles release, try and debug, the newest one), or
// what BACKCHAT_BINARY names. What is downloaded goes to .cache/. Ends with 0 when
// everything passed.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { FAILURES, removeOldFailures } from "../../../tests/steps/failures.mjs";
import { repeated, repetitionOf } from "../../../tests/steps/repeat.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const plugin = path.dirname(here);
const root = path.dirname(path.dirname(plugin));
const cache = path.join(root, ".cache");
const tools = path.join(cache, "nvim-lua-tools");

/** The versions that are promised to work. The others are tested where they can be had. */
const REQUIRED = ["0.10", "0.11"];
const VERSIONS = [...REQUIRED, "0.12"];
const STYLUA = "2.5.2";
/** The longest that the tests of one Neovim may take: a hang ends as a failure. */
const TIME_LIMIT = 15 * 60 * 1000;

function option(name) {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? undefined : process.argv[at + 1];
}

let child = null;
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    interrupted = true;
    child?.kill(signal);
  });
}

/** Runs a program with its output shown; resolves to its exit code, not 0 when it was ended. */
function run(program, args, options = {}) {
  return new Promise((resolve) => {
    child = spawn(program, args, { cwd: plugin, stdio: ["ignore", "inherit", "inherit"], ...options });
    child.on("error", (error) => {
      console.error(`${program} could not be started: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code, signal) => {
      if (signal) console.error(`${path.basename(program)} was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

function server() {
  if (process.env.BACKCHAT_BINARY) return process.env.BACKCHAT_BINARY;
  const built = ["release", "try", "debug"]
    .map((profile) => path.join(root, "target", profile, "backchat"))
    .filter(existsSync)
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return built[0];
}

/** Neovim of a version in .cache/, or undefined when it can't be had. */
async function neovim(version) {
  const folder = path.join(cache, `nvim-${version}`);
  const code = await run("sh", [path.join(here, "install-neovim.sh"), version, folder]);
  return code === 0 ? path.join(folder, "bin", "nvim") : undefined;
}

async function luaTools() {
  const wanted = ["usr/share/neovim-mini.test/lua/mini/test.lua", "usr/share/lua/5.1/luacheck/main.lua", "usr/share/lua/5.1/argparse.lua"];
  if (wanted.every((file) => existsSync(path.join(tools, file)))) return true;
  const script = path.join(here, "fetch-debian.sh");
  const code = await run("sh", [script, "forky", tools, "neovim-mini.test", "lua-check", "lua-argparse"]);
  return code === 0;
}

async function stylua() {
  const folder = path.join(cache, "stylua");
  const program = path.join(folder, "node_modules", ".bin", "stylua");
  const installed = spawnSync(program, ["--version"], { encoding: "utf8" });
  if (installed.stdout?.includes(STYLUA)) return program;
  mkdirSync(folder, { recursive: true });
  const args = ["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix", folder];
  const code = await run("npm", [...args, `@johnnymorganz/stylua-bin@${STYLUA}`]);
  return code === 0 ? program : undefined;
}

const results = [];

async function check(name, body) {
  if (interrupted) return false;
  console.log(`\n── nvim: ${name} ──`);
  const started = Date.now();
  const passed = await body();
  results.push({ name, passed, took: Date.now() - started });
  return passed;
}

async function testIn(version, program) {
  const environment = {
    ...process.env,
    BACKCHAT_TEST_TOOLS: tools,
    BACKCHAT_TEST_BINARY: server(),
    BACKCHAT_TEST_FILES: option("files") ?? "",
    BACKCHAT_TEST_CASE: option("case") ?? "",
    BACKCHAT_TEST_UPDATE: process.argv.includes("--update") ? "yes" : "",
    BACKCHAT_TEST_LOCAL_MODEL: path.join(cache, "local-model"),
    BACKCHAT_TEST_FAILURES: path.join(FAILURES, `nvim-${version}`),
  };
  const args = ["--headless", "--clean", "-n", "-u", path.join(here, "minit.lua"), "-c", `luafile ${path.join(here, "run_tests.lua")}`];
  const passed = (await run(program, args, { env: environment, timeout: TIME_LIMIT })) === 0;
  removeOldFailures();
  return passed;
}

async function main() {
  const repetition = repetitionOf({ times: option("times"), "beside-load": option("beside-load") });
  const onlyFetch = process.argv.includes("--fetch");
  if (!onlyFetch && !server()) {
    console.error("There is no server to test with. Build it: cargo build");
    return 1;
  }
  mkdirSync(cache, { recursive: true });
  const only = option("nvim");
  const programs = {};
  await check("tools", async () => {
    for (const version of VERSIONS.filter((version) => !only || version === only)) {
      programs[version] = await neovim(version);
      if (!programs[version] && !REQUIRED.includes(version)) {
        console.log(`Neovim ${version} can't be had here; its tests are left out.`);
      }
    }
    const localModel = [path.join(root, "src", "cli", "local_model.py"), "setup", path.join(cache, "local-model")];
    if ((await run("python3", localModel)) !== 0) return false;
    if (onlyFetch && !(await stylua())) return false;
    return (await luaTools()) && REQUIRED.every((version) => (only && version !== only) || programs[version]);
  });

  const anyNeovim = Object.values(programs).find(Boolean);
  if (onlyFetch) return results.every((result) => result.passed) ? 0 : 1;
  if (!option("files") && !option("case")) {
    await check("format", async () => {
      const program = await stylua();
      return program !== undefined && (await run(program, ["--check", "."])) === 0;
    });
    await check("lint", async () => {
      const args = ["-l", path.join(here, "luacheck.lua"), tools, "--no-color", "--quiet", "lua", "plugin", "tests"];
      return anyNeovim !== undefined && (await run(anyNeovim, args)) === 0;
    });
    await check("help tags", async () => {
      const code = await run(anyNeovim, ["--headless", "--clean", "-c", "helptags doc", "-c", "quit"]);
      return code === 0 && readdirSync(path.join(plugin, "doc")).includes("tags");
    });
  }
  const repeatedly = await repeated("nvim", repetition, async () => {
    let passed = true;
    for (const [version, program] of Object.entries(programs)) {
      if (program && !interrupted) passed = (await check(`tests in Neovim ${version}`, () => testIn(version, program))) && passed;
    }
    return passed;
  }, () => interrupted);
  if (interrupted) return 130;

  console.log("");
  for (const { name, passed, took } of repetition.times === 1 ? results : results.filter(({ passed }) => !passed)) {
    console.log(`  ${passed ? "passed" : "FAILED"}  ${name}  ${(took / 1000).toFixed(1)} s`);
  }
  return repeatedly && results.every((result) => result.passed) ? 0 : 1;
}

process.exit(await main());
