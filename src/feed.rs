//! The feed: what happens in the store, in this process or any other, as it happens.
//!
//! One task follows the store. A nudge makes it look at once, which every part of this process that
//! has changed something gives; changes of other processes are noticed by polling the database's
//! version counter.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio::task::JoinHandle;

use crate::store::{Followed, Store};

/// How often the store is asked whether another process has changed it: 8 µs a poll.
const POLL: Duration = Duration::from_millis(100);

/// How many batches a slow subscriber may be behind before it is told that it missed some.
const BACKLOG: usize = 256;

/// A handle on the feed; clones share it. The feed ends with the last handle.
#[derive(Clone)]
pub struct Feed {
    inner: Arc<Inner>,
}

struct Inner {
    nudge: Arc<Notify>,
    changes: broadcast::Sender<Arc<Followed>>,
    task: JoinHandle<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Feed {
    /// Begins to follow the store, from what happens after this call.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn start(store: Store) -> crate::store::Result<Self> {
        let position = store.now_at().await?;
        let nudge = Arc::new(Notify::new());
        let (changes, _) = broadcast::channel(BACKLOG);
        let task = tokio::spawn(follow(store, position, Arc::clone(&nudge), changes.clone()));
        Ok(Self {
            inner: Arc::new(Inner {
                nudge,
                changes,
                task,
            }),
        })
    }

    /// Something was changed by this process: look at once.
    pub fn nudge(&self) {
        self.inner.nudge.notify_one();
    }

    /// Hears of everything from now on, in order. A receiver that lags is told so by an error and
    /// must then look at everything anew.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Followed>> {
        self.inner.changes.subscribe()
    }
}

async fn follow(
    store: Store,
    (mut last_event, mut last_chunk): (i64, i64),
    nudge: Arc<Notify>,
    changes: broadcast::Sender<Arc<Followed>>,
) {
    let mut version = None;
    loop {
        let nudged = tokio::select! {
            () = nudge.notified() => true,
            () = tokio::time::sleep(POLL) => false,
        };
        let looked = async {
            let now = store.data_version().await?;
            if !nudged && version == Some(now) {
                return Ok(None);
            }
            version = Some(now);
            store.follow(last_event, last_chunk).await.map(Some)
        };
        match looked.await {
            Ok(Some(followed)) => {
                last_event = followed.last_event;
                last_chunk = followed.last_chunk;
                if followed.more {
                    nudge.notify_one();
                }
                if followed.missed || !followed.events.is_empty() || !followed.chunks.is_empty() {
                    // No one may be listening, which is no fault.
                    let _ = changes.send(Arc::new(followed));
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the store could not be followed"),
        }
    }
}
