// A model that says what a test tells it to say: an HTTP server that speaks the streamed OpenAI Chat
// Completions format, for the tests of the editors.
//
//   node scripted_model.mjs [--port N]
//
// prints one line of JSON, {"port": …, "baseUrl": "http://127.0.0.1:…/v1"}, when it accepts requests,
// and ends with its stdin, so that it never outlives the test that started it. A test in Node can
// call startScriptedModel() instead.
//
// A prompt that no rule matches is answered by "Echo: " and its last line that says something. Rules
// are told by POST /__script, a JSON object:
//
//   match    a text that the last user message contains; "" matches all. The newest rule that
//            matches is taken
//   answer   the text, streamed word by word; or chunks: [text, …] as they are to be sent
//   gate     true: what is said waits, headers sent, until POST /__release {"match": …}. A number:
//            it waits after so many chunks
//   delay    milliseconds between two chunks
//   status   an HTTP status to fail with, with headers: {…} and message
//   cut      true: the connection is closed after the chunks, without an end marker
//   finish   the reason to finish, in place of "stop"; with chunks: [] there is nothing but that
//   times    the rule is for so many requests only
//
// POST /__release {"match": …} opens the gates of the rules with that `match`, all of them without
// one, for requests that came and that will come. POST /__reset forgets rules and requests, and ends
// what waits. GET /__requests lists what came: [{prompt, messages, state}], where state is "waiting",
// "streaming", "done" or "closed" (the client went away).

import http from "node:http";
import { pathToFileURL } from "node:url";

/**
 * Starts the server.
 *
 * @param {{port?: number}} [options] the port, 0 for a free one
 * @returns {Promise<{port: number, baseUrl: string, script: (rule: object) => void,
 *   release: (match?: string) => void, requests: () => object[], reset: () => void,
 *   close: () => Promise<void>}>}
 */
export async function startScriptedModel({ port = 0 } = {}) {
  /** @type {object[]} */
  let rules = [];
  /** @type {{prompt: string, messages: object[], state: string, rule: object | null, wake: (() => void) | null}[]} */
  let requests = [];

  function release(match) {
    for (const rule of rules) {
      if (match === undefined || rule.match === match) rule.gate = false;
    }
    for (const request of requests) request.wake?.();
  }

  function reset() {
    for (const rule of rules) rule.gate = false;
    for (const request of requests) request.wake?.();
    rules = [];
    requests = [];
  }

  function script(rule) {
    rules.unshift({ match: "", ...rule });
  }

  /** Waits until the rule's gate is open or the client has gone. */
  async function pass(request) {
    while (request.rule?.gate !== undefined && request.rule.gate !== false && request.state !== "closed") {
      await new Promise((resolve) => (request.wake = resolve));
    }
    request.wake = null;
  }

  async function answer(body, response) {
    const last = body.messages?.filter((message) => message.role === "user").at(-1)?.content ?? "";
    const prompt = typeof last === "string" ? last : last.map((part) => part.text ?? "").join("");
    const rule = rules.find((candidate) => prompt.includes(candidate.match) && candidate.times !== 0) ?? null;
    if (rule?.times) rule.times -= 1;
    const request = { prompt, messages: body.messages, state: "waiting", rule, wake: null };
    requests.push(request);
    response.on("close", () => {
      if (request.state !== "done") request.state = "closed";
      request.wake?.();
    });

    if (rule?.status) {
      request.state = "done";
      response.writeHead(rule.status, { "content-type": "application/json", ...rule.headers });
      const message = rule.message ?? `The script says ${rule.status}`;
      response.end(JSON.stringify({ error: { message, type: "scripted" } }));
      return;
    }

    response.writeHead(200, { "content-type": "text/event-stream" });
    const id = `scripted-${requests.length}`;
    const event = (choices, more = {}) =>
      response.write(`data: ${JSON.stringify({ id, object: "chat.completion.chunk", model: body.model, choices, ...more })}\n\n`);
    event([{ index: 0, delta: { role: "assistant", content: null }, finish_reason: null }]);

    const chunks = rule?.chunks ?? (rule?.answer ?? echo(prompt)).match(/\s*\S+|\s+$/g) ?? [];
    const gateAt = typeof rule?.gate === "number" ? rule.gate : 0;
    for (const [index, text] of chunks.entries()) {
      if (index === gateAt) await pass(request);
      if (request.state === "closed") return;
      request.state = "streaming";
      event([{ index: 0, delta: { content: text }, finish_reason: null }]);
      if (rule?.delay) await new Promise((resolve) => setTimeout(resolve, rule.delay));
    }
    if (gateAt >= chunks.length) await pass(request);
    if (request.state === "closed") return;
    if (rule?.cut) {
      request.state = "done";
      response.destroy();
      return;
    }
    event([{ index: 0, delta: {}, finish_reason: rule?.finish ?? "stop" }]);
    event([], { usage: { prompt_tokens: prompt.length, completion_tokens: chunks.length, total_tokens: prompt.length + chunks.length } });
    request.state = "done";
    response.end("data: [DONE]\n\n");
  }

  const server = http.createServer(async (request, response) => {
    const reply = (status, value) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    try {
      let text = "";
      for await (const piece of request) text += piece;
      const body = text === "" ? {} : JSON.parse(text);
      const route = `${request.method} ${new URL(request.url, "http://localhost").pathname}`;
      if (route === "POST /v1/chat/completions") await answer(body, response);
      else if (route === "GET /v1/models") reply(200, { object: "list", data: [{ id: "scripted", object: "model" }] });
      else if (route === "POST /__script") reply(200, script(body) ?? {});
      else if (route === "POST /__release") reply(200, release(body.match) ?? {});
      else if (route === "POST /__reset") reply(200, reset() ?? {});
      else if (route === "GET /__requests")
        reply(200, requests.map(({ prompt, messages, state }) => ({ prompt, messages, state })));
      else reply(404, { error: { message: `There is no ${route}` } });
    } catch (error) {
      if (!response.headersSent) reply(400, { error: { message: String(error) } });
      else response.destroy();
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });

  const listening = server.address().port;
  return {
    port: listening,
    baseUrl: `http://127.0.0.1:${listening}/v1`,
    script,
    release,
    reset,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        reset();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** What is said to a prompt that no rule matches. */
function echo(prompt) {
  const line = prompt.split("\n").map((text) => text.trim()).filter(Boolean).at(-1) ?? "";
  return `Echo: ${line}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const at = process.argv.indexOf("--port");
  const model = await startScriptedModel({ port: at === -1 ? 0 : Number(process.argv[at + 1]) });
  console.log(JSON.stringify({ port: model.port, baseUrl: model.baseUrl }));
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}
