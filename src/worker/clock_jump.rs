//! Noticing that the wall clock has jumped: the machine has slept, or someone has set the clock.

use std::time::Duration;

/// Compares the wall clock with one that nobody sets.
#[derive(Debug, Default)]
pub(super) struct ClockJump {
    last: Option<(Duration, i64)>,
    until: Option<Duration>,
}

impl ClockJump {
    /// Notes what the clocks show. Whether no jump forward of more than `tolerance` was seen within the last
    /// `grace`.
    pub(super) fn is_past(
        &mut self,
        steady: Duration,
        wall: i64,
        tolerance: Duration,
        grace: Duration,
    ) -> bool {
        if let Some((last_steady, last_wall)) = self.last.replace((steady, wall)) {
            let passed = steady.saturating_sub(last_steady) + tolerance;
            let shown = wall.saturating_sub(last_wall);
            if shown > super::millis(passed) {
                self.until = Some(steady + grace);
            }
        }
        self.until.is_none_or(|until| steady >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: Duration = Duration::from_secs(10);
    const GRACE: Duration = Duration::from_secs(20);

    fn at(jump: &mut ClockJump, steady: u64, wall: i64) -> bool {
        jump.is_past(Duration::from_secs(steady), wall * 1000, TOLERANCE, GRACE)
    }

    #[test]
    fn clocks_that_go_together_have_not_jumped() {
        let mut jump = ClockJump::default();
        assert!(at(&mut jump, 0, 1_000_000));
        assert!(at(&mut jump, 3600, 1_003_609));
    }

    #[test]
    fn a_sleep_of_the_machine_is_remembered_for_a_while() {
        let mut jump = ClockJump::default();
        at(&mut jump, 100, 1_000_000);
        assert!(!at(&mut jump, 101, 1_030_000));
        assert!(!at(&mut jump, 120, 1_030_019));
        assert!(at(&mut jump, 121, 1_030_020));
    }

    #[test]
    fn a_clock_that_is_set_back_lets_no_lease_run_out() {
        let mut jump = ClockJump::default();
        at(&mut jump, 100, 1_000_000);
        assert!(at(&mut jump, 101, 900_000));
    }
}
