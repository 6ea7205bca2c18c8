// The counts as a table for people.

/**
 * The work of the store, which is counted with all that comes before it in a request's life: what a step adds is
 * the difference to the step before.
 */
const WITH_WHAT_IS_BEFORE = "a_hundred_requests";

/** The rows: what each benchmark took, and how many percent more than in an earlier run. */
export function compare(counts, earlier) {
  const before = new Map(steps(earlier ?? []).map((row) => [row.what, row]));
  return steps(counts).map((row) => {
    const other = before.get(row.what);
    return { ...row, earlier: other?.instructions, change: other && (row.instructions / other.instructions - 1) * 100 };
  });
}

function steps(counts) {
  return counts.map((count, index) => {
    const last = counts[index - 1];
    const isAdded = count.work === WITH_WHAT_IS_BEFORE && last?.work === count.work;
    return {
      what: `${count.work}, ${count.id}`.replaceAll("_", " "),
      instructions: count.instructions - (isAdded ? last.instructions : 0),
      cycles: count.cycles - (isAdded ? last.cycles : 0),
    };
  });
}

/** The Markdown of a run, beside an earlier one when there is one. */
export function markdown({ when, commit, compiler, valgrind }, earlier, rows) {
  const head = ["what", "instructions", "estimated cycles", ...(earlier ? [`at ${earlier.commit}`, "change"] : [])];
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    `Counted ${when} at ${commit} by ${valgrind}, built by ${compiler}.`,
    ...(earlier && earlier.compiler !== compiler ? [`The earlier run was built by ${earlier.compiler}: the counts are of other code.`] : []),
    "",
    line(head),
    line(head.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...rows.map((row) => line([row.what, number(row.instructions), number(row.cycles), ...(earlier ? compared(row) : [])])),
    "",
  ].join("\n");
}

function number(value) {
  return value.toLocaleString("en");
}

function compared({ earlier, change }) {
  if (earlier === undefined) return ["", "new"];
  return [number(earlier), `${change > 0 ? "+" : ""}${change.toFixed(2)} %`];
}
