// The programs that building and testing need. What is missing is installed where that is safe to do
// unasked (Debian's packages, as root or by a sudo that wants no password); for the rest it is said
// how to get it. Also run on its own, before `npm start`.

import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";

const RUSTUP = "install Rust by https://rustup.rs (or your distribution's rustup), then open a new shell";

/** What is needed: a command that succeeds when it is there, and how to get it. */
const TOOLS = [
  { name: "cargo", probe: ["cargo", "--version"], remedy: RUSTUP },
  { name: "a C compiler", probe: ["cc", "--version"], packages: ["gcc", "libc6-dev"], remedy: "install gcc or clang" },
  {
    name: "Python 3.10 or newer",
    probe: ["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 10))"],
    packages: ["python3"],
    remedy: "install a newer python3 and put it first in PATH",
  },
  {
    name: "pip",
    probe: ["python3", "-m", "pip", "--version"],
    packages: ["python3-pip"],
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

function install(packages) {
  const apt = aptGet();
  if (!apt) return;
  const [command, ...args] = apt;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  console.log(`installing ${packages.join(" ")} by apt-get`);
  spawnSync(command, [...args, "update", "-qq"], { stdio: "inherit", env });
  spawnSync(command, [...args, "install", "-qq", "-y", "--no-install-recommends", ...packages], { stdio: "inherit", env });
}

/** Whether every tool is there, after installing what can be installed. Says what is missing. */
export function checkTools({ forTests }) {
  const tools = forTests ? [...TOOLS, ...TEST_TOOLS] : TOOLS;
  let missing = tools.filter((tool) => !works(tool.probe));
  const packages = missing.flatMap((tool) => tool.packages ?? []);
  if (packages.length > 0) {
    install(packages);
    missing = missing.filter((tool) => !works(tool.probe));
  }
  for (const tool of missing) {
    const apt = tool.packages ? ` (Debian and Ubuntu: \`apt-get install ${tool.packages.join(" ")}\`)` : "";
    console.error(`missing: ${tool.name}. What helps: ${tool.remedy}${apt}.`);
  }
  return missing.length === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exit(checkTools({ forTests: false }) ? 0 : 1);
}
