// Steps that wait for the network more than for a processor. They are started early, run beside the others,
// and are shown in their turn, each with its whole output in one piece.

import { ended, startChild } from "./children.mjs";

/** A step of one command that can be started before its turn: `start` does that, `run` is its turn. */
export function besideOthers(root, program, ...args) {
  let started;

  function begin() {
    const child = startChild(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let kept = [];
    let show = (chunk) => kept.push(chunk);
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => show(chunk));
    const result = ended(child);
    return {
      result,
      follow() {
        show = (chunk) => process.stdout.write(chunk);
        kept.forEach(show);
        kept = [];
      },
    };
  }

  return {
    start() {
      started ??= begin();
    },
    async run() {
      const { follow, result } = started ?? begin();
      started = undefined;
      follow();
      const { code, error } = await result;
      if (error) console.error(`${program} could not be started: ${error.message}`);
      else if (code === null) console.error(`${program} was ended by a signal`);
      return code === 0;
    },
  };
}
