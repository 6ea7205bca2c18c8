//! What can go wrong with the store, and what the user can do about it.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer Backchat wrote the database.
    #[error(
        "the store {path} was written by a newer Backchat (schema {found}, this program knows {known}); \
         update Backchat, or set BACKCHAT_STATE_DIR to another directory"
    )]
    FromTheFuture {
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The state directory or a file in it could not be made or opened.
    #[error(
        "cannot use the state directory {path}: {source}; check its permissions, or set BACKCHAT_STATE_DIR"
    )]
    Directory {
        /// What could not be used.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The state directory, or something in it, can be read by others.
    #[error("{path} is open to other users (mode {mode:o}); run: chmod go-rwx {path}")]
    Permissions {
        /// The directory or file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No space is left.
    #[error(
        "the disk of the store is full; free some space and try again, nothing that was accepted is lost"
    )]
    Full,
    /// The disk failed, or is full in another way.
    #[error(
        "the store could not be read or written ({0}); check the disk, its free space and limits on the size of files, \
         and try again, nothing that was accepted is lost"
    )]
    Disk(String),
    /// Another write of the same transaction failed, and SQLite undid them all.
    #[error(
        "this change was undone together with another one that failed; try again, and see `backchat doctor`"
    )]
    Undone,
    /// The database is not where it was opened any more.
    #[error(
        "the store {path} was removed or replaced while it was open, so nothing can be stored; restart the editor, \
         and put the file back before if it was moved"
    )]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// The database may not be written.
    #[error("the store is read-only; check the permissions of the state directory")]
    ReadOnly,
    /// Another process held the lock for too long.
    #[error("the store is locked by another process; try again, and see `backchat doctor`")]
    Busy,
    /// The file is damaged or no database.
    #[error(
        "the store is damaged ({0}); run `backchat doctor`, and move the file away to begin anew"
    )]
    Corrupt(String),
    /// No request has this id.
    #[error("there is no request {0}")]
    UnknownRequest(String),
    /// No session has this id.
    #[error("there is no session {0}")]
    UnknownSession(String),
    /// The text that a request was asked about is missing.
    #[error("the text that was asked about is not in the store any more")]
    UnknownSnapshot,
    /// The worker does not own the request any more: it was cancelled, or its lease ran out.
    #[error("request {0} is no longer this worker's")]
    Fenced(String),
    /// The state machine has no such edge.
    #[error("request {id} is {state}: {why}")]
    WrongState {
        /// The request.
        id: String,
        /// The state it is in.
        state: &'static str,
        /// Why the call does not fit it.
        why: &'static str,
    },
    /// What is stored cannot be understood.
    #[error("the store holds something that this program cannot read: {0}")]
    Unreadable(String),
    /// The thread that owns the database has ended.
    #[error("the store is closed")]
    Closed,
    /// Anything else that SQLite said.
    #[error("the store failed: {0}")]
    Sqlite(rusqlite::Error),
}

impl StoreError {
    /// Whether the same write may succeed a little later, when there is space or the lock is free.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Full | Self::Disk(_) | Self::Undone | Self::ReadOnly | Self::Busy
        )
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                Self::Disk(error.to_string())
            }
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Sqlite(error),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
