//! A thread that owns a connection and runs jobs on it.
//!
//! SQLite blocks; the runtime's threads must not. The writing thread takes the jobs that are
//! waiting and commits them together, so that many submits at once cost one `fsync`. Between its jobs the
//! reading thread looks for what has changed ([`Watch`]): at once after each commit of the other, and now and
//! then for those of other processes.

#[cfg(test)]
mod inline;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::{Result, StoreError};
#[cfg(test)]
pub(super) use inline::Inline;

/// How many jobs one commit may carry: bounds how long the lock is held.
const BATCH: usize = 64;

/// How long a lock that another process holds is waited for, beyond SQLite's own busy timeout.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a commit must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Durability {
    /// The death of the process.
    Normal,
    /// The death of the machine.
    Full,
}

/// Tells the waiting caller the result, once it is known whether the commit succeeded.
type Answer = Box<dyn FnOnce(Result<()>) + Send>;

/// Does its writes, or is told why no transaction could be begun.
type Work = Box<dyn FnOnce(Result<&Connection>, Company) -> Done + Send>;

/// Whose writes are in the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Company {
    /// Those of one job: when it fails the whole transaction is undone.
    Alone,
    /// Those of several: what one has done can be undone without the others.
    Others,
}

/// What became of a job.
struct Done {
    is_ok: bool,
    answer: Answer,
}

enum Job {
    Run(Box<dyn FnOnce(&Connection) + Send>),
    Transact(Durability, Work),
    Watch(Watch),
    Look,
}

/// What a thread looks for between its jobs.
pub(super) struct Watch {
    /// How often it looks when nobody tells it that there is something to see.
    pub every: Duration,
    /// Looks.
    pub look: Look,
}

/// It is given whether somebody has told.
type Look = Box<dyn FnMut(&Connection, bool) -> Seen + Send>;

/// What a look has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Everything that there was.
    All,
    /// Some of it: look again after the jobs that wait.
    Some,
    /// Nobody cares any more.
    Enough,
}

/// Tells a thread that there is something to see.
#[derive(Clone)]
pub(super) struct Nudge {
    /// Whether the thread has been told and not looked yet.
    told: Arc<AtomicBool>,
    jobs: mpsc::Sender<Job>,
}

impl Nudge {
    fn nudge(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            // A thread that has ended has nobody to tell.
            let _ = self.jobs.send(Job::Look);
        }
    }
}

/// The handle of such a thread. The thread ends when the handle is dropped, after the jobs that
/// were given to it.
pub(super) struct Thread {
    jobs: Option<mpsc::Sender<Job>>,
    told: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
    /// Of a simulation, which has no threads.
    #[cfg(test)]
    inline: Option<Inline>,
}

impl Thread {
    /// `committed` is told of each commit.
    pub(super) fn start(name: &str, connection: Connection, committed: Option<Nudge>) -> Self {
        let (jobs, receiver) = mpsc::channel();
        let told = Arc::new(AtomicBool::new(false));
        let service = Service {
            connection,
            jobs: receiver,
            durability: None,
            committed,
            told: Arc::clone(&told),
            watch: None,
            look_at: Instant::now(),
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || service.serve())
            .ok();
        Self {
            jobs: Some(jobs),
            told,
            thread,
            #[cfg(test)]
            inline: None,
        }
    }

    #[cfg(test)]
    pub(super) fn inline(inline: Inline) -> Self {
        Self {
            jobs: None,
            told: Arc::default(),
            thread: None,
            inline: Some(inline),
        }
    }

    /// What tells this thread that there is something to see. The thread ends only after the last of these.
    pub(super) fn nudge(&self) -> Option<Nudge> {
        Some(Nudge {
            told: Arc::clone(&self.told),
            jobs: self.jobs.clone()?,
        })
    }

    /// Looks for changes from here on, in place of any earlier watch: first after the jobs that wait now.
    pub(super) fn watch(&self, watch: Watch) -> Result<()> {
        self.send(Job::Watch(watch))
    }

    fn send(&self, job: Job) -> Result<()> {
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).map_err(|_| StoreError::Closed)
    }

    /// Runs a job outside any transaction.
    pub(super) async fn run<R, F>(&self, job: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> Result<R> + Send + 'static,
    {
        #[cfg(test)]
        if let Some(inline) = &self.inline {
            return inline.run(job).await;
        }
        let (answer, answered) = oneshot::channel();
        self.send(Job::Run(Box::new(move |connection| {
            // The caller may have stopped waiting; that is its right.
            let _ = answer.send(job(connection));
        })))?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs a job in a transaction of its own kind of durability. An error of the job undoes what
    /// the job did and nothing else.
    pub(super) async fn transact<R, F>(&self, durability: Durability, job: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> Result<R> + Send + 'static,
    {
        #[cfg(test)]
        if let Some(inline) = &self.inline {
            return inline.transact(job).await;
        }
        let (answer, answered) = oneshot::channel();
        self.send(Job::Transact(
            durability,
            Box::new(move |connection, company| {
                let result = connection.and_then(|connection| match company {
                    Company::Alone => caught(connection, job),
                    Company::Others => in_savepoint(connection, job),
                });
                Done {
                    is_ok: result.is_ok(),
                    answer: Box::new(move |committed| {
                        // The error of the job itself says more than that all was undone for it.
                        let _ = answer.send(match (result, committed) {
                            (Err(own), Err(StoreError::Undone)) => Err(own),
                            (result, committed) => committed.and(result),
                        });
                    }),
                }
            }),
        ))?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // The last handle may be dropped by a job on this very thread.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

fn in_savepoint<R>(
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
fn caught<R>(connection: &Connection, job: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
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

/// What the thread has.
struct Service {
    connection: Connection,
    jobs: mpsc::Receiver<Job>,
    /// What commits survive, as it was set last.
    durability: Option<Durability>,
    committed: Option<Nudge>,
    told: Arc<AtomicBool>,
    watch: Option<Watch>,
    /// When to look again.
    look_at: Instant,
}

impl Service {
    /// Until no one can give it jobs any more.
    fn serve(mut self) {
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
fn begin(connection: &Connection) -> rusqlite::Result<()> {
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
