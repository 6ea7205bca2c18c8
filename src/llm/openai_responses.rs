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
    usage: Usage,
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
        if data.is_empty() || data == "[DONE]" {
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
            Some(
                "response.completed"
                | "response.incomplete"
                | "response.failed"
                | "response.cancelled",
            ) => self.last(value.get("response"), out)?,
            Some("error") => {
                return Err(Fault::Provider(ProviderError::of_event(&value)));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut VecDeque<Event>) -> Result<(), Fault> {
        Err(Fault::Cut)
    }

    fn whole(&mut self, body: &Json<'_>, out: &mut VecDeque<Event>) -> Result<(), Fault> {
        if body.get("output").is_array() || body.get("status").is_string() {
            self.last(body, out)
        } else {
            Err(Fault::Malformed("JSON without `output`".to_owned()))
        }
    }

    fn resumed(&mut self, id: &str, said: Said) {
        self.background = Some(id.to_owned());
        self.any_text = said.text > 0;
        self.any_reasoning = said.reasoning > 0;
    }

    fn in_background(&self) -> Option<(&str, u64)> {
        self.background.as_deref().zip(self.sequence)
    }
}

impl OpenaiResponses {
    /// Takes the first event, which says whether the provider does as it was asked: compatible servers
    /// pass over `background`.
    fn created(&mut self, response: &Json<'_>) {
        if response.get("background").as_bool() == Some(true) {
            self.background = response.get("id").as_str().map(str::to_owned);
        }
    }

    /// Takes the whole response that the last event carries.
    fn last(&mut self, response: &Json<'_>, out: &mut VecDeque<Event>) -> Result<(), Fault> {
        let finish = match response.get("status").as_str() {
            Some("completed") | None => Finish::Stop,
            Some("incomplete") => match response.get("incomplete_details").get("reason").as_str() {
                Some("max_output_tokens") => Finish::Length,
                Some("content_filter") => Finish::Refusal,
                reason => Finish::Other(reason.unwrap_or("incomplete").to_owned()),
            },
            Some("failed") => {
                return Err(Fault::Provider(match response.get("error") {
                    error @ Json::Object(_) => ProviderError::of_event(error),
                    _ => ProviderError {
                        message: "the response failed".to_owned(),
                        ..ProviderError::default()
                    },
                }));
            }
            // Cancelled, queued, in progress: this is no complete response.
            Some(_) => return Err(Fault::Cut),
        };
        // A server that streams no deltas says everything here.
        if !self.any_text {
            self.output(response.get("output"), out);
        }
        // The words of a refusal may have come before the response was taken up again.
        self.refused |= is_refusal(response.get("output"));
        let usage = response.get("usage");
        let new = Usage {
            input_tokens: wire::tokens(usage.get("input_tokens")),
            output_tokens: wire::tokens(usage.get("output_tokens")),
        };
        wire::push_usage(&mut self.usage, new, out);
        let finish = if self.refused {
            Finish::Refusal
        } else {
            finish
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
                        wire::push_text(part.get("text"), out);
                        self.refused |= wire::push_text(part.get("refusal"), out);
                    }
                }
                _ => {}
            }
        }
    }
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
