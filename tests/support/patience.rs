//! Waiting for what another thread or process does: until it is so, never for a length of time.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long a test waits for something that must happen before it fails. Generous: machines that
/// run tests are slow and busy, and nobody waits for it when all is well.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A value that threads change and wait for.
#[derive(Default)]
pub struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    /// The value as it is. A thread that panicked while it had it does not spoil it: what matters
    /// then is the first panic's own message.
    pub fn read(&self) -> MutexGuard<'_, T> {
        self.value
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the value and wakes everyone who waits for it.
    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.read());
        self.changed.notify_all();
        result
    }

    /// Waits until `look` finds something, or returns `None` after `patience`.
    pub fn wait_until<R>(&self, patience: Duration, look: impl Fn(&T) -> Option<R>) -> Option<R> {
        let deadline = Instant::now() + patience;
        let mut value = self.read();
        loop {
            if let Some(found) = look(&value) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            value = match self.changed.wait_timeout(value, left) {
                Ok((value, _)) => value,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

/// Asks again and again until `look` finds something: for what can only be asked, such as the state
/// of another process. `what` is for the message of the failure.
pub fn poll<R>(what: &str, mut look: impl FnMut() -> Option<R>) -> R {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
