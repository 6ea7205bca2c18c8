//! The feed: what happens in the store, in this process or any other, as it happens.
//!
//! The store's own thread looks: at once after each commit of this process, and now and then for those of
//! others. So nobody has to tell that he has changed something, and between two looks nothing wakes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::store::{Followed, Store};

/// How often the store is asked whether another process has changed it: 8 µs a poll.
const POLL: Duration = Duration::from_millis(100);

/// How many batches a slow subscriber may be behind before it is told that it missed some.
const BACKLOG: usize = 256;

/// A handle on the feed; clones share it. The feed ends with the last handle.
#[derive(Clone)]
pub struct Feed {
    changes: Arc<broadcast::Sender<Arc<Followed>>>,
    begin: i64,
}

impl Feed {
    /// Begins to follow the store, from what happens after this call.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn start(store: &Store) -> crate::store::Result<Self> {
        let (changes, _) = broadcast::channel(BACKLOG);
        let changes = Arc::new(changes);
        let listeners = Arc::downgrade(&changes);
        let tell = move |followed| {
            let Some(changes) = listeners.upgrade() else {
                return false;
            };
            // No one may be listening, which is no fault.
            let _ = changes.send(Arc::new(followed));
            true
        };
        let begin = store.watch(POLL, tell).await?;
        Ok(Self { changes, begin })
    }

    /// The last event that it does not tell of.
    #[must_use]
    pub const fn begin(&self) -> i64 {
        self.begin
    }

    /// Hears of everything from now on, in order. A receiver that lags is told so by an error: what it has
    /// lost is in the store ([`Store::events_after`]).
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Followed>> {
        self.changes.subscribe()
    }
}
