// What the program is built from: the licences, the sources and the duplicates of its crates (deny.toml),
// and the signatures of the npm packages that the VS Code extension is built with.

import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const folder = path.join(root, ".cache", "cargo-deny");
const CARGO_DENY = "0.20.2";

const run = (program, args, options = {}) => spawnSync(program, args, { cwd: root, stdio: "inherit", ...options }).status === 0;

/** cargo-deny, built once. Unoptimised it takes minutes of a processor to build and a second to run. */
function cargoDeny() {
  const home = path.join(folder, CARGO_DENY);
  const program = path.join(home, "bin", "cargo-deny");
  if (existsSync(program)) return program;
  const build = path.join(folder, "build");
  const env = { ...process.env, CARGO_TARGET_DIR: build, CARGO_PROFILE_DEV_DEBUG: "0" };
  const installed = run("cargo", ["install", "--debug", "--locked", "--root", home, "--version", CARGO_DENY, "cargo-deny"], { env });
  rmSync(build, { recursive: true, force: true });
  return installed ? program : null;
}

/** The crates: licences, sources, duplicates. */
function crates() {
  const program = cargoDeny();
  if (!program) return false;
  // Also those that are only for other systems, which no build here has fetched.
  if (!run("cargo", ["fetch", "--locked"])) return false;
  return run(program, ["--offline", "--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
}

/**
 * The npm packages. Their registry's public keys come over the network, and not every mirror has them: then
 * nothing can be checked, which is said and is no failure. A signature that is wrong is one.
 */
function packages() {
  const extension = path.join(root, "editors", "vscode");
  if (!existsSync(path.join(extension, "node_modules"))) {
    console.log("npm audit signatures: not checked, since the extension's packages are not installed here");
    return true;
  }
  const audit = spawnSync("npm", ["audit", "signatures", "--fetch-retries=0", "--fetch-timeout=20000"], { cwd: extension, encoding: "utf8" });
  const said = `${audit.stdout}${audit.stderr}`;
  if (audit.status === 0) {
    console.log(audit.stdout.trim());
    return true;
  }
  if (/invalid|missing registry signatures/i.test(said) || !/npm error (network|code E)/.test(said)) {
    console.error(said);
    return false;
  }
  console.log("npm audit signatures: not checked, since the registry's keys cannot be fetched here");
  return true;
}

/** The step of `npm test`. */
export function audit() {
  const [cratesPass, packagesPass] = [crates(), packages()];
  return cratesPass && packagesPass;
}

// Run on its own it only gets cargo-deny, with what the processors have left over beside everything else.
if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  os.setPriority(os.constants.priority.PRIORITY_LOW);
  process.exit(cargoDeny() ? 0 : 1);
}
