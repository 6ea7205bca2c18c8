//! What dead workers leave behind.
//!
//! A request whose owner died, or whose lease ran out, is queued again by whoever notices first.

use rusqlite::params;

use super::events::{self, EventKind};
use super::queue::{end_request, queue_again};
use super::record::{FailureRecord, UsageRecord};
use super::submit::by_id;
use super::transcript::end_attempt;
use super::{Result, Store, liveness};
use crate::session::{RequestId, State};

/// What a look at the other workers found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Requests that were taken from workers that are gone.
    pub requests: usize,
    /// Whether other workers still run requests, so that another look is due.
    pub others_run: bool,
}

impl Store {
    /// Queues again what workers left behind that are gone: their process ended, or their lease ran
    /// out and `leases_count`. An attempt that can be taken up again stays open. Events tell of each.
    ///
    /// Of what this process has claimed it keeps what is `running` here, whatever the clock says; the
    /// end of anything else could not be recorded.
    ///
    /// A request that was left behind `most_lost` times in a row is failed: it may be what kills the
    /// workers.
    ///
    /// # Errors
    ///
    /// When the change could not be committed.
    pub async fn recover(
        &self,
        running: Vec<RequestId>,
        most_lost: u32,
        leases_count: bool,
        now: i64,
    ) -> Result<Recovered> {
        let (me, directory) = (self.owner().0.clone(), self.directory().to_owned());
        let claimed = self
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
            claimed.into_iter().partition(|(id, owner, lease_until)| {
                if *owner == me {
                    !running.contains(id)
                } else {
                    (leases_count && *lease_until < now) || liveness::is_dead(&directory, owner)
                }
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
                    end_attempt(db, &id, "lost", None, UsageRecord::default(), now)?;
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

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::super::simulated::SimulatedStore;
    use super::super::tests::{LEASE, limits, submit};
    use super::*;
    use crate::session::Lane;

    /// Ends a future of a simulated store, each poll of which does one job.
    fn end<T>(future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
        }
    }

    #[test]
    fn a_lease_that_is_prolonged_between_the_look_and_the_taking_is_not_taken() {
        let (directory, shared) = (tempfile::tempdir().unwrap(), SimulatedStore::new());
        let owner = shared.process(directory.path());
        let rescuer = shared.process(directory.path());
        let id = end(submit(&owner, "file:///a", "prompt", Lane::Foreground));
        end(owner.claim(limits(1), 0)).unwrap();
        let late = LEASE + 1;
        let mut recovery = pin!(rescuer.recover(Vec::new(), 3, true, late));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            // It waits for its look, and then, having seen a lease that has run out, for its write.
            assert!(recovery.as_mut().poll(&mut context).is_pending());
        }
        end(owner.heartbeat(vec![id.clone()], LEASE, late)).unwrap();
        assert_eq!(end(recovery).unwrap().requests, 0);
        assert_eq!(end(owner.request(&id)).unwrap().state, State::Running);
        // Without the heartbeat it would have been taken.
        let later = late + LEASE + 1;
        let recovered = end(rescuer.recover(Vec::new(), 3, true, later)).unwrap();
        assert_eq!(recovered.requests, 1);
    }
}
