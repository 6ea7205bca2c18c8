// `npm start` as it is, with a real cargo, in a clone whose program takes a moment to build, not minutes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { questions } from "./sketch.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const stage = mkdtempSync(path.join(tmpdir(), "backchat-start-"));
after(() => rmSync(stage, { recursive: true, force: true }));

const MAIN = `fn main() { println!("demonstrated with {:?}", std::env::args().skip(1).collect::<Vec<_>>()); }\n`;
let clone;
let clones = 0;

/** A clone with everything that `npm start` reads, and a small program. */
beforeEach(() => {
  clone = path.join(stage, `clone-${(clones += 1)}`);
  for (const file of ["tests/start.mjs", "tests/start", "tests/steps", "src/cli/local_model.py", "src/cli/try_it/scene.rs", "src/llm/discover.rs", "package.json"]) {
    cpSync(path.join(root, file), path.join(clone, file), { recursive: true });
  }
  const manifest = '[package]\nname = "backchat"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[profile.try]\ninherits = "dev"\n';
  write("Cargo.toml", manifest);
  write("Cargo.lock", 'version = 4\n\n[[package]]\nname = "backchat"\nversion = "0.0.0"\n');
  write("src/main.rs", MAIN);
});

function write(name, text) {
  const file = path.join(clone, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Starts it; a user's key lets no model be fetched. */
function start(environment = { OPENAI_API_KEY: "sk-test" }) {
  const { PATH, HOME, CARGO_HOME, RUSTUP_HOME } = process.env;
  const settings = { PATH, HOME, CARGO_HOME, RUSTUP_HOME, XDG_CONFIG_HOME: path.join(stage, "config"), ...environment };
  const env = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const child = spawn(process.execPath, ["tests/start.mjs"], { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const end = new Promise((resolve) => child.on("close", (code) => resolve({ code, said })));
  return { child, end };
}

test("it builds the program, and shows the demonstration", async () => {
  const { code, said } = await start().end;
  assert.equal(code, 0, said);
  assert.match(said, /demonstrated with \["try", "--cache", ".cache"\]/);
  // What comes is told before it comes.
  for (const { name, prompt } of questions(root)) {
    assert.ok(said.indexOf(name) !== -1 && said.indexOf(name) < said.indexOf("demonstrated"), said);
    assert.ok(said.includes(prompt), said);
  }
  assert.equal(questions(root).length, 2);
  assert.ok(!said.includes("\x1b"), "a pipe gets plain text");
  assert.ok(!existsSync(path.join(clone, ".cache")), "no model is fetched for someone who has one");
});

test("a second start shows the demonstration, and nothing else", async () => {
  await start().end;
  const { code, said } = await start().end;
  assert.equal(code, 0, said);
  assert.match(said, /^demonstrated with [^\n]*\n$/);
});

test("a build that fails shows what the compiler says, whole, and no demonstration", async () => {
  write("src/main.rs", 'fn main() {\n    let answer: u32 = "42";\n    let _ = missing;\n}\n');
  const { code, said } = await start().end;
  assert.equal(code, 1, said);
  for (const words of ["mismatched types", "cannot find value `missing`", "src/main.rs:2", "could not be built"]) {
    assert.ok(said.includes(words), said);
  }
  assert.ok(!said.includes("demonstrated"), said);
});

test("a demonstration that fails fails it, with its own exit code", async () => {
  write("src/main.rs", "fn main() { std::process::exit(7) }\n");
  assert.equal((await start().end).code, 7);
});

test("a model that cannot be fetched stops nothing, and is told with what helps", async () => {
  // A port that nothing listens on, and no ready packages on this machine either.
  const index = { PIP_INDEX_URL: "http://127.0.0.1:9/simple", PIP_FIND_LINKS: "", PIP_RETRIES: "0", PIP_NO_CACHE_DIR: "1" };
  const { code, said } = await start(index).end;
  assert.equal(code, 0, said);
  assert.match(said, /small model could not be set up/);
  assert.match(said, /what helps: /);
  assert.match(said, /demonstrated/);
});

test("an interrupt ends the build with all that it has started", async () => {
  const marks = path.join(clone, "marks");
  write("marks/.keep", "");
  // A build script that waits for ever, and starts something that does as well.
  write(
    "build.rs",
    `fn main() {
      let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
      std::fs::write(${JSON.stringify(path.join(marks, "pids"))}, format!("{} {}", std::process::id(), child.id())).unwrap();
      child.wait().unwrap();
    }\n`,
  );
  const { child, end } = start();
  const pids = path.join(marks, "pids");
  await until(() => existsSync(pids) && readFileSync(pids, "utf8").includes(" "));
  child.kill("SIGINT");
  const { code, said } = await end;
  assert.equal(code, 130, said);
  assert.match(said, /interrupted/);
  for (const pid of readFileSync(pids, "utf8").split(" ").map(Number)) await until(() => !runs(pid));
});

/** Waits for a state; the deadline is only there so that a failure ends. */
async function until(state) {
  const deadline = Date.now() + 60_000;
  while (!state()) {
    assert.ok(Date.now() < deadline, `in vain: ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function runs(pid) {
  try {
    // One that has ended and that nobody has asked about is still in the table.
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
