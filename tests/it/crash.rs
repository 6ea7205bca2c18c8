//! The crash harness: every process of a store is killed at random moments, and nothing is lost.
//!
//! A round has two editor windows, a shell that asks, reads, cancels and starts workers, and someone
//! who looks at the answers as they stream, all on one store; meanwhile any of their processes may be
//! killed. Then the queue is left to run empty, and the oracle ([`oracle`]) compares what the store
//! holds with what was acknowledged ([`ledger`]).
//!
//! Everything that is chosen is chosen by the round's seed, which a failure prints. The moments are
//! those of real processes, so a seed brings the same plan again, not the same race: repeat it.
//! `npm run crash -- --rounds 200` is the long run, `--seed N` repeats.

mod ledger;
mod observer;
mod oracle;
mod plan;
mod round;
mod shell;
mod window;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many rounds `npm test` has.
const ROUNDS: u64 = 20;

/// How many rounds go on at the same time: they spend much of their time waiting.
const AT_ONCE: usize = 2;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
    )
}

#[test]
fn nothing_is_lost_whatever_is_killed_and_when() {
    let rounds = number("BACKCHAT_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let first = number("BACKCHAT_CRASH_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    eprintln!("{rounds} rounds with the seeds from {first} on");
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= rounds {
                        return;
                    }
                    let seed = first + number;
                    let round = catch_unwind(AssertUnwindSafe(|| round::run(seed)));
                    match round {
                        Ok(summary) => eprintln!("seed {seed}: {summary}"),
                        Err(_) => {
                            eprintln!(
                                "seed {seed} FAILED; again: npm run crash -- --rounds 1 --seed {seed}"
                            );
                            failed.lock().unwrap().push(seed);
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "rounds with these seeds failed: {failed:?}"
    );
}
