// Which thread a reply is being written in. The text of a reply box is a document of its own, whose name has VS Code's
// number of the thread. An extension is not told the numbers of its threads, but they rise in the order in which the threads
// were made, for the threads of all extensions together.

/** The text of a reply box. */
export interface ReplyBox {
  /** The number that VS Code has given to the thread. */
  readonly thread: number;
  readonly isEmpty: boolean;
}

/** The number of the thread that a reply box belongs to, from the path of the box's document: `…-backchat.7.md`. */
export function threadNumber(path: string): number | undefined {
  const number = /\.(\d+)\.md$/.exec(path)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Finds out which thread is which, as long as threads of type `T` are told in the order in which they were made. */
export class ReplyBoxes<T extends object> {
  readonly #numbers = new WeakMap<T, number>();

  /**
   * The threads in whose boxes a reply is being written. `shown` are the threads that may have a box now, in the order
   * in which they were made. As long as it is not known to which of them a box belongs, it may be any.
   */
  drafting(shown: readonly T[], boxes: readonly ReplyBox[]): ReadonlySet<T> {
    const known = new Set(shown.map((thread) => this.#numbers.get(thread)));
    const unknown = [...new Set(boxes.map(({ thread }) => thread).filter((number) => !known.has(number)))].sort((left, right) => left - right);
    const nameless = shown.filter((thread) => !this.#numbers.has(thread));
    if (unknown.length === nameless.length) {
      nameless.forEach((thread, index) => this.#numbers.set(thread, unknown[index] ?? -1));
    }
    const drafts = new Set(boxes.filter(({ isEmpty }) => !isEmpty).map(({ thread }) => thread));
    if (drafts.size === 0) return new Set();
    const numbers = new Set(shown.map((thread) => this.#numbers.get(thread)));
    const isLost = [...drafts].some((draft) => !numbers.has(draft));
    return new Set(
      shown.filter((thread) => {
        const number = this.#numbers.get(thread);
        return number === undefined ? isLost : drafts.has(number);
      }),
    );
  }
}
