//! What the wire formats have in common: a body to send, and a decoder of what comes back.

use std::collections::VecDeque;

use serde_json::Value;
use serde_json_borrow::Value as Json;

use super::provider_error::ProviderError;
use super::{Event, Prompt, Said, Usage};
use super::{anthropic, openai_chat, openai_responses};
use crate::config::{Format, Model};

/// Why a decoder gave up. It knows neither endpoint nor model; whoever does makes the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The provider reported an error in the stream or in place of it.
    Provider(ProviderError),
    /// What came is whole, and not of the format.
    Malformed(String),
    /// What came was damaged on the way. Says how, without the content.
    Damaged(String),
    /// The stream ended, and the provider had not said that the response is complete.
    Cut,
    /// The provider said that the response is complete, and there was none.
    Empty,
}

/// A decoder of one response: a pure state machine without I/O.
///
/// It pushes events in the order that [`Event`] promises. The last is `Finished`; nothing is to be
/// fed after it. A response counts as complete once the provider has said why it stopped
/// (`finish_reason`, `stop_reason`, `response.completed`); an end without that word is a [`Fault`].
pub(super) trait Decoder: Send {
    /// Takes one server-sent event: its name, where it has one, and its data.
    fn event(
        &mut self,
        name: Option<&str>,
        data: &str,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Fault>;

    /// Takes the end of the stream.
    fn end(&mut self, out: &mut VecDeque<Event>) -> Result<(), Fault>;

    /// Takes the whole response of a server that was asked for a stream and did not send one.
    fn whole(&mut self, body: &Json<'_>, out: &mut VecDeque<Event>) -> Result<(), Fault>;

    /// Prepares for the rest of the response of this id, of which so much was taken before.
    fn resumed(&mut self, id: &str, said: Said);

    /// Whether the provider has said why the response ended. What still follows is its usage, and need not come.
    fn is_finished(&self) -> bool {
        false
    }

    /// Whether what was decoded so far matters to what comes, beyond what [`Decoder::resumed`] is told:
    /// then the response has to be taken up again before that.
    fn is_settled(&self) -> bool {
        true
    }

    /// The id and the latest sequence number of a response that the provider generates in the
    /// background, when it said that it does.
    fn in_background(&self) -> Option<(&str, u64)> {
        None
    }
}

/// The path of a request below the model's base URL.
pub(super) const fn path(format: Format) -> &'static [&'static str] {
    match format {
        Format::Anthropic => &["v1", "messages"],
        Format::OpenaiChat => &["chat", "completions"],
        Format::OpenaiResponses => &["responses"],
    }
}

/// The path below the base URL that lists an endpoint's models.
pub(super) const fn models_path(format: Format) -> &'static [&'static str] {
    match format {
        Format::Anthropic => &["v1", "models"],
        Format::OpenaiChat | Format::OpenaiResponses => &["models"],
    }
}

/// The JSON to send.
pub(super) fn body(model: &Model, prompt: &Prompt) -> Value {
    match model.format {
        Format::Anthropic => anthropic::body(model, prompt),
        Format::OpenaiChat => openai_chat::body(model, prompt),
        Format::OpenaiResponses => openai_responses::body(model, prompt),
    }
}

/// A decoder for one response of a model.
pub(super) fn decoder(model: &Model) -> Box<dyn Decoder> {
    match model.format {
        Format::Anthropic => Box::<anthropic::Anthropic>::default(),
        Format::OpenaiChat => Box::<openai_chat::OpenaiChat>::default(),
        Format::OpenaiResponses => Box::new(openai_responses::OpenaiResponses::new(
            model.max_output_tokens,
        )),
    }
}

/// The data of an event as JSON that borrows from it: there is an event for each token, and most of what is
/// in it does not matter.
pub(super) fn json(data: &str) -> Result<Json<'_>, Fault> {
    serde_json::from_str(data).map_err(|error| broken(&error))
}

/// Says that JSON was broken, and where, without what it says.
pub(super) fn broken(error: &serde_json::Error) -> Fault {
    Fault::Damaged(format!("broken JSON ({error})"))
}

/// An event, which is an object in every format: `null` or a number is what is left of one.
pub(super) fn object(value: &Json<'_>) -> Result<(), Fault> {
    if value.is_object() {
        Ok(())
    } else {
        Err(Fault::Damaged("an event that is no object".to_owned()))
    }
}

/// A count of tokens; what is absent, negative or absurd is not known.
pub(super) fn tokens(value: &Json<'_>) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok())
}

/// Pushes a usage event when anything is known that was not known before.
pub(super) fn push_usage(known: &mut Usage, new: Usage, out: &mut VecDeque<Event>) {
    let merged = Usage {
        input_tokens: new.input_tokens.or(known.input_tokens),
        output_tokens: new.output_tokens.or(known.output_tokens),
    };
    if merged != *known {
        *known = merged;
        out.push_back(Event::Usage(merged));
    }
}

/// Pushes text unless it is absent or empty.
pub(super) fn push_text(value: &Json<'_>, out: &mut VecDeque<Event>) -> bool {
    match value.as_str() {
        Some(text) if !text.is_empty() => {
            out.push_back(Event::Text(text.to_owned()));
            true
        }
        _ => false,
    }
}

/// Pushes reasoning unless it is absent or empty.
pub(super) fn push_reasoning(value: &Json<'_>, out: &mut VecDeque<Event>) -> bool {
    match value.as_str() {
        Some(text) if !text.is_empty() => {
            out.push_back(Event::Reasoning(text.to_owned()));
            true
        }
        _ => false,
    }
}

/// A setting as the shortest decimal that means it: 0.2, not 0.20000000298023224.
pub(super) fn number(value: f32) -> Value {
    value
        .to_string()
        .parse::<f64>()
        .map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests;
