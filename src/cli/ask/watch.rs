//! Follows one request to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};

use super::answer::Answer;
use super::states::States;
use crate::coordinator::Coordinator;
use crate::session::{RequestId, SessionId, State};
use crate::store::{Followed, TurnRecord};

/// How often what is shown of the time is drawn anew.
const TICK: Duration = Duration::from_secs(1);

/// How the watching ended.
pub(super) enum Watched {
    /// The request has come to its end.
    Ended(Box<TurnRecord>),
    /// It, or the second one, which is before it in its session, waits until the user allows the secrets in it to be
    /// sent.
    WaitsForUser(Box<TurnRecord>, Option<Box<TurnRecord>>),
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
    let store = coordinator.store();
    let mut states = States::new();
    loop {
        let turn = store.turn(id).await?;
        if turn.request.state.is_final() {
            return Ok(Watched::Ended(Box::new(turn)));
        }
        if !turn.request.secrets.is_empty() {
            return Ok(Watched::WaitsForUser(Box::new(turn), None));
        }
        let before = match turn.request.state {
            State::Queued | State::Held => store.held_for_secrets_before(id).await?,
            _ => None,
        };
        if let Some(before) = before {
            let before = Some(Box::new(store.turn(&before).await?));
            return Ok(Watched::WaitsForUser(Box::new(turn), before));
        }
        states.update(coordinator, &turn).await?;
        answer.update(&turn)?;
        // Of its session, as one that is before it may come to wait for the user.
        let session = &turn.request.session_id;
        loop {
            let change = tokio::select! {
                _ = &mut interrupted => return Ok(Watched::Interrupted),
                change = feed.recv() => change,
                () = tokio::time::sleep(TICK) => {
                    answer.tick(&turn);
                    continue;
                }
            };
            match change {
                Ok(change) if !concerns(&change, id, session) => {}
                Ok(_) | Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => anyhow::bail!("the store is not followed any more"),
            }
        }
    }
}

fn concerns(change: &Followed, id: &RequestId, session: &SessionId) -> bool {
    change.missed
        || change
            .events
            .iter()
            .any(|event| event.session_id == *session)
        || change.chunks.iter().any(|chunk| chunk.request_id == *id)
}
