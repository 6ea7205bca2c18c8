//! A prompt in, a stream of events out: the one module that knows HTTP.
//!
//! [`http`] sends, over the clients of [`connections`]; [`response`] turns the bytes into events; a
//! file a wire format builds the body and decodes: [`openai_chat`], [`openai_responses`],
//! [`anthropic`]. A decoder is a pure state machine from server-sent events to [`Event`]s, so that
//! every odd stream can be a fixture. Characters that arrive in two halves are joined in [`surrogates`],
//! and [`finish`] knows the providers' words for why a model stopped. What goes wrong is classified in [`failure`] (the provider said
//! no) and [`transport`] (nobody answered). Keys come from
//! [`key`], models without configuration from [`discover`], and what is needed to take up a response
//! again that has lost its client from [`resume`].

mod anthropic;
mod call;
mod connections;
pub mod discover;
mod failure;
mod finish;
mod framing;
mod http;
pub mod key;
mod openai_chat;
mod openai_responses;
mod plain_text;
mod provider_error;
mod quotation;
mod response;
mod resume;
mod retry_after;
mod surrogates;
mod transport;
mod wire;

use std::time::Duration;

pub use finish::Finish;
pub use http::Client;
pub use response::ResponseStream;
pub use resume::{ResumePoint, Said};

/// Who said a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The programmer.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: String,
}

/// What is sent to a model. The last turn is the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What the model is told of its task.
    pub system: String,
    /// The conversation; user and assistant alternate, beginning and ending with the user.
    pub turns: Vec<Turn>,
}

/// What a model's stream brings, in this order: any number of `Text`, `Reasoning`, `Usage` and
/// `Resumable`, then exactly one `Finished`, which is the last. A stream that ends in another way ends in an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// More of the answer. Never empty.
    Text(String),
    /// More of what the model thinks before it answers. Never empty.
    Reasoning(String),
    /// Tokens so far; replaces an earlier one.
    Usage(Usage),
    /// Everything that came before this can be left out when the response is taken up again here;
    /// what comes before the next one of these cannot.
    Resumable(ResumePoint),
    /// The provider said that the response is complete, and why.
    Finished(Finish),
}

/// Tokens, as the provider counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt, cached ones included.
    pub input_tokens: Option<u32>,
    /// Of the response, reasoning included.
    pub output_tokens: Option<u32>,
}

/// Why a call to a model failed: what, on which endpoint, and what the user can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LlmError {
    /// A class for programs.
    pub kind: ErrorKind,
    /// What failed, on what: one sentence for people, without a key.
    pub message: String,
    /// What the user can do, one sentence.
    pub remedy: Option<String>,
    /// Whether and when trying again can help.
    pub retry: Retry,
}

/// The classes of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The endpoint could not be reached: refused, DNS, reset before a response.
    Unreachable,
    /// The TLS handshake failed.
    Tls,
    /// The key was not accepted (401, 403).
    Authentication,
    /// The endpoint does not know the model (404).
    ModelNotFound,
    /// The prompt does not fit the model's window.
    ContextTooLong,
    /// The request was refused for another reason (400, 413, 422).
    InvalidRequest,
    /// Too many requests (429).
    RateLimited,
    /// No credit or a spend limit (402, 429 of the final sort).
    QuotaExhausted,
    /// The provider is overloaded or broken (5xx, 529).
    Overloaded,
    /// The provider gave up on this request, for a reason that another try would meet again.
    Refused,
    /// Nothing came for longer than the limit on silence.
    Silent,
    /// The stream ended before its end marker, or was damaged on the way.
    Interrupted,
    /// What came is not of the wire format: a login page, other JSON, nothing at all.
    InvalidResponse,
    /// The response has no end: more came than any answer has.
    Endless,
    /// A response was to be taken up again, and the endpoint does not know it any more.
    NotResumable,
}

impl ErrorKind {
    /// The word for the wire and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Authentication => "authentication",
            Self::ModelNotFound => "modelNotFound",
            Self::ContextTooLong => "contextTooLong",
            Self::InvalidRequest => "invalidRequest",
            Self::RateLimited => "rateLimited",
            Self::QuotaExhausted => "quotaExhausted",
            Self::Overloaded => "overloaded",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Interrupted => "interrupted",
            Self::InvalidResponse => "invalidResponse",
            Self::Endless => "endless",
            Self::NotResumable => "notResumable",
        }
    }
}

/// Whether a failed call is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again.
    Never,
    /// After a back-off of the caller's choice.
    Backoff,
    /// After exactly so long, because the provider said so.
    After(Duration),
}
