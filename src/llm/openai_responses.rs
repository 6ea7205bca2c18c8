//! OpenAI Responses.
//!
//! Each event names its type; `response.completed`, `response.incomplete` and `response.failed` end
//! the stream and carry the whole response, and so does `error`, which carries none. Compatible
//! servers send no sequence numbers; they are needed only for a response that is generated in the
//! background, to take it up again after one of them.

use std::collections::VecDeque;

use serde_json::{Value, json};
use serde_json_borrow::Value as Json;

use super::provider_error::ProviderError;
use super::wire::{self, Decoder, Fault};
use super::{Event, Finish, Prompt, Role, Said, Usage, resume};
use crate::config::Model;

/// Where an earlier answer may be sent in the short form, as plain text. Compatible servers know it
/// only in the form in which they sent it: llama.cpp refuses the short one, vLLM a long one without
/// an id or a status.
const VENDOR_HOSTS: [&str; 2] = ["openai.com", "openai.azure.com"];

/// The JSON to send. The provider is asked to keep nothing, as the store is Backchat's own; only a
/// response that is generated in the background has to be kept, which the provider insists on.
pub(super) fn body(model: &Model, prompt: &Prompt) -> Value {
    let input: Vec<Value> = prompt
        .turns
        .iter()
        .enumerate()
        .map(|(index, turn)| match turn.role {
            Role::User => json!({"role": "user", "content": turn.text}),
            Role::Assistant if model.is_at(&VENDOR_HOSTS) => {
                json!({"role": "assistant", "content": turn.text})
            }
            Role::Assistant => json!({
                "type": "message",
                "id": format!("msg_{index}"),
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": turn.text, "annotations": []}],
            }),
        })
        .collect();
    let mut body = json!({
        "model": model.model,
        "input": input,
        "max_output_tokens": model.max_output_tokens,
        "store": false,
        "stream": true,
    });
    if resume::way(model) == Some(resume::Way::Background) {
        body["background"] = true.into();
        body["store"] = true.into();
    }
    if !prompt.system.is_empty() {
        body["instructions"] = prompt.system.clone().into();
    }
    if let Some(temperature) = model.temperature {
        body["temperature"] = wire::number(temperature);
    }
    body
}

/// Decodes one response.
#[derive(Debug, Default)]
pub(super) struct OpenaiResponses {
    /// The limit on output tokens that was asked for.
    limit: u32,
    usage: Usage,
    /// Whether any event has come.
    any: bool,
    any_text: bool,
    any_reasoning: bool,
    refused: bool,
    /// The response's id, when it is generated in the background.
    background: Option<String>,
    sequence: Option<u64>,
}

impl Decoder for OpenaiResponses {
    fn event(
        &mut self,
        name: Option<&str>,
        data: &str,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Fault> {
        let data = data.trim();
        // `[DONE]` is not of this format, but gateways that translate into it send it at the end.
        if data == "[DONE]" {
            return if self.any { Ok(()) } else { Err(Fault::Empty) };
        }
        if data.is_empty() {
            return Ok(());
        }
        let value = match wire::json(data) {
            Ok(value) => value,
            Err(_) if name == Some("error") => {
                return Err(Fault::Provider(ProviderError::of_body(data)));
            }
            Err(fault) => return Err(fault),
        };
        if let Some(error) = ProviderError::in_event(&value) {
            return Err(Fault::Provider(error));
        }
        if name == Some("error") {
            return Err(Fault::Provider(ProviderError::of_event(&value)));
        }
        wire::object(&value)?;
        self.any = true;
        self.sequence = value.get("sequence_number").as_u64().or(self.sequence);
        match value.get("type").as_str().or(name) {
            Some("response.created") => self.created(value.get("response")),
            Some("response.output_text.delta") => {
                self.any_text |= wire::push_text(value.get("delta"), out);
            }
            Some("response.refusal.delta") => {
                let any = wire::push_text(value.get("delta"), out);
                self.any_text |= any;
                self.refused |= any;
            }
            Some("response.reasoning_summary_text.delta" | "response.reasoning_text.delta") => {
                self.any_reasoning |= wire::push_reasoning(value.get("delta"), out);
            }
            // Summaries are paragraphs of their own.
            Some("response.reasoning_summary_part.added") if self.any_reasoning => {
                out.push_back(Event::Reasoning("\n\n".to_owned()));
            }
            Some("error") => {
                return Err(Fault::Provider(ProviderError::of_event(&value)));
            }
            Some(kind) => {
                if let Some(state) = final_state(kind, value.get("response")) {
                    self.last(state, value.get("response"), out)?;
                }
            }
            None => {}
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut VecDeque<Event>) -> Result<(), Fault> {
        Err(Fault::Cut)
    }

    fn whole(&mut self, body: &Json<'_>, out: &mut VecDeque<Event>) -> Result<(), Fault> {
        match body.get("status").as_str() {
            // It is generated in the background, and is not complete.
            Some(state) if GOING_ON.contains(&state) => Err(Fault::Cut),
            Some(state) => self.last(state, body, out),
            None if body.get("output").is_array() => self.last("completed", body, out),
            None => Err(Fault::Malformed("JSON without `output`".to_owned())),
        }
    }

    fn resumed(&mut self, id: &str, said: Said) {
        self.background = Some(id.to_owned());
        self.any = true;
        self.any_text = said.text > 0;
        self.any_reasoning = said.reasoning > 0;
    }

    fn in_background(&self) -> Option<(&str, u64)> {
        self.background.as_deref().zip(self.sequence)
    }
}

impl OpenaiResponses {
    /// A decoder for a response that was asked to have at most so many tokens.
    pub fn new(limit: u32) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Takes the first event, which says whether the provider does as it was asked: compatible servers
    /// pass over `background`.
    fn created(&mut self, response: &Json<'_>) {
        if response.get("background").as_bool() == Some(true) {
            self.background = response.get("id").as_str().map(str::to_owned);
        }
    }

    /// Takes the whole response that the last event carries, in its final state.
    fn last(
        &mut self,
        state: &str,
        response: &Json<'_>,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Fault> {
        let usage = response.get("usage");
        let new = Usage {
            input_tokens: wire::tokens(usage.get("input_tokens")),
            output_tokens: wire::tokens(usage.get("output_tokens")),
        };
        let limit = wire::tokens(response.get("max_output_tokens")).unwrap_or(self.limit);
        let finish = match state {
            // llama.cpp's server calls an answer complete that it has cut at the limit.
            "completed" if new.output_tokens.is_some_and(|tokens| tokens >= limit) => {
                Finish::Length
            }
            "incomplete" => {
                let reason = response.get("incomplete_details").get("reason").as_str();
                Finish::of_word(reason.unwrap_or("incomplete"))
            }
            "failed" => {
                return Err(Fault::Provider(match response.get("error") {
                    error @ Json::Object(_) => ProviderError::of_event(error),
                    _ => ProviderError {
                        message: "the response failed, and no reason was given".to_owned(),
                        words: vec!["failed".to_owned()],
                        ..ProviderError::default()
                    },
                }));
            }
            state => Finish::of_word(state),
        };
        // A server that streams no deltas says everything here.
        if !self.any_text {
            self.output(response.get("output"), out);
        }
        // The words of a refusal may have come before the response was taken up again.
        self.refused |= is_refusal(response.get("output"));
        wire::push_usage(&mut self.usage, new, out);
        let finish = match finish {
            _ if self.refused => Finish::Refusal,
            Finish::Stop if !self.any_text && calls_a_tool(response.get("output")) => {
                Finish::ToolCall
            }
            finish => finish,
        };
        out.push_back(Event::Finished(finish));
        Ok(())
    }

    fn output(&mut self, items: &Json<'_>, out: &mut VecDeque<Event>) {
        for item in items.as_array().into_iter().flatten() {
            match item.get("type").as_str() {
                Some("reasoning") if !self.any_reasoning => {
                    for part in parts(item, "summary") {
                        wire::push_reasoning(part.get("text"), out);
                    }
                }
                Some("message") => {
                    for part in parts(item, "content") {
                        self.any_text |= wire::push_text(part.get("text"), out);
                        self.refused |= wire::push_text(part.get("refusal"), out);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The states of a response that goes on.
const GOING_ON: [&str; 2] = ["queued", "in_progress"];

/// The state that an event says a response has ended in; `None` for an event in the middle.
///
/// `response.completed` and its siblings carry the whole response, which names its state. There may be states that are
/// not known yet: whatever names one and does not go on has ended.
fn final_state<'a>(kind: &'a str, response: &'a Json<'a>) -> Option<&'a str> {
    let named = kind.strip_prefix("response.")?;
    let state = response.get("status").as_str();
    let state = state.filter(|state| !GOING_ON.contains(state));
    match named {
        "completed" | "incomplete" | "failed" | "cancelled" => Some(state.unwrap_or(named)),
        "created" => None,
        _ => state.filter(|_| !named.contains('.')),
    }
}

/// Whether the output asks for a tool: `function_call`, `web_search_call`, and whatever else is called.
fn calls_a_tool(items: &Json<'_>) -> bool {
    let items = items.as_array().unwrap_or_default().iter();
    items
        .filter_map(|item| item.get("type").as_str())
        .any(|kind| kind.ends_with("_call"))
}

/// Whether a part of the output is a refusal.
fn is_refusal(items: &Json<'_>) -> bool {
    let items = items.as_array().unwrap_or_default().iter();
    items
        .flat_map(|item| parts(item, "content"))
        .any(|part| part.get("type").as_str() == Some("refusal"))
}

fn parts<'a>(item: &'a Json<'a>, field: &'a str) -> &'a [Json<'a>] {
    item.get(field).as_array().unwrap_or_default()
}
