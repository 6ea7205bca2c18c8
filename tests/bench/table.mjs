// The figures as a table for people.

/** The Markdown of a run, beside an earlier one when there is one. */
export function markdown({ machine, figures, earlier }) {
  const before = new Map(earlier?.figures.map((figure) => [figure.id, figure]));
  const head = ["figure", "median", "p99", "beside", "ratio", "to reach", "", ...(earlier ? ["earlier"] : [])];
  const rows = figures.map((figure) => [
    figure.what,
    number(figure.ours.median, figure.unit),
    figure.ours.p99 === figure.ours.median ? "" : number(figure.ours.p99, figure.unit),
    figure.baseline ? `${figure.baseline.name}: ${both(figure.baseline, figure.unit)}` : "",
    figure.baseline ? ratio(figure.ours.median, figure.baseline.median) : "",
    figure.target?.text ?? "",
    figure.target ? (figure.target.met ? "✓" : "✗") : "",
    ...(earlier ? [compared(figure, before.get(figure.id))] : []),
  ]);
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const { when, commit, system, processor, memory, load } = machine;
  return [
    `Measured ${when} at ${commit ?? "an unknown commit"} on ${processor}, ${memory}, ${system}; load before: ${load}.`,
    "",
    line(head),
    line(head.map(() => "---")),
    ...rows.map(line),
    "",
  ].join("\n");
}

function number(value, unit) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ${unit}`;
}

function both({ median, p99 }, unit) {
  return p99 === median ? number(median, unit) : `${number(median, unit)} / ${number(p99, unit)}`;
}

function ratio(ours, other) {
  return other === 0 ? "" : `${(ours / other).toFixed(2)}×`;
}

function compared(figure, earlier) {
  if (!earlier) return "";
  return `${number(earlier.ours.median, earlier.unit)} (now ${ratio(figure.ours.median, earlier.ours.median)})`;
}
