//! What a client may ask: parameters and results of the custom requests.

use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::{Range, TextDocumentIdentifier};

use super::{RequestInfo, ResponseInfo, SessionInfo};
use crate::session::{Disposition, Intent, Mode, RequestId, SessionId};

/// Parameters of `backchat/submit`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SubmitParams {
    /// The buffer that the prompt is about. It must be open.
    #[cfg_attr(test, ts(type = "TextDocumentIdentifier"))]
    pub text_document: TextDocumentIdentifier,
    /// The code that the prompt is about: the request's anchor. Without it, the whole buffer,
    /// shown at its first line.
    #[cfg_attr(test, ts(optional, type = "Range"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// What to ask. Not empty, unless `libraryPrompt` names a prompt; it is then what follows that.
    #[serde(default)]
    pub prompt: String,
    /// The name of a prompt of the library, as `backchat/prompts` lists it for this buffer. The file is
    /// read now, and its text is stored as part of the request's prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library_prompt: Option<String>,
    /// An answer to read, or a change to the code. Default: what the prompt of the library says, else
    /// `ask`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Where to run it. Default `auto`: background when the buffer is not in front or its session
    /// is busy.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Mode>"))]
    pub mode: Mode,
    /// The name of a model of the configuration. Default: the one of the prompt of the library, else the
    /// selected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A submit with a key that was seen before returns the earlier request and stores nothing, so
    /// a client may send again when it did not see the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// Result of `backchat/submit`. When it arrives the request is on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SubmitResult {
    /// The request as it was stored.
    pub request: RequestInfo,
    /// How it will run.
    pub disposition: Disposition,
}

/// Parameters of `backchat/sessions`. Every filter is optional; together they narrow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SessionsParams {
    /// Only sessions with an unread response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread_only: Option<bool>,
    /// Only the session of this buffer.
    #[cfg_attr(test, ts(optional, type = "TextDocumentIdentifier"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_document: Option<TextDocumentIdentifier>,
    /// Only sessions whose title or buffer contains this text, whatever its case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// At most so many, default 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Skip so many, for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
}

/// Result of `backchat/sessions`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SessionsResult {
    /// Unread first, then busy, then by their last change, newest first.
    pub sessions: Vec<SessionInfo>,
    /// How many match the filter, on all pages.
    pub total: u32,
}

/// Parameters of `backchat/session`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SessionParams {
    /// Which session.
    pub session_id: SessionId,
}

/// Result of `backchat/session`: the transcript. Reading it clears no 📬: that is
/// `backchat/take`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SessionResult {
    /// The session.
    pub session: SessionInfo,
    /// Its requests in the order in which they were submitted, each with what the model said.
    pub turns: Vec<TurnInfo>,
}

/// One turn of a transcript.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct TurnInfo {
    /// The prompt.
    pub request: RequestInfo,
    /// What the model has said so far. Absent before its first word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseInfo>,
}

/// Parameters of `backchat/requests`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RequestsParams {
    /// The buffer.
    #[cfg_attr(test, ts(type = "TextDocumentIdentifier"))]
    pub text_document: TextDocumentIdentifier,
}

/// Result of `backchat/requests`: what an editor draws when it opens a buffer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RequestsResult {
    /// The buffer's requests that were not dismissed, each with its range now, in the order in
    /// which they were submitted.
    pub requests: Vec<RequestInfo>,
}

/// Parameters of `backchat/take`: exactly one of the two.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct TakeParams {
    /// Take every unread response of this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Take the response of this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}

/// Result of `backchat/take`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TakeResult {
    /// The responses that were unread, now read in every window. Empty when another window was
    /// first.
    pub responses: Vec<TakenResponse>,
    /// How many responses of all sessions are still unread.
    pub unread: u32,
}

/// One response that `backchat/take` handed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TakenResponse {
    /// The prompt, with its range now.
    pub request: RequestInfo,
    /// What the model said.
    pub response: ResponseInfo,
}

/// Parameters of `backchat/cancel`, `backchat/retry`, `backchat/allow` and `backchat/dismiss`.
///
/// - `cancel` ends a request that is queued, held or running; the connection to the model is
///   closed and the text that had streamed is kept. A finished request stays as it is.
/// - `retry` queues a failed or cancelled request again; a held one stops waiting.
/// - `allow` lets the secrets that a request is held for (`Hold.secrets`) go to its endpoint, in this
///   request, its retries and the later turns of its session, and queues it again.
/// - `dismiss` takes a finished request out of the buffer's margin, read; it stays in the session.
///
/// Each answers with the request as it is after the call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RequestParams {
    /// Which request.
    pub request_id: RequestId,
}
