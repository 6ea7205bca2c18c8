//! What the server tells without being asked, and the one thing a client does.

use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::TextDocumentIdentifier;
use tower_lsp::ls_types::notification::Notification;

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
