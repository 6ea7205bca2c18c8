//! Sessions of files that were renamed.

use rusqlite::{OptionalExtension as _, params};

use super::events::{self, EventKind};
use super::{Result, Store};
use crate::session::{RequestId, SessionId};

impl Store {
    /// The session of `old_uri`, and of every file below it, is from here on the one of the new name. When
    /// the new name has a session already, the requests join it. Gives back how many sessions changed.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn rename(&self, old_uri: &str, new_uri: &str, now: i64) -> Result<usize> {
        let old = old_uri.trim_end_matches('/').to_owned();
        let new = new_uri.trim_end_matches('/').to_owned();
        self.write(move |db| {
            let below = format!("{old}/");
            let mut statement = db.prepare_cached(
                "SELECT id, uri FROM sessions WHERE uri = ?1 OR substr(uri, 1, length(?2)) = ?2",
            )?;
            let found = statement.query_map([&old, &below], |row| {
                Ok((SessionId(row.get(0)?), row.get::<_, String>(1)?))
            })?;
            let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
            for (session, uri) in &found {
                let uri = format!("{new}{}", &uri[old.len()..]);
                let at_new_name: Option<String> = db
                    .prepare_cached("SELECT id FROM sessions WHERE uri = ?1 AND id <> ?2")?
                    .query_row(params![uri, session.0], |row| row.get(0))
                    .optional()?;
                let session = match at_new_name {
                    None => {
                        db.prepare_cached("UPDATE sessions SET uri = ?2 WHERE id = ?1")?
                            .execute(params![session.0, uri])?;
                        session.clone()
                    }
                    Some(existing) => {
                        db.prepare_cached(
                            "UPDATE requests SET session_id = ?2 WHERE session_id = ?1",
                        )?
                        .execute(params![session.0, existing])?;
                        db.prepare_cached("DELETE FROM sessions WHERE id = ?1")?
                            .execute([&session.0])?;
                        SessionId(existing)
                    }
                };
                let mut statement = db.prepare_cached(
                    "SELECT id FROM requests WHERE session_id = ?1 AND dismissed = 0",
                )?;
                let requests =
                    statement.query_map([&session.0], |row| row.get(0).map(RequestId))?;
                for request in requests {
                    events::record(db, now, EventKind::Renamed, &request?, &session)?;
                }
            }
            Ok(found.len())
        })
        .await
    }
}
