// How long to wait before a server that died is started again.

/** A server that ran for so long was sound: what came before is forgotten. */
const SOUND_AFTER = 60_000;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;

/** Doubles the delay from crash to crash. */
export class Backoff {
  #crashes = 0;
  #startedAt = 0;

  /** How many times in a row the server died soon after its start. */
  get crashes(): number {
    return this.#crashes;
  }

  /** The server is up. */
  started(now: number): void {
    this.#startedAt = now;
  }

  /** The server died: the milliseconds to wait. */
  crashed(now: number): number {
    this.#crashes = now - this.#startedAt > SOUND_AFTER ? 1 : this.#crashes + 1;
    return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (this.#crashes - 1));
  }

  /** The user starts anew. */
  reset(): void {
    this.#crashes = 0;
  }
}
