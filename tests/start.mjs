// `npm start`: builds Backchat to try it, and shows its main job with a real model.
//
// While it builds, it shows what will come and how far it is; the small model of the demonstration is fetched
// beside the build when there seems to be no other. A second start has nothing to build and shows the
// demonstration at once.

import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Build } from "./start/build.mjs";
import { roughly } from "./start/estimate.mjs";
import { ModelSetup, ownModel } from "./start/model.mjs";
import { Screen, styles } from "./start/screen.mjs";
import { sketch } from "./start/sketch.mjs";
import { endChildren } from "./steps/children.mjs";
import { checkTools } from "./steps/tools.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const INTERRUPTED = 130;
/** How many of the crates that are compiled now are named. */
const NAMED = 4;

const colours = Screen.colours();
const { bold, dim, good, bad } = styles(colours);

/** The build as it is now, in one line. */
function told(build, began) {
  const { estimate } = build;
  if (!estimate) return build.downloaded > 0 ? `downloading the sources: ${build.downloaded} crates so far` : "looking for the sources";
  const elapsed = Math.round((Date.now() - began) / 1000);
  const left = estimate.remaining(Date.now());
  const parts = [`${estimate.finished} of ${estimate.crates} crates`, `${elapsed} s`];
  if (left !== undefined) parts.push(left < 1 ? "longer than expected" : `${roughly(left)} left`);
  return parts.join(" · ");
}

/** What is compiled now. */
function named(build) {
  if (build.waitsFor) return build.waitsFor;
  const crates = [...build.compiling].map((crate) => crate.split(" ")[0]);
  if (crates.length === 0) return "";
  const more = crates.length - NAMED;
  return `compiling ${crates.slice(-NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const WIDTH = 30;

function bar(share) {
  const full = Math.floor(share * WIDTH);
  return `${good("█".repeat(full))}${dim("░".repeat(WIDTH - full))}`;
}

/** Builds the program, with the model beside it if it is wanted. Gives the program's path, if it was built. */
async function prepare(interrupted) {
  const began = Date.now();
  let sketched = false;
  let ready = false;
  const build = new Build(() => {
    // Nothing is announced where nothing has to be done.
    if (sketched || !build.worked) return;
    sketched = true;
    screen.print(...sketch(root, styles(colours)));
  });
  let model;
  const own = await ownModel(root);
  const screen = new Screen(() => {
    const rows = [];
    const words = [];
    if (!ready && (build.worked || build.downloaded > 0 || build.waitsFor)) {
      words.push([told(build, began), named(build)].filter(Boolean).join(" · "));
      rows.push(`${bar(build.estimate?.share ?? 0)}  ${told(build, began)}`, `   ${dim(named(build))}`);
    }
    if (model?.state === "running" && model.now) {
      words.push(`small model: ${model.now}`);
      rows.push(`   ${dim(`the small model: ${model.now}`)}`);
    } else if (model?.state === "ready" && !ready && build.worked) {
      rows.push(`   ${dim("the small model is ready")}`);
    }
    return { rows, line: words.join(" · ") };
  });
  const beside = own ? undefined : (model = new ModelSetup(() => {})).run(root);
  let program;
  try {
    program = await build.run(root, { colours });
    ready = true;
    if (program) await beside;
    else endChildren();
  } finally {
    screen.end();
  }
  if (interrupted()) return undefined;
  if (build.said.length > 0) console.error(build.said.join("\n"));
  if (!program) {
    console.error(`\n${bad("Backchat could not be built.")} What is above says why; when it is mended, \`npm start\` goes on from there.`);
    return undefined;
  }
  if (build.worked) console.log(`${bold("Built")} in ${Math.round((Date.now() - began) / 1000)} s.`);
  if (model?.state === "failed") {
    console.error(`The small model could not be set up beside the build:\n${model.said.join("\n")}`);
    console.error("If the demonstration finds no other model, it tries again.");
  }
  return program;
}

/** The demonstration, which has the terminal to itself. */
function demonstrate(program) {
  const child = spawn(program, ["try", "--cache", ".cache"], { cwd: root, stdio: "inherit" });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`${program} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? INTERRUPTED));
  });
}

async function main() {
  if (!checkTools({ forTests: false })) return 1;
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // Whoever asks twice does not want to wait.
      endChildren(interrupted ? "SIGKILL" : "SIGINT");
      interrupted = true;
    });
  }
  const program = await prepare(() => interrupted);
  if (interrupted) {
    console.error("\ninterrupted; nothing is left running. `npm start` goes on from there.");
    return INTERRUPTED;
  }
  return program ? demonstrate(program) : 1;
}

process.exit(await main());
