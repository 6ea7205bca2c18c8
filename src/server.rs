//! The language server: LSP over stdio. Only this module and [`crate::protocol`] know LSP.
//!
//! # Rules
//!
//! 1. `didOpen`, `didChange` and `didClose` call one function that is not async, so that changes
//!    are applied in the order in which they came ([`documents`]).
//! 2. A request takes its snapshot before its first `.await`.
//! 3. No handler awaits a request to the client, the network, or the end of a model's work.
//! 4. What can panic is spawned, so that it ends by itself ([`chat`]).
//! 5. One task sends every notification ([`outbox`]).
//! 6. What a client sends may be anything, and the server goes on ([`framing`], [`transport`]).

mod capabilities;
mod chat;
mod document;
mod documents;
mod errors;
mod fallback;
mod framing;
mod lifecycle;
mod look;
mod lookup;
mod notifications;
mod offers;
mod outbox;
mod prompts;
mod proposal;
mod ranges;
mod replay;
mod stdio;
mod text_sync;
mod transport;
mod trust;
mod unsaved;
mod workspace;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{Notify, OnceCell};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, ExecuteCommandParams, Hover,
    HoverParams, InitializeParams, InitializeResult, InitializedParams, LSPAny,
    WorkDoneProgressCancelParams,
};
use tower_lsp::{Client, LanguageServer, LspService};

use crate::coordinator::Coordinator;
use crate::protocol::{
    ModelsResult, PromptsParams, PromptsResult, ProposalParams, ProposalResult, ProvideKeyParams,
    RequestInfo, RequestParams, RequestsParams, RequestsResult, SelectModelParams, SessionParams,
    SessionResult, SessionsParams, SessionsResult, StatusInfo, SubmitParams, SubmitResult,
    TakeParams, TakeResult, method,
};
use crate::text::{Encoding, LineEnds};
use documents::Documents;
pub use lifecycle::{Options, serve};
pub use replay::Replay;

/// What the handlers share.
struct Server {
    client: Client,
    options: Options,
    documents: Documents,
    features: OnceLock<capabilities::Features>,
    /// The URI of the buffer in front, as the client has it. `None` as long as the client has not told;
    /// `Some(None)` when no buffer is.
    in_front: Mutex<Option<Option<String>>>,
    /// The folders of the workspace.
    roots: Mutex<Vec<PathBuf>>,
    /// Which of them the user trusts.
    trust: Mutex<trust::Trust>,
    coordinator: OnceCell<Coordinator>,
    /// Wakes the outbox when an edit may have moved anchors.
    anchors_moved: Notify,
    shut_down: std::sync::atomic::AtomicBool,
}

impl Server {
    /// The encoding of positions that was negotiated.
    fn encoding(&self) -> Encoding {
        self.features
            .get()
            .map_or(Encoding::Utf16, |features| features.encoding)
    }

    /// What ends the lines that the client's positions are of.
    fn line_ends(&self) -> LineEnds {
        self.features
            .get()
            .map_or(LineEnds::LSP, |features| features.line_ends)
    }

    /// Why nothing can be done with a buffer that is not among the open ones.
    fn not_open(&self, uri: &str) -> tower_lsp::jsonrpc::Error {
        if self.documents.is_lost(&self.documents.name_of(uri)) {
            errors::invalid(
                format!(
                    "the text of {uri} is not known any more, because a change of it did not fit; close the file and \
                     open it again"
                ),
                "bufferLost",
            )
        } else {
            errors::invalid(
                format!("the buffer {uri} is not open; open it first"),
                "unknownBuffer",
            )
        }
    }

    fn is_in_front(&self, name: &str) -> bool {
        match &*self.in_front.lock().unwrap_or_else(PoisonError::into_inner) {
            // A client that does not tell has the user in front of the buffer that it asks from.
            None => true,
            Some(front) => {
                let front = front.as_deref();
                front.is_some_and(|uri| self.documents.name_of(uri) == name)
            }
        }
    }
}

/// The router: each method in a line. Notifications that change what the server knows of buffers are in
/// [`notifications`].
struct Backend(Arc<Server>);

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        Ok(capabilities::initialize(&self.0, &params))
    }

    async fn initialized(&self, _: InitializedParams) {
        lifecycle::begin(&self.0);
    }

    async fn shutdown(&self) -> Result<()> {
        lifecycle::shutdown(&self.0).await;
        Ok(())
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        Ok(Some(
            fallback::actions::code_actions(&self.0, &params).await,
        ))
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        fallback::lenses::code_lenses(&self.0, params)
            .await
            .map(Some)
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        fallback::hover::hover(&self.0, params).await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        fallback::commands::execute(&self.0, params).await
    }
}

impl Backend {
    async fn progress_cancel(&self, params: WorkDoneProgressCancelParams) {
        chat::cancel_progress(&self.0, &params).await;
    }

    async fn submit(&self, params: SubmitParams) -> Result<SubmitResult> {
        chat::submit(&self.0, params).await
    }

    async fn take(&self, params: TakeParams) -> Result<TakeResult> {
        chat::take(&self.0, params).await
    }

    async fn cancel(&self, params: RequestParams) -> Result<RequestInfo> {
        chat::cancel(&self.0, params).await
    }

    async fn retry(&self, params: RequestParams) -> Result<RequestInfo> {
        chat::retry(&self.0, params).await
    }

    async fn allow(&self, params: RequestParams) -> Result<RequestInfo> {
        chat::allow(&self.0, params).await
    }

    async fn dismiss(&self, params: RequestParams) -> Result<RequestInfo> {
        chat::dismiss(&self.0, params).await
    }

    async fn sessions(&self, params: SessionsParams) -> Result<SessionsResult> {
        look::sessions(&self.0, params).await
    }

    async fn session(&self, params: SessionParams) -> Result<SessionResult> {
        look::session(&self.0, params).await
    }

    async fn requests(&self, params: RequestsParams) -> Result<RequestsResult> {
        look::requests(&self.0, params).await
    }

    async fn proposal(&self, params: ProposalParams) -> Result<ProposalResult> {
        proposal::proposal(&self.0, params).await
    }

    async fn prompts(&self, params: PromptsParams) -> Result<PromptsResult> {
        prompts::prompts(&self.0, params).await
    }

    async fn models(&self) -> Result<ModelsResult> {
        look::models(&self.0).await
    }

    async fn select_model(&self, params: SelectModelParams) -> Result<ModelsResult> {
        chat::select_model(&self.0, params).await
    }

    async fn provide_key(&self, params: ProvideKeyParams) -> Result<ModelsResult> {
        chat::provide_key(&self.0, params).await
    }

    async fn status(&self) -> Result<StatusInfo> {
        look::status(&self.0).await
    }
}

/// The service and its socket to the client.
fn service(options: Options) -> (LspService<Backend>, tower_lsp::ClientSocket) {
    LspService::build(|client| {
        Backend(Arc::new(Server {
            client,
            options,
            documents: Documents::default(),
            features: OnceLock::new(),
            in_front: Mutex::new(None),
            roots: Mutex::new(Vec::new()),
            trust: Mutex::default(),
            coordinator: OnceCell::new(),
            anchors_moved: Notify::new(),
            shut_down: std::sync::atomic::AtomicBool::new(false),
        }))
    })
    // A standard method that the framework does not route.
    .custom_method("window/workDoneProgress/cancel", Backend::progress_cancel)
    .custom_method(method::SUBMIT, Backend::submit)
    .custom_method(method::TAKE, Backend::take)
    .custom_method(method::CANCEL, Backend::cancel)
    .custom_method(method::RETRY, Backend::retry)
    .custom_method(method::ALLOW, Backend::allow)
    .custom_method(method::DISMISS, Backend::dismiss)
    .custom_method(method::SESSIONS, Backend::sessions)
    .custom_method(method::SESSION, Backend::session)
    .custom_method(method::REQUESTS, Backend::requests)
    .custom_method(method::PROPOSAL, Backend::proposal)
    .custom_method(method::PROMPTS, Backend::prompts)
    .custom_method(method::MODELS, Backend::models)
    .custom_method(method::SELECT_MODEL, Backend::select_model)
    .custom_method(method::PROVIDE_KEY, Backend::provide_key)
    .custom_method(method::STATUS, Backend::status)
    .finish()
}
