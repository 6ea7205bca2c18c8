//! A store that the first release has written opens with everything in it.

use super::*;
use crate::text::{Buffer, Quote, Span};

#[tokio::test]
async fn a_store_of_the_first_release_opens_with_everything_in_it() {
    let directory = directory();
    let db = rusqlite::Connection::open(directory.path().join(Store::FILE)).unwrap();
    db.execute_batch(include_str!("../schema/1.sql")).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let anchor = StoredAnchor {
        place: crate::store::Place::default(),
        original: Quote::take(&Buffer::new("fn a() {}\n"), Span::new(0, 9)),
        seen: None,
    };
    db.execute_batch(
        "INSERT INTO sessions (id, uri, title, created_at, updated_at) VALUES ('s', 'file:///a', 'double it', 1, 1);
         INSERT INTO snapshots (hash, text) VALUES ('h', 'fn a() {}\n');",
    )
    .unwrap();
    db.execute(
        "INSERT INTO requests (id, session_id, prompt, intent, lane, model, endpoint, language, snapshot, span_start,
             span_end, code, anchor, state, attempt, submitter, created_at)
         VALUES ('r', 's', 'double it', 'edit', 1, 'm', 'e', 'rust', 'h', 0, 9, '', ?1, 'done', 1, 'p', 1)",
        [serde_json::to_string(&anchor).unwrap()],
    )
    .unwrap();
    db.execute_batch(
        "INSERT INTO attempts (request_id, number, started_at, ended_at, outcome, text, reasoning, finish)
         VALUES ('r', 1, 1, 2, 'done', 'an answer', '', 'stop');",
    )
    .unwrap();
    drop(db);

    let store = Store::open(directory.path()).unwrap();
    let turn = store.turn(&RequestId("r".to_owned())).await.unwrap();
    assert_eq!(turn.request.anchor, anchor);
    let response = turn.response.unwrap();
    assert_eq!(
        (response.text.as_str(), response.shown),
        ("an answer", None)
    );
    let again = submit(&store, "file:///a", "again", Lane::Background).await;
    assert_eq!(claim(&store, 3).await, Some(again.clone()));
    store
        .note_sent(&again, 1, Some((3, 7)), None)
        .await
        .unwrap();
    let end = AttemptEnd::Done {
        finish: "stop".to_owned(),
        usage: UsageRecord::default(),
    };
    store.finish(&again, 1, None, end, 4).await.unwrap();
    let response = store.turn(&again).await.unwrap().response.unwrap();
    assert_eq!(response.shown, Some((3, 7)));
}
