//! The custom methods that change something.
//!
//! Each takes its snapshot at once and does its work in a task of its own: a panic there is an
//! error of that request alone.

use std::sync::{Arc, PoisonError};

use secrecy::SecretString;
use tokio::sync::Semaphore;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{Range, WorkDoneProgressCancelParams};

use super::document::Snapshot;
use super::offers::Offered;
use super::{Server, errors, fallback, look, prompts};
use crate::buffer_name;
use crate::coordinator::{self, Coordinator, Submit};
use crate::protocol::{
    ModelsResult, ProvideKeyParams, RequestInfo, RequestParams, SelectModelParams, SubmitParams,
    SubmitResult, TakeParams, TakeResult, TakenResponse,
};
use crate::rules;
use crate::session::RequestId;
use crate::store::RequestRecord;
use crate::text::Span;
use crate::view;

/// How many threads read rules: a hundred submits at once shall not start a hundred.
static RULES_READERS: Semaphore = Semaphore::const_new(2);

/// Runs a use case in a task of its own.
pub(super) async fn spawned<T, F>(use_case: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    tokio::spawn(use_case).await.unwrap_or_else(|panic| {
        tracing::error!(%panic, "a request to the server panicked");
        Err(errors::panicked())
    })
}

/// `backchat/submit`.
pub(super) async fn submit(server: &Arc<Server>, params: SubmitParams) -> Result<SubmitResult> {
    submit_offered(server, params, None).await
}

/// `backchat/submit` whose range may be of the text as it was when a code action was offered.
pub(super) async fn submit_offered(
    server: &Arc<Server>,
    params: SubmitParams,
    offered: Option<Offered>,
) -> Result<SubmitResult> {
    let uri = params.text_document.uri.as_str();
    let Some(snapshot) = server.documents.snapshot(uri) else {
        return Err(server.not_open(uri));
    };
    let span = params
        .range
        .map(|range| span(server, &snapshot, range, offered))
        .transpose()?;
    let shown = span.unwrap_or_else(|| coordinator::first_line(&snapshot.buffer));
    let pending = server.documents.track_pending(&snapshot, shown);
    let order = Arc::clone(&snapshot.order);
    let mut submit = Submit {
        in_front: server.is_in_front(&snapshot.uri),
        uri: snapshot.uri,
        language: snapshot.language,
        buffer: snapshot.buffer,
        span,
        prompt: params.prompt,
        intent: params.intent.unwrap_or_default(),
        mode: params.mode,
        model: params.model,
        idempotency_key: params.idempotency_key,
    };
    let server = Arc::clone(server);
    // The first await, and a queue that keeps its order: submits are stored as they came.
    let order = order.lock_owned().await;
    spawned(async move {
        let submitted = async {
            if let Some(name) = &params.library_prompt {
                prompts::prepend(&server, name, params.intent, &mut submit).await?;
            }
            let rules = rules_for(&server, &submit.uri);
            let submitted = server.coordinator().await?.submit(submit, rules).await;
            submitted.map_err(|error| errors::from_use_case(&error))
        }
        .await;
        drop(order);
        match submitted {
            Ok(submitted) => {
                server.documents.confirm(&pending, &submitted.request.id);
                Ok(SubmitResult {
                    disposition: submitted.disposition,
                    request: look::submitted(&server, submitted).await?,
                })
            }
            Err(error) => {
                server.documents.forget(&pending);
                Err(error)
            }
        }
    })
    .await
}

/// The span of a range in the buffer as it is now.
fn span(
    server: &Server,
    snapshot: &Snapshot,
    range: Range,
    offered: Option<Offered>,
) -> Result<Span> {
    let documents = &server.documents;
    let Some(offered) = offered else {
        return documents
            .span(snapshot, range, server.encoding())
            .map_err(|error| {
                errors::invalid(
                    format!("the range is not in the buffer: {error}"),
                    "rangeOutOfBounds",
                )
            });
    };
    documents
        .carried(snapshot, offered, range, server.encoding())
        .ok_or_else(|| {
            let name = buffer_name::short(&snapshot.uri);
            errors::invalid(
                format!(
                    "{name} has changed since this was offered, and the code that it is about is not there any more. \
                     Nothing was submitted: choose it again"
                ),
                "rangeOutOfBounds",
            )
        })
}

/// The rules of the project that a buffer belongs to.
fn rules_for(server: &Server, uri: &str) -> impl Future<Output = Option<String>> + use<> {
    let roots = server.roots.lock().unwrap_or_else(PoisonError::into_inner);
    let (path, roots) = (buffer_name::path(uri), roots.clone());
    async move {
        let path = path?;
        let _turn = RULES_READERS.acquire().await;
        let read = tokio::task::spawn_blocking(move || rules::collect(&path, &roots));
        read.await.unwrap_or_else(|panic| {
            tracing::warn!(%panic, "the rules of the project could not be read");
            None
        })
    }
}

/// `backchat/take`.
pub(super) async fn take(server: &Arc<Server>, params: TakeParams) -> Result<TakeResult> {
    let server = Arc::clone(server);
    spawned(async move {
        let coordinator = server.coordinator().await?;
        let taken = match (&params.session_id, &params.request_id) {
            (Some(session), None) => coordinator.take_session(session).await,
            (None, Some(request)) => coordinator
                .take_request(request)
                .await
                .map(|taken| taken.into_iter().collect()),
            _ => {
                return Err(errors::invalid(
                    "take wants either a sessionId or a requestId",
                    "invalidParams",
                ));
            }
        };
        let taken = taken.map_err(|error| errors::from_use_case(&error))?;
        let mut responses = Vec::with_capacity(taken.len());
        for turn in taken {
            let response = turn.response.clone().unwrap_or_default();
            responses.push(TakenResponse {
                response: view::response(&response, turn.request.state),
                request: look::request_info(&server, &turn, None).await,
            });
        }
        let status = coordinator.status().await;
        Ok(TakeResult {
            responses,
            unread: status
                .map_err(|error| errors::from_use_case(&error))?
                .inbox
                .unread,
        })
    })
    .await
}

/// `backchat/cancel`.
pub(super) async fn cancel(server: &Arc<Server>, params: RequestParams) -> Result<RequestInfo> {
    change(server, params, async |coordinator, id| {
        coordinator.cancel(id).await
    })
    .await
}

/// `window/workDoneProgress/cancel`: the user cancels the request whose progress is shown.
pub(super) async fn cancel_progress(server: &Arc<Server>, params: &WorkDoneProgressCancelParams) {
    if let Some(request_id) = fallback::tell::cancelled(&params.token)
        && let Err(error) = cancel(server, RequestParams { request_id }).await
    {
        tracing::warn!(message = %error.message, "a request could not be cancelled");
    }
}

/// `backchat/retry`.
pub(super) async fn retry(server: &Arc<Server>, params: RequestParams) -> Result<RequestInfo> {
    change(server, params, async |coordinator, id| {
        coordinator.retry(id).await
    })
    .await
}

/// `backchat/allow`.
pub(super) async fn allow(server: &Arc<Server>, params: RequestParams) -> Result<RequestInfo> {
    change(server, params, async |coordinator, id| {
        coordinator.allow(id).await
    })
    .await
}

/// `backchat/dismiss`.
pub(super) async fn dismiss(server: &Arc<Server>, params: RequestParams) -> Result<RequestInfo> {
    change(server, params, async |coordinator, id| {
        coordinator.dismiss(id).await
    })
    .await
}

/// Does something to a request; answers with the request as it is then.
async fn change<F>(server: &Arc<Server>, params: RequestParams, what: F) -> Result<RequestInfo>
where
    F: AsyncFnOnce(&Coordinator, &RequestId) -> coordinator::Result<RequestRecord>,
{
    let coordinator = server.coordinator().await?;
    what(coordinator, &params.request_id)
        .await
        .map_err(|error| errors::from_use_case(&error))?;
    look::request_of(server, &params.request_id).await
}

/// `backchat/selectModel`.
pub(super) async fn select_model(
    server: &Arc<Server>,
    params: SelectModelParams,
) -> Result<ModelsResult> {
    let server_in = Arc::clone(server);
    spawned(async move {
        let coordinator = server_in.coordinator().await?;
        coordinator
            .select_model(params.model)
            .await
            .map_err(|error| errors::from_use_case(&error))
    })
    .await?;
    server.anchors_moved.notify_one();
    look::models(server).await
}

/// `backchat/provideKey`.
pub(super) async fn provide_key(
    server: &Arc<Server>,
    params: ProvideKeyParams,
) -> Result<ModelsResult> {
    if params.name.trim().is_empty() {
        return Err(errors::invalid(
            "provideKey wants the name of a key, such as ANTHROPIC_API_KEY",
            "invalidParams",
        ));
    }
    let key = params
        .key
        .filter(|key| !key.trim().is_empty())
        .map(SecretString::from);
    server
        .coordinator()
        .await?
        .provide_key(params.name.trim(), key);
    server.anchors_moved.notify_one();
    look::models(server).await
}
