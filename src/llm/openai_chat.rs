//! OpenAI Chat Completions, and all that is compatible: llama.cpp, Ollama, vLLM, LM Studio,
//! OpenRouter, the compatible endpoints of Gemini and Mistral.
//!
//! Compatible servers differ in the corners: where reasoning goes, whether usage has a chunk of its
//! own, how an error looks, whether `[DONE]` comes. All of that is accepted.

use std::collections::VecDeque;

use serde_json::{Value, json};
use serde_json_borrow::Value as Json;

use super::provider_error::ProviderError;
use super::wire::{self, Decoder, Fault};
use super::{Event, Finish, Prompt, Role, Said, Usage};
use crate::config::Model;

/// The hosts that want `max_completion_tokens`: OpenAI's reasoning models refuse `max_tokens`,
/// which everybody else still expects.
const NEW_LIMIT_HOSTS: [&str; 2] = ["openai.com", "openai.azure.com"];

/// The hosts that refuse `stream_options` and send the usage unasked.
const NO_STREAM_OPTIONS_HOSTS: [&str; 1] = ["mistral.ai"];

/// The JSON to send.
pub(super) fn body(model: &Model, prompt: &Prompt) -> Value {
    let mut messages = Vec::with_capacity(prompt.turns.len() + 1);
    if !prompt.system.is_empty() {
        messages.push(json!({"role": "system", "content": prompt.system}));
    }
    messages.extend(prompt.turns.iter().map(|turn| {
        let role = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({"role": role, "content": turn.text})
    }));
    let mut body = json!({"model": model.model, "messages": messages, "stream": true});
    if !model.is_at(&NO_STREAM_OPTIONS_HOSTS) {
        body["stream_options"] = json!({"include_usage": true});
    }
    let limit = if model.is_at(&NEW_LIMIT_HOSTS) {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    body[limit] = model.max_output_tokens.into();
    if let Some(temperature) = model.temperature {
        body["temperature"] = wire::number(temperature);
    }
    body
}

/// Decodes one response.
#[derive(Debug, Default)]
pub(super) struct OpenaiChat {
    usage: Usage,
    /// Known before the end: the usage may follow in a chunk of its own.
    finish: Option<Finish>,
    any_text: bool,
    any_reasoning: bool,
    refused: bool,
    /// Whether it wants to call a tool.
    calls: bool,
}

impl Decoder for OpenaiChat {
    fn event(
        &mut self,
        name: Option<&str>,
        data: &str,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Fault> {
        let data = data.trim();
        if data.is_empty() {
            return Ok(());
        }
        if data == "[DONE]" {
            return self.done(out);
        }
        let chunk = match wire::json(data) {
            Ok(chunk) => chunk,
            Err(_) if name == Some("error") => {
                return Err(Fault::Provider(ProviderError::of_body(data)));
            }
            Err(fault) => return Err(fault),
        };
        if let Some(error) = ProviderError::in_event(&chunk) {
            return Err(Fault::Provider(error));
        }
        if name == Some("error") {
            return Err(Fault::Provider(ProviderError::of_event(&chunk)));
        }
        wire::object(&chunk)?;
        self.choice(chunk.get("choices"), "delta", out)?;
        self.usage(chunk.get("usage"), out);
        // Where no usage was asked for, Groq puts it here.
        self.usage(chunk.get("x_groq").get("usage"), out);
        Ok(())
    }

    fn end(&mut self, out: &mut VecDeque<Event>) -> Result<(), Fault> {
        // Some servers send no `[DONE]`; the reason to finish is their last word.
        match self.finish.take() {
            Some(finish) => {
                out.push_back(Event::Finished(finish));
                Ok(())
            }
            None => Err(Fault::Cut),
        }
    }

    fn whole(&mut self, body: &Json<'_>, out: &mut VecDeque<Event>) -> Result<(), Fault> {
        if !body.get("choices").get(0).get("message").is_object() {
            return Err(Fault::Malformed("JSON without `choices`".to_owned()));
        }
        self.choice(body.get("choices"), "message", out)?;
        self.usage(body.get("usage"), out);
        self.end(out)
    }

    fn resumed(&mut self, _id: &str, said: Said) {
        self.any_text = said.text > 0;
        self.any_reasoning = said.reasoning > 0;
    }

    fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    fn is_settled(&self) -> bool {
        self.finish.is_none() && !self.refused && !self.calls
    }
}

impl OpenaiChat {
    /// Takes `choices`, of which only the first was asked for, and there the `delta` or `message`.
    fn choice(
        &mut self,
        choices: &Json<'_>,
        part: &str,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Fault> {
        let Some(choice) = choices.as_array().and_then(|choices| {
            choices
                .iter()
                .find(|choice| choice.get("index").as_u64().unwrap_or(0) == 0)
        }) else {
            return Ok(());
        };
        if let error @ Json::Object(_) = choice.get("error") {
            return Err(Fault::Provider(ProviderError::of_event(error)));
        }
        let delta = choice.get(part);
        // Servers that name it in two ways say the same in both.
        self.any_reasoning |= wire::push_reasoning(delta.get("reasoning_content"), out)
            || wire::push_reasoning(delta.get("reasoning"), out);
        let calls = delta.get("tool_calls").as_array();
        self.calls |=
            calls.is_some_and(|calls| !calls.is_empty()) || delta.get("function_call").is_object();
        self.content(delta.get("content"), out);
        self.refusal(delta.get("refusal"), out);
        if let Some(reason) = choice
            .get("finish_reason")
            .as_str()
            .filter(|reason| !reason.is_empty())
        {
            if reason == "error" {
                return Err(Fault::Provider(ProviderError {
                    message: "the provider ended the stream with an error".to_owned(),
                    ..ProviderError::default()
                }));
            }
            self.finish = Some(self.finish_of(reason));
        }
        Ok(())
    }

    /// Takes text, or a list of parts: text, refusals, and what Mistral's models think.
    fn content(&mut self, content: &Json<'_>, out: &mut VecDeque<Event>) {
        let Json::Array(parts) = content else {
            self.any_text |= wire::push_text(content, out);
            return;
        };
        for part in parts {
            match part.get("type").as_str() {
                Some("refusal") => self.refusal(part.get("refusal"), out),
                Some("thinking") => match part.get("thinking") {
                    Json::Array(thoughts) => {
                        for thought in thoughts {
                            self.any_reasoning |= wire::push_reasoning(thought.get("text"), out);
                        }
                    }
                    thought => self.any_reasoning |= wire::push_reasoning(thought, out),
                },
                _ => self.any_text |= wire::push_text(part.get("text"), out),
            }
        }
    }

    /// Takes words of refusal: they are the answer, and the reason of its end.
    fn refusal(&mut self, refusal: &Json<'_>, out: &mut VecDeque<Event>) {
        if wire::push_text(refusal, out) {
            self.any_text = true;
            self.refused = true;
        }
    }

    fn finish_of(&self, reason: &str) -> Finish {
        match Finish::of_word(reason) {
            _ if self.refused => Finish::Refusal,
            Finish::Stop if self.calls && !self.any_text => Finish::ToolCall,
            finish => finish,
        }
    }

    fn usage(&mut self, usage: &Json<'_>, out: &mut VecDeque<Event>) {
        let new = Usage {
            input_tokens: wire::tokens(usage.get("prompt_tokens")),
            output_tokens: wire::tokens(usage.get("completion_tokens")),
        };
        wire::push_usage(&mut self.usage, new, out);
    }

    /// Takes `[DONE]`. Where no reason came before it, the word itself says that the response is
    /// complete, if there was one.
    fn done(&mut self, out: &mut VecDeque<Event>) -> Result<(), Fault> {
        if self.finish.is_none() {
            if !self.any_text && !self.any_reasoning && !self.calls {
                return Err(Fault::Empty);
            }
            self.finish = Some(self.finish_of("stop"));
        }
        self.end(out)
    }
}
