//! The custom methods that only look, and how requests are shown to this client.

use std::collections::HashMap;
use std::sync::Arc;

use tower_lsp::jsonrpc::Result;

use super::chat::spawned;
use super::{Server, errors, text_sync};
use crate::buffer_name;
use crate::coordinator::{self, Submitted};
use crate::protocol::{
    AnchorInfo, AnchorStatus, ModelsResult, RequestInfo, RequestsParams, RequestsResult,
    SessionParams, SessionResult, SessionsParams, SessionsResult, StatusInfo, TurnInfo,
};
use crate::session::{RequestId, State};
use crate::store::{SessionFilter, StoreError, TurnRecord};
use crate::view;

/// The page of `backchat/sessions` when the client does not say.
const PAGE: u32 = 200;

/// Places in the queue, from 1.
pub(super) type Places = HashMap<RequestId, u32>;

/// `backchat/sessions`.
pub(super) async fn sessions(
    server: &Arc<Server>,
    params: SessionsParams,
) -> Result<SessionsResult> {
    let coordinator = server.coordinator().await?;
    let page = coordinator
        .sessions(SessionFilter {
            id: None,
            uri: params
                .text_document
                .map(|document| server.documents.name_of(document.uri.as_str())),
            unread_only: params.unread_only.unwrap_or(false),
            query: params.query.filter(|query| !query.is_empty()),
            limit: Some(params.limit.unwrap_or(PAGE)),
            offset: params.offset.unwrap_or(0),
        })
        .await
        .map_err(|error| errors::from_use_case(&error))?;
    Ok(SessionsResult {
        sessions: page
            .sessions
            .into_iter()
            .map(|record| {
                let mut session = view::session(record);
                session.uri = spelling(server, session.uri);
                session
            })
            .collect(),
        total: page.total,
    })
}

/// `backchat/session`.
pub(super) async fn session(server: &Arc<Server>, params: SessionParams) -> Result<SessionResult> {
    let server = Arc::clone(server);
    spawned(async move {
        let store = server.coordinator().await?.store();
        let record = store.session(&params.session_id).await.map_err(failed)?;
        let turns = store.transcript(&params.session_id).await.map_err(failed)?;
        let places = places(&server).await?;
        let mut shown = Vec::with_capacity(turns.len());
        for turn in &turns {
            shown.push(TurnInfo {
                request: request_info(&server, turn, Some(&places)).await,
                response: turn
                    .response
                    .as_ref()
                    .map(|said| view::response(said, turn.request.state)),
            });
        }
        let mut session = view::session(record);
        session.uri = spelling(&server, session.uri);
        Ok(SessionResult {
            session,
            turns: shown,
        })
    })
    .await
}

/// `backchat/requests`.
pub(super) async fn requests(
    server: &Arc<Server>,
    params: RequestsParams,
) -> Result<RequestsResult> {
    let uri = server.documents.name_of(params.text_document.uri.as_str());
    if buffer_name::is_unsaved(&uri) && !server.documents.is_open(&uri) {
        // Which of the buffers of this URI is meant is known when it is open.
        return Ok(RequestsResult {
            requests: Vec::new(),
        });
    }
    let server = Arc::clone(server);
    spawned(async move {
        text_sync::load_anchors(&server, &uri).await;
        let store = server.coordinator().await?.store();
        let turns = store.requests_of(&uri).await.map_err(failed)?;
        let places = places(&server).await?;
        let mut requests = Vec::with_capacity(turns.len());
        for turn in &turns {
            requests.push(request_info(&server, turn, Some(&places)).await);
        }
        Ok(RequestsResult { requests })
    })
    .await
}

/// `backchat/models`.
pub(super) async fn models(server: &Arc<Server>) -> Result<ModelsResult> {
    let server = Arc::clone(server);
    spawned(async move {
        let coordinator = server.coordinator().await?;
        let models = coordinator.models();
        models.discover_local().await;
        let selected = coordinator.selected_model().await;
        let selected = selected.map_err(|error| errors::from_use_case(&error))?;
        Ok(view::models(models, selected.as_ref()))
    })
    .await
}

/// `backchat/status`.
pub(super) async fn status(server: &Arc<Server>) -> Result<StatusInfo> {
    let status = server.coordinator().await?.status().await;
    status
        .map(view::status)
        .map_err(|error| errors::from_use_case(&error))
}

/// A request that was just accepted, as this client sees it.
pub(super) async fn submitted(server: &Arc<Server>, submitted: Submitted) -> Result<RequestInfo> {
    let request = submitted.request;
    if submitted.repeated {
        return request_of(server, &request.id).await;
    }
    let place = submitted.place.map(|place| (request.id.clone(), place));
    let turn = TurnRecord {
        request,
        response: None,
    };
    Ok(request_info(server, &turn, Some(&place.into_iter().collect())).await)
}

/// One request as this client sees it.
pub(super) async fn request_of(server: &Arc<Server>, id: &RequestId) -> Result<RequestInfo> {
    let (store, asked) = (server.coordinator().await?.store(), id.clone());
    let news = store.news(move |_| vec![asked]).await.map_err(failed)?;
    let unknown = || failed(StoreError::UnknownRequest(id.0.clone()));
    let turn = news.turns.first().ok_or_else(unknown)?;
    Ok(request_info(server, turn, Some(&places_of(&news.waiting))).await)
}

/// The places in the queue now.
async fn places(server: &Arc<Server>) -> Result<Places> {
    let store = server.coordinator().await?.store();
    let waiting = store.waiting().await.map_err(failed)?;
    Ok(places_of(&waiting))
}

/// The places in the queue of the requests that wait.
pub(super) fn places_of(waiting: &[RequestId]) -> Places {
    waiting.iter().cloned().zip(1..).collect()
}

/// A request with its range in this client's buffer, its encoding and its spelling of the URI.
pub(super) async fn request_info(
    server: &Arc<Server>,
    turn: &TurnRecord,
    places: Option<&Places>,
) -> RequestInfo {
    let request = &turn.request;
    let mut anchor = server
        .documents
        .tell(&request.uri, &request.id, server.encoding());
    let is_known = server.documents.is_open(&request.uri) || server.documents.is_lost(&request.uri);
    if anchor.is_none() && !is_known {
        anchor = Some(view::stored_anchor(&request.anchor, server.encoding()));
    }
    if let Some(anchor) = &mut anchor {
        add_original(server, turn, anchor).await;
    }
    let place = places.and_then(|places| places.get(&request.id).copied());
    let mut info = view::request(
        turn,
        place.filter(|_| request.state == State::Queued),
        anchor,
    );
    info.uri = spelling(server, info.uri);
    info
}

/// What the code was that is not there any more, as it was asked about.
async fn add_original(server: &Arc<Server>, turn: &TurnRecord, anchor: &mut AnchorInfo) {
    if !matches!(anchor.status, AnchorStatus::Changed | AnchorStatus::Gone) {
        return;
    }
    let Ok(coordinator) = server.coordinator().await else {
        return;
    };
    match coordinator.store().snapshot(&turn.request.snapshot).await {
        Ok(text) => {
            let (start, end) = turn.request.span;
            anchor.original = text.get(start..end).map(str::to_owned);
        }
        Err(error) => tracing::warn!(%error, "the code that was asked about could not be read"),
    }
}

/// The client's own spelling of a buffer's URI, when it has the buffer open.
fn spelling(server: &Arc<Server>, uri: String) -> String {
    server.documents.spelling(&uri).unwrap_or(uri)
}

fn failed(error: StoreError) -> tower_lsp::jsonrpc::Error {
    errors::from_use_case(&coordinator::Error::Store(error))
}
