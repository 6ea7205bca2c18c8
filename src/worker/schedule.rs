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
    /// Something was changed that others would hear of.
    fn changed(&self);
    /// Whether nothing more is to begin.
    fn is_stopping(&self) -> bool;
}

/// What a worker remembers from one turn to the next.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    jump: ClockJump,
}

impl Schedule {
    /// Takes over what others left behind and claims everything that may run now. How long to sleep when
    /// nothing happens; `None` for as long as that.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(super) async fn turn(
        &mut self,
        store: &Store,
        around: &impl Surroundings,
    ) -> Result<Option<Duration>, StoreError> {
        let now = around.wall_clock();
        // After a sleep of the machine every lease has run out, and every worker is about to prolong its own.
        let leases_count =
            self.jump
                .is_past(around.steady_clock(), now, WATCH + LEASE / 3, HEARTBEAT * 2);
        let recovered = store
            .recover(around.running(), MOST_LOST, leases_count, now)
            .await?;
        if recovered.requests > 0 {
            tracing::info!(
                requests = recovered.requests,
                "took over requests whose worker is gone"
            );
            around.changed();
        }
        let mut looked = around.wall_clock();
        if store.end_holds(looked).await? > 0 {
            around.changed();
        }
        while !around.is_stopping() {
            let limits = ClaimLimits {
                lease_ms: millis(LEASE),
                models: around.callable(),
                default_limit: around.default_limit(),
            };
            looked = around.wall_clock();
            let Some(claimed) = store.claim(limits, looked).await? else {
                break;
            };
            around.begin(claimed);
            around.changed();
        }
        let callable = around.callable().into_iter().map(|(name, _)| name);
        let held = store
            .hold_orphans(callable.collect(), around.why_not(), around.wall_clock())
            .await?;
        if held > 0 {
            around.changed();
        }
        // Counted from the look that found nothing: a hold that has ended since then would otherwise be
        // neither claimed nor waited for.
        let next = store.next_wake(looked).await?.map(|at| {
            let pause = at.saturating_sub(around.wall_clock());
            Duration::from_millis(u64::try_from(pause).unwrap_or(0)).min(LONGEST_SLEEP)
        });
        Ok(match (next, recovered.others_run) {
            (Some(next), true) => Some(next.min(WATCH)),
            (next, false) => next,
            (None, true) => Some(WATCH),
        })
    }
}
