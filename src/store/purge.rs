//! Retention: nothing is deleted by itself, and what is purged was asked for.

use super::{Result, Store};

/// What a purge has removed, or would remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Purged {
    /// Requests with their responses.
    pub requests: usize,
    /// Sessions without any request left.
    pub sessions: usize,
    /// Of the requests, the ones whose response was never read.
    pub unread: usize,
}

impl Store {
    /// Removes the finished requests that ended before `before`, and the sessions and snapshots that
    /// nothing needs any more. Unread ones stay unless `with_unread`. With `dry_run` only counts.
    ///
    /// # Errors
    ///
    /// When the change could not be committed; nothing is removed then.
    pub async fn purge(&self, before: i64, with_unread: bool, dry_run: bool) -> Result<Purged> {
        let purged = self
            .write(move |db| {
                let chosen = "finished_at IS NOT NULL AND finished_at < ?1
                     AND state IN ('done', 'failed', 'cancelled') AND (?2 OR unread = 0)";
                let (requests, unread) = db.query_row(
                    &format!("SELECT count(*), coalesce(sum(unread), 0) FROM requests WHERE {chosen}"),
                    (before, with_unread),
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                let sessions = db.query_row(
                    &format!(
                        "SELECT count(*) FROM sessions s WHERE NOT EXISTS
                         (SELECT 1 FROM requests r WHERE r.session_id = s.id AND NOT ({chosen}))"
                    ),
                    (before, with_unread),
                    |row| row.get(0),
                )?;
                if !dry_run {
                    db.execute(&format!("DELETE FROM requests WHERE {chosen}"), (before, with_unread))?;
                    db.execute_batch(
                        "DELETE FROM sessions WHERE requests = 0;
                         DELETE FROM snapshots
                         WHERE NOT EXISTS (SELECT 1 FROM requests r WHERE r.snapshot = snapshots.hash)
                           AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.rules = snapshots.hash);",
                    )?;
                }
                Ok(Purged {
                    requests,
                    sessions,
                    unread,
                })
            })
            .await?;
        if !dry_run {
            // Gives the space back to the file system; no transaction may be open for it.
            self.inner
                .writer
                .run(|db| Ok(db.execute_batch("VACUUM")?))
                .await?;
        }
        Ok(purged)
    }
}
