//! The promises of the store, each by name.

mod counts;
mod first_release;
mod watch;

use tempfile::TempDir;

use super::*;
use crate::session::{Intent, Lane, RequestId, State};
use crate::text::{Buffer, Quote, Span};

pub(super) const LEASE: i64 = 30_000;

/// A state directory that only its owner may enter.
pub(super) fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    directory
}

fn new(uri: &str, prompt: &str) -> NewRequest {
    let text = "fn main() {}\n";
    let buffer = Buffer::new(text);
    NewRequest {
        uri: uri.to_owned(),
        prompt: prompt.to_owned(),
        intent: Intent::Ask,
        model: "m".to_owned(),
        endpoint: "http://e".to_owned(),
        language: "rust".to_owned(),
        text: text.to_owned(),
        span: (0, 2),
        anchor: StoredAnchor {
            place: Place::default(),
            original: Quote::take(&buffer, Span::new(0, 2)),
            seen: None,
        },
        rules: None,
        idempotency_key: None,
    }
}

pub(super) fn limits(limit: u32) -> ClaimLimits {
    ClaimLimits {
        lease_ms: LEASE,
        models: vec![("m".to_owned(), limit)],
        default_limit: limit,
        most: 1,
    }
}

pub(super) async fn submit(store: &Store, uri: &str, prompt: &str, lane: Lane) -> RequestId {
    let accepted = store
        .submit(new(uri, prompt), 1, move |_| lane)
        .await
        .unwrap();
    accepted.request.id
}

async fn claim(store: &Store, now: i64) -> Option<RequestId> {
    let claimed = store.claim(limits(4), now).await.unwrap();
    claimed.into_iter().next().map(|claimed| claimed.request.id)
}

/// As a process does that runs nothing itself.
async fn recover(store: &Store, most_lost: u32, now: i64) -> Recovered {
    store
        .recover(Vec::new(), most_lost, true, now)
        .await
        .unwrap()
}

fn done() -> AttemptEnd {
    AttemptEnd::Done {
        finish: "stop".to_owned(),
        usage: UsageRecord::default(),
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let id = submit(&store, "file:///a", "why?", Lane::Background).await;
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    let request = store.request(&id).await.unwrap();
    assert_eq!(
        (request.prompt.as_str(), request.state),
        ("why?", State::Queued)
    );
}

#[tokio::test]
async fn a_submit_with_a_known_key_stores_nothing() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let keyed = || NewRequest {
        idempotency_key: Some("k".to_owned()),
        ..new("file:///a", "why?")
    };
    let first = store
        .submit(keyed(), 1, |_| Lane::Background)
        .await
        .unwrap();
    let second = store
        .submit(keyed(), 2, |_| Lane::Background)
        .await
        .unwrap();
    assert!(!first.repeated && second.repeated);
    assert_eq!(first.request.id, second.request.id);
    let sessions = store.sessions(SessionFilter::default()).await.unwrap();
    assert_eq!(sessions.sessions[0].requests, 1);
}

#[tokio::test]
async fn a_session_keeps_its_order() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let first = submit(&store, "file:///a", "1", Lane::Background).await;
    let second = submit(&store, "file:///a", "2", Lane::Background).await;
    let other = submit(&store, "file:///b", "3", Lane::Background).await;
    assert_eq!(claim(&store, 2).await, Some(first.clone()));
    assert_eq!(
        claim(&store, 2).await,
        Some(other),
        "other sessions overlap"
    );
    assert_eq!(claim(&store, 2).await, None, "its session is busy");
    store.finish(&first, 1, None, done(), 3).await.unwrap();
    assert_eq!(claim(&store, 4).await, Some(second));
}

#[tokio::test]
async fn a_turn_that_waits_for_a_retry_holds_its_session() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let first = submit(&store, "file:///a", "1", Lane::Background).await;
    let second = submit(&store, "file:///a", "2", Lane::Background).await;
    claim(&store, 2).await.unwrap();
    let again = Requeue {
        not_before: 1000,
        reason: "broken off".to_owned(),
        block_endpoint: false,
        usage: UsageRecord::default(),
        next: Next::Repeat,
    };
    let held = store.requeue(&first, 1, again, 3).await.unwrap();
    assert_eq!(held.state, State::Held);
    assert_eq!(claim(&store, 999).await, None);
    assert_eq!(claim(&store, 1000).await, Some(first.clone()));
    store.finish(&first, 2, None, done(), 1001).await.unwrap();
    assert_eq!(claim(&store, 1002).await, Some(second));
}

#[tokio::test]
async fn the_foreground_goes_first_and_has_a_slot_of_its_own() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    for name in ["a", "b", "c"] {
        submit(&store, &format!("file:///{name}"), "?", Lane::Background).await;
    }
    let urgent = submit(&store, "file:///u", "?", Lane::Foreground).await;
    let more = submit(&store, "file:///v", "?", Lane::Foreground).await;
    let take = async || {
        let claimed = store.claim(limits(1), 2).await.unwrap();
        claimed.into_iter().next().map(|claimed| claimed.request.id)
    };
    assert_eq!(take().await, Some(urgent), "before those that came earlier");
    assert_eq!(take().await, Some(more), "beyond the limit");
    assert_eq!(take().await, None, "but only by one");
}

#[tokio::test]
async fn a_foreground_turn_lifts_what_it_waits_for() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    submit(&store, "file:///x", "earlier", Lane::Background).await;
    let before = submit(&store, "file:///a", "1", Lane::Background).await;
    submit(&store, "file:///a", "2", Lane::Foreground).await;
    assert_eq!(claim(&store, 2).await, Some(before));
}

#[tokio::test]
async fn a_rate_limit_holds_everything_at_its_endpoint() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let first = submit(&store, "file:///a", "1", Lane::Background).await;
    submit(&store, "file:///b", "2", Lane::Background).await;
    claim(&store, 2).await.unwrap();
    let again = Requeue {
        not_before: 5000,
        reason: "rate limit".to_owned(),
        block_endpoint: true,
        usage: UsageRecord::default(),
        next: Next::Repeat,
    };
    store.requeue(&first, 1, again, 3).await.unwrap();
    let late = submit(&store, "file:///c", "3", Lane::Background).await;
    let status = store.status().await.unwrap();
    assert_eq!(
        (status.queued, status.held),
        (0, 3),
        "all say what they wait for"
    );
    assert_eq!(store.request(&late).await.unwrap().not_before, 5000);
    assert_eq!(claim(&store, 4999).await, None);
    assert_eq!(store.end_holds(4999).await.unwrap(), 0);
    let survey = store.survey(Vec::new(), Vec::new(), 4999).await.unwrap();
    assert_eq!((survey.holds, survey.next_wake), (false, Some(5000)));
    let survey = store.survey(Vec::new(), Vec::new(), 5000).await.unwrap();
    assert_eq!((survey.holds, survey.next_wake), (true, None));
    assert_eq!(store.end_holds(5000).await.unwrap(), 3);
    assert_eq!(store.status().await.unwrap().queued, 3);
    assert!(claim(&store, 5000).await.is_some());
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_its_owner_can_write_no_more() {
    let directory = directory();
    let one = Store::open(directory.path()).unwrap();
    let two = Store::open(directory.path()).unwrap();
    let id = submit(&one, "file:///a", "?", Lane::Background).await;
    let claimed = one.claim(limits(4), 10).await.unwrap().remove(0);
    assert_eq!(claimed.request.attempt, 1);
    one.append(&id, 1, "half an ".into()).await.unwrap();

    let early = recover(&two, 5, 10 + LEASE - 1).await;
    assert_eq!(
        (early.requests, early.others_run),
        (0, true),
        "its owner lives"
    );
    assert_eq!(recover(&two, 5, 10 + LEASE + 1).await.requests, 1);
    let again = two
        .claim(limits(4), 10 + LEASE + 2)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (again.request.id.clone(), again.request.attempt),
        (id.clone(), 2)
    );

    let late = one.append(&id, 1, "answer".into()).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    assert!(matches!(
        one.finish(&id, 1, None, done(), 99_999).await,
        Err(StoreError::Fenced(_))
    ));
    let kept = two.turn(&id).await.unwrap().response.unwrap();
    assert_eq!(kept.text, "half an ", "what had streamed stays visible");
}

#[tokio::test]
async fn after_a_sleep_of_the_machine_nobody_loses_what_runs() {
    let directory = directory();
    let one = Store::open(directory.path()).unwrap();
    let two = Store::open(directory.path()).unwrap();
    let id = submit(&one, "file:///a", "?", Lane::Background).await;
    claim(&one, 10).await.unwrap();
    let later = 10 + 100 * LEASE;
    let others = two.recover(Vec::new(), 5, false, later).await.unwrap();
    assert_eq!((others.requests, others.others_run), (0, true));
    let own = one.recover(vec![id.clone()], 5, true, later).await.unwrap();
    assert_eq!(own.requests, 0, "who looks lives, and so does what it runs");
    one.heartbeat(vec![id.clone()], LEASE, later).await.unwrap();
    assert_eq!(recover(&two, 5, later + 1).await.requests, 0);
    one.finish(&id, 1, None, done(), later + 2).await.unwrap();
}

#[tokio::test]
async fn an_attempt_whose_end_could_not_be_recorded_is_found_by_its_own_worker() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let id = submit(&store, "file:///a", "1", Lane::Background).await;
    let other = submit(&store, "file:///b", "2", Lane::Background).await;
    claim(&store, 10).await.unwrap();
    claim(&store, 10).await.unwrap();
    let still = vec![other.clone()];
    store.heartbeat(still.clone(), LEASE, 20).await.unwrap();
    let found = store.recover(still, 5, true, 21).await.unwrap();
    assert_eq!(found.requests, 1);
    assert_eq!(store.request(&id).await.unwrap().state, State::Queued);
    assert_eq!(store.request(&other).await.unwrap().state, State::Running);
}

#[tokio::test]
async fn an_attempt_cannot_write_into_a_later_one_of_the_same_process() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let id = submit(&store, "file:///a", "?", Lane::Background).await;
    claim(&store, 2).await.unwrap();
    store.cancel(&id, 3).await.unwrap();
    store.retry(&id, 4).await.unwrap();
    claim(&store, 5).await.unwrap();
    store.append(&id, 2, "half an ".into()).await.unwrap();
    // The first attempt has not heard of it yet, and comes to its end.
    let late = store.append(&id, 1, "old".into()).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    let late = store.finish(&id, 1, None, done(), 6).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    let turn = store.turn(&id).await.unwrap();
    assert_eq!(turn.request.state, State::Running);
    assert_eq!(turn.response.unwrap().text, "half an ");
}

#[tokio::test]
async fn a_turn_that_is_retried_waits_for_the_later_one_that_runs() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let first = submit(&store, "file:///a", "1", Lane::Background).await;
    let second = submit(&store, "file:///a", "2", Lane::Background).await;
    store.cancel(&first, 2).await.unwrap();
    assert_eq!(claim(&store, 3).await, Some(second.clone()));
    store.retry(&first, 4).await.unwrap();
    assert_eq!(claim(&store, 5).await, None, "a session runs one at a time");
    store.finish(&second, 1, None, done(), 6).await.unwrap();
    assert_eq!(claim(&store, 7).await, Some(first));
}

#[tokio::test]
async fn a_dead_process_is_noticed_before_its_lease_runs_out() {
    let directory = directory();
    let one = Store::open(directory.path()).unwrap();
    let two = Store::open(directory.path()).unwrap();
    submit(&one, "file:///a", "?", Lane::Background).await;
    claim(&one, 10).await.unwrap();
    drop(one);
    assert_eq!(recover(&two, 5, 11).await.requests, 1);
}

#[tokio::test]
async fn a_request_that_kills_its_workers_fails_in_the_end() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let id = submit(&store, "file:///a", "?", Lane::Background).await;
    for _ in 0..3 {
        let mortal = Store::open(directory.path()).unwrap();
        mortal.claim(limits(4), 2).await.unwrap().remove(0);
        drop(mortal);
        recover(&store, 3, 3).await;
    }
    let request = store.request(&id).await.unwrap();
    assert_eq!(request.state, State::Failed);
    assert_eq!(request.failure.unwrap().kind, "workerLost");
}

#[tokio::test]
async fn streamed_text_never_shrinks() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let id = submit(&store, "file:///a", "?", Lane::Background).await;
    let said = async || store.turn(&id).await.unwrap().response.unwrap();
    claim(&store, 2).await.unwrap();
    for piece in ["one ", "two ", "three"] {
        store.append(&id, 1, piece.into()).await.unwrap();
    }
    let again = Requeue {
        not_before: 0,
        reason: "broken off".to_owned(),
        block_endpoint: false,
        usage: UsageRecord::default(),
        next: Next::Repeat,
    };
    store.requeue(&id, 1, again, 3).await.unwrap();
    assert_eq!(said().await.text, "one two three");
    claim(&store, 4).await.unwrap();
    store.append(&id, 2, "one".into()).await.unwrap();
    assert_eq!(
        said().await.text,
        "one two three",
        "until the retry has said more"
    );
    store
        .append(&id, 2, " two three four".into())
        .await
        .unwrap();
    assert_eq!(
        (said().await.text.as_str(), said().await.attempt),
        ("one two three four", 2)
    );
    store.finish(&id, 2, None, done(), 5).await.unwrap();
    assert_eq!(said().await.text, "one two three four");
    assert_eq!(said().await.chunk_count, 2);
}

#[tokio::test]
async fn unread_is_set_once_and_cleared_once() {
    let directory = directory();
    let one = Store::open(directory.path()).unwrap();
    let two = Store::open(directory.path()).unwrap();
    let id = submit(&one, "file:///a", "?", Lane::Background).await;
    claim(&one, 2).await.unwrap();
    assert!(!one.request(&id).await.unwrap().unread);
    one.append(&id, 1, "the answer".into()).await.unwrap();
    let done = one.finish(&id, 1, None, done(), 3).await.unwrap();
    assert!(done.unread);
    assert_eq!(two.status().await.unwrap().unread, 1);

    let (a, b) = tokio::join!(one.take_request(&id, 4), two.take_request(&id, 4));
    let taken: Vec<_> = [a.unwrap(), b.unwrap()].into_iter().flatten().collect();
    assert_eq!(taken.len(), 1, "of two windows one gets it");
    assert_eq!(taken[0].response.as_ref().unwrap().text, "the answer");
    assert_eq!(one.status().await.unwrap().unread, 0);
    assert!(
        one.take_session(&done.session_id, 5)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_cancelled_request_keeps_its_text_and_its_place_is_free() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let id = submit(&store, "file:///a", "1", Lane::Background).await;
    let next = submit(&store, "file:///a", "2", Lane::Background).await;
    claim(&store, 2).await.unwrap();
    store.append(&id, 1, "so far".into()).await.unwrap();
    assert_eq!(store.cancel(&id, 3).await.unwrap().state, State::Cancelled);
    assert!(matches!(
        store.append(&id, 1, " more".into()).await,
        Err(StoreError::Fenced(_))
    ));
    assert_eq!(
        store.turn(&id).await.unwrap().response.unwrap().text,
        "so far"
    );
    assert_eq!(claim(&store, 4).await, Some(next));
    assert_eq!(store.retry(&id, 5).await.unwrap().state, State::Queued);
}

#[tokio::test]
async fn an_answer_is_never_thrown_away_by_a_retry() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let id = submit(&store, "file:///a", "?", Lane::Background).await;
    claim(&store, 2).await.unwrap();
    store.finish(&id, 1, None, done(), 3).await.unwrap();
    assert!(matches!(
        store.retry(&id, 4).await,
        Err(StoreError::WrongState { .. })
    ));
    assert_eq!(store.request(&id).await.unwrap().state, State::Done);
}

#[tokio::test]
async fn a_look_at_everything_says_what_there_is_to_do() {
    let directory = directory();
    let one = Store::open(directory.path()).unwrap();
    let two = Store::open(directory.path()).unwrap();
    let models = || vec!["m".to_owned()];
    let look = async |store: &Store, running| store.survey(running, models(), 3).await.unwrap();
    assert_eq!(look(&one, Vec::new()).await, Survey::default());
    let id = submit(&one, "file:///a", "?", Lane::Background).await;
    assert_eq!(look(&one, Vec::new()).await, Survey::default());
    assert!(
        !look(&two, Vec::new()).await.orphans,
        "it can call the model"
    );
    let other = two.survey(Vec::new(), Vec::new(), 3).await.unwrap();
    assert!(other.orphans, "it cannot call the model");
    claim(&one, 2).await.unwrap();
    assert!(look(&two, Vec::new()).await.claims, "another one runs it");
    assert!(!look(&one, vec![id.clone()]).await.claims, "it runs here");
    assert!(look(&one, Vec::new()).await.claims, "it should run here");
    assert_eq!(look(&one, vec![id]).await.next_wake, Some(2 + LEASE));
}

#[tokio::test]
async fn what_may_run_is_claimed_at_once_and_no_more() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let mut firsts = Vec::new();
    for file in ["a", "b", "c", "d"] {
        let uri = format!("file:///{file}");
        firsts.push(submit(&store, &uri, "1", Lane::Background).await);
        submit(&store, &uri, "2", Lane::Background).await;
    }
    let claim = async |limit, most| {
        let limits = ClaimLimits {
            most,
            ..limits(limit)
        };
        let claimed = store.claim(limits, 2).await.unwrap();
        let ids = claimed.into_iter().map(|claimed| claimed.request.id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(claim(3, 2).await, firsts[..2], "as many as were asked for");
    assert_eq!(
        claim(3, 9).await,
        firsts[2..3],
        "as many as the endpoint takes"
    );
    assert_eq!(claim(9, 9).await, firsts[3..], "one of each session");
}

#[tokio::test]
async fn orphans_of_an_unknown_model_say_what_they_wait_for() {
    let directory = directory();
    let one = Store::open(directory.path()).unwrap();
    let id = submit(&one, "file:///a", "?", Lane::Background).await;
    let two = Store::open(directory.path()).unwrap();
    let why = |model: &str| format!("no {model}");
    assert_eq!(
        two.hold_orphans(Vec::new(), why, 2).await.unwrap(),
        0,
        "its process lives"
    );
    drop(one);
    assert_eq!(two.hold_orphans(Vec::new(), why, 2).await.unwrap(), 1);
    let request = two.request(&id).await.unwrap();
    assert_eq!(
        (request.state, request.hold_reason.as_deref()),
        (State::Held, Some("no m"))
    );
    assert_eq!(
        claim(&two, 3).await,
        Some(id),
        "whoever knows the model runs it"
    );
}

#[tokio::test]
async fn a_store_of_the_first_release_opens_with_everything_in_it() {
    let directory = directory();
    let db = rusqlite::Connection::open(directory.path().join(Store::FILE)).unwrap();
    db.execute_batch(include_str!("schema/1.sql")).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    db.execute_batch(
        "INSERT INTO sessions (id, uri, title, created_at, updated_at) VALUES ('s', 'file:///a', 'why?', 1, 1);
         INSERT INTO snapshots (hash, text) VALUES ('h', 'fn main() {}');",
    )
    .unwrap();
    let anchor = serde_json::to_string(&new("file:///a", "why?").anchor).unwrap();
    db.execute(
        "INSERT INTO requests (id, session_id, prompt, intent, lane, model, endpoint, language, snapshot, span_start,
             span_end, code, anchor, state, attempt, submitter, unread, created_at, finished_at)
         VALUES ('r', 's', 'why?', 'ask', 1, 'm', 'http://e', 'rust', 'h', 0, 2, '', ?1, 'done', 1, 'x', 1, 1, 2)",
        [anchor],
    )
    .unwrap();
    db.execute_batch(
        "INSERT INTO attempts (request_id, number, started_at, ended_at, outcome, text, finish)
         VALUES ('r', 1, 1, 2, 'done', 'because', 'stop');",
    )
    .unwrap();
    drop(db);
    let store = Store::open(directory.path()).unwrap();
    let turn = store.turn(&RequestId("r".to_owned())).await.unwrap();
    assert!(turn.request.unread);
    let response = turn.response.unwrap();
    assert_eq!(
        (response.text.as_str(), response.left_out),
        ("because", None)
    );
}

#[tokio::test]
async fn a_newer_database_is_left_untouched() {
    let directory = directory();
    drop(Store::open(directory.path()).unwrap());
    let path = directory.path().join(Store::FILE);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    db.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(db);
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(directory.path()).err().unwrap();
    assert!(
        matches!(error, StoreError::FromTheFuture { found: 99, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("newer Backchat"));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = directory();
    let state = parent.path().join("state");
    let store = Store::open(&state).unwrap();
    submit(&store, "file:///a", "?", Lane::Background).await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in std::fs::read_dir(&state).unwrap().flatten() {
        if file.file_type().unwrap().is_file() {
            assert_eq!(mode(&file.path()), 0o600, "{:?}", file.path());
        }
    }
    drop(store);
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = Store::open(&state).err().unwrap();
    assert!(error.to_string().contains("chmod go-rwx"), "{error}");
}

#[tokio::test]
async fn a_renamed_file_takes_its_session_along() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let a = submit(&store, "file:///old/a", "1", Lane::Background).await;
    let b = submit(&store, "file:///old/b", "2", Lane::Background).await;
    let other = submit(&store, "file:///older/c", "3", Lane::Background).await;
    assert_eq!(
        store.rename("file:///old", "file:///new", 2).await.unwrap(),
        2
    );
    assert_eq!(store.request(&a).await.unwrap().uri, "file:///new/a");
    assert_eq!(store.request(&other).await.unwrap().uri, "file:///older/c");
    assert_eq!(
        store
            .rename("file:///new/b", "file:///new/a", 3)
            .await
            .unwrap(),
        1
    );
    let (a, b) = (
        store.request(&a).await.unwrap(),
        store.request(&b).await.unwrap(),
    );
    assert_eq!(
        a.session_id, b.session_id,
        "they join the session at the new name"
    );
}

#[tokio::test]
async fn nothing_but_what_was_asked_for_is_purged() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let read = submit(&store, "file:///a", "read", Lane::Background).await;
    claim(&store, 2).await.unwrap();
    store.finish(&read, 1, None, done(), 10).await.unwrap();
    store.take_request(&read, 11).await.unwrap();
    let unread = submit(&store, "file:///b", "unread", Lane::Background).await;
    claim(&store, 12).await.unwrap();
    store.finish(&unread, 1, None, done(), 13).await.unwrap();
    let waiting = submit(&store, "file:///c", "waiting", Lane::Background).await;

    let would = store.purge(100, false, true).await.unwrap();
    assert_eq!((would.requests, would.sessions, would.unread), (1, 1, 0));
    assert!(
        store.request(&read).await.is_ok(),
        "a dry run removes nothing"
    );
    assert_eq!(store.purge(100, false, false).await.unwrap(), would);
    assert!(store.request(&read).await.is_err());
    assert!(store.request(&unread).await.is_ok() && store.request(&waiting).await.is_ok());
    assert_eq!(store.purge(100, true, false).await.unwrap().unread, 1);
    assert!(store.request(&waiting).await.is_ok());
}
