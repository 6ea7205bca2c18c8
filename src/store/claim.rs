//! Claiming: which request runs next, and where.
//!
//! A claim is a lease; how it is kept and ended is in [`super::queue`].

use rusqlite::{Connection, params};

use super::events::{self, EventKind};
use super::record::RequestRecord;
use super::resume::{self, Interrupted};
use super::submit::by_id;
use super::{Result, Store};
use crate::session::RequestId;

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

/// A claimed request: a new attempt has been begun and counted, or an old one is to be taken up again.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The request, running.
    pub request: RequestRecord,
    /// The attempt, when it is one that was interrupted.
    pub interrupted: Option<Interrupted>,
}

impl Store {
    /// Claims the next request that may run now, if there is one: foreground before background, in
    /// the order of acceptance, none before the end of an earlier one of its session, and none beside
    /// another of its session: an earlier one that is retried waits for the later one that runs.
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
                "UPDATE requests SET state = 'running', owner = ?2, lease_until = ?3,
                     hold_reason = NULL, not_before = 0, failure = NULL
                 WHERE id = ?1",
            )?
            .execute(params![id.0, owner, now + limits.lease_ms])?;
            let interrupted = resume::interrupted(db, &id)?;
            if interrupted.is_none() {
                db.prepare_cached(
                    "UPDATE requests SET attempt = attempt + 1, started_at = ?2 WHERE id = ?1",
                )?
                .execute(params![id.0, now])?;
                db.prepare_cached(
                    "INSERT INTO attempts (request_id, number, started_at)
                     SELECT id, attempt, ?2 FROM requests WHERE id = ?1",
                )?
                .execute(params![id.0, now])?;
            }
            let request = by_id(db, &id)?;
            events::record(db, now, EventKind::Claimed, &id, &request.session_id)?;
            Ok(Some(Claimed {
                request,
                interrupted,
            }))
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
         WHERE r.state = 'queued' AND r.not_before <= ?1 AND r.secrets IS NULL
           AND NOT EXISTS (SELECT 1 FROM requests e
                           WHERE e.session_id = r.session_id AND e.state IN ('queued', 'running')
                             AND (e.seq < r.seq OR e.state = 'running'))
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
