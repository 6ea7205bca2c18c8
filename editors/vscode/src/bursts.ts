// Changes that come in a burst, told together: a line that is typed at the top of a file moves every anchor
// below it, and the server tells of each of them.

/** Tells of the first change at once, and of all that follow within an interval once, at its end. */
export class Bursts<K> {
  readonly #interval: number;
  readonly #tell: (key: K) => void;
  /** For each key that was told of just now: whether something changed since. */
  readonly #recent = new Map<K, { timer: NodeJS.Timeout; again: boolean }>();

  /** The interval is in milliseconds. */
  constructor(interval: number, tell: (key: K) => void) {
    this.#interval = interval;
    this.#tell = tell;
  }

  /** What the key stands for changed. */
  changed(key: K): void {
    const recent = this.#recent.get(key);
    if (recent) {
      recent.again = true;
      return;
    }
    const timer = setTimeout(() => {
      const again = this.#recent.get(key)?.again;
      this.#recent.delete(key);
      if (again) this.changed(key);
    }, this.#interval);
    this.#recent.set(key, { timer, again: false });
    this.#tell(key);
  }

  /** Nothing is told any more. */
  dispose(): void {
    for (const { timer } of this.#recent.values()) clearTimeout(timer);
    this.#recent.clear();
  }
}
