//! Accepting a request.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::events::{self, EventKind};
use super::record::{REQUEST_COLUMNS, RequestRecord, StoredAnchor, intent_name, lane_number};
use super::{Result, Store};
use crate::digest::sha256_hex;
use crate::session::{Intent, Lane, RequestId, SessionId, State, title_from_prompt};

/// A prompt that is about to be accepted.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// The URI of its buffer.
    pub uri: String,
    /// What is asked.
    pub prompt: String,
    /// Answer or change.
    pub intent: Intent,
    /// The model's name in the configuration.
    pub model: String,
    /// What limits are counted by.
    pub endpoint: String,
    /// The buffer's language id.
    pub language: String,
    /// The buffer's text now.
    pub text: String,
    /// The part that is asked about, in bytes of `text`.
    pub span: (usize, usize),
    /// Where it is, and how to find it again.
    pub anchor: StoredAnchor,
    /// The rules of the project, which go along with the prompt.
    pub rules: Option<String>,
    /// See `backchat/submit`.
    pub idempotency_key: Option<String>,
}

impl NewRequest {
    /// The text that is asked about; empty for a whole buffer.
    fn code(&self) -> &str {
        let (start, end) = self.span;
        let is_part = start > 0 || end < self.text.len();
        let code = self.text.get(start..end).filter(|_| is_part);
        code.unwrap_or_default()
    }
}

/// What became of a submit.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The request as it is stored.
    pub request: RequestRecord,
    /// Whether an earlier submit had the same idempotency key and this one stored nothing.
    pub repeated: bool,
    /// Its place among those that wait, from 1, if it waits: see [`Store::waiting`].
    pub place: Option<u32>,
}

impl Store {
    /// Stores a prompt at the end of its session, which is made when this is its first one.
    ///
    /// `route` is given whether the session is busy and says the lane; it runs inside the
    /// transaction, so that two submits at once see each other. A foreground request lifts the
    /// requests of its session that it has to wait for into the foreground as well.
    ///
    /// # Errors
    ///
    /// When the change is not on disk.
    pub async fn submit<F>(&self, new: NewRequest, now: i64, route: F) -> Result<Accepted>
    where
        F: FnOnce(bool) -> Lane + Send + 'static,
    {
        let owner = self.owner().0.clone();
        // Not while others wait for the transaction.
        let snapshot = sha256_hex(&new.text);
        let rules = new.rules.as_deref().map(sha256_hex);
        self.write(move |db| {
            if let Some(key) = &new.idempotency_key
                && let Some(request) = by_idempotency_key(db, key)?
            {
                return Ok(Accepted {
                    place: place(db, &request)?,
                    request,
                    repeated: true,
                });
            }
            let session = session_for(db, &new.uri, &new.prompt, now)?;
            let lane = route(is_busy(db, &session)?);
            store_snapshot(db, &snapshot, &new.text)?;
            let blocked = blocked_until(db, &new.endpoint, now)?;
            if let (Some(hash), Some(rules)) = (&rules, &new.rules) {
                store_snapshot(db, hash, rules)?;
            }
            let id = RequestId::generate();
            db.prepare_cached(
                "INSERT INTO requests (id, session_id, idempotency_key, prompt, intent, lane, model, endpoint,
                     language, snapshot, rules, span_start, span_end, code, anchor, state, submitter, created_at,
                     not_before, hold_reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'queued', ?16, ?17, ?18, ?19)",
            )?
            .execute(params![
                id.0,
                session.0,
                new.idempotency_key,
                new.prompt,
                intent_name(new.intent),
                lane_number(lane),
                new.model,
                new.endpoint,
                new.language,
                snapshot,
                rules,
                new.span.0,
                new.span.1,
                new.code(),
                serde_json::to_string(&new.anchor)?,
                owner,
                now,
                blocked.as_ref().map_or(0, |(until, _)| *until),
                blocked.as_ref().map(|(_, reason)| reason),
            ])?;
            if lane == Lane::Foreground {
                db.prepare_cached(
                    "UPDATE requests SET lane = 0 WHERE session_id = ?1 AND state = 'queued' AND lane = 1",
                )?
                .execute([&session.0])?;
            }
            events::record(db, now, EventKind::Submitted, &id, &session)?;
            let request = by_id(db, &id)?;
            Ok(Accepted {
                place: place(db, &request)?,
                request,
                repeated: false,
            })
        })
        .await
    }
}

/// The request of this id.
pub(super) fn by_id(db: &Connection, id: &RequestId) -> Result<RequestRecord> {
    db.prepare_cached(&format!(
        "SELECT {REQUEST_COLUMNS} FROM requests r JOIN sessions s ON s.id = r.session_id WHERE r.id = ?1"
    ))?
    .query_row([&id.0], RequestRecord::from_row)
    .optional()?
    .ok_or_else(|| super::StoreError::UnknownRequest(id.0.clone()))
}

fn by_idempotency_key(db: &Connection, key: &str) -> Result<Option<RequestRecord>> {
    Ok(db
        .prepare_cached(&format!(
            "SELECT {REQUEST_COLUMNS} FROM requests r JOIN sessions s ON s.id = r.session_id
             WHERE r.idempotency_key = ?1"
        ))?
        .query_row([key], RequestRecord::from_row)
        .optional()?)
}

fn session_for(db: &Connection, uri: &str, prompt: &str, now: i64) -> Result<SessionId> {
    let known: Option<String> = db
        .prepare_cached("SELECT id FROM sessions WHERE uri = ?1")?
        .query_row([uri], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(SessionId(id));
    }
    let id = SessionId::generate();
    db.prepare_cached(
        "INSERT INTO sessions (id, uri, title, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)",
    )?
    .execute(params![id.0, uri, title_from_prompt(prompt), now])?;
    Ok(id)
}

/// The pause that an endpoint has asked for: its end and its reason.
fn blocked_until(db: &Connection, endpoint: &str, now: i64) -> Result<Option<(i64, String)>> {
    Ok(db
        .prepare_cached("SELECT blocked_until, reason FROM endpoints WHERE endpoint = ?1 AND blocked_until > ?2")?
        .query_row(params![endpoint, now], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

fn is_busy(db: &Connection, session: &SessionId) -> Result<bool> {
    Ok(db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM requests WHERE session_id = ?1 AND state IN ('queued', 'running'))",
        )?
        .query_row([&session.0], |row| row.get(0))?)
}

fn place(db: &Connection, request: &RequestRecord) -> Result<Option<u32>> {
    if request.state != State::Queued {
        return Ok(None);
    }
    let before = db
        .prepare_cached(
            "SELECT count(*) FROM requests
             WHERE state = 'queued' AND hold_reason IS NULL AND (lane, seq) <= (?1, ?2)",
        )?
        .query_row(params![lane_number(request.lane), request.seq], |row| {
            row.get(0)
        })?;
    Ok(Some(before))
}

fn store_snapshot(db: &Connection, hash: &str, text: &str) -> Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO snapshots (hash, text) VALUES (?1, ?2)")?
        .execute([hash, text])?;
    Ok(())
}
