//! Anthropic Messages.
//!
//! A stream is `message_start`, then for each content block a start, deltas and a stop, then
//! `message_delta` with the reason and the cumulative usage, then `message_stop`. A `ping` may come
//! anywhere, an `error` too, and events that are not known yet are to be passed over.

use std::collections::VecDeque;

use serde_json::{Value, json};
use serde_json_borrow::Value as Json;

use super::provider_error::ProviderError;
use super::wire::{self, Decoder, Fault};
use super::{Event, Finish, Prompt, Role, Said, Usage};
use crate::config::Model;

/// The version of the format that this file speaks; a header of every request.
pub(super) const VERSION: &str = "2023-06-01";

/// The JSON to send.
pub(super) fn body(model: &Model, prompt: &Prompt) -> Value {
    let messages: Vec<Value> = prompt
        .turns
        .iter()
        .map(|turn| {
            let role = match turn.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            json!({"role": role, "content": turn.text})
        })
        .collect();
    let mut body = json!({
        "model": model.model,
        "max_tokens": model.max_output_tokens,
        "messages": messages,
        "stream": true,
    });
    if !prompt.system.is_empty() {
        body["system"] = prompt.system.clone().into();
    }
    if let Some(temperature) = model.temperature {
        body["temperature"] = wire::number(temperature);
    }
    body
}

/// Decodes one response.
#[derive(Debug, Default)]
pub(super) struct Anthropic {
    usage: Usage,
    /// Known before the end: `message_delta` brings it, `message_stop` ends.
    finish: Option<Finish>,
    /// Whether any event has come.
    any: bool,
}

impl Decoder for Anthropic {
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
        // Some gateways write a bare word into their pings.
        let is_word = data.chars().all(char::is_alphanumeric);
        if data.is_empty() || (name == Some("ping") && is_word) {
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
        match value.get("type").as_str().or(name) {
            Some("message_start") => self.usage(value.get("message").get("usage"), out),
            Some("content_block_start") => block(value.get("content_block"), out),
            Some("content_block_delta") => {
                wire::object(value.get("delta"))?;
                block(value.get("delta"), out);
            }
            Some("message_delta") => {
                self.usage(value.get("usage"), out);
                self.stop_reason(value.get("delta").get("stop_reason"));
            }
            Some("message_stop") => {
                // Compatible servers may leave the reason out; the event itself ends the response.
                let finish = self.finish.take().unwrap_or(Finish::Stop);
                out.push_back(Event::Finished(finish));
            }
            Some("error") => {
                return Err(Fault::Provider(ProviderError::of_event(&value)));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, out: &mut VecDeque<Event>) -> Result<(), Fault> {
        // Every block was closed before the reason came: only `message_stop` itself is lost.
        match self.finish.take() {
            Some(finish) => {
                out.push_back(Event::Finished(finish));
                Ok(())
            }
            None => Err(Fault::Cut),
        }
    }

    fn whole(&mut self, body: &Json<'_>, out: &mut VecDeque<Event>) -> Result<(), Fault> {
        let Some(blocks) = body.get("content").as_array() else {
            return Err(Fault::Malformed("JSON without `content`".to_owned()));
        };
        for content in blocks {
            block(content, out);
        }
        self.usage(body.get("usage"), out);
        self.stop_reason(body.get("stop_reason"));
        self.end(out)
    }

    fn resumed(&mut self, _id: &str, _said: Said) {}

    fn is_finished(&self) -> bool {
        self.finish.is_some()
    }
}

impl Anthropic {
    /// Takes usage, which counts from the start of the response each time. Tokens that a cache was
    /// filled with or gave are counted apart from `input_tokens`, and are input all the same.
    fn usage(&mut self, usage: &Json<'_>, out: &mut VecDeque<Event>) {
        let input_tokens = wire::tokens(usage.get("input_tokens")).map(|input| {
            ["cache_creation_input_tokens", "cache_read_input_tokens"]
                .iter()
                .filter_map(|field| wire::tokens(usage.get(*field)))
                .fold(input, u32::saturating_add)
        });
        let new = Usage {
            input_tokens,
            output_tokens: wire::tokens(usage.get("output_tokens")),
        };
        wire::push_usage(&mut self.usage, new, out);
    }

    fn stop_reason(&mut self, reason: &Json<'_>) {
        if let Some(reason) = reason.as_str() {
            self.finish = Some(Finish::of_word(reason));
        }
    }
}

/// Takes a block or a delta of one: text and thinking are shown; signatures, citations, tool input
/// and what is not known yet are not.
fn block(content: &Json<'_>, out: &mut VecDeque<Event>) {
    match content.get("type").as_str() {
        Some("text" | "text_delta") => {
            wire::push_text(content.get("text"), out);
        }
        Some("thinking" | "thinking_delta") => {
            wire::push_reasoning(content.get("thinking"), out);
        }
        _ => {}
    }
}
