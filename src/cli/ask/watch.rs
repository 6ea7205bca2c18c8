//! Follows one request to its end.

use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

use super::answer::Answer;
use crate::coordinator::Coordinator;
use crate::session::RequestId;
use crate::store::{Followed, TurnRecord};

/// How the watching ended.
pub(super) enum Watched {
    /// The request has come to its end.
    Ended(Box<TurnRecord>),
    /// The request waits until the user allows the secrets in it to be sent.
    WaitsForUser(Box<TurnRecord>),
    /// The user does not want to wait any more.
    Interrupted,
}

/// Shows what the model says to a request until the request ends, waits for the user, or the user presses ^C.
///
/// What is shown is always what the store has, so that it does not matter which process runs the
/// request and how many attempts it takes.
///
/// # Errors
///
/// When the store fails, or standard output.
pub(super) async fn until_it_ends(
    coordinator: &Coordinator,
    id: &RequestId,
    mut feed: broadcast::Receiver<Arc<Followed>>,
    answer: &mut Answer,
) -> anyhow::Result<Watched> {
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        let turn = coordinator.store().turn(id).await?;
        if turn.request.state.is_final() {
            return Ok(Watched::Ended(Box::new(turn)));
        }
        if !turn.request.secrets.is_empty() {
            return Ok(Watched::WaitsForUser(Box::new(turn)));
        }
        answer.update(&turn)?;
        loop {
            let change = tokio::select! {
                _ = &mut interrupted => return Ok(Watched::Interrupted),
                change = feed.recv() => change,
            };
            match change {
                Ok(change) if !concerns(&change, id) => {}
                Ok(_) | Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => anyhow::bail!("the store is not followed any more"),
            }
        }
    }
}

fn concerns(change: &Followed, id: &RequestId) -> bool {
    change.missed
        || change.events.iter().any(|event| event.request_id == *id)
        || change.chunks.iter().any(|chunk| chunk.request_id == *id)
}
