// How much of a build is done, and how long the rest may take: pure, the clock is a parameter.

/**
 * What the crates weigh that are more than the average, in seconds that they keep two processors busy. From
 * `cargo build --profile try --timings`; PERFORMANCE.md has the table. They need not be exact: what a machine
 * is slower or faster is learned while it builds.
 */
const HEAVY = {};

/** What any other crate weighs. */
const LIGHT = 0.25;

/** For so many seconds what is known of the reference machine counts along. */
const TRUSTED = 8;

/** With less of a build behind it an estimate would be a guess. */
const EARLIEST = 2;

export class Estimate {
  #left;
  #total;
  #done = 0;
  #began;
  #last;
  #speed;

  /** `crates` are all that may have to be compiled, as `name version`; `processors` is how many do it. */
  constructor(crates, { now, processors }) {
    this.#left = new Map(crates.map((crate) => [crate, HEAVY[crate.split(" ")[0]] ?? LIGHT]));
    this.#total = this.#left.size;
    this.#began = this.#last = now;
    // The heavy end of a build is done one after the other, so that many processors help little.
    this.#speed = Math.min(processors, 4) / 2;
  }

  get crates() {
    return this.#total;
  }

  get finished() {
    return this.#total - this.#left.size;
  }

  /** The part that is done, by weight, from 0 to 1. */
  get share() {
    const left = this.#weightLeft();
    return this.#done + left === 0 ? 1 : this.#done / (this.#done + left);
  }

  /** A crate is there. One that was there before is no work. */
  built(crate, { fresh, now }) {
    const weight = this.#left.get(crate);
    if (weight === undefined) return;
    this.#left.delete(crate);
    if (fresh) return;
    this.#done += weight;
    this.#last = now;
  }

  /** The seconds that are left; undefined as long as nothing can be said, 0 when it takes longer than was thought. */
  remaining(now) {
    if ((now - this.#began) / 1000 < EARLIEST) return undefined;
    const spent = (this.#last - this.#began) / 1000;
    const speed = (this.#done + TRUSTED * this.#speed) / (spent + TRUSTED);
    return Math.max(0, this.#weightLeft() / speed - (now - this.#last) / 1000);
  }

  #weightLeft() {
    let sum = 0;
    for (const weight of this.#left.values()) sum += weight;
    return sum;
  }
}

/** Seconds in words, no more exact than they are known. */
export function roughly(seconds) {
  if (seconds < 1) return "any moment now";
  if (seconds < 10) return "a few seconds";
  if (seconds < 60) return `about ${Math.ceil(seconds / 5) * 5} s`;
  const quarters = Math.ceil(seconds / 15) * 15;
  const rest = quarters % 60;
  return `about ${Math.floor(quarters / 60)} min${rest ? ` ${rest} s` : ""}`;
}
