//! The durable queue: claim, heartbeat, stream, end.
//!
//! A claim is a lease. Its owner prolongs it by a heartbeat; a request whose owner died, or whose
//! lease ran out, is queued again by whoever notices. Every write of an owner is fenced by
//! `state = 'running' AND owner = me`.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::events::{self, EventKind};
use super::record::{FailureRecord, RequestRecord, UsageRecord};
use super::submit::by_id;
use super::{Result, Store, StoreError, liveness, transcript};
use crate::session::{RequestId, State};

/// Which requests a worker may claim.
#[derive(Clone, Debug)]
pub struct ClaimLimits {
    /// How long the lease is, in milliseconds, without a heartbeat.
    pub lease_ms: i64,
    /// The models that this process can call, by name, each with how many requests may run at its
    /// endpoint at once. One more may, if it is a foreground request. A request that this very
    /// process accepted is claimed whatever its model, so that its failure is told.
    pub models: Vec<(String, u32)>,
    /// The limit for a model that is not in `models`.
    pub default_limit: u32,
}

/// A claimed request: the attempt has been begun and counted.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The request, running.
    pub request: RequestRecord,
}

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
}

/// What a look at the other workers found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Requests that were taken from workers that are gone.
    pub requests: usize,
    /// Whether other workers still run requests, so that another look is due.
    pub others_run: bool,
}

impl Store {
    /// Claims the next request that may run now, if there is one: foreground before background, in
    /// the order of acceptance, none before the end of an earlier one of its session.
    ///
    /// # Errors
    ///
    /// When the claim is not on disk.
    pub async fn claim(&self, limits: ClaimLimits, now: i64) -> Result<Option<Claimed>> {
        let owner = self.owner().0.clone();
        self.write_relaxed(move |db| {
            let Some(id) = next_claimable(db, &owner, &limits, now)? else {
                return Ok(None);
            };
            db.prepare_cached(
                "UPDATE requests SET state = 'running', owner = ?2, lease_until = ?3, attempt = attempt + 1,
                     started_at = ?4, hold_reason = NULL, not_before = 0, failure = NULL
                 WHERE id = ?1",
            )?
            .execute(params![id.0, owner, now + limits.lease_ms, now])?;
            let request = by_id(db, &id)?;
            db.prepare_cached("INSERT INTO attempts (request_id, number, started_at) VALUES (?1, ?2, ?3)")?
                .execute(params![id.0, request.attempt, now])?;
            events::record(db, now, EventKind::Claimed, &id, &request.session_id)?;
            Ok(Some(Claimed { request }))
        })
        .await
    }

    /// The moment at which a request that waits now may be claimed, if one waits for a moment.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn next_wake(&self, now: i64) -> Result<Option<i64>> {
        self.read(move |db| {
            Ok(db
                .prepare_cached(
                    "SELECT min(at) FROM (
                        SELECT not_before AS at FROM requests WHERE state = 'queued' AND not_before > ?1
                        UNION ALL SELECT blocked_until FROM endpoints WHERE blocked_until > ?1
                        UNION ALL SELECT lease_until FROM requests WHERE state = 'running')",
                )?
                .query_row([now], |row| row.get(0))?)
        })
        .await
    }

    /// Prolongs the leases of everything that this process runs.
    ///
    /// # Errors
    ///
    /// When the leases were not prolonged.
    pub async fn heartbeat(&self, lease_ms: i64, now: i64) -> Result<()> {
        let owner = self.owner().0.clone();
        self.write_relaxed(move |db| {
            db.prepare_cached(
                "UPDATE requests SET lease_until = ?2 WHERE state = 'running' AND owner = ?1",
            )?
            .execute(params![owner, now + lease_ms])?;
            Ok(())
        })
        .await
    }

    /// Adds a piece of streamed text to a running attempt.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the request is not this process's any more.
    pub async fn append(
        &self,
        id: &RequestId,
        attempt: u32,
        text: String,
        reasoning: String,
    ) -> Result<()> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write_relaxed(move |db| {
            fence(db, &owner, &id)?;
            let seq: u32 = db
                .prepare_cached(
                    "UPDATE attempts SET chunk_count = chunk_count + 1 WHERE request_id = ?1 AND number = ?2
                     RETURNING chunk_count - 1",
                )?
                .query_row(params![id.0, attempt], |row| row.get(0))?;
            db.prepare_cached(
                "INSERT INTO chunks (request_id, attempt, seq, text, reasoning) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id.0, attempt, seq, text, reasoning])?;
            Ok(())
        })
        .await
    }

    /// Ends a request: its text is whole from here on, and a done one is unread.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the request is not this process's any more.
    pub async fn finish(&self, id: &RequestId, end: AttemptEnd, now: i64) -> Result<RequestRecord> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write(move |db| {
            fence(db, &owner, &id)?;
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
    /// [`StoreError::Fenced`] when the request is not this process's any more.
    pub async fn requeue(&self, id: &RequestId, again: Requeue, now: i64) -> Result<RequestRecord> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write(move |db| {
            fence(db, &owner, &id)?;
            transcript::end_attempt(db, &id, "fault", None, again.usage, now)?;
            db.prepare_cached(
                "UPDATE requests SET state = 'queued', owner = NULL, lease_until = NULL, faults = faults + 1,
                     not_before = ?2, hold_reason = ?3
                 WHERE id = ?1",
            )?
            .execute(params![id.0, again.not_before, again.reason])?;
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
            Ok(request)
        })
        .await
    }

    /// Gives a running request back untouched, because this process is about to end. The attempt
    /// counts, its text is kept, and nothing is held against the request.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the request is not this process's any more.
    pub async fn release(&self, id: &RequestId, usage: UsageRecord, now: i64) -> Result<()> {
        let (owner, id) = (self.owner().0.clone(), id.clone());
        self.write(move |db| {
            fence(db, &owner, &id)?;
            queue_again(db, &id, usage, now)
        })
        .await
    }

    /// Queues again what workers left behind that are gone: their process ended, or their lease ran
    /// out. Events tell of each.
    ///
    /// A request that was left behind `most_lost` times in a row is failed: it may be what kills the
    /// workers.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn recover(&self, most_lost: u32, now: i64) -> Result<Recovered> {
        let (me, directory) = (self.owner().0.clone(), self.directory().to_owned());
        let running = self
            .read(|db| {
                let mut statement = db.prepare_cached(
                    "SELECT id, owner, lease_until FROM requests WHERE state = 'running'",
                )?;
                let rows = statement.query_map([], |row| {
                    Ok((
                        RequestId(row.get(0)?),
                        row.get::<_, String>(1)?,
                        row.get::<_, i64>(2)?,
                    ))
                })?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await?;
        let (lost, alive): (Vec<_>, Vec<_>) =
            running.into_iter().partition(|(_, owner, lease_until)| {
                *lease_until < now || (*owner != me && liveness::is_dead(&directory, owner))
            });
        let others_run = alive.iter().any(|(_, owner, _)| *owner != me);
        if lost.is_empty() {
            return Ok(Recovered {
                requests: 0,
                others_run,
            });
        }
        self.write(move |db| {
            let mut recovered = 0;
            for (id, owner, lease_until) in lost {
                // Under the lock the world may look different: a late heartbeat, another rescuer.
                let same: bool = db
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM requests
                         WHERE id = ?1 AND state = 'running' AND owner = ?2 AND lease_until = ?3)",
                    )?
                    .query_row(params![id.0, owner, lease_until], |row| row.get(0))?;
                if !same {
                    continue;
                }
                recovered += 1;
                queue_again(db, &id, UsageRecord::default(), now)?;
                let faults: u32 = db
                    .prepare_cached(
                        "UPDATE requests SET faults = faults + 1 WHERE id = ?1 RETURNING faults",
                    )?
                    .query_row([&id.0], |row| row.get(0))?;
                if faults >= most_lost {
                    let failure = FailureRecord {
                        kind: "workerLost".to_owned(),
                        message: format!(
                            "the worker died {faults} times while it ran this request"
                        ),
                        remedy: Some("retry it, and report the log if it happens again".to_owned()),
                    };
                    end_request(db, &id, State::Failed, Some(&failure), now)?;
                    let session = by_id(db, &id)?.session_id;
                    events::record(db, now, EventKind::Failed, &id, &session)?;
                }
            }
            Ok(Recovered {
                requests: recovered,
                others_run,
            })
        })
        .await
    }

    /// Says why of the requests that no one works on: their process is gone, and this one cannot call
    /// their model. `why` names a reason for a model. A worker that can call it claims them all the
    /// same. Gives back how many were marked.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn hold_orphans<F>(&self, callable: Vec<String>, why: F, now: i64) -> Result<usize>
    where
        F: Fn(&str) -> String + Send + 'static,
    {
        let (me, directory) = (self.owner().0.clone(), self.directory().to_owned());
        let orphans = self
            .read(move |db| {
                let mut statement = db.prepare_cached(
                    "SELECT id, model, submitter FROM requests WHERE state = 'queued' AND hold_reason IS NULL",
                )?;
                let rows = statement.query_map([], |row| {
                    Ok((RequestId(row.get(0)?), row.get::<_, String>(1)?, row.get::<_, String>(2)?))
                })?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await?;
        let orphans: Vec<_> = orphans
            .into_iter()
            .filter(|(_, model, submitter)| {
                !callable.contains(model)
                    && *submitter != me
                    && liveness::is_dead(&directory, submitter)
            })
            .collect();
        if orphans.is_empty() {
            return Ok(0);
        }
        self.write(move |db| {
            let mut held = 0;
            for (id, model, _) in orphans {
                let changed = db
                    .prepare_cached(
                        "UPDATE requests SET hold_reason = ?2
                         WHERE id = ?1 AND state = 'queued' AND hold_reason IS NULL",
                    )?
                    .execute([&id.0, &why(&model)])?;
                if changed > 0 {
                    held += 1;
                    let session = by_id(db, &id)?.session_id;
                    events::record(db, now, EventKind::Requeued, &id, &session)?;
                }
            }
            Ok(held)
        })
        .await
    }

    /// Whether anything waits or runs, in this or any other process.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn has_work(&self) -> Result<bool> {
        self.read(|db| {
            Ok(db
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM requests WHERE state IN ('queued', 'running'))",
                )?
                .query_row([], |row| row.get(0))?)
        })
        .await
    }

    /// Whether anything waits or runs for one of these models, or was accepted by this process.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn has_work_for(&self, models: Vec<String>) -> Result<bool> {
        let owner = self.owner().0.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT DISTINCT model, submitter = ?1 FROM requests WHERE state IN ('queued', 'running')",
            )?;
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

    /// What a long-lived process does now and then: forgets old events and dead processes.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn housekeep(&self, now: i64) -> Result<()> {
        let directory = self.directory().to_owned();
        self.write_relaxed(move |db| {
            liveness::sweep(&directory);
            db.prepare_cached("DELETE FROM endpoints WHERE blocked_until < ?1")?
                .execute([now])?;
            events::clean(db, now)
        })
        .await
    }
}

fn next_claimable(
    db: &Connection,
    owner: &str,
    limits: &ClaimLimits,
    now: i64,
) -> Result<Option<RequestId>> {
    let mut statement = db.prepare_cached(
        "SELECT r.id, r.model, r.endpoint, r.lane, r.submitter = ?2
         FROM requests r
         WHERE r.state = 'queued' AND r.not_before <= ?1
           AND NOT EXISTS (SELECT 1 FROM requests e
                           WHERE e.session_id = r.session_id AND e.seq < r.seq AND e.state IN ('queued', 'running'))
           AND NOT EXISTS (SELECT 1 FROM endpoints b WHERE b.endpoint = r.endpoint AND b.blocked_until > ?1)
         ORDER BY r.lane, r.seq",
    )?;
    let mut rows = statement.query(params![now, owner])?;
    while let Some(row) = rows.next()? {
        let (model, endpoint): (String, String) = (row.get(1)?, row.get(2)?);
        let (lane, is_mine): (i64, bool) = (row.get(3)?, row.get(4)?);
        let limit = match limits.models.iter().find(|(name, _)| *name == model) {
            Some((_, limit)) => *limit,
            None if is_mine => limits.default_limit,
            None => continue,
        };
        let running: u32 = db
            .prepare_cached(
                "SELECT count(*) FROM requests WHERE state = 'running' AND endpoint = ?1",
            )?
            .query_row([&endpoint], |row| row.get(0))?;
        let allowed = if lane == 0 { limit + 1 } else { limit };
        if running < allowed {
            return Ok(Some(RequestId(row.get(0)?)));
        }
    }
    Ok(None)
}

fn fence(db: &Connection, owner: &str, id: &RequestId) -> Result<()> {
    db.prepare_cached("SELECT 1 FROM requests WHERE id = ?1 AND state = 'running' AND owner = ?2")?
        .query_row([&id.0, owner], |_| Ok(()))
        .optional()?
        .ok_or_else(|| StoreError::Fenced(id.0.clone()))
}

fn queue_again(db: &Connection, id: &RequestId, usage: UsageRecord, now: i64) -> Result<()> {
    transcript::end_attempt(db, id, "lost", None, usage, now)?;
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
             failure = ?3, unread = ?4, finished_at = ?5
         WHERE id = ?1",
    )?
    .execute(params![id.0, state.name(), failure, state == State::Done, now])?;
    Ok(())
}
