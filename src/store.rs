//! The one durable place: an embedded SQLite database that several processes share.
//!
//! # Promises
//!
//! - A method that records something the user must not lose (a submit, an end of a request, a read
//!   mark) returns only after the change is on disk (`synchronous=FULL`). Streamed text is written
//!   with `synchronous=NORMAL`: a killed process loses none of it, a power cut the last moments.
//! - Every change of a request is one transaction together with its event, so that whoever follows
//!   the events misses nothing and sees nothing that is not so.
//! - A write of a worker is fenced: it happens only while the request is still `running` and still
//!   owned by that worker. A worker that lost its lease cannot overwrite its successor.
//! - No method waits on the thread of the caller. One thread owns the connection that writes,
//!   another the one that reads; callers await their answers and may be dropped at any moment: a
//!   write that was begun is finished all the same.
//! - Time comes from the caller, in milliseconds since the Unix epoch.

mod actions;
mod claim;
mod connection;
mod error;
mod events;
mod identity;
mod inbox;
mod liveness;
mod lookup;
mod moved;
mod news;
mod parts;
mod pieces;
mod private;
mod purge;
mod queue;
mod record;
mod recovery;
mod rename;
mod resume;
mod schema;
mod scrub;
mod secrets;
#[cfg(test)]
pub(crate) mod simulated;
mod submit;
mod survey;
mod transcript;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

pub use claim::{ClaimLimits, Claimed};
use connection::{Durability, Thread};
pub use error::StoreError;
pub use events::{ChunkRecord, Event, EventKind, Followed};
pub use inbox::{SessionFilter, SessionPage};
pub use liveness::{OwnerId, locks_work};
pub use lookup::SHORT_ID;
pub use news::{InboxStatus, News};
pub use parts::{HistoryTurn, PromptParts};
pub use pieces::Piece;
pub use private::{
    create_directory as create_private_directory, create_file as create_private_file,
};
pub use purge::Purged;
pub use queue::{AttemptEnd, Next, Requeue};
pub use record::{
    FailureRecord, LeftOut, Place, PlacePosition, RequestRecord, ResponseRecord, SecretRecord,
    SessionRecord, ShownLines, ShownPart, StoredAnchor, UsageRecord,
};
pub use recovery::Recovered;
pub use resume::{Interrupted, Unattended};
pub use schema::prepare_directory;
pub use scrub::{LOGGED_CONTENT, Remains};
pub use submit::{Accepted, NewRequest};
pub use survey::Survey;
pub use transcript::TurnRecord;

/// The result of every store method.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A handle on the store; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    directory: PathBuf,
    identity: identity::Identity,
    owner: liveness::Owner,
    /// Before the writer, as fields are dropped in their order: when the last connection to a database is
    /// closed SQLite moves its log into it, and one that only reads cannot do that.
    reader: Thread,
    writer: Thread,
}

impl Inner {
    /// Ends the threads, and with them the connections.
    fn end(&self) {
        self.reader.end();
        self.writer.end();
    }
}

impl Store {
    /// The name of the database in the state directory.
    pub const FILE: &'static str = "backchat.db";

    /// The name of the folder with transcripts in the state directory.
    pub const TRANSCRIPTS: &'static str = "transcripts";

    /// The name of the folder with logs in the state directory.
    pub const LOGS: &'static str = "logs";

    /// Opens the store in `directory`, which is made (0700) when it is missing, and brings its
    /// schema up to date. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::FromTheFuture`] when a newer Backchat wrote the database, which is then left
    /// untouched; other errors say what could not be opened and what to do.
    pub fn open(directory: &Path) -> Result<Self> {
        schema::prepare_directory(directory)?;
        private::repair(directory)?;
        let path = directory.join(Self::FILE);
        let writer = schema::open(&path)?;
        let reader = schema::open_reader(&path)?;
        let reader = Thread::start("backchat-store-read", reader, None, None);
        let state = directory.to_owned();
        let at_end = Box::new(move |db: &Connection| scrub::scrub_at_end(db, &state));
        let writer = Thread::start("backchat-store-write", writer, reader.nudge(), Some(at_end));
        Ok(Self {
            inner: Arc::new(Inner {
                identity: identity::Identity::of(&path),
                directory: directory.to_owned(),
                owner: liveness::Owner::register(directory)?,
                reader,
                writer,
            }),
        })
    }

    /// Closes the store for all its handles, after what was begun is done: from here on every method fails
    /// with [`StoreError::Closed`]. The last process that closes the store leaves one file, in which
    /// everything is. Dropping all handles does the same.
    pub async fn close(&self) {
        let inner = Arc::clone(&self.inner);
        // A panic in there has been logged by its thread.
        let _ = tokio::task::spawn_blocking(move || inner.end()).await;
    }

    /// The state directory that this store lives in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.inner.directory
    }

    /// The name under which this process claims requests.
    #[must_use]
    pub fn owner(&self) -> &OwnerId {
        self.inner.owner.id()
    }

    /// Runs `job` in a transaction whose commit is on disk before the answer.
    async fn write<R, F>(&self, job: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> Result<R> + Send + 'static,
    {
        let written = self.inner.writer.transact(Durability::Full, job).await?;
        self.inner.identity.check()?;
        Ok(written)
    }

    /// Runs `job` in a transaction that survives the death of the process, not of the machine.
    async fn write_relaxed<R, F>(&self, job: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> Result<R> + Send + 'static,
    {
        self.inner.writer.transact(Durability::Normal, job).await
    }

    /// Runs `job` on the connection that only reads. It sees the store as of one moment.
    async fn read<R, F>(&self, job: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> Result<R> + Send + 'static,
    {
        // One transaction also takes and gives back the lock once, and not for each statement.
        let as_of_one_moment = |db: &Connection| {
            let moment = db.unchecked_transaction()?;
            let read = job(&moment)?;
            moment.commit()?;
            Ok(read)
        };
        self.inner.reader.run(as_of_one_moment).await
    }

    /// Asks SQLite to check the whole database: the problems that it found, none when it is sound.
    ///
    /// # Errors
    ///
    /// When the check itself could not be run.
    pub async fn check_integrity(&self) -> Result<Vec<String>> {
        self.read(|db| {
            let mut statement = db.prepare("PRAGMA integrity_check")?;
            let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
            let lines = lines.collect::<std::result::Result<Vec<_>, _>>()?;
            Ok(lines.into_iter().filter(|line| line != "ok").collect())
        })
        .await
    }

    /// Writes something, so that it is known whether that is possible now. Does not wait for a lock for as
    /// long as a change of the user's would.
    ///
    /// # Errors
    ///
    /// What a submit would fail with.
    pub async fn probe(&self, now: i64) -> Result<()> {
        let job = move |db: &Connection| {
            db.execute(
                "INSERT INTO settings (name, value) VALUES ('probed', ?1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [now.to_string()],
            )?;
            Ok(())
        };
        self.inner.writer.run(job).await?;
        self.inner.identity.check()
    }
}
