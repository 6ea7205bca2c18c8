//! What sessions count of their requests, and that a page of them needs nothing else.

use rusqlite::Connection;

use super::*;

/// Counted by the triggers, and counted anew.
async fn counts(store: &Store) -> (Vec<[i64; 3]>, Vec<[i64; 3]>) {
    let read = |sql: &'static str| {
        store.read(move |db| {
            let mut statement = db.prepare(sql)?;
            let rows =
                statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    };
    let kept = read("SELECT requests, unread, busy FROM sessions ORDER BY id");
    let anew = read(
        "SELECT count(r.id), coalesce(sum(r.unread), 0), coalesce(sum(r.state IN ('queued', 'running')), 0)
         FROM sessions s LEFT JOIN requests r ON r.session_id = s.id GROUP BY s.id ORDER BY s.id",
    );
    (kept.await.unwrap(), anew.await.unwrap())
}

#[tokio::test]
async fn sessions_count_their_requests_right_through_everything_that_happens_to_them() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let check = async |expected: &[[i64; 3]]| {
        let (mut kept, anew) = counts(&store).await;
        assert_eq!(kept, anew);
        kept.sort_unstable();
        assert_eq!(kept, expected);
    };
    for _ in 0..3 {
        submit(&store, "file:///a", "why?", Lane::Background).await;
    }
    submit(&store, "file:///b", "why?", Lane::Background).await;
    check(&[[1, 0, 1], [3, 0, 3]]).await;

    let first = claim(&store, 10).await.unwrap();
    store.finish(&first, 1, None, done(), 20).await.unwrap();
    check(&[[1, 0, 1], [3, 1, 2]]).await;

    store.rename("file:///b", "file:///a", 30).await.unwrap();
    check(&[[4, 1, 3]]).await;

    store.purge(i64::MAX, true, false).await.unwrap();
    check(&[[3, 0, 3]]).await;
}

#[tokio::test]
async fn a_page_of_sessions_is_read_in_the_order_of_an_index() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    submit(&store, "file:///a", "why?", Lane::Background).await;
    let db = Connection::open(directory.path().join(Store::FILE)).unwrap();
    let sql = format!("EXPLAIN QUERY PLAN {}", inbox::page_of_sessions(""));
    let mut statement = db.prepare(&sql).unwrap();
    let steps: Vec<String> = statement
        .query_map([50, 0], |row| row.get("detail"))
        .unwrap()
        .map(|step| step.unwrap())
        .collect();
    assert!(steps[0].contains("sessions_by_rank"), "{steps:?}");
    assert!(
        !steps.iter().any(|step| step.contains("B-TREE")),
        "{steps:?}"
    );
}
