// `npm run soak`: a long day in minutes. Fails when memory or file handles grow, or a request is lost.
//
//   npm run soak                   ten minutes
//   npm run soak -- --minutes 60   as long as you like

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });

const steps = [
  ["build", "--release", "--locked"],
  [
    ...["bench", "--locked", "--profile", "dev", "--bench", "figures", "--"],
    ...["--server", path.join(target, "release", "backchat"), "--soak", values.minutes],
  ],
];
for (const args of steps) {
  const { status, error } = spawnSync("cargo", args, { cwd: root, stdio: "inherit" });
  if (error) console.error(`cargo could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
