//! What the server tells without being asked, and what a client does.

use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::notification::Notification;
use tower_lsp::ls_types::{TextDocumentIdentifier, Uri};

use super::{RequestInfo, StatusInfo, method};
use crate::session::RequestId;

/// Parameters of `backchat/didFocus`: which buffer is in front, for the routing of `auto`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct DidFocusParams {
    /// The buffer in front; absent when the window lost the focus.
    #[cfg_attr(test, ts(optional, type = "TextDocumentIdentifier"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_document: Option<TextDocumentIdentifier>,
}

/// Parameters of `textDocument/didOpen`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DidOpenParams {
    /// The buffer.
    pub text_document: OpenedDocument,
}

/// LSP's `TextDocumentItem` in `textDocument/didOpen`, and which buffer it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct OpenedDocument {
    /// Its URI.
    #[cfg_attr(test, ts(type = "string"))]
    pub uri: Uri,
    /// Its language.
    pub language_id: String,
    /// Its version, as the client counts.
    pub version: i32,
    /// Its whole text.
    pub text: String,
    /// Of a buffer without a file whose URI is used again for others, such as `untitled:Untitled-1`: what it has
    /// for itself for as long as it lives, through restarts of server and editor. Letters, digits, `-`, `_`
    /// and `.`, at most 128 of them, such as a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
}

/// Parameters of `backchat/requestDidChange`.
///
/// Sent for every change of a request's state, hold, place in the queue, attempt or read mark, in
/// whatever window it happened, and when an edit moved the anchor of a request of an open buffer.
/// Changes are coalesced: the latest is always sent, those between may not be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RequestDidChangeParams {
    /// The request as it is now.
    pub request: RequestInfo,
}

/// Parameters of `backchat/responseDelta`: streamed text of a request of an open buffer,
/// coalesced to at most 20 notifications a second for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ResponseDeltaParams {
    /// Which request.
    pub request_id: RequestId,
    /// Which attempt; a higher one than before begins the text anew.
    pub attempt: u32,
    /// Counts the deltas of an attempt from 0, without gaps. A client that opened the buffer in
    /// mid-stream begins at the `nextSeq` of the response that it read by `backchat/session`.
    pub seq: u32,
    /// To be appended.
    pub text: String,
}

/// Parameters of `backchat/responseReady`: a request is done; show it where it was asked.
///
/// Sent once in each window, after the `requestDidChange` with the state `done`. Nothing is read by
/// it: call `backchat/take` when the response was actually shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ResponseReadyParams {
    /// The request, with its range now and a preview of the response.
    pub request: RequestInfo,
    /// Unread responses of its session, this one included.
    pub session_unread: u32,
    /// Unread responses of all sessions, this one included.
    pub unread: u32,
}

/// Parameters of `backchat/bufferLost`: a change was of a line that the buffer does not have, so that the server
/// does not know its text any more.
///
/// Until the client sends `didClose` and `didOpen` for it, or a `didChange` with its whole text, submits and
/// proposals of the buffer are refused with the error `bufferLost`, and its requests have no anchor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BufferLostParams {
    /// The buffer's URI, as the client spells it.
    pub uri: String,
    /// What the change was of, for people.
    pub reason: String,
}

/// `backchat/bufferLost`.
pub enum BufferLost {}

impl Notification for BufferLost {
    type Params = BufferLostParams;
    const METHOD: &'static str = method::BUFFER_LOST;
}

/// `backchat/requestDidChange`.
pub enum RequestDidChange {}

impl Notification for RequestDidChange {
    type Params = RequestDidChangeParams;
    const METHOD: &'static str = method::REQUEST_DID_CHANGE;
}

/// `backchat/responseDelta`.
pub enum ResponseDelta {}

impl Notification for ResponseDelta {
    type Params = ResponseDeltaParams;
    const METHOD: &'static str = method::RESPONSE_DELTA;
}

/// `backchat/responseReady`.
pub enum ResponseReady {}

impl Notification for ResponseReady {
    type Params = ResponseReadyParams;
    const METHOD: &'static str = method::RESPONSE_READY;
}

/// `backchat/statusDidChange`.
pub enum StatusDidChange {}

impl Notification for StatusDidChange {
    type Params = StatusInfo;
    const METHOD: &'static str = method::STATUS_DID_CHANGE;
}
