// What is told of many measurements of the same.

/** The median and the 99th percentile. */
export function summary(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.round((sorted.length - 1) * share)];
  return { median: at(0.5), p99: at(0.99) };
}
