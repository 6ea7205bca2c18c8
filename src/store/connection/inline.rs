//! Jobs on the thread of the caller, for simulations: each job begins at a poll of its own, so that
//! whoever polls decides what comes before what.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use rusqlite::Connection;

use super::service::{begin, in_savepoint};
use crate::store::Result;

/// A connection that several simulated processes share.
#[derive(Clone)]
pub(in crate::store) struct Inline(pub(in crate::store) Arc<Mutex<Connection>>);

impl Inline {
    pub(super) async fn run<R>(&self, job: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        once_pending().await;
        job(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn transact<R>(
        &self,
        job: impl FnOnce(&Connection) -> Result<R>,
    ) -> Result<R> {
        once_pending().await;
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begin(&connection)?;
        let result = in_savepoint(&connection, job);
        connection.execute_batch("COMMIT")?;
        result
    }
}

async fn once_pending() {
    let mut was_polled = false;
    poll_fn(|_| {
        if was_polled {
            return Poll::Ready(());
        }
        was_polled = true;
        Poll::Pending
    })
    .await;
}
