//! Claiming: which request runs next, and where.
//!
//! A claim is a lease; how it is kept and ended is in [`super::queue`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;

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
    /// How many at once, which bounds how long other writers wait.
    pub most: usize,
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
    /// Claims the requests that may run now, in one commit, `limits.most` at most: foreground before
    /// background, in the order of acceptance, none before the end of an earlier one of its session, and none
    /// beside another of its session: an earlier one that is retried waits for the later one that runs.
    ///
    /// # Errors
    ///
    /// When the claims are not on disk.
    pub async fn claim(&self, limits: ClaimLimits, now: i64) -> Result<Vec<Claimed>> {
        let owner = self.owner().0.clone();
        self.write_relaxed(move |db| {
            claimable(db, &owner, &limits, now)?
                .into_iter()
                .map(|id| claim(db, &id, &owner, limits.lease_ms, now))
                .collect()
        })
        .await
    }
}

fn claim(db: &Connection, id: &RequestId, owner: &str, lease_ms: i64, now: i64) -> Result<Claimed> {
    let interrupted = resume::interrupted(db, id)?;
    let is_new = interrupted.is_none();
    db.prepare_cached(
        "UPDATE requests SET state = 'running', owner = ?2, lease_until = ?3,
             hold_reason = NULL, not_before = 0, failure = NULL,
             attempt = attempt + ?5, started_at = iif(?5, ?4, started_at)
         WHERE id = ?1",
    )?
    .execute(params![id.0, owner, now + lease_ms, now, is_new])?;
    if is_new {
        db.prepare_cached(
            "INSERT INTO attempts (request_id, number, started_at)
             SELECT id, attempt, ?2 FROM requests WHERE id = ?1",
        )?
        .execute(params![id.0, now])?;
    }
    let request = by_id(db, id)?;
    events::record(db, now, EventKind::Claimed, id, &request.session_id)?;
    Ok(Claimed {
        request,
        interrupted,
    })
}

/// The requests to claim, in their order. There is at most one of each session.
fn claimable(
    db: &Connection,
    owner: &str,
    limits: &ClaimLimits,
    now: i64,
) -> Result<Vec<RequestId>> {
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
    // What runs at each endpoint, the claims of this look included.
    let mut running: HashMap<String, u32> = HashMap::new();
    let mut claimable = Vec::new();
    while claimable.len() < limits.most
        && let Some(row) = rows.next()?
    {
        let (model, endpoint): (String, String) = (row.get(1)?, row.get(2)?);
        let (lane, is_mine): (i64, bool) = (row.get(3)?, row.get(4)?);
        let limit = match limits.models.iter().find(|(name, _)| *name == model) {
            Some((_, limit)) => *limit,
            None if is_mine => limits.default_limit,
            None => continue,
        };
        let running = match running.entry(endpoint) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let running = running_at(db, unknown.key())?;
                unknown.insert(running)
            }
        };
        let allowed = if lane == 0 { limit + 1 } else { limit };
        if *running < allowed {
            *running += 1;
            claimable.push(RequestId(row.get(0)?));
        }
    }
    Ok(claimable)
}

fn running_at(db: &Connection, endpoint: &str) -> Result<u32> {
    Ok(db
        .prepare_cached("SELECT count(*) FROM requests WHERE state = 'running' AND endpoint = ?1")?
        .query_row([endpoint], |row| row.get(0))?)
}
