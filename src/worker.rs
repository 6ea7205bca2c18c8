//! The worker: claims a request, runs it against its model, records what comes of it.
//!
//! A worker belongs to a process and shares nothing with other workers but the store. It sleeps
//! until something may have changed: a submit or another event, the end of a hold, the end of one
//! of its own attempts.

mod attempt;
mod clock_jump;
mod guard;
mod recorder;
mod retry;
mod schedule;
#[cfg(test)]
mod simulation;
mod unattended;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::feed::Feed;
use crate::llm;
use crate::models::Models;
use crate::session::RequestId;
use crate::store::{Claimed, Event, EventKind, Followed, Store, StoreError};
use schedule::{Schedule, Surroundings, Turn};

/// What lines of the log hold prompts and answers, which are written only when that was asked for.
pub(crate) const CONTENT: &str = crate::store::LOGGED_CONTENT;

/// How long a claim lives without a heartbeat. SQLite's busy handler is not fair, so waits of
/// seconds happen under load; a lease must outlast several of them.
const LEASE: Duration = Duration::from_secs(45);

/// How often leases are prolonged.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How often a worker looks whether other workers, whose requests run, are still alive.
const WATCH: Duration = Duration::from_secs(2);

/// A request whose worker died this many times in a row may be what kills it.
const MOST_LOST: u32 = 5;

/// How often old events and dead processes are forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(30 * 60);

/// How long a worker waits after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What a worker needs.
#[derive(Clone)]
pub(crate) struct Tools {
    pub store: Store,
    pub models: Models,
    pub feed: Feed,
    pub client: llm::Client,
}

/// A running worker. Dropping it does not end it: see [`Worker::stop`].
pub(crate) struct Worker {
    shared: Arc<Shared>,
}

struct Shared {
    tools: Tools,
    wake: Notify,
    stop: CancellationToken,
    tasks: TaskTracker,
    running: DashMap<RequestId, Running>,
    started: Instant,
    /// Attempts begun or taken up again so far.
    runs: AtomicU64,
}

/// An attempt that runs here.
struct Running {
    /// Tells it from another run of the same attempt, which may have been interrupted and taken up again.
    run: u64,
    cancel: CancellationToken,
}

impl Worker {
    /// Starts a worker on the current runtime.
    pub(crate) fn start(tools: Tools) -> Self {
        let shared = Arc::new(Shared {
            tools,
            wake: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            running: DashMap::new(),
            started: Instant::now(),
            runs: AtomicU64::new(0),
        });
        // Before the first look at the queue, so that no request comes between the two unheard.
        let changes = shared.tools.feed.subscribe();
        shared.tasks.spawn(listen(Arc::clone(&shared), changes));
        shared.tasks.spawn(beat(Arc::clone(&shared)));
        shared.tasks.spawn(work(Arc::clone(&shared)));
        Self { shared }
    }

    /// Lets it look at the queue now.
    pub(crate) fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// Gives back what runs, to be queued again with its text kept, and ends.
    pub(crate) async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

/// Hears of events: a cancelled request is ended at once, and anything may be a reason to claim.
async fn listen(shared: Arc<Shared>, mut changes: Receiver<Arc<Followed>>) {
    loop {
        let change = tokio::select! {
            () = shared.stop.cancelled() => return,
            change = changes.recv() => change,
        };
        if let Ok(change) = &change {
            for event in &change.events {
                if event.kind == Some(EventKind::Cancelled)
                    && let Some(running) = shared.running.get(&event.request_id)
                {
                    running.cancel.cancel();
                }
            }
            if !change.missed && !change.events.iter().any(is_reason_to_claim) {
                continue;
            }
        }
        shared.wake.notify_one();
    }
}

/// Whether something may be claimed now that could not be before.
const fn is_reason_to_claim(event: &Event) -> bool {
    use EventKind::{Claimed, Dismissed, Read, Renamed};
    !matches!(event.kind, Some(Claimed | Read | Dismissed | Renamed))
}

/// Prolongs the leases of what runs, and keeps the store tidy.
async fn beat(shared: Arc<Shared>) {
    let mut housekeeping = Instant::now();
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
        if housekeeping.elapsed() >= HOUSEKEEPING {
            housekeeping = Instant::now();
            if let Err(error) = shared.tools.store.housekeep(clock::now()).await {
                tracing::warn!(%error, "old events could not be removed");
            }
        }
        let running = shared.running();
        if running.is_empty() {
            continue;
        }
        let store = &shared.tools.store;
        if let Err(error) = store.heartbeat(running, millis(LEASE), clock::now()).await {
            tracing::warn!(%error, "the leases of running requests could not be prolonged");
        }
    }
}

async fn work(shared: Arc<Shared>) {
    let store = &shared.tools.store;
    let mut schedule = Schedule::default();
    loop {
        let turn = match schedule.turn(store, &shared).await {
            Ok(turn) => turn,
            Err(error) => {
                tracing::error!(%error, "the worker cannot use the store");
                Turn {
                    pause: Some(STORE_PAUSE),
                    unattended: false,
                }
            }
        };
        if turn.unattended
            && let Err(error) = unattended::let_go(&shared).await
        {
            tracing::warn!(%error, "responses that nobody waits for could not be ended");
        }
        let pause = async {
            match turn.pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.wake.notified() => {}
            () = pause => {}
        }
        if shared.stop.is_cancelled() {
            tracing::debug!(owner = store.owner().0, "the worker ends");
            return;
        }
    }
}

impl Surroundings for Arc<Shared> {
    fn wall_clock(&self) -> i64 {
        clock::now()
    }

    fn steady_clock(&self) -> Duration {
        self.started.elapsed()
    }

    fn callable(&self) -> Vec<(String, u32)> {
        self.tools.models.callable()
    }

    fn default_limit(&self) -> u32 {
        self.tools.models.catalog().config.max_concurrent.value
    }

    fn why_not(&self) -> impl Fn(&str) -> String + Send + 'static {
        let models = self.tools.models.clone();
        move |model| models.why_not(model)
    }

    fn running(&self) -> Vec<RequestId> {
        self.running
            .iter()
            .map(|entry| entry.key().clone())
            .collect()
    }

    fn begin(&self, claimed: Claimed) {
        begin(self, claimed);
    }

    fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }
}

fn begin(shared: &Arc<Shared>, claimed: Claimed) {
    let cancel = shared.stop.child_token();
    let id = claimed.request.id.clone();
    let number = claimed.request.attempt;
    let run = shared.runs.fetch_add(1, Ordering::Relaxed);
    let running = Running {
        run,
        cancel: cancel.clone(),
    };
    // A run that lost its request without having noticed, when that comes back to this worker: it must not
    // be paid for twice, nor end what it does not do any more.
    if let Some(earlier) = shared.running.insert(id.clone(), running) {
        earlier.cancel.cancel();
    }
    let shared_in = Arc::clone(shared);
    shared.tasks.spawn(async move {
        // A task of its own, so that a panic ends one attempt and not the worker.
        let attempt = tokio::spawn(attempt::run(
            shared_in.tools.clone(),
            claimed,
            cancel,
            shared_in.stop.clone(),
        ));
        match attempt.await {
            Ok(Ok(())) => {}
            Ok(Err(StoreError::Fenced(_))) => {
                tracing::debug!(request = %id, "the request was taken away while it ran");
            }
            Ok(Err(error)) => {
                tracing::error!(request = %id, %error, "an attempt could not be recorded")
            }
            Err(panic) => {
                tracing::error!(request = %id, %panic, "an attempt panicked");
                if let Err(error) = attempt::record_panic(&shared_in.tools, &id, number).await {
                    tracing::error!(request = %id, %error, "the panic could not be recorded");
                }
            }
        }
        // The request may have been claimed again by now.
        shared_in
            .running
            .remove_if(&id, |_, running| running.run == run);
        shared_in.wake.notify_one();
    });
}

/// Waits before the store is tried again.
async fn pause(stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(STORE_PAUSE) => {}
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
