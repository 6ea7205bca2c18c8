// A busy loop that keeps one processor core at work. It ends with its standard input, which closes when
// the process that started it ends, even by a signal that nobody can handle.

process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();

function work() {
  const pause = performance.now() + 20;
  while (performance.now() < pause);
  setImmediate(work);
}
work();
