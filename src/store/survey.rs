//! One look at everything that a worker may have to do beside claiming.
//!
//! Each of these things is rare, and has a method of its own that looks again, under the lock. The survey only
//! says which of them are worth it, so that a worker with nothing to do asks the store once.

use rusqlite::params;

use super::{Result, Store};
use crate::session::RequestId;

/// What a worker may have to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Other processes run requests, or this one is said to run what it does not: [`Store::recover`].
    pub claims: bool,
    /// A hold's time has come: [`Store::end_holds`].
    pub holds: bool,
    /// Requests of other processes wait for models that cannot be called here: [`Store::hold_orphans`].
    pub orphans: bool,
    /// Responses go on at a provider though their attempts have ended: [`Store::unattended`].
    pub unattended: bool,
    /// The moment at which a request that waits now may be claimed, if one waits for a moment.
    pub next_wake: Option<i64>,
}

impl Store {
    /// Looks for what a worker may have to do that runs these requests, and can call these models. Holds that
    /// end until `now` have ended.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn survey(
        &self,
        running: Vec<RequestId>,
        callable: Vec<String>,
        now: i64,
    ) -> Result<Survey> {
        let me = self.owner().0.clone();
        self.read(move |db| {
            let mut survey = db
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM requests
                                    WHERE state = 'queued' AND not_before > 0 AND not_before <= ?1),
                            EXISTS (SELECT 1 FROM attempts WHERE resume IS NOT NULL AND ended_at IS NOT NULL),
                            (SELECT min(at) FROM (
                                SELECT not_before AS at FROM requests WHERE state = 'queued' AND not_before > ?1
                                UNION ALL SELECT blocked_until FROM endpoints WHERE blocked_until > ?1
                                UNION ALL SELECT lease_until FROM requests WHERE state = 'running'))",
                )?
                .query_row([now], |row| {
                    Ok(Survey {
                        holds: row.get(0)?,
                        unattended: row.get(1)?,
                        next_wake: row.get(2)?,
                        ..Survey::default()
                    })
                })?;
            let mut statement =
                db.prepare_cached("SELECT id, owner FROM requests WHERE state = 'running'")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (id, owner): (String, String) = (row.get(0)?, row.get(1)?);
                survey.claims |= owner != me || !running.contains(&RequestId(id));
            }
            let mut statement = db.prepare_cached(
                "SELECT DISTINCT model FROM requests
                 WHERE state = 'queued' AND hold_reason IS NULL AND submitter <> ?1",
            )?;
            let mut rows = statement.query(params![me])?;
            while let Some(row) = rows.next()? {
                survey.orphans |= !callable.contains(&row.get(0)?);
            }
            Ok(survey)
        })
        .await
    }
}
