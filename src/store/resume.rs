//! Attempts that outlive the process that ran them, because the provider goes on without it.
//!
//! How a response is taken up again is the client's own word, stored with the text that it belongs to
//! in one transaction; here it is only kept. While there is one, the end of a worker does not end the
//! attempt.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::queue::{fence, queue_again};
use super::record::UsageRecord;
use super::{Result, Store, transcript};
use crate::session::RequestId;

/// An attempt that is to be taken up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// How, in the words of the client that stored it.
    pub resume: String,
    /// Bytes of text that are stored.
    pub text_bytes: usize,
    /// Bytes of reasoning that are stored.
    pub reasoning_bytes: usize,
}

/// A response at a provider that nobody here waits for any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unattended {
    /// The model's name in the configuration.
    pub model: String,
    /// How it could be taken up again.
    pub resume: String,
    /// Whether it had come to its end.
    pub is_complete: bool,
}

impl Store {
    /// Notes how a running attempt is taken up again if it is interrupted before any text comes;
    /// `None` that it cannot be.
    ///
    /// # Errors
    ///
    /// [`super::StoreError::Fenced`] when the request is not this attempt's any more.
    pub async fn set_resume(
        &self,
        id: &RequestId,
        attempt: u32,
        resume: Option<String>,
    ) -> Result<()> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write_relaxed(move |db| {
            fence(db, &owner, &id, attempt)?;
            note(db, &id, attempt, resume.as_deref())
        })
        .await
    }

    /// Queues a running request again for a new attempt, as this one cannot be taken up again after
    /// all. Nothing is held against the request, and its text is kept.
    ///
    /// # Errors
    ///
    /// [`super::StoreError::Fenced`] when the request is not this attempt's any more.
    pub async fn repeat(&self, id: &RequestId, attempt: u32, now: i64) -> Result<()> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write(move |db| {
            fence(db, &owner, &id, attempt)?;
            transcript::end_attempt(db, &id, "lost", None, UsageRecord::default(), now)?;
            queue_again(db, &id, UsageRecord::default(), now)
        })
        .await
    }

    /// The responses of these models that go on at a provider though their attempts have ended. Each
    /// is handed over once.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn unattended(&self, models: Vec<String>) -> Result<Vec<Unattended>> {
        const ENDED: &str = "a.resume IS NOT NULL AND a.ended_at IS NOT NULL";
        let is_any: bool = self
            .read(|db| {
                let any = format!("SELECT EXISTS (SELECT 1 FROM attempts a WHERE {ENDED})");
                Ok(db.prepare_cached(&any)?.query_row([], |row| row.get(0))?)
            })
            .await?;
        if !is_any {
            return Ok(Vec::new());
        }
        self.write_relaxed(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT a.request_id, a.number, r.model, a.resume, a.outcome = 'done'
                 FROM attempts a JOIN requests r ON r.id = a.request_id WHERE {ENDED}"
            ))?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let unattended = Unattended {
                    model: row.get(2)?,
                    resume: row.get(3)?,
                    is_complete: row.get(4)?,
                };
                if models.contains(&unattended.model) {
                    note(db, &RequestId(row.get(0)?), row.get(1)?, None)?;
                    found.push(unattended);
                }
            }
            Ok(found)
        })
        .await
    }
}

/// The open attempt of a request, if it can be taken up again.
pub(super) fn interrupted(db: &Connection, id: &RequestId) -> Result<Option<Interrupted>> {
    Ok(db
        .prepare_cached(
            "SELECT a.resume, coalesce(sum(octet_length(c.text)), 0), coalesce(sum(octet_length(c.reasoning)), 0)
             FROM attempts a LEFT JOIN chunks c ON c.request_id = a.request_id AND c.attempt = a.number
             WHERE a.request_id = ?1 AND a.ended_at IS NULL AND a.resume IS NOT NULL
             GROUP BY a.number",
        )?
        .query_row([&id.0], |row| {
            Ok(Interrupted {
                resume: row.get(0)?,
                text_bytes: row.get(1)?,
                reasoning_bytes: row.get(2)?,
            })
        })
        .optional()?)
}

fn note(db: &Connection, id: &RequestId, attempt: u32, resume: Option<&str>) -> Result<()> {
    db.prepare_cached("UPDATE attempts SET resume = ?3 WHERE request_id = ?1 AND number = ?2")?
        .execute(params![id.0, attempt, resume])?;
    Ok(())
}

#[cfg(test)]
mod tests;
