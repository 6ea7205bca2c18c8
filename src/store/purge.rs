//! Retention: nothing is deleted by itself, and what is purged was asked for.

use rusqlite::{Connection, params};

use super::scrub::{self, Remains};
use super::{Result, Store};
use crate::session::title_from_prompt;

/// What a purge has removed, or would remove.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Purged {
    /// Requests with their responses.
    pub requests: usize,
    /// Sessions without any request left.
    pub sessions: usize,
    /// Of the requests, the ones whose response was never read.
    pub unread: usize,
    /// Files that may still hold text of what was removed. It is tried again whenever a process closes the
    /// store.
    pub remains: Vec<Remains>,
}

/// Which requests are purged: those that ended before `?1`, the unread ones only if `?2`.
const CHOSEN: &str = "finished_at IS NOT NULL AND finished_at < ?1
    AND state IN ('done', 'failed', 'cancelled') AND (?2 OR unread = 0)";

impl Store {
    /// Removes the finished requests that ended before `before`, and the sessions and snapshots that
    /// nothing needs any more. Unread ones stay unless `with_unread`. With `dry_run` only counts.
    ///
    /// Then everything that was ever removed is made unreadable in the files of the state directory;
    /// [`Purged::remains`] says where that was not possible now.
    ///
    /// # Errors
    ///
    /// When the change could not be committed; nothing is removed then.
    pub async fn purge(&self, before: i64, with_unread: bool, dry_run: bool) -> Result<Purged> {
        let purged = self
            .write(move |db| {
                let purged = count(db, before, with_unread)?;
                if !dry_run {
                    remove(db, before, with_unread)?;
                    scrub::note(db)?;
                }
                Ok(purged)
            })
            .await?;
        if dry_run {
            return Ok(purged);
        }
        let state = self.directory().to_owned();
        // Outside of any transaction.
        let scrub = move |db: &Connection| Ok(scrub::scrub(db, &state));
        let remains = self.inner.writer.run(scrub).await?;
        Ok(Purged { remains, ..purged })
    }
}

impl Store {
    /// Whether text of what was purged may still be in the files of the state directory.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn has_purged_text(&self) -> Result<bool> {
        self.read(scrub::is_noted).await
    }
}

fn count(db: &Connection, before: i64, with_unread: bool) -> Result<Purged> {
    let (requests, unread) = db.query_row(
        &format!("SELECT count(*), coalesce(sum(unread), 0) FROM requests WHERE {CHOSEN}"),
        (before, with_unread),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let sessions = db.query_row(
        &format!(
            "SELECT count(*) FROM sessions s WHERE NOT EXISTS
             (SELECT 1 FROM requests r WHERE r.session_id = s.id AND NOT ({CHOSEN}))"
        ),
        (before, with_unread),
        |row| row.get(0),
    )?;
    Ok(Purged {
        requests,
        sessions,
        unread,
        remains: Vec::new(),
    })
}

fn remove(db: &Connection, before: i64, with_unread: bool) -> Result<()> {
    let mut statement = db.prepare(&format!(
        "SELECT DISTINCT session_id FROM requests WHERE {CHOSEN}"
    ))?;
    let concerned = statement.query_map((before, with_unread), |row| row.get::<_, String>(0))?;
    let concerned = concerned.collect::<rusqlite::Result<Vec<_>>>()?;
    db.execute(
        &format!("DELETE FROM requests WHERE {CHOSEN}"),
        (before, with_unread),
    )?;
    db.execute_batch(
        "DELETE FROM sessions WHERE requests = 0;
         DELETE FROM snapshots
         WHERE NOT EXISTS (SELECT 1 FROM requests r WHERE r.snapshot = snapshots.hash)
           AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.rules = snapshots.hash);",
    )?;
    for session in concerned {
        rename(db, &session)?;
    }
    Ok(())
}

/// Gives a session that is left another title, if it had that of a prompt that was removed.
fn rename(db: &Connection, session: &str) -> Result<()> {
    let mut statement =
        db.prepare_cached("SELECT prompt FROM requests WHERE session_id = ?1 ORDER BY seq")?;
    let prompts = statement.query_map([session], |row| row.get::<_, String>(0))?;
    let titles = prompts
        .map(|prompt| Ok(title_from_prompt(&prompt?)))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let Some(first) = titles.first() else {
        return Ok(());
    };
    let mut statement = db.prepare_cached("SELECT title FROM sessions WHERE id = ?1")?;
    let title: String = statement.query_row([session], |row| row.get(0))?;
    if !titles.contains(&title) {
        db.execute(
            "UPDATE sessions SET title = ?2 WHERE id = ?1",
            params![session, first],
        )?;
    }
    Ok(())
}
