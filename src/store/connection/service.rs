//! What the thread of a connection does: one job after the other, writes that wait in one commit, looks between.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::{AtEnd, Company, Done, Durability, Job, Nudge, Seen, Watch, Work};
use crate::store::{Result, StoreError};

/// How many jobs one commit may carry: bounds how long the lock is held.
const BATCH: usize = 64;

/// How long a lock that another process holds is waited for, beyond SQLite's own busy timeout.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection, and what its thread is to do with it.
pub(super) struct Service {
    connection: Connection,
    jobs: mpsc::Receiver<Job>,
    /// What commits survive, as it was set last.
    durability: Option<Durability>,
    committed: Option<Nudge>,
    told: Arc<AtomicBool>,
    watch: Option<Watch>,
    /// When to look again.
    look_at: Instant,
    pub(super) at_end: Option<AtEnd>,
}

impl Service {
    pub(super) fn new(
        connection: Connection,
        jobs: mpsc::Receiver<Job>,
        committed: Option<Nudge>,
        told: Arc<AtomicBool>,
    ) -> Self {
        Self {
            connection,
            jobs,
            durability: None,
            committed,
            told,
            watch: None,
            look_at: Instant::now(),
            at_end: None,
        }
    }

    /// Does the jobs in their order, until the last one.
    pub(super) fn serve(mut self) {
        let mut kept = None;
        while let Some(job) = kept.take().or_else(|| self.next()) {
            match job {
                Job::Run(run) => {
                    let _ = catch_unwind(AssertUnwindSafe(|| run(&self.connection)));
                }
                Job::Transact(durability, work) => {
                    let mut batch = vec![work];
                    let mut strictest = durability;
                    while batch.len() < BATCH {
                        match self.jobs.try_recv() {
                            Ok(Job::Transact(durability, work)) => {
                                strictest = strictest.max(durability);
                                batch.push(work);
                            }
                            Ok(other) => {
                                kept = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.commit(strictest, batch);
                }
                Job::Watch(watch) => {
                    self.watch = Some(watch);
                    self.look(true);
                }
                Job::End => {
                    if let Some(at_end) = self.at_end.take() {
                        let _ = catch_unwind(AssertUnwindSafe(|| at_end(&self.connection)));
                    }
                    return;
                }
                Job::Look => {
                    // Before the look: what is committed from here on may not be seen by it.
                    self.told.store(false, Ordering::Release);
                    self.look(true);
                }
            }
        }
    }

    /// The next job. Looks between two jobs when it is time for that.
    fn next(&mut self) -> Option<Job> {
        let mut has_looked = false;
        loop {
            let Some(watch) = &self.watch else {
                return self.jobs.recv().ok();
            };
            let wait = self.look_at.saturating_duration_since(Instant::now());
            if wait.is_zero() && !has_looked {
                self.look(false);
                has_looked = true;
                continue;
            }
            match self.jobs.recv_timeout(wait.min(watch.every)) {
                Ok(job) => return Some(job),
                Err(mpsc::RecvTimeoutError::Timeout) => has_looked = false,
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn look(&mut self, is_told: bool) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        let look = AssertUnwindSafe(|| (watch.look)(&self.connection, is_told));
        let wait = match catch_unwind(look) {
            Ok(Seen::All) | Err(_) => watch.every,
            Ok(Seen::Some) => Duration::ZERO,
            Ok(Seen::Enough) => {
                self.watch = None;
                return;
            }
        };
        self.look_at = Instant::now() + wait;
    }

    fn commit(&mut self, durability: Durability, batch: Vec<Work>) {
        let begun = self.begin(durability);
        let connection = &self.connection;
        let company = match batch.len() {
            1 => Company::Alone,
            _ => Company::Others,
        };
        let done: Vec<Done> = batch
            .into_iter()
            .map(|work| {
                let connection = begun.as_ref().map(|()| connection);
                work(connection.map_err(again), company)
            })
            .collect();
        if begun.is_ok() && connection.is_autocommit() {
            for done in done {
                (done.answer)(Err(StoreError::Undone));
            }
            return;
        }
        let is_undone = company == Company::Alone && done.iter().all(|done| !done.is_ok);
        let ended = match &begun {
            // Each job has the error, and there is nothing to end.
            Err(_) => Ok(()),
            Ok(()) if is_undone => execute(connection, "ROLLBACK"),
            Ok(()) => execute(connection, "COMMIT"),
        };
        match (&ended, &self.committed) {
            (Ok(()), Some(nudge)) => nudge.nudge(),
            (Ok(()), None) => {}
            (Err(_), _) => {
                let _ = execute(connection, "ROLLBACK");
            }
        }
        for done in done {
            (done.answer)(ended.as_ref().copied().map_err(again));
        }
    }

    /// Takes the write lock.
    fn begin(&mut self, durability: Durability) -> rusqlite::Result<()> {
        if self.durability != Some(durability) {
            set_durability(&self.connection, durability)?;
            self.durability = Some(durability);
        }
        begin(&self.connection)
    }
}

/// What the commits of a connection survive from here on.
///
/// Source: <https://www.sqlite.org/pragma.html#pragma_synchronous>
fn set_durability(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let synchronous = match durability {
        Durability::Normal => "NORMAL",
        Durability::Full => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)
}

/// Takes the write lock, for which another process may have to be waited.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<()> {
    let patience = Instant::now() + PATIENCE;
    loop {
        match execute(connection, "BEGIN IMMEDIATE") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < patience => {}
            result => return result,
        }
    }
}

/// The same error for another caller of the same batch.
fn again(error: &rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => {
            rusqlite::Error::SqliteFailure(*code, message.clone()).into()
        }
        other => StoreError::Unreadable(other.to_string()),
    }
}

/// Runs a job so that what it has done can be undone without what others have.
pub(super) fn in_savepoint<R>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<R>,
) -> Result<R> {
    if connection.is_autocommit() {
        return Err(StoreError::Undone);
    }
    execute(connection, "SAVEPOINT job")?;
    let result = caught(connection, job);
    if connection.is_autocommit() {
        // A full disk makes SQLite undo the whole transaction, with every savepoint in it.
        // Source: <https://www.sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"
        return result.and(Err(StoreError::Undone));
    }
    if result.is_err() {
        execute(connection, "ROLLBACK TO job")?;
    }
    execute(connection, "RELEASE job")?;
    result
}

/// Runs a job. A panic in it must not take the other callers' answers with it.
pub(super) fn caught<R>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<R>,
) -> Result<R> {
    catch_unwind(AssertUnwindSafe(|| job(connection))).unwrap_or_else(|_| {
        Err(StoreError::Unreadable(
            "a store operation panicked".to_owned(),
        ))
    })
}

/// Runs a statement that has no rows, and keeps it prepared.
fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}
