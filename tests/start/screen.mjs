// Where the progress is shown: on a terminal drawn in place, a few times a second; elsewhere, as in a file or in
// continuous integration, a line now and then.

import { stripVTControlCharacters, styleText } from "node:util";

/** How often a terminal is drawn anew, and how often anything else gets a line, in milliseconds. */
const REDRAW = 200;
const LINE = 10_000;

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** Cut to the columns of a terminal. Only plain text is cut: what is styled is shorter. */
const cut = (line, columns) => (stripVTControlCharacters(line).length < columns ? line : `${stripVTControlCharacters(line).slice(0, columns - 2)}…`);

export class Screen {
  #stream;
  #rows;
  #drawn = 0;
  #timer;

  /** `rows` gives what is to be seen now: `{ rows, line }`, for a terminal and for everything else. */
  constructor(rows, { stream = process.stdout, line = LINE } = {}) {
    this.#stream = stream;
    this.#rows = rows;
    this.inPlace = Boolean(stream.isTTY) && process.env.TERM !== "dumb" && !process.env.CI;
    this.#timer = setInterval(() => this.#show(), this.inPlace ? REDRAW : line);
    if (this.inPlace) stream.write(HIDE_CURSOR);
  }

  /** Whether text may be styled. */
  static colours(stream = process.stdout) {
    return Boolean(stream.isTTY) && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  }

  /** Prints lines that stay, above what is drawn in place. */
  print(...lines) {
    this.#stream.write(`${this.#wiped()}${lines.join("\n")}\n`);
  }

  /** Takes away what was drawn in place. */
  end() {
    clearInterval(this.#timer);
    if (this.inPlace) this.#stream.write(this.#wiped() + SHOW_CURSOR);
  }

  #show() {
    const { rows, line } = this.#rows();
    if (!this.inPlace) {
      if (line) this.#stream.write(`${line}\n`);
      return;
    }
    const { columns = 80 } = this.#stream;
    // In one piece, so that nothing flickers.
    this.#stream.write(this.#wiped() + rows.map((row) => `${cut(row, columns)}\n`).join(""));
    this.#drawn = rows.length;
  }

  /** What takes away what was drawn. */
  #wiped() {
    const drawn = this.#drawn;
    this.#drawn = 0;
    return drawn > 0 ? `\x1b[${drawn}F\x1b[J` : "";
  }
}

/** Styles for texts; they change nothing where no colours are wanted. */
export function styles(colours) {
  const style = (name) => (text) => (colours ? styleText(name, text) : text);
  return { bold: style("bold"), dim: style("dim"), typed: style("cyan"), bad: style("red"), good: style("green") };
}
