//! Whether and when a failed attempt is tried again: pure.

use std::time::Duration;

use crate::llm::{ErrorKind, LlmError, Retry};

/// A wait that a provider asks for is obeyed up to here; more is told to the user instead, who may
/// rather take another model.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// What becomes of a request whose attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It waits so long; with `endpoint` everything else at the same endpoint waits as well.
    Again { wait: Duration, endpoint: bool },
    /// It has failed.
    Fail,
}

/// Decides. `attempts` counts the attempts that ended in a fault, this one included, since the user
/// asked for it; `jitter` is between 0 and 1.
pub(super) fn decide(error: &LlmError, attempts: u32, most: u32, jitter: f64) -> Decision {
    if attempts >= most {
        return Decision::Fail;
    }
    let limited = matches!(error.kind, ErrorKind::RateLimited | ErrorKind::Overloaded);
    match error.retry {
        Retry::Never => Decision::Fail,
        Retry::After(wait) if wait > LONGEST_WAIT => Decision::Fail,
        Retry::After(wait) => Decision::Again {
            wait,
            endpoint: limited,
        },
        Retry::Backoff => {
            let doubled = FIRST_BACKOFF.saturating_mul(1 << attempts.saturating_sub(1).min(10));
            // Jitter only shortens, by up to a quarter, so that windows do not try in step.
            let wait = doubled.min(LONGEST_BACKOFF).mul_f64(1.0 - jitter / 4.0);
            Decision::Again {
                wait,
                endpoint: limited,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind, retry: Retry) -> LlmError {
        LlmError {
            kind,
            message: "m".to_owned(),
            remedy: None,
            retry,
        }
    }

    #[test]
    fn retry_after_wins_over_backoff_and_holds_the_endpoint() {
        let wait = Duration::from_millis(1500);
        let limited = error(ErrorKind::RateLimited, Retry::After(wait));
        assert_eq!(
            decide(&limited, 1, 8, 0.5),
            Decision::Again {
                wait,
                endpoint: true
            }
        );
    }

    #[test]
    fn an_absurd_retry_after_is_not_waited_for() {
        let limited = error(ErrorKind::RateLimited, Retry::After(LONGEST_WAIT * 2));
        assert_eq!(decide(&limited, 1, 8, 0.5), Decision::Fail);
    }

    #[test]
    fn backoff_grows_to_a_limit_and_ends() {
        let broken = error(ErrorKind::Interrupted, Retry::Backoff);
        let waits: Vec<_> = (1..8)
            .map(|attempts| match decide(&broken, attempts, 8, 0.0) {
                Decision::Again { wait, endpoint } => {
                    assert!(!endpoint, "one broken stream says nothing of the endpoint");
                    wait.as_secs()
                }
                Decision::Fail => panic!("failed after {attempts}"),
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60]);
        assert_eq!(decide(&broken, 8, 8, 0.0), Decision::Fail);
    }

    #[test]
    fn what_would_fail_again_is_not_tried_again() {
        let wrong = error(ErrorKind::Authentication, Retry::Never);
        assert_eq!(decide(&wrong, 1, 8, 0.5), Decision::Fail);
    }
}
