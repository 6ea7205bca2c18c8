// What is shown while there is nothing to see yet: what will be asked, and what will be seen then.

import { readFileSync } from "node:fs";
import path from "node:path";

/** The questions of the demonstration, from the place that asks them: the file, the code's first line, the question. */
export function questions(root) {
  const scene = readFileSync(path.join(root, "src", "cli", "try_it", "scene.rs"), "utf8");
  return [...scene.matchAll(/\bname: "([^"]+)",[^}]*?\bbegins: "([^"]+)",[^}]*?\bprompt: "([^"]+)"/gs)].map(([, name, begins, prompt]) => ({
    name,
    code: `${begins.trim()}…)`,
    prompt,
  }));
}

/** The sketch, in lines. `bold`, `dim` and `typed` style a text, or leave it as it is. */
export function sketch(root, { bold, dim, typed }) {
  const asked = questions(root);
  return [
    `${bold("Backchat is being built. What comes then, for real:")}`,
    "",
    "   Two files of this repository are opened in the real server, as an editor",
    "   would, and a question about each goes to the background:",
    "",
    ...asked.flatMap(({ name, prompt }) => [`      ${name}`, `         ${typed(prompt)}`]),
    "",
    "   Both are on disk before they are accepted. While a model answers them,",
    "   lines are typed above the first; you see the inbox fill, and then each",
    "   answer where its question was asked, and has moved to:",
    "",
    `      ${dim("│")} ${asked[0]?.code ?? ""}`,
    `      ${dim("┆")}`,
    `      ${typed(`╰ ${asked[0]?.prompt ?? ""}`)}`,
    `        ${dim("what the model says")}`,
    "",
  ];
}
