//! Errors of the use cases as JSON-RPC errors.

use std::borrow::Cow;

use serde_json::json;
use tower_lsp::jsonrpc::{Error, ErrorCode};

use crate::coordinator;

/// `RequestFailed`: the request was right, but could not be done.
///
/// Source: LSP 3.17, "Base Protocol", `ErrorCodes`.
const REQUEST_FAILED: i64 = -32803;

/// An error of a use case. `data.kind` is a stable word for programs.
pub(super) fn from_use_case(error: &coordinator::Error) -> Error {
    build(
        if error.is_callers() {
            ErrorCode::InvalidParams
        } else {
            ErrorCode::ServerError(REQUEST_FAILED)
        },
        error.to_string(),
        error.kind(),
    )
}

/// Parameters that do not fit.
pub(super) fn invalid(message: impl Into<String>, kind: &str) -> Error {
    build(ErrorCode::InvalidParams, message.into(), kind)
}

/// A use case that panicked: the server goes on.
pub(super) fn panicked() -> Error {
    build(
        ErrorCode::InternalError,
        "Backchat itself failed at this request; see the log".to_owned(),
        "internal",
    )
}

fn build(code: ErrorCode, message: String, kind: &str) -> Error {
    Error {
        code,
        message: Cow::Owned(message),
        data: Some(json!({ "kind": kind })),
    }
}
