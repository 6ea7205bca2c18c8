//! Tasks of simulated processes, and the two clocks of their machine.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::session::RequestId;
use crate::store::Claimed;

/// What a task does: the rules allow each kind its own changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Worker,
    Heart,
    Listener,
    Attempt(String, u32),
    Submit,
    Cancel(String),
    Retry(String),
    Take(String),
    Dismiss(String),
    Stop,
}

/// A task.
pub(super) struct Task {
    pub process: usize,
    pub kind: Kind,
    pub slot: Rc<Slot>,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

impl Task {
    pub(super) fn new(
        process: usize,
        kind: Kind,
        slot: Rc<Slot>,
        future: impl Future<Output = ()> + 'static,
    ) -> Self {
        Self {
            process,
            kind,
            slot,
            future: Box::pin(future),
        }
    }

    /// Goes on to the next wait. Whether the task has ended.
    pub(super) fn poll(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.future.as_mut().poll(&mut context) == Poll::Ready(())
    }
}

/// What a task waits for.
#[derive(Default)]
pub(super) struct Slot {
    /// A moment of the steady clock.
    until: Cell<Option<u64>>,
    /// Whether it sleeps without a moment at which it would wake.
    forever: Cell<bool>,
    woken: Cell<bool>,
    /// A moment at which it will be woken, whatever it does until then.
    bell: Cell<Option<u64>>,
}

impl Slot {
    pub(super) fn wake(&self) {
        self.woken.set(true);
    }

    /// Wakes it at a moment of the steady clock, or earlier if that was settled before.
    pub(super) fn wake_at(&self, moment: u64) {
        let earlier = self.bell.get().unwrap_or(moment);
        self.bell.set(Some(moment.min(earlier)));
    }

    /// Whether a poll would bring the task further.
    pub(super) fn is_ready(&self, steady: u64) -> bool {
        let is_over = |moment: Option<u64>| moment.is_some_and(|moment| steady >= moment);
        let sleeps = self.forever.get() || self.until.get().is_some();
        !sleeps || self.woken.get() || is_over(self.bell.get()) || is_over(self.until.get())
    }

    /// The moment at which it will be ready by itself.
    pub(super) fn alarm(&self) -> Option<u64> {
        [self.until.get(), self.bell.get()]
            .into_iter()
            .flatten()
            .min()
    }
}

/// What all processes of the machine share.
pub(super) struct Machine {
    /// Milliseconds; nobody sets it, and it stands still while the machine sleeps.
    pub steady: Cell<u64>,
    /// The wall clock is so far ahead of it.
    pub offset: Cell<i64>,
    pub random: RefCell<fastrand::Rng>,
    /// Nothing goes wrong any more.
    pub calm: Cell<bool>,
    /// Attempts that are to begin, and in which process.
    pub claimed: RefCell<Vec<(usize, Claimed)>>,
    /// Attempts that are to be broken off, and in which process.
    pub broken_off: RefCell<Vec<(usize, RequestId)>>,
    /// How often `take` has handed over each response.
    pub taken: RefCell<BTreeMap<String, u32>>,
    /// What a task has found that must not be.
    pub wrong: RefCell<Option<String>>,
}

impl Machine {
    pub(super) fn wall(&self) -> i64 {
        self.offset.get() + i64::try_from(self.steady.get()).unwrap()
    }

    pub(super) fn demand(&self, holds: bool, what: &str) {
        if !holds {
            self.wrong
                .borrow_mut()
                .get_or_insert_with(|| what.to_owned());
        }
    }

    pub(super) fn choose(&self, below: u64) -> u64 {
        self.random.borrow_mut().u64(..below)
    }

    /// Sleeps until the slot is woken, and at most so long.
    pub(super) async fn sleep(&self, slot: &Slot, pause: Option<Duration>) {
        let pause = pause.map(|pause| u64::try_from(pause.as_millis()).unwrap());
        slot.until.set(pause.map(|pause| self.steady.get() + pause));
        slot.forever.set(pause.is_none());
        poll_fn(|_| {
            if slot.is_ready(self.steady.get()) {
                if slot
                    .bell
                    .get()
                    .is_some_and(|bell| self.steady.get() >= bell)
                {
                    slot.bell.set(None);
                }
                slot.woken.set(false);
                slot.until.set(None);
                slot.forever.set(false);
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}
