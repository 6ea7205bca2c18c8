//! Responses that go on without their client, and how they are taken up again.
//!
//! Two kinds of servers offer it. llama.cpp's server keeps the bytes of a stream whose request named
//! a conversation (`X-Conversation-Id`), while it lasts and for five minutes after its end, and sends
//! them again from any byte. OpenAI's Responses API generates in the background where it is asked to,
//! and sends the events again from any sequence number for about ten minutes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ErrorKind, LlmError};
use crate::config::{Format, Model};
use crate::digest::{hex, sha256};

/// The header that lets llama.cpp's server go on without the client. Others pass over it.
pub(super) const CONVERSATION_HEADER: &str = "x-conversation-id";

/// Where a response can be taken up again, once everything before it is stored.
///
/// Its text form is for the store and for nobody else. It names the endpoint, so that a model which
/// was configured anew meanwhile is not asked for what another server began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumePoint {
    pub(super) way: Way,
    endpoint: String,
    /// What the generation is known by at the endpoint.
    pub(super) id: String,
    /// The byte at which the last event begins that was taken, or its sequence number.
    pub(super) position: u64,
    /// A digest of that event where only a byte was counted: it must come again, or the position
    /// means something else to the server than it does here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) check: Option<String>,
}

/// How an endpoint lets go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Way {
    /// llama.cpp's server replays bytes.
    Replay,
    /// The Responses API generates in the background.
    Background,
}

/// What an interrupted response has said already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Bytes of the answer.
    pub text: usize,
    /// Bytes of what was thought before.
    pub reasoning: usize,
}

impl ResumePoint {
    /// The beginning of a response that is about to be asked for, where that can be named before it
    /// begins. `name` is what it shall be known by. Stored before the prompt is sent, it lets a
    /// process that follows this one find a response that had not said a word yet.
    #[must_use]
    pub fn beginning(model: &Model, name: &str) -> Option<Self> {
        (way(model)? == Way::Replay).then(|| Self::new(Way::Replay, model, name))
    }

    pub(super) fn new(way: Way, model: &Model, id: &str) -> Self {
        Self {
            way,
            endpoint: model.endpoint().to_owned(),
            id: id.to_owned(),
            position: 0,
            check: None,
        }
    }

    /// Whether the model as it is configured now would be asked at the place that knows the response.
    pub(super) fn is_of(&self, model: &Model) -> bool {
        self.endpoint == model.endpoint()
            && matches!(
                (self.way, model.format),
                (Way::Replay, Format::OpenaiChat) | (Way::Background, Format::OpenaiResponses)
            )
    }

    /// Whether the endpoint keeps the whole response, and not only for those who lost its stream, so
    /// that it is to be let go of after its end too.
    #[must_use]
    pub const fn outlives_its_end(&self) -> bool {
        matches!(self.way, Way::Background)
    }
}

impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A struct of strings and numbers always has a JSON form.
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl FromStr for ResumePoint {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

/// How responses of this model can go on without their client, if its configuration wants that.
pub(super) const fn way(model: &Model) -> Option<Way> {
    match (model.resume, model.format) {
        (true, Format::OpenaiChat) => Some(Way::Replay),
        (true, Format::OpenaiResponses) => Some(Way::Background),
        (true, Format::Anthropic) | (false, _) => None,
    }
}

/// A digest that tells an event from its neighbours.
pub(super) fn digest(data: &str) -> String {
    hex(&sha256(data).as_ref()[..8])
}

/// What an error means for a response that was to be taken up again: an endpoint that does not know
/// it, or does not know how, will not know it later either.
pub(super) fn refused(error: LlmError) -> LlmError {
    match error.kind {
        ErrorKind::ModelNotFound | ErrorKind::InvalidRequest | ErrorKind::InvalidResponse => {
            gone(&error.message)
        }
        _ => error,
    }
}

/// The response cannot be taken up again.
pub(super) fn gone(why: &str) -> LlmError {
    LlmError {
        kind: ErrorKind::NotResumable,
        message: format!("the response cannot be taken up again: {why}"),
        remedy: None,
        retry: super::Retry::Backoff,
    }
}

#[cfg(test)]
mod tests;
