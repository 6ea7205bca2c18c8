//! The outbox: one task sends every notification, so that they stay in order and can be coalesced.
//!
//! What happens in the store is gathered for a moment and told in one go: first streamed text, then
//! what changed, then what is ready, then the state of the inbox. A client that reads slowly holds
//! up this task and nothing else; what it misses meanwhile is told as it is in the end.

mod pending;

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::fallback::tell::Fallback;
use super::{Server, look, text_sync};
use crate::coordinator::Coordinator;
use crate::protocol::{
    RequestDidChange, RequestDidChangeParams, RequestInfo, ResponseDelta, ResponseDeltaParams,
    ResponseReady, ResponseReadyParams, StatusDidChange, StatusInfo,
};
use crate::session::{RequestId, SessionId, State};
use crate::store::{self, ChunkRecord, Followed, News, StoredAnchor, TurnRecord};
use crate::view;
use pending::Pending;

/// How long a round waits after the store could not be read.
const AGAIN: Duration = Duration::from_secs(1);

/// How long the outbox waits for more typing before it tells where anchors are now.
const AFTER_TYPING: Duration = Duration::from_millis(200);

/// How long an anchor may have moved before its place is stored.
const SAVE_AFTER: Duration = Duration::from_secs(2);

/// What was told last, so that nothing is told twice. What of anchors was told the buffers know.
#[derive(Default)]
struct Told {
    places: look::Places,
    status: Option<StatusInfo>,
    fallback: Fallback,
}

/// Starts the outbox, which runs until the server ends.
///
/// Its type is not that of a future, as starting the coordinator starts the outbox, which asks for
/// the coordinator.
pub(super) fn start(server: Arc<Server>, coordinator: Coordinator) {
    // From here on and not from the task's first turn: what a request that is answered meanwhile
    // sets off would not be told.
    let feed = coordinator.subscribe();
    let outbox: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(run(server, coordinator, feed));
    tokio::spawn(outbox);
}

async fn run(server: Arc<Server>, coordinator: Coordinator, mut feed: Receiver<Arc<Followed>>) {
    let mut pending = Pending::from(coordinator.begin_of_events());
    let mut told = Told::default();
    // The first round waits for nothing.
    let mut last_round = Instant::now()
        .checked_sub(pending::INTERVAL)
        .unwrap_or_else(Instant::now);
    let mut not_before = last_round;
    let mut since: Option<Instant> = None;
    let mut look_at: Option<Instant> = None;
    let mut save_at: Option<Instant> = None;
    loop {
        since = since.filter(|_| !pending.is_empty());
        if !pending.is_empty() {
            since.get_or_insert_with(Instant::now);
        }
        let round_at = since.map(|since| pending.due(last_round, since).max(not_before));
        tokio::select! {
            heard = feed.recv() => match heard {
                Ok(followed) => pending.add(&followed),
                Err(RecvError::Lagged(_)) => pending.lost_some(),
                Err(RecvError::Closed) => return,
            },
            () = server.anchors_moved.notified() => {
                look_at.get_or_insert_with(|| Instant::now() + AFTER_TYPING);
                save_at.get_or_insert_with(|| Instant::now() + SAVE_AFTER);
            }
            () = at(look_at) => {
                look_at = None;
                pending.moved = true;
                pending.status = true;
            }
            () = at(round_at) => {
                let told = tell(&server, &coordinator, &mut pending, &mut told).await;
                last_round = Instant::now();
                if let Err(error) = told {
                    if server.shut_down.load(Ordering::SeqCst) {
                        return;
                    }
                    tracing::warn!(%error, "changes could not be read; they are told later");
                    not_before = last_round + AGAIN;
                }
            }
            () = at(save_at) => {
                save_at = None;
                save(&server, server.documents.take_moved()).await;
            }
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Stores where anchors are now.
pub(super) async fn save(server: &Arc<Server>, anchors: Vec<(RequestId, StoredAnchor)>) {
    if anchors.is_empty() {
        return;
    }
    if let Ok(coordinator) = server.coordinator().await
        && let Err(error) = coordinator.save_anchors(anchors).await
    {
        tracing::warn!(%error, "the places of anchors could not be stored");
    }
}

/// Tells what waits. When the store cannot be read it goes on waiting.
async fn tell(
    server: &Arc<Server>,
    coordinator: &Coordinator,
    pending: &mut Pending,
    told: &mut Told,
) -> store::Result<()> {
    let Some(features) = server.features.get() else {
        pending.are_told();
        return Ok(());
    };
    let deltas = std::mem::take(&mut pending.deltas);
    if features.custom_methods && !deltas.is_empty() {
        let shown = server.documents.tracked();
        for chunk in deltas
            .iter()
            .filter(|chunk| shown.contains(&chunk.request_id))
        {
            send_delta(server, chunk).await;
        }
    }
    let news = read(server, coordinator, pending, told).await?;
    let is_ready: HashSet<RequestId> = pending.are_told().into_iter().collect();
    told.places = look::places_of(&news.waiting);
    let turns = &news.turns;
    load_missing_anchors(server, turns).await;
    let mut requests = Vec::with_capacity(turns.len());
    for turn in turns {
        requests.push(look::request_info(server, turn, Some(&told.places)).await);
    }
    let ready: Vec<RequestInfo> = requests
        .iter()
        .filter(|request| request.state == State::Done && is_ready.contains(&request.id))
        .cloned()
        .collect();
    if features.custom_methods {
        for request in requests {
            let changed = RequestDidChangeParams { request };
            server
                .client
                .send_notification::<RequestDidChange>(changed)
                .await;
        }
        let status = view::status(coordinator.status_of(news.status));
        send_ready_and_status(server, ready, &news.unread, status, told).await;
    } else {
        // Without a list of sessions a window is told of its own buffers alone.
        let shown = server.documents.tracked();
        let of_open = |requests: Vec<RequestInfo>| -> Vec<_> {
            requests
                .into_iter()
                .filter(|request| shown.contains(&request.id))
                .collect()
        };
        let (requests, ready) = (of_open(requests), of_open(ready));
        told.fallback.tell(server, &requests, &ready).await;
    }
    Ok(())
}

/// Reads what is to be told: of what was heard, of what was not, and of anchors that the client would look for
/// elsewhere.
async fn read(
    server: &Server,
    coordinator: &Coordinator,
    pending: &mut Pending,
    told: &Told,
) -> store::Result<News> {
    let store = coordinator.store();
    if let Some(last_event) = pending.lost_after() {
        pending.catch_up(&store.events_after(last_event).await?);
    }
    if let Some(since) = pending.missed_since() {
        tracing::info!("events were missed; everything shown is looked at anew");
        let ready = store.ready_since(since).await?;
        pending.look_at(server.documents.tracked(), ready);
    }
    let mut changed = pending.changed.clone();
    if pending.moved {
        changed.extend(server.documents.news(server.encoding()));
    }
    let (shown, before) = (server.documents.tracked(), told.places.clone());
    store
        .news(move |waiting| with_moved_up(changed, waiting, &before, &shown))
        .await
}

/// Looks up the anchors of requests that another process has submitted for a buffer that is open here.
async fn load_missing_anchors(server: &Arc<Server>, turns: &[TurnRecord]) {
    let shown = server.documents.tracked();
    let missing: HashSet<&str> = turns
        .iter()
        .map(|turn| &turn.request)
        .filter(|request| !request.dismissed && !shown.contains(&request.id))
        .map(|request| request.uri.as_str())
        .filter(|uri| server.documents.is_open(uri))
        .collect();
    for uri in missing {
        server.documents.reload_anchors_of(uri);
        text_sync::load_anchors(server, uri).await;
    }
}

/// Adds those that are shown and have another place in the queue than `before`. Each once.
fn with_moved_up(
    mut changed: Vec<RequestId>,
    waiting: &[RequestId],
    before: &look::Places,
    shown: &HashSet<RequestId>,
) -> Vec<RequestId> {
    let moved_up = waiting
        .iter()
        .zip(1..)
        .filter(|(id, place)| shown.contains(*id) && before.get(*id) != Some(place));
    changed.extend(moved_up.map(|(id, _)| id.clone()));
    let mut seen = HashSet::new();
    changed.retain(|id| seen.insert(id.clone()));
    changed
}

async fn send_delta(server: &Server, chunk: &ChunkRecord) {
    let delta = ResponseDeltaParams {
        request_id: chunk.request_id.clone(),
        attempt: chunk.attempt,
        seq: chunk.seq,
        text: chunk.text.clone(),
    };
    server
        .client
        .send_notification::<ResponseDelta>(delta)
        .await;
}

async fn send_ready_and_status(
    server: &Server,
    ready: Vec<RequestInfo>,
    unread: &HashMap<SessionId, u32>,
    status: StatusInfo,
    told: &mut Told,
) {
    for request in ready {
        let ready = ResponseReadyParams {
            session_unread: unread.get(&request.session_id).copied().unwrap_or(0),
            unread: status.unread,
            request,
        };
        server
            .client
            .send_notification::<ResponseReady>(ready)
            .await;
    }
    if told.status.as_ref() != Some(&status) {
        server
            .client
            .send_notification::<StatusDidChange>(status.clone())
            .await;
        told.status = Some(status);
    }
}
