//! A thread that owns a connection and runs jobs on it.
//!
//! SQLite blocks; the runtime's threads must not. The writing thread takes the jobs that are
//! waiting and commits them together, so that many submits at once cost one `fsync`. Between its jobs the
//! reading thread looks for what has changed ([`Watch`]): at once after each commit of the other, and now and
//! then for those of other processes.

#[cfg(test)]
mod inline;
mod service;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Result, StoreError};
#[cfg(test)]
pub(super) use inline::Inline;
use service::{Service, caught, in_savepoint};

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

/// What a thread does last with its connection.
pub(super) type AtEnd = Box<dyn FnOnce(&Connection) + Send>;

enum Job {
    Run(Box<dyn FnOnce(&Connection) + Send>),
    Transact(Durability, Work),
    Watch(Watch),
    Look,
    End,
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

/// The handle of such a thread. The thread ends when the handle is dropped.
pub(super) struct Thread {
    jobs: Option<mpsc::Sender<Job>>,
    told: Arc<AtomicBool>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    /// Of a simulation, which has no threads.
    #[cfg(test)]
    inline: Option<Inline>,
}

impl Thread {
    /// `committed` is told of each commit.
    pub(super) fn start(
        name: &str,
        connection: Connection,
        committed: Option<Nudge>,
        at_end: Option<AtEnd>,
    ) -> Self {
        let (jobs, receiver) = mpsc::channel();
        let told = Arc::new(AtomicBool::new(false));
        let mut service = Service::new(connection, receiver, committed, Arc::clone(&told));
        service.at_end = at_end;
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || service.serve())
            .ok();
        Self {
            jobs: Some(jobs),
            told,
            thread: Mutex::new(thread),
            #[cfg(test)]
            inline: None,
        }
    }

    #[cfg(test)]
    pub(super) fn inline(inline: Inline) -> Self {
        Self {
            jobs: None,
            told: Arc::default(),
            thread: Mutex::new(None),
            inline: Some(inline),
        }
    }

    /// What tells this thread that there is something to see, for as long as it lives.
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

impl Thread {
    /// Ends the thread, after the jobs that were given to it, and closes its connection. Waits for that.
    pub(super) fn end(&self) {
        // Others can still tell it that there is something to see, so that the channel stays open.
        let _ = self.send(Job::End);
        // Held meanwhile, so that whoever else ends the thread waits as well.
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other = |it: &thread::JoinHandle<()>| it.thread().id() != thread::current().id();
        // The last handle may be dropped by a job on this very thread.
        if let Some(thread) = thread.take().filter(is_other) {
            let _ = thread.join();
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.end();
    }
}
