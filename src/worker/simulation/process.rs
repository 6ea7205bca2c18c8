//! A simulated process: the tasks of a worker, as `worker.rs` has them, and attempts at a simulated model.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::executor::{Machine, Slot};
use crate::session::RequestId;
use crate::store::{
    AttemptEnd, Claimed, EventKind, FailureRecord, Next, RequestRecord, Requeue, Store, UsageRecord,
};
use crate::worker::schedule::{Schedule, Surroundings};
use crate::worker::{HEARTBEAT, LEASE, STORE_PAUSE, millis};

/// What the tasks of a process share.
#[derive(Clone)]
pub(super) struct Process {
    pub number: usize,
    pub store: Store,
    pub machine: Rc<Machine>,
    pub models: Vec<(String, u32)>,
    /// The attempts that run here, with their numbers.
    pub running: Rc<RefCell<Vec<(RequestId, u32)>>>,
    /// The wall clock when the worker's task looked at it last: what it does next, it does as of then.
    pub looked: Rc<Cell<i64>>,
    /// What the worker's task waits for.
    pub worker: Rc<Slot>,
    /// What the task waits for that hears of changes.
    pub listener: Rc<Slot>,
}

impl Surroundings for Process {
    fn wall_clock(&self) -> i64 {
        self.looked.set(self.machine.wall());
        self.looked.get()
    }

    fn steady_clock(&self) -> Duration {
        Duration::from_millis(self.machine.steady.get())
    }

    fn callable(&self) -> Vec<(String, u32)> {
        self.models.clone()
    }

    fn default_limit(&self) -> u32 {
        self.models[0].1
    }

    fn why_not(&self) -> impl Fn(&str) -> String + Send + 'static {
        |model| format!("no {model}")
    }

    fn running(&self) -> Vec<RequestId> {
        let running = self.running.borrow();
        running.iter().map(|(id, _)| id.clone()).collect()
    }

    fn begin(&self, claimed: Claimed) {
        let request = &claimed.request;
        let mut running = self.running.borrow_mut();
        running.retain(|(id, _)| *id != request.id);
        running.push((request.id.clone(), request.attempt));
        self.machine
            .claimed
            .borrow_mut()
            .push((self.number, claimed));
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

/// The worker's own task.
pub(super) async fn work(process: Process) {
    let mut schedule = Schedule::default();
    loop {
        let pause = match schedule.turn(&process.store, &process).await {
            Ok(turn) => turn.pause,
            Err(_) => Some(STORE_PAUSE),
        };
        process.machine.sleep(&process.worker, pause).await;
    }
}

/// Prolongs leases.
pub(super) async fn beat(process: Process, slot: Rc<Slot>) {
    loop {
        process.machine.sleep(&slot, Some(HEARTBEAT)).await;
        let running = process.running();
        if !running.is_empty() {
            let now = process.machine.wall();
            let _ = process.store.heartbeat(running, millis(LEASE), now).await;
        }
    }
}

/// Hears of changes: those of this process at once, those of others a little later.
pub(super) async fn listen(process: Process, (mut event, mut chunk): (i64, i64)) {
    loop {
        process.machine.sleep(&process.listener, None).await;
        let Ok(followed) = process.store.follow(event, chunk).await else {
            continue;
        };
        process
            .machine
            .demand(!followed.missed, "events are missing");
        for told in &followed.events {
            event += 1;
            process
                .machine
                .demand(told.seq == event, "events have gaps");
            if told.kind == Some(EventKind::Cancelled) {
                let id = told.request_id.clone();
                process
                    .machine
                    .broken_off
                    .borrow_mut()
                    .push((process.number, id));
            }
        }
        chunk = followed.last_chunk;
        if !followed.events.is_empty() {
            process.worker.wake();
        }
    }
}

/// The whole answer to a prompt.
pub(super) fn answer(prompt: &str) -> String {
    format!("the answer to {prompt}")
}

/// An attempt, as `worker/attempt.rs` has it.
pub(super) async fn attempt(process: Process, request: RequestRecord, slot: Rc<Slot>) {
    // What cannot be recorded is found by the next turn of the worker.
    let _ = stream(&process, &request, &slot).await;
    let (id, number) = (request.id, request.attempt);
    process
        .running
        .borrow_mut()
        .retain(|running| *running != (id.clone(), number));
    process.worker.wake();
}

async fn stream(
    process: &Process,
    request: &RequestRecord,
    slot: &Slot,
) -> crate::store::Result<()> {
    let (store, machine, id) = (&process.store, &process.machine, &request.id);
    for turn in store.prompt_parts(request).await?.history {
        machine.demand(
            turn.response == answer(&turn.prompt),
            "an earlier answer is not whole",
        );
    }
    let whole = answer(&request.prompt);
    let breaks_off = !machine.calm.get() && machine.choose(3) == 0;
    let pieces = machine.choose(3);
    let mut rest = whole.as_str();
    for piece in 0..=pieces {
        machine
            .sleep(slot, Some(Duration::from_millis(machine.choose(20_000))))
            .await;
        let end = if piece == pieces && !breaks_off {
            rest.len()
        } else {
            usize::try_from(machine.choose(rest.len() as u64)).unwrap()
        };
        let (now, later) = rest.split_at(end);
        rest = later;
        store.append(id, request.attempt, now.into()).await?;
    }
    let usage = UsageRecord::default();
    if !breaks_off {
        let end = AttemptEnd::Done {
            finish: "stop".to_owned(),
            usage,
        };
        store
            .finish(id, request.attempt, None, end, machine.wall())
            .await?;
        return Ok(());
    }
    match machine.choose(8) {
        0 => {
            let failure = FailureRecord {
                kind: "refused".to_owned(),
                message: "no".to_owned(),
                remedy: None,
            };
            let end = AttemptEnd::Failed { failure, usage };
            store
                .finish(id, request.attempt, None, end, machine.wall())
                .await?;
        }
        // The attempt ends, and its end is never recorded: as on a full disk.
        1 => {}
        choice => {
            let longest = if choice == 2 { 300_000 } else { 30_000 };
            let again = Requeue {
                not_before: machine.wall() + i64::try_from(machine.choose(longest)).unwrap(),
                reason: "broken off".to_owned(),
                block_endpoint: choice < 4,
                usage,
                next: Next::Repeat,
            };
            store
                .requeue(id, request.attempt, again, machine.wall())
                .await?;
        }
    }
    Ok(())
}
