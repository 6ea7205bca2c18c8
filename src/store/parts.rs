//! What a prompt is made from, in one look.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::queue::fence;
use super::record::{LeftOut, RequestRecord};
use super::{Result, Store, secrets, transcript};
use crate::session::RequestId;

/// What goes along with a prompt.
#[derive(Clone, Debug)]
pub struct PromptParts {
    /// The text that is asked about.
    pub text: String,
    /// The rules of the project.
    pub rules: Option<String>,
    /// The turns of the request's session that were answered before it, oldest first.
    pub history: Vec<HistoryTurn>,
    /// The fingerprints of the secrets that the request may send.
    pub allowed_secrets: HashSet<String>,
}

/// An earlier turn, as it goes along with a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryTurn {
    /// What was asked.
    pub prompt: String,
    /// The code that it was asked about; empty for a whole buffer.
    pub code: String,
    /// The whole response.
    pub response: String,
}

impl Store {
    /// What goes along with the prompt of a request that was claimed.
    ///
    /// # Errors
    ///
    /// [`super::StoreError::Fenced`] when the request is not this attempt's any more: it need not be sent.
    /// [`super::StoreError::UnknownSnapshot`] when the text is not there.
    pub async fn prompt_parts(&self, request: &RequestRecord) -> Result<PromptParts> {
        let (owner, request) = (self.owner().0.clone(), request.clone());
        let look = move |db: &Connection| {
            let db = db.unchecked_transaction()?;
            fence(&db, &owner, &request.id, request.attempt)?;
            let parts = PromptParts {
                text: transcript::text_of(&db, &request.snapshot)?,
                rules: rules_of(&db, &request.id)?,
                history: history(&db, &request)?,
                allowed_secrets: secrets::allowed(&db, &request)?,
            };
            db.commit()?;
            Ok(parts)
        };
        // By the connection that has just written most of it, and not behind what the windows ask for.
        self.inner.writer.run(look).await
    }

    /// Notes what the prompt of an attempt has: which part of the text it shows, in bytes, when a change is asked for, as
    /// the answer may change no other; and what found no room in it.
    ///
    /// # Errors
    ///
    /// [`super::StoreError::Fenced`] when the request is not this attempt's any more: it need not be sent.
    pub async fn note_sent(
        &self,
        id: &RequestId,
        attempt: u32,
        shown: Option<(usize, usize)>,
        left_out: Option<LeftOut>,
    ) -> Result<()> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        let left_out = left_out.as_ref().map(serde_json::to_string).transpose()?;
        self.write_relaxed(move |db| {
            fence(db, &owner, &id, attempt)?;
            db.prepare_cached(
                "UPDATE attempts SET shown_start = ?3, shown_end = ?4, left_out = ?5
                 WHERE request_id = ?1 AND number = ?2",
            )?
            .execute(params![
                id.0,
                attempt,
                shown.map(|it| it.0),
                shown.map(|it| it.1),
                left_out
            ])?;
            Ok(())
        })
        .await
    }
}

fn rules_of(db: &Connection, id: &RequestId) -> Result<Option<String>> {
    Ok(db
        .prepare_cached(
            "SELECT s.text FROM requests r JOIN snapshots s ON s.hash = r.rules WHERE r.id = ?1",
        )?
        .query_row([&id.0], |row| row.get(0))
        .optional()?)
}

fn history(db: &Connection, request: &RequestRecord) -> Result<Vec<HistoryTurn>> {
    let mut statement = db.prepare_cached(
        "SELECT r.prompt, r.code, a.text
         FROM requests r JOIN attempts a ON a.request_id = r.id AND a.number = r.attempt
         WHERE r.session_id = ?1 AND r.seq < ?2 AND r.state = 'done' ORDER BY r.seq",
    )?;
    let rows = statement.query_map(params![request.session_id.0, request.seq], |row| {
        Ok(HistoryTurn {
            prompt: row.get(0)?,
            code: row.get(1)?,
            response: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
}
