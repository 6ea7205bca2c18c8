//! What a client is shown of requests, responses and sessions.

use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::Range;

use crate::session::{Intent, Lane, RequestId, SessionId, State};

/// A submitted prompt, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct RequestInfo {
    /// Its id.
    pub id: RequestId,
    /// The session that it belongs to.
    pub session_id: SessionId,
    /// The URI of its buffer.
    pub uri: String,
    /// What was asked.
    pub prompt: String,
    /// An answer or a change.
    pub intent: Intent,
    /// Its priority.
    pub lane: Lane,
    /// The name of its model in the configuration.
    pub model: String,
    /// Where it is in its life.
    pub state: State,
    /// How many attempts were started.
    pub attempt: u32,
    /// Its place in the queue, 1 for the next; only while it is queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// What it waits for; only while it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Why it failed; only when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Where in the buffer it belongs now. Absent when the buffer has never been seen by this
    /// server: ask `backchat/requests` after opening it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<AnchorInfo>,
    /// The first lines of the response, at most 200 characters; only when there is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// What is to be said of the response beside its text, a sentence or two to be shown as they are: that there is
    /// no answer, that it was cut, what of the file the model was not shown. Absent for a response that is simply an
    /// answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Done and not yet shown: 📬.
    pub unread: bool,
    /// Taken out of the margin by the user.
    pub dismissed: bool,
    /// Tokens, as far as the provider told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// When it was accepted.
    #[cfg_attr(test, ts(type = "number"))]
    pub created_at: i64,
    /// When its latest attempt began.
    #[cfg_attr(test, ts(optional, type = "number"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// When it came to its end.
    #[cfg_attr(test, ts(optional, type = "number"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<i64>,
}

/// Where in the buffer a request belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct AnchorInfo {
    /// The range now.
    #[cfg_attr(test, ts(type = "Range"))]
    pub range: Range,
    /// The buffer's version that `range` is of; absent when the buffer is not open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// How sure the range is.
    pub status: AnchorStatus,
    /// The code that was asked about, when `status` is `changed` or `gone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
}

/// How sure an anchor is of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum AnchorStatus {
    /// The code that was asked about, where it was.
    Exact,
    /// The code that was asked about, at another place.
    Moved,
    /// The place, but its code has changed since.
    Changed,
    /// The code is not in the buffer any more; the range is the top of the buffer.
    Gone,
    /// Several places fit equally well; the range is the one nearest to where it was.
    Ambiguous,
}

/// What a held request waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Hold {
    /// For people, e.g. `rate limit of api.anthropic.com`.
    pub reason: String,
    /// When it will be tried again, if that is known.
    #[cfg_attr(test, ts(optional, type = "number"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The secrets in what would be sent, when it waits for the user to allow them: `backchat/allow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Vec<HeldSecret>>,
}

/// A secret that would be sent. Never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct HeldSecret {
    /// What it is, e.g. `GitHub token`.
    pub kind: String,
    /// Where it is, for people: `line 12`, `the prompt`, `AGENTS.md`, `an earlier turn`.
    pub place: String,
    /// Its line in the buffer as it was at submit, counted from 1; absent when it is elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Failure {
    /// A stable word for programs, e.g. `authentication`, `interrupted`, `contextTooLong`.
    pub kind: String,
    /// What failed, on what, for people.
    pub message: String,
    /// What the user can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Tokens of one attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Usage {
    /// Tokens of the prompt, with what was sent along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u32>,
    /// Tokens of the response, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u32>,
}

/// What the model said to one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ResponseInfo {
    /// Markdown, untrusted.
    pub text: String,
    /// What the model thought before, when it told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Whether the text may still grow, or ended before the model was finished.
    pub partial: bool,
    /// Why the model stopped, when it did: `stop`, `length`, `refusal`, `contextFull`, `toolCall`, `incomplete`, or
    /// the provider's own word. What that means for people is in the request's `notice`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    /// The attempt that the text is of.
    pub attempt: u32,
    /// The `seq` of the next `backchat/responseDelta` that is not yet part of `text`.
    pub next_seq: u32,
}

/// The conversation of one buffer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// The URI of its buffer.
    pub uri: String,
    /// Made from the first prompt.
    pub title: String,
    /// Unread responses: 📬 when it is not 0.
    pub unread: u32,
    /// Requests in all.
    pub requests: u32,
    /// Requests that wait, held ones included.
    pub queued: u32,
    /// Requests that run: 0 or 1, as a session has an order.
    pub running: u32,
    /// Of those that wait, the ones that wait for something they name.
    pub held: u32,
    /// Failed requests that were not dismissed.
    pub failed: u32,
    /// The state of its latest request.
    pub state: State,
    /// The latest change.
    #[cfg_attr(test, ts(type = "number"))]
    pub updated_at: i64,
    /// Its beginning.
    #[cfg_attr(test, ts(type = "number"))]
    pub created_at: i64,
}

/// The state of the whole inbox, over all windows: the result of `backchat/status` and the
/// parameters of `backchat/statusDidChange`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct StatusInfo {
    /// Requests that wait for a worker, held ones not included.
    pub queued: u32,
    /// Requests that run.
    pub running: u32,
    /// Requests that wait for something they name.
    pub held: u32,
    /// The hold that ends first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Unread responses.
    pub unread: u32,
    /// The selected model's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What keeps Backchat from working, with what to do: no model, a configuration error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The server's version.
    pub version: String,
    /// [`super::PROTOCOL_VERSION`].
    pub protocol_version: u32,
}
