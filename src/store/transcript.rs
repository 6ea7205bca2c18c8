//! What was said: the text of attempts, the turns of a session.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::record::{REQUEST_COLUMNS, RequestRecord, ResponseRecord, UsageRecord, json_from};
use super::submit::by_id;
use super::{Result, Store};
use crate::session::{RequestId, SessionId};

/// One turn of a transcript.
#[derive(Clone, Debug)]
pub struct TurnRecord {
    /// The prompt.
    pub request: RequestRecord,
    /// What the model has said, if it has said anything.
    pub response: Option<ResponseRecord>,
}

impl Store {
    /// A request.
    ///
    /// # Errors
    ///
    /// [`super::StoreError::UnknownRequest`] when there is none of this id.
    pub async fn request(&self, id: &RequestId) -> Result<RequestRecord> {
        let id = id.clone();
        self.read(move |db| by_id(db, &id)).await
    }

    /// A request with what the model has said to it.
    ///
    /// # Errors
    ///
    /// [`super::StoreError::UnknownRequest`] when there is none of this id.
    pub async fn turn(&self, id: &RequestId) -> Result<TurnRecord> {
        let id = id.clone();
        self.read(move |db| with_response(db, by_id(db, &id)?))
            .await
    }

    /// The requests of these ids that exist, with what the model has said to each.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn turns(&self, ids: Vec<RequestId>) -> Result<Vec<TurnRecord>> {
        self.read(move |db| {
            let mut turns = Vec::with_capacity(ids.len());
            for id in ids {
                match by_id(db, &id) {
                    Ok(request) => turns.push(with_response(db, request)?),
                    Err(super::StoreError::UnknownRequest(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(turns)
        })
        .await
    }

    /// The turns of a session in the order of acceptance.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn transcript(&self, session: &SessionId) -> Result<Vec<TurnRecord>> {
        let session = session.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {REQUEST_COLUMNS} FROM requests r JOIN sessions s ON s.id = r.session_id
                 WHERE r.session_id = ?1 ORDER BY r.seq"
            ))?;
            let requests = statement.query_map([&session.0], RequestRecord::from_row)?;
            requests
                .map(|request| with_response(db, request?))
                .collect::<Result<Vec<_>>>()
        })
        .await
    }

    /// The text that a request was asked about.
    ///
    /// # Errors
    ///
    /// [`super::StoreError::UnknownSnapshot`] when it is not there, or when the database cannot be read.
    pub async fn snapshot(&self, hash: &str) -> Result<String> {
        let hash = hash.to_owned();
        self.read(move |db| text_of(db, &hash)).await
    }
}

/// The text of a snapshot.
pub(super) fn text_of(db: &Connection, hash: &str) -> Result<String> {
    db.prepare_cached("SELECT text FROM snapshots WHERE hash = ?1")?
        .query_row([hash], |row| row.get(0))
        .optional()?
        .ok_or(super::StoreError::UnknownSnapshot)
}

/// Ends the running attempt of a request: its chunks become one text. They stay for a while, for
/// those who follow and have not read the last of them: see [`super::events::clean`].
pub(super) fn end_attempt(
    db: &Connection,
    id: &RequestId,
    outcome: &str,
    finish: Option<&str>,
    usage: UsageRecord,
    now: i64,
) -> Result<()> {
    db.prepare_cached(
        "UPDATE attempts SET ended_at = ?2, outcome = ?3, finish = ?4, input_tokens = ?5, output_tokens = ?6,
             text = (SELECT coalesce(group_concat(text, ''), '') FROM
                     (SELECT text FROM chunks c WHERE c.request_id = ?1 AND c.attempt = attempts.number ORDER BY c.seq)),
             reasoning = (SELECT coalesce(group_concat(reasoning, ''), '') FROM
                     (SELECT reasoning FROM chunks c WHERE c.request_id = ?1 AND c.attempt = attempts.number ORDER BY c.seq))
         WHERE request_id = ?1 AND ended_at IS NULL",
    )?
    .execute(params![id.0, now, outcome, finish, usage.input_tokens, usage.output_tokens])?;
    Ok(())
}

/// The request with the text of its finished attempt, else with the longest partial one: what had
/// streamed before a retry stays visible until the retry has said more.
pub(super) fn with_response(db: &Connection, request: RequestRecord) -> Result<TurnRecord> {
    let mut statement = db.prepare_cached(
        "SELECT number, text, reasoning, finish, chunk_count, input_tokens, output_tokens, ended_at IS NULL,
                left_out, shown_start, shown_end
         FROM attempts WHERE request_id = ?1 ORDER BY number DESC",
    )?;
    let mut rows = statement.query([&request.id.0])?;
    let mut best: Option<ResponseRecord> = None;
    while let Some(row) = rows.next()? {
        let mut response = ResponseRecord {
            attempt: row.get(0)?,
            text: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            reasoning: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            finish: row.get(3)?,
            chunk_count: row.get(4)?,
            usage: UsageRecord {
                input_tokens: row.get(5)?,
                output_tokens: row.get(6)?,
            },
            left_out: row
                .get::<_, Option<String>>(8)?
                .map(|json| json_from(8, &json))
                .transpose()?,
            shown: row
                .get::<_, Option<usize>>(9)?
                .zip(row.get::<_, Option<usize>>(10)?),
        };
        if row.get(7)? {
            (response.text, response.reasoning) = streamed(db, &request.id, response.attempt)?;
        }
        if response.finish.is_some() {
            best = Some(response);
            break;
        }
        let longer = best
            .as_ref()
            .is_none_or(|best| response.text.len() > best.text.len());
        if longer {
            best = Some(response);
        }
    }
    let response = best.filter(|best| {
        !best.text.is_empty() || !best.reasoning.is_empty() || best.finish.is_some()
    });
    Ok(TurnRecord { request, response })
}

fn streamed(db: &Connection, id: &RequestId, attempt: u32) -> Result<(String, String)> {
    Ok(db
        .prepare_cached(
            "SELECT coalesce(group_concat(text, ''), ''), coalesce(group_concat(reasoning, ''), '')
             FROM (SELECT text, reasoning FROM chunks WHERE request_id = ?1 AND attempt = ?2 ORDER BY seq)",
        )?
        .query_row(params![id.0, attempt], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_default())
}
