//! One run: a machine with processes on one store, and all that goes wrong on it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tempfile::TempDir;

use super::executor::{Kind, Machine, Slot, Task};
use super::process::{self, Process, answer};
use super::rules::{self, Step};
use crate::session::{Intent, Lane, RequestId};
use crate::store::simulated::{Row, SimulatedStore};
use crate::store::{NewRequest, Place, StoredAnchor, UsageRecord};
use crate::text::{Buffer, Quote, Span};
use crate::worker::schedule::Surroundings as _;

/// The most requests of a run: more bring no new situations.
const MOST_REQUESTS: usize = 8;

/// Something that may run is claimed within this time: the longest sleep of a worker, and a little.
const PROMPT: u64 = 16_000;

/// A run that has not come to its end after so many steps will not.
const MOST_STEPS: usize = 100_000;

struct World {
    machine: Rc<Machine>,
    store: SimulatedStore,
    directory: TempDir,
    processes: BTreeMap<usize, Process>,
    started: usize,
    frozen: BTreeSet<usize>,
    dead: BTreeSet<String>,
    tasks: Vec<Task>,
    rows: Vec<Row>,
    paused: Vec<(String, i64)>,
    changes: u64,
    shown: BTreeMap<String, String>,
    submitted: usize,
    limit: u32,
    /// What happened, to be printed when it is wrong.
    steps: Vec<String>,
    seed: u64,
    tells: bool,
}

/// Runs a seed; panics when something was wrong. With `tells` it says all that happened.
pub(super) fn run(seed: u64, tells: bool) {
    let mut random = fastrand::Rng::with_seed(seed);
    let limit = random.u32(1..3);
    let steps = random.u32(100..400);
    let mut world = World {
        machine: Rc::new(Machine {
            steady: Cell::new(0),
            offset: Cell::new(1_700_000_000_000),
            random: RefCell::new(random),
            calm: Cell::new(false),
            claimed: RefCell::default(),
            broken_off: RefCell::default(),
            taken: RefCell::default(),
            wrong: RefCell::default(),
        }),
        store: SimulatedStore::new(),
        directory: TempDir::new().unwrap(),
        processes: BTreeMap::new(),
        started: 0,
        frozen: BTreeSet::new(),
        dead: BTreeSet::new(),
        tasks: Vec::new(),
        rows: Vec::new(),
        paused: Vec::new(),
        changes: 0,
        shown: BTreeMap::new(),
        submitted: 0,
        limit,
        steps: Vec::new(),
        seed,
        tells,
    };
    world.changes = world.store.changes();
    world.start(true);
    for _ in 0..steps {
        if world.machine.choose(6) == 0 {
            world.disturb();
        } else {
            world.step();
        }
    }
    world.settle();
}

impl World {
    fn note(&mut self, what: String) {
        if self.tells {
            let (steady, wall) = (self.machine.steady.get(), self.machine.wall());
            self.steps.push(format!("{steady} ({wall}): {what}"));
        }
    }

    fn fail(&self, why: &str) -> ! {
        panic!("seed {}: {why}\n{}", self.seed, self.steps.join("\n"));
    }

    // -- Processes --------------------------------------------------------------------------------

    /// Starts a process; one that can call every model, or perhaps only one.
    fn start(&mut self, knows_all: bool) {
        let number = self.started;
        self.started += 1;
        let mut models = vec![("m".to_owned(), self.limit)];
        if knows_all || self.machine.choose(2) == 0 {
            models.push(("n".to_owned(), self.limit));
        }
        let process = Process {
            number,
            store: self.store.process(self.directory.path()),
            machine: Rc::clone(&self.machine),
            models,
            running: Rc::default(),
            looked: Rc::default(),
            worker: Rc::default(),
            listener: Rc::default(),
        };
        let owner = process.store.owner().0.clone();
        self.note(format!("process {number} starts as {owner}"));
        let (worker, listener) = (Rc::clone(&process.worker), Rc::clone(&process.listener));
        self.spawn(
            number,
            Kind::Listener,
            listener,
            // From before the first look at the queue, as the feed of a real process does.
            process::listen(process.clone(), self.store.now_at()),
        );
        self.spawn(number, Kind::Worker, worker, process::work(process.clone()));
        let heart: Rc<Slot> = Rc::default();
        self.spawn(
            number,
            Kind::Heart,
            Rc::clone(&heart),
            process::beat(process.clone(), heart),
        );
        self.processes.insert(number, process);
    }

    fn spawn(
        &mut self,
        process: usize,
        kind: Kind,
        slot: Rc<Slot>,
        future: impl Future<Output = ()> + 'static,
    ) {
        self.tasks.push(Task::new(process, kind, slot, future));
    }

    fn end(&mut self, number: usize) {
        self.tasks.retain(|task| task.process != number);
        self.frozen.remove(&number);
        if let Some(process) = self.processes.remove(&number) {
            self.dead.insert(process.store.owner().0.clone());
        }
    }

    fn any_process(&self) -> Option<Process> {
        let alive: Vec<&Process> = self.processes.values().collect();
        let random = &mut *self.machine.random.borrow_mut();
        random.choice(&alive).map(|process| Process::clone(process))
    }

    // -- What goes wrong, and what users do -------------------------------------------------------

    fn disturb(&mut self) {
        let Some(process) = self.any_process() else {
            return self.start(true);
        };
        let number = process.number;
        match self.machine.choose(24) {
            0 => {
                self.note(format!("process {number} dies"));
                drop(process);
                self.end(number);
            }
            1 if self.processes.len() < 4 => self.start(false),
            2 => {
                self.note(format!("process {number} stands still, or goes on"));
                if !self.frozen.remove(&number) {
                    self.frozen.insert(number);
                }
            }
            3 => {
                self.note(format!("process {number} ends"));
                self.tasks.retain(|task| task.process != number);
                let running = process.running.borrow().clone();
                let (store, machine) = (process.store.clone(), Rc::clone(&self.machine));
                self.spawn(number, Kind::Stop, Rc::default(), async move {
                    for (id, attempt) in running {
                        let _ = store
                            .release(&id, attempt, UsageRecord::default(), machine.wall())
                            .await;
                    }
                });
            }
            4 => {
                let minutes = i64::try_from(self.machine.choose(60)).unwrap() - 10;
                self.note(format!("the clock jumps by {minutes} minutes"));
                self.machine
                    .offset
                    .set(self.machine.offset.get() + minutes * 60_000);
            }
            5..=12 => self.submit(&process),
            choice => self.act(&process, choice),
        }
    }

    fn submit(&mut self, process: &Process) {
        if self.submitted == MOST_REQUESTS {
            return;
        }
        self.submitted += 1;
        let prompt = format!("prompt {}", self.submitted);
        let file = self.machine.choose(3);
        let model = if self.machine.choose(4) == 0 {
            "n"
        } else {
            "m"
        };
        let lane = match self.machine.choose(4) {
            0 => Lane::Foreground,
            _ => Lane::Background,
        };
        let (number, new) = (process.number, request(file, model, prompt));
        let (store, machine) = (process.store.clone(), Rc::clone(&self.machine));
        self.spawn(number, Kind::Submit, Rc::default(), async move {
            let accepted = store.submit(new, machine.wall(), move |_| lane).await;
            machine.demand(accepted.is_ok(), "a submit is refused");
        });
    }

    fn act(&mut self, process: &Process, choice: u64) {
        let ids: Vec<String> = self.rows.iter().map(|row| row.id.clone()).collect();
        let Some(id) = self.machine.random.borrow_mut().choice(&ids).cloned() else {
            return;
        };
        let kind = match choice {
            13..=14 => Kind::Cancel(id.clone()),
            15..=17 => Kind::Retry(id.clone()),
            18..=20 => Kind::Take(id.clone()),
            _ => Kind::Dismiss(id.clone()),
        };
        let (number, doing) = (process.number, kind.clone());
        let (store, machine) = (process.store.clone(), Rc::clone(&self.machine));
        self.spawn(number, kind, Rc::default(), async move {
            let (id, now) = (RequestId(id), machine.wall());
            // What is refused has changed nothing, which the rules look at.
            match doing {
                Kind::Cancel(_) => drop(store.cancel(&id, now).await),
                Kind::Retry(_) => drop(store.retry(&id, now).await),
                Kind::Dismiss(_) => drop(store.dismiss(&id, now).await),
                _ => {
                    if let Ok(Some(turn)) = store.take_request(&id, now).await {
                        let text = turn.response.map(|response| response.text);
                        let whole = answer(&turn.request.prompt);
                        machine.demand(text == Some(whole), "a part of an answer is handed over");
                        let times = {
                            let mut taken = machine.taken.borrow_mut();
                            let times = taken.entry(id.0.clone()).or_default();
                            *times += 1;
                            *times
                        };
                        machine.demand(times == 1, "an answer is handed over twice");
                    }
                }
            }
        });
    }

    // -- Steps ------------------------------------------------------------------------------------

    /// Polls one of the tasks that could go on, or lets time pass until one could. Whether there was any.
    fn step(&mut self) -> bool {
        let steady = self.machine.steady.get();
        let awake: Vec<usize> = (0..self.tasks.len())
            .filter(|index| {
                let task = &self.tasks[*index];
                !self.frozen.contains(&task.process) && task.slot.is_ready(steady)
            })
            .collect();
        let chosen = self.machine.random.borrow_mut().choice(&awake).copied();
        match chosen {
            Some(index) => {
                self.poll(index);
                true
            }
            None => self.pass_time(),
        }
    }

    fn pass_time(&mut self) -> bool {
        let awake = self
            .tasks
            .iter()
            .filter(|task| !self.frozen.contains(&task.process));
        let Some(next) = awake.filter_map(|task| task.slot.alarm()).min() else {
            return false;
        };
        let steady = self.machine.steady.get();
        let now = self.machine.wall();
        let claimable = self.processes.values().find_map(|process| {
            if self.frozen.contains(&process.number) || self.ends(process.number) {
                return None;
            }
            rules::next(
                &process.store.owner().0,
                &process.models,
                &self.rows,
                &self.paused,
                now,
            )
        });
        if let Some(id) = claimable
            && next - steady > PROMPT
        {
            self.fail(&format!(
                "{id} may run, and nobody claims it for {} ms",
                next - steady
            ));
        }
        self.machine.steady.set(next);
        true
    }

    /// Whether the process gives back what it runs, and claims nothing more.
    fn ends(&self, number: usize) -> bool {
        self.tasks
            .iter()
            .any(|task| task.process == number && task.kind == Kind::Stop)
    }

    fn poll(&mut self, index: usize) {
        let (number, kind) = (self.tasks[index].process, self.tasks[index].kind.clone());
        let process = self.processes[&number].clone();
        let running: Vec<String> = process.running().into_iter().map(|id| id.0).collect();
        // Whoever has written goes on to the next wait, and may have looked at the clock again by then.
        let looked = process.looked.get();
        let has_ended = self.tasks[index].poll();
        if let Some(wrong) = self.machine.wrong.take() {
            self.fail(&format!("{wrong}, by {kind:?} of process {number}"));
        }
        if has_ended {
            drop(self.tasks.swap_remove(index));
        }
        self.look(&process, &kind, &running, looked);
        for (number, claimed) in self.machine.claimed.take() {
            let (process, slot) = (self.processes[&number].clone(), Rc::<Slot>::default());
            let kind = Kind::Attempt(claimed.request.id.0.clone(), claimed.request.attempt);
            let attempt = process::attempt(process, claimed.request, Rc::clone(&slot));
            self.spawn(number, kind, slot, attempt);
        }
        for (number, id) in self.machine.broken_off.take() {
            self.break_off(number, &id);
        }
        if has_ended && kind == Kind::Stop {
            drop(process);
            self.end(number);
        }
    }

    /// Ends the attempt at a request that was cancelled, if it runs in this process.
    fn break_off(&mut self, number: usize, id: &RequestId) {
        let process = self.processes[&number].clone();
        let known = process
            .running
            .borrow()
            .iter()
            .find(|(running, _)| running == id)
            .cloned();
        let Some((_, attempt)) = known else { return };
        process
            .running
            .borrow_mut()
            .retain(|(running, _)| running != id);
        let kind = Kind::Attempt(id.0.clone(), attempt);
        self.tasks
            .retain(|task| task.process != number || task.kind != kind);
        process.worker.wake();
    }

    /// Judges what a step has changed, and lets the processes hear of it: its own at once.
    fn look(&mut self, process: &Process, kind: &Kind, running: &[String], looked: i64) {
        let changes = self.store.changes();
        if changes == self.changes {
            return;
        }
        self.changes = changes;
        let rows = self.store.rows();
        self.note(format!("{kind:?} of process {}", process.number));
        let step = Step {
            kind,
            owner: &process.store.owner().0,
            models: &process.models,
            running,
            dead: &self.dead,
            looked,
        };
        if let Err(why) = rules::judge(&step, &self.rows, &self.paused, &rows) {
            self.fail(&why);
        }
        for (index, row) in rows.iter().enumerate() {
            if self.rows.get(index) != Some(row) {
                self.show(row);
            }
        }
        self.rows = rows;
        self.paused = self.store.paused();
        process.listener.wake();
        for other in self.processes.values() {
            if other.number != process.number {
                other
                    .listener
                    .wake_at(self.machine.steady.get() + self.machine.choose(100));
            }
        }
    }

    /// Looks at a response as a user does: what was shown once stays.
    fn show(&mut self, row: &Row) {
        let turn = self.store.turn(&row.id);
        let text = turn.response.map(|it| it.text).unwrap_or_default();
        let shown = self.shown.get(&row.id).cloned().unwrap_or_default();
        let whole = answer(&row.prompt);
        if !text.starts_with(&shown) || !whole.starts_with(&text) {
            self.fail(&format!("{} showed {shown:?} and then {text:?}", row.id));
        }
        if row.state == "done" && text != whole {
            self.fail(&format!("{} is done with {text:?}", row.id));
        }
        self.shown.insert(row.id.clone(), text);
    }

    // -- The end ----------------------------------------------------------------------------------

    /// Nothing goes wrong any more: everything must come to its end.
    fn settle(&mut self) {
        self.note("nothing goes wrong any more".to_owned());
        self.machine.calm.set(true);
        self.frozen.clear();
        self.start(true);
        for _ in 0..MOST_STEPS {
            let is_over = |row: &Row| ["done", "failed", "cancelled"].contains(&row.state.as_str());
            let is_idle = self
                .tasks
                .iter()
                .all(|task| matches!(task.kind, Kind::Worker | Kind::Heart | Kind::Listener));
            if is_idle && self.rows.iter().all(is_over) {
                return;
            }
            if !self.step() {
                self.fail("nothing will happen any more");
            }
        }
        self.fail(&format!("it does not end: {:#?}", self.rows));
    }
}

fn request(file: u64, model: &str, prompt: String) -> NewRequest {
    let text = "fn main() {}\n";
    NewRequest {
        uri: format!("file:///{file}"),
        prompt,
        intent: Intent::Ask,
        model: model.to_owned(),
        endpoint: format!("http://{model}"),
        language: "rust".to_owned(),
        text: text.to_owned(),
        span: (0, 2),
        anchor: StoredAnchor {
            place: Place::default(),
            original: Quote::take(&Buffer::new(text), Span::new(0, 2)),
            seen: None,
        },
        rules: None,
        idempotency_key: None,
    }
}
