//! One round: everyone at work, the killing, and the silence afterwards.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backchat::protocol::TurnInfo;
use backchat::session::{Mode, SessionId};

use super::ledger::Ledger;
use super::plan::{self, CODE, FILES};
use super::{observer, oracle, shell, window};
use crate::support::editor::prompt;
use crate::support::patience::poll;
use crate::support::{Editor, World};

/// How long someone waits before the next look at what the others have done.
pub(super) const MOMENT: Duration = Duration::from_millis(20);

/// How many looks the killer waits for something to happen: a round whose processes all wait goes on.
const LOOKS: u32 = 25;

/// What everyone in a round shares.
pub(super) struct Round<'a> {
    pub world: &'a World,
    pub ledger: &'a Ledger,
    over: AtomicBool,
}

impl Round<'_> {
    /// Whether there is still something to kill.
    pub(super) fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }
}

/// Ends the round also when its killer panics, for otherwise the others would wait for ever.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a round; what it did.
pub(super) fn run(seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let limit = random.u32(1..5);
    // So many attempts as a round may kill: it is not to fail for that.
    let top = format!("max_concurrent = {limit}\nmax_attempts = 50\nlog = \"debug\"");
    let world = World::scripted_with(&top, "");
    for number in 0..FILES {
        std::fs::write(world.code().join(plan::file(number)), CODE).unwrap();
    }
    let ledger = Ledger::default();
    let round = Round {
        world: &world,
        ledger: &ledger,
        over: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        let round = &round;
        for name in ["a", "b"] {
            let random = random.fork();
            scope.spawn(move || window::user(round, name, random));
        }
        let (of_shell, of_observer) = (random.fork(), random.fork());
        scope.spawn(move || shell::user(round, of_shell));
        scope.spawn(move || observer::look(round, of_observer));
        kill(round, &mut random);
    });
    let turns = settle(&world, &ledger);
    oracle::check(&world, &ledger.read(), &turns);
    let ledger = ledger.read();
    format!(
        "{} kills, {} requests, {} calls of the model",
        ledger.kills,
        turns.len(),
        world.model.calls().len()
    )
}

/// Kills processes of the store, each after something has happened.
fn kill(round: &Round<'_>, random: &mut fastrand::Rng) {
    let _ending = Ending(&round.over);
    for _ in 0..random.u32(4..11) {
        let happened = round.ledger.read().moment() + random.u64(0..5);
        for _ in 0..LOOKS {
            if round.ledger.read().moment() >= happened {
                break;
            }
            std::thread::sleep(MOMENT);
        }
        std::thread::sleep(Duration::from_millis(random.u64(0..60)));
        let processes = round.world.processes();
        let everyone = random.u32(0..8) == 0;
        let chosen = random.choice(&processes).copied();
        for process in processes {
            if everyone || Some(process) == chosen {
                round.world.kill_if_there(process);
                round.ledger.change(|ledger| ledger.kills += 1);
            }
        }
    }
}

/// Sends again what may be sent again, and waits until nothing is left to do. Every turn of every session.
fn settle(world: &World, ledger: &Ledger) -> Vec<TurnInfo> {
    let editor = world.editor();
    for number in 0..FILES {
        editor.open(&world.uri(&plan::file(number)), CODE);
    }
    let again = ledger.read().to_send_again();
    for (tag, question) in again {
        let uri = world.uri(&plan::file(question.file));
        let mut params = prompt(&uri, &plan::prompt(&tag), Mode::Background);
        params.idempotency_key = question.idempotency_key;
        let request = editor.submit(&params).unwrap().request;
        ledger.change(|ledger| ledger.acknowledges(&tag, &request.id));
    }
    let turns = poll("everything has ended", || {
        let turns = every_turn(&editor);
        ledger.change(|ledger| turns.iter().for_each(|turn| ledger.sees(turn)));
        let all = turns.iter().all(|turn| turn.request.state.is_final());
        all.then_some(turns)
    });
    editor.quit();
    poll("the workers have ended", || {
        world.processes().is_empty().then_some(())
    });
    turns
}

fn every_turn(editor: &Editor) -> Vec<TurnInfo> {
    let sessions = editor.sessions().sessions;
    let ids: BTreeSet<SessionId> = sessions.into_iter().map(|session| session.id).collect();
    let turns = ids.iter().map(|id| editor.session(id).turns);
    turns.flatten().collect()
}
