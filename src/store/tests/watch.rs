//! Who follows the store hears of everything.

use std::sync::mpsc;
use std::time::Duration;

use super::*;

#[tokio::test]
async fn who_watches_is_told_of_every_change_whoever_made_it() {
    let directory = directory();
    let one = Store::open(directory.path()).unwrap();
    let two = Store::open(directory.path()).unwrap();
    submit(&two, "file:///a", "before", Lane::Background).await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let every = Duration::from_millis(1);
    let tell = move |followed: Followed| {
        let ids = followed.events.into_iter().map(|event| event.request_id);
        ids.for_each(|id| tell.send(id).unwrap());
        true
    };
    two.watch(every, tell).await.unwrap();
    for store in [&one, &two, &one] {
        let id = submit(store, "file:///a", "after", Lane::Background).await;
        assert_eq!(told.recv().await, Some(id));
    }
    // A watch keeps no store from its end.
    drop(two);
    assert_eq!(told.recv().await, None);
}

#[tokio::test]
async fn who_follows_hears_of_every_change_in_order() {
    let directory = directory();
    let one = Store::open(directory.path()).unwrap();
    let two = Store::open(directory.path()).unwrap();
    let (event, chunk) = two.now_at().await.unwrap();
    let id = submit(&one, "file:///a", "?", Lane::Background).await;
    claim(&one, 2).await.unwrap();
    one.append(&id, 1, "text".into()).await.unwrap();
    let streaming = two.follow(event, chunk).await.unwrap();
    assert_eq!(streaming.chunks.len(), 1);
    assert_eq!(streaming.chunks[0].text, "text");
    // The last words and the end come in quick succession: who follows must not lose the former.
    one.append(&id, 1, ", and its end".into()).await.unwrap();
    one.finish(&id, 1, None, done(), 3).await.unwrap();
    let ended = two
        .follow(streaming.last_event, streaming.last_chunk)
        .await
        .unwrap();
    assert_eq!(ended.chunks.len(), 1);
    assert_eq!(ended.chunks[0].text, ", and its end");
    let kinds: Vec<_> = streaming
        .events
        .iter()
        .chain(&ended.events)
        .map(|event| event.kind.unwrap())
        .collect();
    assert_eq!(
        kinds,
        [EventKind::Submitted, EventKind::Claimed, EventKind::Done]
    );
    assert!(!streaming.missed && !ended.missed);
    one.housekeep(100_000_000).await.unwrap();
    assert!(two.follow(0, 0).await.unwrap().chunks.is_empty());
    let said = two.turn(&id).await.unwrap().response.unwrap();
    assert_eq!(
        said.text, "text, and its end",
        "the text is the attempt's own"
    );
}

#[tokio::test]
async fn who_was_away_for_long_is_told_to_look_at_everything() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let (event, chunk) = store.now_at().await.unwrap();
    submit(&store, "file:///a", "?", Lane::Background).await;
    store.housekeep(100_000_000).await.unwrap();
    submit(&store, "file:///a", "?", Lane::Background).await;
    assert!(store.follow(event, chunk).await.unwrap().missed);
}

#[tokio::test]
async fn who_has_lost_some_events_reads_them_again() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    let begin = store.watch(Duration::from_secs(1), |_| true).await.unwrap();
    let id = submit(&store, "file:///a", "?", Lane::Background).await;
    claim(&store, 2).await.unwrap();
    let claimed = store.events_after(begin).await.unwrap();
    store.finish(&id, 1, None, done(), 3).await.unwrap();
    let kinds = |followed: &Followed| -> Vec<_> {
        followed.events.iter().filter_map(|it| it.kind).collect()
    };
    assert_eq!(kinds(&claimed), [EventKind::Submitted, EventKind::Claimed]);
    let ended = store.events_after(claimed.last_event).await.unwrap();
    assert_eq!(kinds(&ended), [EventKind::Done]);
    assert!(!ended.missed);
    assert_eq!(store.ready_since(3).await.unwrap(), [id]);
    assert_eq!(store.ready_since(4).await.unwrap(), []);
}

#[tokio::test]
async fn the_last_handle_may_be_dropped_by_a_job_of_the_store() {
    let directory = directory();
    let store = Store::open(directory.path()).unwrap();
    store
        .watch(Duration::from_millis(1), |_| true)
        .await
        .unwrap();
    let (let_go, may_go) = mpsc::channel::<()>();
    let (gone, is_gone) = mpsc::channel();
    let last = store.clone();
    tokio::spawn(async move {
        let write = store.write(move |_| {
            // Waits until this is the only handle.
            let _ = may_go.recv();
            drop(last);
            gone.send(()).unwrap();
            Ok(())
        });
        let mut write = std::pin::pin!(write);
        // The job is given to the thread, and nobody waits for it.
        std::future::poll_fn(|context| {
            let _ = write.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
    })
    .await
    .unwrap();
    drop(let_go);
    is_gone.recv_timeout(Duration::from_secs(30)).unwrap();
}
