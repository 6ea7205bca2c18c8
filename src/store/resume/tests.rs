//! What becomes of an attempt whose response goes on at the provider.

use tempfile::TempDir;

use super::super::tests::{LEASE, directory, limits, submit};
use super::*;
use crate::session::{Lane, State};
use crate::store::{AttemptEnd, Claimed, Next, Piece, Requeue, StoreError};

/// A store with a request whose first attempt runs, has said "half an " and can be taken up again at
/// "here".
async fn interrupted_attempt() -> (TempDir, Store, RequestId) {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let id = submit(&store, "file:///a", "1", Lane::Background).await;
    claim(&store, 10).await;
    store
        .set_resume(&id, 1, Some("beginning".to_owned()))
        .await
        .unwrap();
    say(&store, &id, "half an ", "beginning", "here").await;
    (directory, store, id)
}

fn piece(text: &str, reasoning: &str, from: &str, to: &str) -> Piece {
    Piece {
        text: text.to_owned(),
        reasoning: reasoning.to_owned(),
        resume: Some((from.to_owned(), to.to_owned())),
    }
}

async fn say(store: &Store, id: &RequestId, text: &str, from: &str, to: &str) {
    store
        .append(id, 1, piece(text, "hm", from, to))
        .await
        .unwrap();
}

async fn claim(store: &Store, now: i64) -> Claimed {
    store.claim(limits(4), now).await.unwrap().remove(0)
}

async fn text(store: &Store, id: &RequestId) -> String {
    let turn = store.turn(id).await.unwrap();
    turn.response.unwrap().text
}

fn again(next: Next) -> Requeue {
    Requeue {
        not_before: 0,
        reason: "broken off".to_owned(),
        block_endpoint: false,
        usage: UsageRecord::default(),
        next,
    }
}

fn here() -> Interrupted {
    Interrupted {
        resume: "here".to_owned(),
        text_bytes: "half an ".len(),
        reasoning_bytes: 2,
    }
}

#[tokio::test]
async fn what_a_dead_worker_left_is_taken_up_and_not_begun_anew() {
    let (directory, one, id) = interrupted_attempt().await;
    let two = Store::open(directory.path()).unwrap();
    two.recover(Vec::new(), 5, true, 10 + LEASE + 1)
        .await
        .unwrap();
    assert_eq!(text(&two, &id).await, "half an ", "while it waits, too");
    let claimed = claim(&two, 99_000).await;
    assert_eq!(claimed.interrupted, Some(here()));
    assert_eq!(claimed.request.attempt, 1);
    assert_eq!(
        claimed.request.started_at,
        Some(10),
        "it has not begun anew"
    );
    let late = one.append(&id, 1, piece("late", "", "here", "there"));
    assert!(late.await.is_err(), "the first worker has lost it");
    say(&two, &id, "answer", "here", "behind it").await;
    let end = AttemptEnd::Done {
        finish: "stop".to_owned(),
        usage: UsageRecord::default(),
    };
    two.finish(&id, 1, None, end, 99_001).await.unwrap();
    assert_eq!(text(&two, &id).await, "half an answer");
}

#[tokio::test]
async fn of_two_runs_of_one_attempt_only_one_writes() {
    let (_directory, store, id) = interrupted_attempt().await;
    store.recover(Vec::new(), 5, true, 11).await.unwrap();
    assert_eq!(claim(&store, 12).await.interrupted, Some(here()));
    say(&store, &id, "answer", "here", "there").await;
    // The first run was only slow, and in the same process: it has what the second one has written.
    let late = store.append(&id, 1, piece("ans", "", "here", "h"));
    assert!(matches!(late.await, Err(StoreError::Fenced(_))));
    assert_eq!(text(&store, &id).await, "half an answer");
}

#[tokio::test]
async fn a_worker_that_ends_hands_its_attempt_on() {
    let (_directory, store, id) = interrupted_attempt().await;
    let usage = UsageRecord::default();
    store.release(&id, 1, usage, 20).await.unwrap();
    assert_eq!(claim(&store, 30).await.interrupted, Some(here()));
}

#[tokio::test]
async fn an_attempt_that_can_not_be_taken_up_is_ended() {
    let (_directory, store, id) = interrupted_attempt().await;
    store.set_resume(&id, 1, None).await.unwrap();
    let next = Next::Resume { got_on: false };
    store.requeue(&id, 1, again(next), 20).await.unwrap();
    let claimed = claim(&store, 30).await;
    assert_eq!((claimed.interrupted, claimed.request.attempt), (None, 2));
    assert_eq!(text(&store, &id).await, "half an ");
}

#[tokio::test]
async fn faults_are_counted_anew_once_more_text_has_come() {
    let (_directory, store, id) = interrupted_attempt().await;
    for (got_on, faults) in [(false, 1), (false, 2), (true, 1), (false, 2)] {
        let next = Next::Resume { got_on };
        let held = store.requeue(&id, 1, again(next), 20).await.unwrap();
        assert_eq!(held.faults, faults);
        assert_eq!(claim(&store, 30).await.request.attempt, 1);
    }
    let held = store
        .requeue(&id, 1, again(Next::Repeat), 40)
        .await
        .unwrap();
    assert_eq!(held.faults, 3);
    assert_eq!(claim(&store, 50).await.request.attempt, 2);
}

#[tokio::test]
async fn a_response_that_is_gone_is_asked_for_anew_at_once() {
    let (_directory, store, id) = interrupted_attempt().await;
    store.repeat(&id, 1, 20).await.unwrap();
    let queued = store.request(&id).await.unwrap();
    assert_eq!((queued.state, queued.faults), (State::Queued, 0));
    let claimed = claim(&store, 21).await;
    assert_eq!((claimed.interrupted, claimed.request.attempt), (None, 2));
    assert_eq!(text(&store, &id).await, "half an ");
}

#[tokio::test]
async fn what_killed_too_many_workers_is_not_taken_up_again() {
    let (_directory, store, id) = interrupted_attempt().await;
    store.recover(Vec::new(), 1, true, 11).await.unwrap();
    assert_eq!(store.request(&id).await.unwrap().state, State::Failed);
    assert_eq!(text(&store, &id).await, "half an ");
    let models = vec!["m".to_owned()];
    assert_eq!(store.unattended(models).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_nobody_waits_for_is_handed_over_once() {
    let (_directory, store, id) = interrupted_attempt().await;
    let unattended = |model: &str| store.unattended(vec![model.to_owned()]);
    assert_eq!(unattended("m").await.unwrap(), [], "someone waits for it");
    store.cancel(&id, 20).await.unwrap();
    assert_eq!(unattended("another").await.unwrap(), []);
    let expected = Unattended {
        model: "m".to_owned(),
        resume: "here".to_owned(),
        is_complete: false,
    };
    assert_eq!(unattended("m").await.unwrap(), [expected]);
    assert_eq!(unattended("m").await.unwrap(), []);
}
