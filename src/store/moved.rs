//! What is known of files that may have been moved while nobody looked.

use rusqlite::{OptionalExtension as _, params};

use super::{Result, Store};
use crate::digest::sha256_hex;

/// So many sessions, the latest, are searched for one whose file was moved.
const RECENT: u32 = 1000;

/// What could be the session of a file that has none.
#[derive(Clone, Debug, Default)]
pub struct MoveCandidates {
    /// Files that were asked about when they had the very text.
    pub same_text: Vec<String>,
    /// The files of the latest sessions, the latest first.
    pub recent: Vec<String>,
}

impl Store {
    /// The URIs of other files, to find the one that this file was before; `None` when it has a session of
    /// its own.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn move_candidates(&self, uri: &str, text: &str) -> Result<Option<MoveCandidates>> {
        let (uri, hash) = (uri.to_owned(), sha256_hex(text));
        self.read(move |db| {
            let is_known: bool = db
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM sessions WHERE uri = ?1)")?
                .query_row([&uri], |row| row.get(0))?;
            if is_known {
                return Ok(None);
            }
            let mut same = db.prepare_cached(
                "SELECT DISTINCT s.uri FROM requests r JOIN sessions s ON s.id = r.session_id
                 WHERE r.snapshot = ?1 LIMIT ?2",
            )?;
            let same = same.query_map(params![hash, RECENT], |row| row.get(0))?;
            let mut recent =
                db.prepare_cached("SELECT uri FROM sessions ORDER BY updated_at DESC LIMIT ?1")?;
            let recent = recent.query_map([RECENT], |row| row.get(0))?;
            Ok(Some(MoveCandidates {
                same_text: same.collect::<rusqlite::Result<_>>()?,
                recent: recent.collect::<rusqlite::Result<_>>()?,
            }))
        })
        .await
    }

    /// The text that was asked about last in a file's session.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn latest_text(&self, uri: &str) -> Result<Option<String>> {
        let uri = uri.to_owned();
        self.read(move |db| {
            Ok(db
                .prepare_cached(
                    "SELECT t.text FROM requests r JOIN sessions s ON s.id = r.session_id
                     JOIN snapshots t ON t.hash = r.snapshot WHERE s.uri = ?1 ORDER BY r.seq DESC LIMIT 1",
                )?
                .query_row([&uri], |row| row.get(0))
                .optional()?)
        })
        .await
    }
}
