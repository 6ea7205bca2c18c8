//! Makes what was purged unreadable: in the database, in its write-ahead log, in the files beside them.
//!
//! A row that was deleted is still in the log of the database until that is written anew, and rows that were
//! deleted by earlier versions are in its free pages. Transcripts and logs hold content of their own.
//!
//! Each step can fail: another program may read the store, the disk may be full. A purge notes in its own
//! transaction that there is something to scrub. Whoever closes the store later and finds the note tries again.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use memchr::memmem;
use rusqlite::Connection;

use super::{Result, Store, StoreError};

/// The target of those lines of the log that hold prompts and answers.
pub const LOGGED_CONTENT: &str = "backchat::content";

/// The setting that says that something is left to scrub.
const NOTE: &str = "unscrubbed";

/// How long a process that closes the store waits for others.
const PATIENCE_AT_END: Duration = Duration::from_secs(1);

/// A file that may still hold content of what was purged.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Remains {
    /// The file.
    pub path: PathBuf,
    /// Why it could not be taken out.
    pub reason: String,
}

impl Remains {
    fn new(path: &Path, reason: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

/// Notes in the transaction of a purge that there is something to scrub.
pub(super) fn note(db: &Connection) -> Result<()> {
    db.execute(
        "INSERT INTO settings (name, value) VALUES (?1, '') ON CONFLICT (name) DO NOTHING",
        [NOTE],
    )?;
    Ok(())
}

/// Does what an earlier purge has left to do, if anything, before the store is closed.
pub(super) fn scrub_at_end(db: &Connection, state: &Path) {
    if !is_noted(db).unwrap_or_default() {
        return;
    }
    // Somebody waits for the process to end.
    let _ = db.busy_timeout(PATIENCE_AT_END);
    for remains in scrub(db, state) {
        let (path, reason) = (remains.path.display(), remains.reason);
        tracing::warn!(%path, reason, "what was purged may still be in a file");
    }
}

/// Makes everything unreadable that is not in the store any more. Gives back the files for which that was not
/// possible now.
pub(super) fn scrub(db: &Connection, state: &Path) -> Vec<Remains> {
    let database = state.join(Store::FILE);
    let mut remains = Vec::new();
    if let Err(error) = db.execute_batch("VACUUM") {
        remains.push(Remains::new(&database, reason(error.into())));
    }
    // The new database is in the log as well, and the log is longer than what of it counts.
    let log = state.join(format!("{}-wal", Store::FILE));
    match empty_log(db) {
        Ok(true) => {}
        Ok(false) => remains.push(Remains::new(&log, "another program is reading the store")),
        Err(error) => remains.push(Remains::new(&log, reason(error))),
    }
    match requests(db) {
        Ok(known) => {
            remains.extend(remove_transcripts(&state.join(Store::TRANSCRIPTS), &known));
            remains.extend(clean_logs(&state.join(Store::LOGS), &known));
        }
        Err(error) => remains.push(Remains::new(&database, reason(error))),
    }
    if remains.is_empty()
        && let Err(error) = db.execute("DELETE FROM settings WHERE name = ?1", [NOTE])
    {
        tracing::warn!(%error, "it could not be noted that what was purged is gone");
    }
    remains
}

/// Whether a purge has left something to do.
pub(super) fn is_noted(db: &Connection) -> Result<bool> {
    let noted = "SELECT EXISTS (SELECT 1 FROM settings WHERE name = ?1)";
    Ok(db.query_row(noted, [NOTE], |row| row.get(0))?)
}

/// What keeps a step from being done, and what the user can do.
fn reason(error: StoreError) -> String {
    match error {
        StoreError::Full => "the disk is full; free some space".to_owned(),
        StoreError::Busy => "another program is writing to the store".to_owned(),
        error => error.to_string(),
    }
}

/// Writes the whole log into the database and cuts it to nothing. `false` when someone still needs the log.
///
/// Source: <https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>
fn empty_log(db: &Connection) -> Result<bool> {
    let is_busy = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, bool>(0)
    })?;
    Ok(!is_busy)
}

/// The ids of all requests that are in the store.
fn requests(db: &Connection) -> Result<HashSet<String>> {
    let mut statement = db.prepare("SELECT id FROM requests")?;
    let ids = statement.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Removes the transcripts but those of one request each that is in the store. The others, of whole sessions,
/// may have turns that are not; they are written anew whenever they are shown.
fn remove_transcripts(directory: &Path, known: &HashSet<String>) -> Vec<Remains> {
    let is_known = |path: &Path| {
        let id = path.file_stem().and_then(|stem| stem.to_str());
        id.is_some_and(|id| known.contains(id))
    };
    let remove = |path: PathBuf| {
        let removed = fs::remove_file(&path);
        failed(&path, removed)
    };
    let transcripts = files(directory).filter(|path| !is_known(path));
    transcripts.filter_map(remove).collect()
}

/// Takes lines out of all logs: those that name a request that is not in the store, and those with content,
/// as a prompt brings earlier turns along.
fn clean_logs(directory: &Path, known: &HashSet<String>) -> Vec<Remains> {
    let clean = |path: PathBuf| {
        let cleaned = clean_log(&path, known);
        failed(&path, cleaned)
    };
    files(directory).filter_map(clean).collect()
}

fn clean_log(path: &Path, known: &HashSet<String>) -> io::Result<()> {
    let log = fs::read(path)?;
    let kept: Vec<u8> = log
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| may_stay(line, known))
        .flatten()
        .copied()
        .collect();
    if kept.len() == log.len() {
        return Ok(());
    }
    // In its place: whoever writes this log now has it open, and goes on at its end.
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.set_len(0)?;
    file.write_all(&kept)
}

fn may_stay(line: &[u8], known: &HashSet<String>) -> bool {
    let names = |field: &str| memmem::find(line, field.as_bytes());
    if names(LOGGED_CONTENT).is_some() {
        return false;
    }
    let Some(at) = names("request=") else {
        return true;
    };
    let id = &line[at + "request=".len()..];
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let end = id.iter().position(|byte| !is_part(byte));
    let id = std::str::from_utf8(&id[..end.unwrap_or(id.len())]);
    id.is_ok_and(|id| known.contains(id))
}

/// The files in a directory, if there is one.
fn files(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
}

/// A file that is gone has nothing left in it.
fn failed(path: &Path, done: io::Result<()>) -> Option<Remains> {
    match done {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Some(Remains::new(path, error.to_string()))
        }
        _ => None,
    }
}
