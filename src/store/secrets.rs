//! Requests that are held for a secret, and what the user has allowed.
//!
//! An allowance is for one secret, in one session, at one endpoint: that endpoint has the secret then, so
//! retries and later turns that bring it along again need not ask again.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::events::{self, EventKind};
use super::queue::fence;
use super::record::{RequestRecord, SecretRecord, UsageRecord};
use super::submit::by_id;
use super::{Result, Store, StoreError, transcript};
use crate::session::{RequestId, State};

impl Store {
    /// Puts a running request back, to wait until the user allows `secrets` to be sent: [`Store::allow`].
    /// Nothing of it was sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when another attempt of the request runs by now, or none.
    pub async fn hold_for_secrets(
        &self,
        id: &RequestId,
        attempt: u32,
        secrets: Vec<SecretRecord>,
        reason: String,
        now: i64,
    ) -> Result<()> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write(move |db| {
            fence(db, &owner, &id, attempt)?;
            transcript::end_attempt(db, &id, "held", None, UsageRecord::default(), now)?;
            db.prepare_cached(
                "UPDATE requests SET state = 'queued', owner = NULL, lease_until = NULL, not_before = 0,
                     hold_reason = ?2, secrets = ?3
                 WHERE id = ?1",
            )?
            .execute(params![id.0, reason, serde_json::to_string(&secrets)?])?;
            let session = by_id(db, &id)?.session_id;
            events::record(db, now, EventKind::Requeued, &id, &session)
        })
        .await
    }

    /// The first request that is before this one in its session and is held for a secret: this one waits for it.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn held_for_secrets_before(&self, id: &RequestId) -> Result<Option<RequestId>> {
        let id = id.clone();
        self.read(move |db| {
            Ok(db
                .prepare_cached(
                    "SELECT h.id FROM requests r JOIN requests h ON h.session_id = r.session_id AND h.seq < r.seq
                     WHERE r.id = ?1 AND h.secrets IS NOT NULL ORDER BY h.seq LIMIT 1",
                )?
                .query_row([&id.0], |row| row.get(0).map(RequestId))
                .optional()?)
        })
        .await
    }

    /// Allows the secrets that a request is held for to be sent to its endpoint, and queues it again.
    ///
    /// # Errors
    ///
    /// [`StoreError::WrongState`] for one that is not held for a secret.
    pub async fn allow(&self, id: &RequestId, now: i64) -> Result<RequestRecord> {
        let (id, owner) = (id.clone(), self.owner().0.clone());
        self.write(move |db| {
            let request = by_id(db, &id)?;
            if request.state != State::Held || request.secrets.is_empty() {
                return Err(StoreError::WrongState {
                    id: id.0,
                    state: request.state.name(),
                    why: "it does not wait for a secret to be allowed",
                });
            }
            let mut statement = db.prepare_cached(
                "INSERT OR IGNORE INTO allowed_secrets (session_id, endpoint, fingerprint) VALUES (?1, ?2, ?3)",
            )?;
            for secret in &request.secrets {
                statement.execute([&request.session_id.0, &request.endpoint, &secret.fingerprint])?;
            }
            db.prepare_cached(
                "UPDATE requests SET secrets = NULL, hold_reason = NULL, submitter = ?2 WHERE id = ?1",
            )?
            .execute(params![id.0, owner])?;
            events::record(db, now, EventKind::Submitted, &id, &request.session_id)?;
            by_id(db, &id)
        })
        .await
    }
}

/// The fingerprints of the secrets that a request may send.
pub(super) fn allowed(db: &Connection, request: &RequestRecord) -> Result<HashSet<String>> {
    let mut statement = db.prepare_cached(
        "SELECT fingerprint FROM allowed_secrets WHERE session_id = ?1 AND endpoint = ?2",
    )?;
    let rows = statement.query_map([&request.session_id.0, &request.endpoint], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
