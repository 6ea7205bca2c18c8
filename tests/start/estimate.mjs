// How much of a build is done, and how long the rest may take: pure, the clock is a parameter.

/**
 * What the crates weigh that are more than the average, in seconds that they keep two processors busy: half of the
 * processor time that their compilers took; Backchat more, as nothing else is left to be compiled beside it. They
 * need not be exact: how much slower or faster a machine is, is learned while it builds.
 */
const HEAVY = {
  backchat: 16,
  "ls-types": 4.3,
  "libsqlite3-sys": 4,
  tokio: 2.3,
  rustls: 1.8,
  ring: 1.5,
  syn: 1.4,
  "regex-automata": 1.4,
  jiff: 1.4,
  h2: 1.3,
  reqwest: 1.3,
  "serde-saphyr": 1.1,
  serde_derive: 1.1,
  "futures-util": 1,
  rustix: 1,
  serde_core: 0.9,
  clap_builder: 0.9,
  "regex-syntax": 0.9,
  "tower-lsp-server": 0.7,
  time: 0.7,
};

/** What any other crate weighs. */
const LIGHT = 0.15;

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
