// Reads what VS Code's extension host measured of the activation of Backchat, in the same host, and leaves it
// in a file. Its own activation does nothing, so it is also what an empty extension costs.

const { tracingChannel } = require("node:diagnostics_channel");
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

const MEASURED = ["backchat.backchat", "backchat-bench.stopwatch"];
/** How often it is looked, in milliseconds; seldom, so as not to be in the way of what is measured. */
const INTERVAL = 250;

/** How long Backchat's language client took to load, which happens after the activation. */
let client;
// This file is loaded before the activation of any extension that waits for the start of the window.
tracingChannel("module.require").subscribe({
  start: (load) => (load.started = performance.now()),
  end: (load) => {
    if (load.id === "./client.js" && load.parentFilename.includes("backchat.backchat")) client = performance.now() - load.started;
  },
});

/** Writes the times once both extensions are active; who activates them, and when, stays with VS Code. */
exports.activate = () => {
  const watch = setInterval(() => {
    const times = MEASURED.map(timesOf);
    if (times.includes(undefined) || client === undefined) return;
    clearInterval(watch);
    const file = path.join(process.env.BACKCHAT_BENCH_FOLDER, `${process.pid}.json`);
    fs.writeFileSync(`${file}.new`, JSON.stringify({ vscode: vscode.version, backchat: times[0], empty: times[1], client }));
    fs.renameSync(`${file}.new`, file);
  }, INTERVAL);
};

/** Milliseconds that loading and activating an extension took; undefined until it is active. */
function timesOf(id) {
  const marks = new Map(globalThis.MonacoPerformanceMarks.getMarks().map(({ name, startTime }) => [name, startTime]));
  const between = (step) => marks.get(`code/extHost/did${step}/${id}`) - marks.get(`code/extHost/will${step}/${id}`);
  const times = { load: between("LoadExtensionCode"), activate: between("ActivateExtension") };
  return Object.values(times).some(Number.isNaN) ? undefined : times;
}
