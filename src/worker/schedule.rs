//! When a worker claims, whom it takes over from, and how long it sleeps.
//!
//! Knows the store and nothing of models, tasks and real clocks: what it needs of them is in
//! [`Surroundings`]. So the simulation runs this very code against simulated ones.

use std::time::Duration;

use super::clock_jump::ClockJump;
use super::{HEARTBEAT, LEASE, MOST_LOST, WATCH, millis};
use crate::session::RequestId;
use crate::store::{ClaimLimits, Claimed, Store, StoreError};

/// A worker sleeps no longer than this while something waits for a moment to come. Its sleep is measured
/// by a clock that stands still while the machine sleeps; the moment is one of the wall clock.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// How many requests are claimed in one commit.
const MOST_CLAIMS: usize = 32;

/// What the schedule needs beside the store.
pub(super) trait Surroundings {
    /// The wall clock, in milliseconds since the Unix epoch.
    fn wall_clock(&self) -> i64;
    /// A clock that nobody sets, from any beginning.
    fn steady_clock(&self) -> Duration;
    /// The models that can be called here, each with its limit.
    fn callable(&self) -> Vec<(String, u32)>;
    /// The limit of a model that cannot be called.
    fn default_limit(&self) -> u32;
    /// Says why a model cannot be called here.
    fn why_not(&self) -> impl Fn(&str) -> String + Send + 'static;
    /// The requests whose attempts run here.
    fn running(&self) -> Vec<RequestId>;
    /// Begins an attempt.
    fn begin(&self, claimed: Claimed);
    /// Whether nothing more is to begin.
    fn is_stopping(&self) -> bool;
}

/// What a turn leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// How long to sleep when nothing happens; `None` for as long as that.
    pub pause: Option<Duration>,
    /// Whether responses go on that nobody waits for.
    pub unattended: bool,
}

/// What a worker remembers from one turn to the next.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    jump: ClockJump,
}

impl Schedule {
    /// Claims everything that may run now, and takes over what others left behind.
    ///
    /// Claims come first, as somebody may be waiting for them.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(super) async fn turn(
        &mut self,
        store: &Store,
        around: &impl Surroundings,
    ) -> Result<Turn, StoreError> {
        // Whether the clock has jumped is noted in each turn, used or not.
        self.leases_count(around, around.wall_clock());
        loop {
            let claimed_at = claim(store, around).await?;
            // What was claimed looks up its prompt first.
            tokio::task::yield_now().await;
            let callable = || around.callable().into_iter().map(|(name, _)| name);
            // Counted from the claim that found nothing more: a hold that has ended since then would
            // otherwise be neither claimed nor waited for.
            let survey = store
                .survey(around.running(), callable().collect(), claimed_at)
                .await?;
            let mut others_run = false;
            if survey.claims {
                let now = around.wall_clock();
                let leases_count = self.leases_count(around, now);
                let recovered = store
                    .recover(around.running(), MOST_LOST, leases_count, now)
                    .await?;
                others_run = recovered.others_run;
                if recovered.requests > 0 {
                    tracing::info!(
                        requests = recovered.requests,
                        "took over requests whose worker is gone"
                    );
                    continue;
                }
            }
            if survey.orphans {
                let why_not = around.why_not();
                store
                    .hold_orphans(callable().collect(), why_not, around.wall_clock())
                    .await?;
            }
            if survey.holds {
                store.end_holds(claimed_at).await?;
            }
            let next = survey.next_wake.map(|at| {
                let pause = at.saturating_sub(around.wall_clock());
                Duration::from_millis(u64::try_from(pause).unwrap_or(0)).min(LONGEST_SLEEP)
            });
            return Ok(Turn {
                pause: match (next, others_run) {
                    (Some(next), true) => Some(next.min(WATCH)),
                    (next, false) => next,
                    (None, true) => Some(WATCH),
                },
                unattended: survey.unattended,
            });
        }
    }

    /// Whether a lease that has run out by the wall clock says that its worker is gone: after a sleep of the
    /// machine every lease has run out, and every worker is about to prolong its own.
    fn leases_count(&mut self, around: &impl Surroundings, now: i64) -> bool {
        let steady = around.steady_clock();
        self.jump
            .is_past(steady, now, WATCH + LEASE / 3, HEARTBEAT * 2)
    }
}

/// Claims and begins everything that may run. The moment as of which nothing more was found.
async fn claim(store: &Store, around: &impl Surroundings) -> Result<i64, StoreError> {
    loop {
        let limits = ClaimLimits {
            lease_ms: millis(LEASE),
            models: around.callable(),
            default_limit: around.default_limit(),
            most: MOST_CLAIMS,
        };
        let now = around.wall_clock();
        if around.is_stopping() {
            return Ok(now);
        }
        let claimed = store.claim(limits, now).await?;
        let is_all = claimed.len() < MOST_CLAIMS;
        for claimed in claimed {
            around.begin(claimed);
        }
        if is_all {
            return Ok(now);
        }
    }
}
