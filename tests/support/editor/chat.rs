//! Backchat's own methods, with their types.

use backchat::protocol::{
    ModelsResult, RequestInfo, RequestParams, RequestsParams, RequestsResult, SelectModelParams,
    SessionParams, SessionResult, SessionsParams, SessionsResult, StatusInfo, SubmitParams,
    SubmitResult, TakeParams, TakeResult, method,
};
use backchat::session::{Mode, RequestId, SessionId};
use serde_json::Value;
use tower_lsp::ls_types::Range;

use super::{Editor, document};
use crate::support::transport::RpcError;

/// A prompt about the whole buffer, to be changed where a test wants more.
pub fn prompt(uri: &str, text: &str, mode: Mode) -> SubmitParams {
    SubmitParams {
        text_document: document(uri),
        range: None,
        prompt: text.into(),
        library_prompt: None,
        intent: None,
        mode,
        model: None,
        idempotency_key: None,
    }
}

impl Editor {
    /// `backchat/submit`.
    pub fn submit(&self, params: &SubmitParams) -> Result<SubmitResult, RpcError> {
        self.request(method::SUBMIT, params)
    }

    /// Asks about the whole buffer, in the background.
    pub fn ask(&self, uri: &str, text: &str) -> RequestInfo {
        self.submit(&prompt(uri, text, Mode::Background))
            .unwrap()
            .request
    }

    /// Asks about a range of the buffer, in the background.
    pub fn ask_about(&self, uri: &str, range: Range, text: &str) -> RequestInfo {
        let params = SubmitParams {
            range: Some(range),
            ..prompt(uri, text, Mode::Background)
        };
        self.submit(&params).unwrap().request
    }

    /// `backchat/sessions`, all of them.
    pub fn sessions(&self) -> SessionsResult {
        self.request(method::SESSIONS, &SessionsParams::default())
            .unwrap()
    }

    /// `backchat/session`.
    pub fn session(&self, id: &SessionId) -> SessionResult {
        self.request(
            method::SESSION,
            &SessionParams {
                session_id: id.clone(),
            },
        )
        .unwrap()
    }

    /// `backchat/requests`.
    pub fn requests(&self, uri: &str) -> Vec<RequestInfo> {
        let params = RequestsParams {
            text_document: document(uri),
        };
        self.request::<RequestsResult>(method::REQUESTS, &params)
            .unwrap()
            .requests
    }

    /// The request as `backchat/requests` has it.
    pub fn request_info(&self, uri: &str, id: &RequestId) -> RequestInfo {
        self.requests(uri)
            .into_iter()
            .find(|request| request.id == *id)
            .expect("the buffer has the request")
    }

    /// `backchat/take` of one request.
    pub fn take(&self, id: &RequestId) -> TakeResult {
        self.request(
            method::TAKE,
            &TakeParams {
                session_id: None,
                request_id: Some(id.clone()),
            },
        )
        .unwrap()
    }

    /// `backchat/take` of a whole session.
    pub fn take_session(&self, id: &SessionId) -> TakeResult {
        self.request(
            method::TAKE,
            &TakeParams {
                session_id: Some(id.clone()),
                request_id: None,
            },
        )
        .unwrap()
    }

    /// `backchat/cancel`.
    pub fn cancel(&self, id: &RequestId) -> RequestInfo {
        self.request(
            method::CANCEL,
            &RequestParams {
                request_id: id.clone(),
            },
        )
        .unwrap()
    }

    /// `backchat/retry`.
    pub fn retry(&self, id: &RequestId) -> RequestInfo {
        self.request(
            method::RETRY,
            &RequestParams {
                request_id: id.clone(),
            },
        )
        .unwrap()
    }

    /// `backchat/dismiss`.
    pub fn dismiss(&self, id: &RequestId) -> RequestInfo {
        self.request(
            method::DISMISS,
            &RequestParams {
                request_id: id.clone(),
            },
        )
        .unwrap()
    }

    /// `backchat/status`.
    pub fn status(&self) -> StatusInfo {
        self.request(method::STATUS, &Value::Null).unwrap()
    }

    /// `backchat/models`.
    pub fn models(&self) -> ModelsResult {
        self.request(method::MODELS, &Value::Null).unwrap()
    }

    /// `backchat/selectModel`.
    pub fn select_model(&self, name: Option<&str>) -> Result<ModelsResult, RpcError> {
        self.request(
            method::SELECT_MODEL,
            &SelectModelParams {
                model: name.map(str::to_owned),
            },
        )
    }
}
