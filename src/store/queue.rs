//! The durable queue: heartbeat, end, another try.
//!
//! A claim ([`super::claim`]) is a lease. Its owner prolongs it by a heartbeat; what a dead owner leaves
//! behind is in [`super::recovery`]. Every write of an owner is fenced: the request must be running, its own, and
//! in the attempt that writes.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::events::{self, EventKind};
use super::pieces::{self, Piece};
use super::record::{FailureRecord, RequestRecord, UsageRecord};
use super::resume;
use super::submit::by_id;
use super::{Result, Store, StoreError, transcript};
use crate::session::{RequestId, SessionId, State};

/// How an attempt came to an end that is one for the request, too.
#[derive(Clone, Debug)]
pub enum AttemptEnd {
    /// The whole response came.
    Done {
        /// Why the model stopped.
        finish: String,
        /// Tokens.
        usage: UsageRecord,
    },
    /// It will not work.
    Failed {
        /// Why.
        failure: FailureRecord,
        /// Tokens.
        usage: UsageRecord,
    },
}

/// Why a request waits again.
#[derive(Clone, Debug)]
pub struct Requeue {
    /// When to try again.
    pub not_before: i64,
    /// For people.
    pub reason: String,
    /// Hold everything at the same endpoint as well.
    pub block_endpoint: bool,
    /// Tokens that the attempt has cost.
    pub usage: UsageRecord,
    /// Whether the attempt stays open, to be taken up again where it can be.
    pub next: Next,
}

/// What the next worker does with a request whose attempt ended in a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It begins another attempt.
    Repeat,
    /// It takes the same one up again, whose response goes on at the provider. `got_on` when this was
    /// done before and brought more: then faults are counted anew.
    Resume {
        /// Whether more text came since it was taken up the last time.
        got_on: bool,
    },
}

/// What of `requests r` runs, or will without the user: neither held for a secret, nor behind one in its
/// session that is.
const MAY_GO_ON: &str = "r.state IN ('queued', 'running')
    AND NOT EXISTS (SELECT 1 FROM requests h
                    WHERE h.session_id = r.session_id AND h.seq <= r.seq AND h.secrets IS NOT NULL)";

impl Store {
    /// Prolongs the leases of what this process runs.
    ///
    /// # Errors
    ///
    /// When the leases were not prolonged.
    pub async fn heartbeat(&self, running: Vec<RequestId>, lease_ms: i64, now: i64) -> Result<()> {
        let owner = self.owner().0.clone();
        self.write_relaxed(move |db| {
            let mut statement = db.prepare_cached(
                "UPDATE requests SET lease_until = ?3 WHERE id = ?1 AND state = 'running' AND owner = ?2",
            )?;
            for id in running {
                statement.execute(params![id.0, owner, now + lease_ms])?;
            }
            Ok(())
        })
        .await
    }

    /// Ends a request, with the last piece of its text if that is not stored yet: its text is whole from here
    /// on, and a done one is unread.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the request is not this attempt's any more.
    pub async fn finish(
        &self,
        id: &RequestId,
        attempt: u32,
        last: Option<Piece>,
        end: AttemptEnd,
        now: i64,
    ) -> Result<RequestRecord> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write(move |db| {
            fence(db, &owner, &id, attempt)?;
            if let Some(last) = &last {
                pieces::add(db, &id, attempt, last)?;
            }
            let (state, kind, finish, failure, usage) = match end {
                AttemptEnd::Done { finish, usage } => {
                    (State::Done, EventKind::Done, Some(finish), None, usage)
                }
                AttemptEnd::Failed { failure, usage } => {
                    (State::Failed, EventKind::Failed, None, Some(failure), usage)
                }
            };
            transcript::end_attempt(db, &id, state.name(), finish.as_deref(), usage, now)?;
            end_request(db, &id, state, failure.as_ref(), now)?;
            let request = by_id(db, &id)?;
            events::record(db, now, kind, &id, &request.session_id)?;
            Ok(request)
        })
        .await
    }

    /// Puts a running request back into the queue, as its attempt ended in a fault that may pass.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the request is not this attempt's any more.
    pub async fn requeue(
        &self,
        id: &RequestId,
        attempt: u32,
        again: Requeue,
        now: i64,
    ) -> Result<RequestRecord> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write(move |db| {
            fence(db, &owner, &id, attempt)?;
            let got_on = match again.next {
                Next::Resume { got_on } if resume::interrupted(db, &id)?.is_some() => got_on,
                _ => {
                    transcript::end_attempt(db, &id, "fault", None, again.usage, now)?;
                    false
                }
            };
            db.prepare_cached(
                "UPDATE requests SET state = 'queued', owner = NULL, lease_until = NULL,
                     faults = iif(?4, 1, faults + 1), not_before = ?2, hold_reason = ?3
                 WHERE id = ?1",
            )?
            .execute(params![id.0, again.not_before, again.reason, got_on])?;
            let request = by_id(db, &id)?;
            if again.block_endpoint {
                db.prepare_cached(
                    "INSERT INTO endpoints (endpoint, blocked_until, reason) VALUES (?1, ?2, ?3)
                     ON CONFLICT (endpoint) DO UPDATE SET blocked_until = max(blocked_until, excluded.blocked_until),
                         reason = excluded.reason",
                )?
                .execute(params![request.endpoint, again.not_before, again.reason])?;
            }
            events::record(db, now, EventKind::Requeued, &id, &request.session_id)?;
            if again.block_endpoint {
                hold_at(db, &request.endpoint, again.not_before, &again.reason, now)?;
            }
            Ok(request)
        })
        .await
    }

    /// Ends the holds whose time has come: their requests are queued as any other. Gives back how many.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn end_holds(&self, now: i64) -> Result<usize> {
        let due = "state = 'queued' AND not_before > 0 AND not_before <= ?1";
        let is_any = self
            .read(move |db| {
                Ok(db
                    .prepare_cached(&format!(
                        "SELECT EXISTS (SELECT 1 FROM requests WHERE {due})"
                    ))?
                    .query_row([now], |row| row.get::<_, bool>(0))?)
            })
            .await?;
        if !is_any {
            return Ok(0);
        }
        self.write_relaxed(move |db| {
            let ended = changed(
                db,
                &format!("UPDATE requests SET not_before = 0, hold_reason = NULL WHERE {due} RETURNING id, session_id"),
                [now],
            )?;
            for (id, session) in &ended {
                events::record(db, now, EventKind::Requeued, id, session)?;
            }
            Ok(ended.len())
        })
        .await
    }

    /// Gives a running request back untouched, because this process is about to end. The attempt
    /// counts, or stays open where it can be taken up again; its text is kept, and nothing is held
    /// against the request.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the request is not this attempt's any more.
    pub async fn release(
        &self,
        id: &RequestId,
        attempt: u32,
        usage: UsageRecord,
        now: i64,
    ) -> Result<()> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write(move |db| {
            fence(db, &owner, &id, attempt)?;
            queue_again(db, &id, usage, now)
        })
        .await
    }

    /// Whether anything runs or waits for more than the user, in this or any other process.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn has_work(&self) -> Result<bool> {
        self.read(|db| {
            Ok(db
                .prepare_cached(&format!(
                    "SELECT EXISTS (SELECT 1 FROM requests r WHERE {MAY_GO_ON})"
                ))?
                .query_row([], |row| row.get(0))?)
        })
        .await
    }

    /// The same for one of these models, or for what was accepted by this process.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn has_work_for(&self, models: Vec<String>) -> Result<bool> {
        let owner = self.owner().0.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT DISTINCT model, submitter = ?1 FROM requests r WHERE {MAY_GO_ON}"
            ))?;
            let mut rows = statement.query([&owner])?;
            while let Some(row) = rows.next()? {
                let model: String = row.get(0)?;
                if row.get(1)? || models.contains(&model) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }
}

/// Holds what waits at an endpoint that asked for a pause.
fn hold_at(db: &Connection, endpoint: &str, until: i64, reason: &str, now: i64) -> Result<()> {
    let held = changed(
        db,
        "UPDATE requests SET not_before = ?2, hold_reason = ?3
         WHERE state = 'queued' AND endpoint = ?1 AND hold_reason IS NULL RETURNING id, session_id",
        params![endpoint, until, reason],
    )?;
    for (id, session) in &held {
        events::record(db, now, EventKind::Requeued, id, session)?;
    }
    Ok(())
}

/// Runs an update that returns the ids of requests and of their sessions.
fn changed(
    db: &Connection,
    update: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<(RequestId, SessionId)>> {
    let mut statement = db.prepare_cached(update)?;
    let rows = statement.query_map(params, |row| {
        Ok((RequestId(row.get(0)?), SessionId(row.get(1)?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Lets through the attempt that runs. That the request is this process's is not enough: it may have been
/// lost to another one meanwhile, or cancelled and retried, and have come back as a later attempt.
pub(super) fn fence(db: &Connection, owner: &str, id: &RequestId, attempt: u32) -> Result<()> {
    db.prepare_cached(
        "SELECT 1 FROM requests WHERE id = ?1 AND state = 'running' AND owner = ?2 AND attempt = ?3",
    )?
    .query_row(params![id.0, owner, attempt], |_| Ok(()))
    .optional()?
    .ok_or_else(|| StoreError::Fenced(id.0.clone()))
}

/// Queues a running request again. Its attempt is ended, unless it can be taken up again.
pub(super) fn queue_again(
    db: &Connection,
    id: &RequestId,
    usage: UsageRecord,
    now: i64,
) -> Result<()> {
    if resume::interrupted(db, id)?.is_none() {
        transcript::end_attempt(db, id, "lost", None, usage, now)?;
    }
    db.prepare_cached(
        "UPDATE requests SET state = 'queued', owner = NULL, lease_until = NULL, not_before = 0, hold_reason = NULL
         WHERE id = ?1",
    )?
    .execute([&id.0])?;
    let session = by_id(db, id)?.session_id;
    events::record(db, now, EventKind::Requeued, id, &session)
}

/// Brings a request to a final state.
pub(super) fn end_request(
    db: &Connection,
    id: &RequestId,
    state: State,
    failure: Option<&FailureRecord>,
    now: i64,
) -> Result<()> {
    let failure = failure.map(serde_json::to_string).transpose()?;
    db.prepare_cached(
        "UPDATE requests SET state = ?2, owner = NULL, lease_until = NULL, not_before = 0, hold_reason = NULL,
             secrets = NULL, failure = ?3, unread = ?4, finished_at = ?5
         WHERE id = ?1",
    )?
    .execute(params![id.0, state.name(), failure, state == State::Done, now])?;
    Ok(())
}
