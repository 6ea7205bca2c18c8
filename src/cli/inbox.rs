//! The inbox of this user, opened for a command, and its contents in the types of the wire.

use std::collections::HashMap;
use std::path::Path;

use super::output::{DIM, TYPED, paint};
use super::{environment, visible};
use crate::buffer_name;
use crate::config::paths;
use crate::coordinator::Coordinator;
use crate::llm;
use crate::models::Models;
use crate::protocol::{RequestInfo, SessionInfo, TurnInfo};
use crate::session::RequestId;
use crate::store::{SHORT_ID, Store, StoreError, TurnRecord};
use crate::text::Encoding;
use crate::view;

/// The encoding of positions in `--json`: that of LSP when nothing was negotiated.
const ENCODING: Encoding = Encoding::Utf16;

/// Opens the inbox to look at it, or to leave something for a worker.
///
/// # Errors
///
/// When the store cannot be opened.
pub(super) async fn open() -> anyhow::Result<Coordinator> {
    let models = Models::load(llm::Client::new());
    Ok(Coordinator::without_worker(open_store().await?, models).await?)
}

/// Opens the inbox with a worker in this process.
///
/// # Errors
///
/// When the store cannot be opened.
pub(super) async fn open_with_worker() -> anyhow::Result<Coordinator> {
    let client = llm::Client::new();
    let models = Models::load(client.clone());
    Ok(Coordinator::start(open_store().await?, models, client).await?)
}

async fn open_store() -> anyhow::Result<Store> {
    let state = paths::state_dir(&environment)?;
    Ok(tokio::task::spawn_blocking(move || Store::open(&state)).await??)
}

/// Lets a detached worker run what is queued, unless the settings forbid it. What to tell the user
/// then.
pub(super) fn leave_to_detached_worker(coordinator: &Coordinator) -> Option<&'static str> {
    if coordinator.models().catalog().config.drain_on_close.value {
        coordinator.leave_to_detached_worker();
        None
    } else {
        Some(
            "drain_on_close is off, so it runs in the next editor that opens, or by `backchat worker --drain`",
        )
    }
}

/// A request as it is now.
///
/// # Errors
///
/// When there is none of this id, or the store cannot be read.
pub(super) async fn request(
    coordinator: &Coordinator,
    id: &RequestId,
) -> anyhow::Result<RequestInfo> {
    let turn = coordinator.store().turn(id).await?;
    Ok(Places::now(coordinator).await?.request(&turn))
}

/// A request as a record of it says, without its place in the queue.
pub(super) fn request_of(turn: &TurnRecord) -> RequestInfo {
    let anchor = view::stored_anchor(&turn.request.anchor, ENCODING);
    view::request(turn, None, Some(anchor))
}

/// The places in the queue at one moment.
pub(super) struct Places(HashMap<RequestId, u32>);

impl Places {
    /// The places now.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub(super) async fn now(coordinator: &Coordinator) -> Result<Self, StoreError> {
        let waiting = coordinator.store().waiting().await?;
        Ok(Self(
            (1..).zip(waiting).map(|(place, id)| (id, place)).collect(),
        ))
    }

    /// A request with its place.
    pub(super) fn request(&self, turn: &TurnRecord) -> RequestInfo {
        let anchor = view::stored_anchor(&turn.request.anchor, ENCODING);
        let place = self.0.get(&turn.request.id).copied();
        view::request(turn, place, Some(anchor))
    }

    /// A turn with its place.
    pub(super) fn turn(&self, turn: &TurnRecord) -> TurnInfo {
        let anchor = view::stored_anchor(&turn.request.anchor, ENCODING);
        let place = self.0.get(&turn.request.id).copied();
        view::turn(turn, place, Some(anchor))
    }
}

/// Enough of an id to recognise it and to type it.
#[must_use]
pub(super) fn short(id: &str) -> &str {
    let start = id.len().saturating_sub(SHORT_ID);
    id.get(start..).unwrap_or(id)
}

/// A request's place as people write it: `src/main.rs:3-7`.
#[must_use]
pub(super) fn place(request: &RequestInfo) -> String {
    format!("{}{}", name(&request.uri), lines(request))
}

/// A buffer's name as it can be typed: a path from the current directory where it is below that, else a whole one.
#[must_use]
pub(super) fn name(uri: &str) -> String {
    let Some(path) = buffer_name::path(uri) else {
        return visible::line(&buffer_name::short(uri));
    };
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    visible::line(&below.unwrap_or(path).to_string_lossy())
}

/// What to type to get a proposed change into its file.
#[must_use]
pub(super) fn how_to_apply(id: &RequestId) -> String {
    format!(
        "{} {}",
        paint(DIM, "apply it:"),
        paint(TYPED, format!("backchat apply {}", short(&id.0)))
    )
}

/// The lines of a request's place, counted from 1, after a colon: `:3-7`.
#[must_use]
pub(super) fn lines(request: &RequestInfo) -> String {
    let Some(anchor) = &request.anchor else {
        return String::new();
    };
    let (first, mut last) = (anchor.range.start.line, anchor.range.end.line);
    // A range that ends before the first character of a line does not reach into it.
    if last > first && anchor.range.end.character == 0 {
        last -= 1;
    }
    if first == last {
        format!(":{}", first + 1)
    } else {
        format!(":{}-{}", first + 1, last + 1)
    }
}

/// Whether something of the session waits or runs.
#[must_use]
pub(super) fn is_busy(session: &SessionInfo) -> bool {
    session.queued + session.running > 0
}
