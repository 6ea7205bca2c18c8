//! Samples and what is said of them.

use std::time::Duration;

use serde::Serialize;

/// The middle and the end of many samples.
#[derive(Clone, Copy, Serialize)]
pub struct Summary {
    pub median: f64,
    /// Of fewer than a hundred samples it is the largest.
    pub p99: f64,
}

impl Summary {
    /// Of a figure that was read once.
    pub fn once(value: f64) -> Self {
        Self {
            median: value,
            p99: value,
        }
    }

    /// Of samples in any order.
    pub fn of(mut samples: Vec<f64>) -> Self {
        assert!(!samples.is_empty(), "nothing was measured");
        samples.sort_by(f64::total_cmp);
        let at = |share: f64| samples[((samples.len() - 1) as f64 * share).round() as usize];
        Self {
            median: at(0.5),
            p99: at(0.99),
        }
    }

    /// Of durations, in milliseconds.
    pub fn milliseconds(samples: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(
            samples
                .into_iter()
                .map(|sample| sample.as_secs_f64() * 1e3)
                .collect(),
        )
    }
}
