//! A shell whose commands may be killed at any moment, and its user.

use backchat::protocol::{SubmitResult, TakeResult, TurnInfo};
use backchat::session::State;

use super::plan::{self, FILES};
use super::round::Round;

/// Runs one command after the other.
pub(super) fn user(round: &Round<'_>, mut random: fastrand::Rng) {
    let mut asked = 0;
    while round.goes_on() {
        work(round, &mut asked, &mut random);
    }
}

/// Runs one command.
fn work(round: &Round<'_>, asked: &mut u32, random: &mut fastrand::Rng) {
    let (world, ledger) = (round.world, round.ledger);
    let known = ledger.read().requests();
    let chosen = random.choice(&known).cloned();
    match (random.u32(0..8), chosen) {
        (0, _) => {
            world.run(&["worker", "--drain"]);
        }
        (1, Some((id, file))) => {
            ledger.change(|ledger| {
                ledger.reading.insert(id.clone());
                ledger.reading_in.insert(file)
            });
            let read = world.run(&["read", "--json", &id.0]);
            // It marks them after it has printed them, and says by its exit that it has.
            if read.status.success()
                && let Ok(taken) = serde_json::from_slice::<TakeResult>(&read.stdout)
            {
                ledger.change(|ledger| {
                    let ids = taken.responses.into_iter().map(|it| it.request.id);
                    ledger.read.extend(ids);
                });
            }
        }
        (2, Some((id, _))) => {
            ledger.change(|ledger| ledger.cancelling.insert(id.clone()));
            world.run(&["cancel", &id.0]);
        }
        (3, Some((id, _))) => {
            ledger.change(|ledger| ledger.retrying.insert(id.clone()));
            world.run(&["retry", &id.0]);
        }
        (choice, _) => {
            *asked += 1;
            let tag = format!("shell{asked}");
            let file = random.usize(0..FILES);
            let fate = plan::script(&world.model, &tag, random);
            ledger.change(|ledger| ledger.sends(&tag, file, fate, None));
            let (name, prompt) = (plan::file(file), plan::prompt(&tag));
            if choice == 4 {
                let answered = world.run(&["ask", "--wait", "--json", &name, &prompt]);
                if let Ok(turn) = serde_json::from_slice::<TurnInfo>(&answered.stdout) {
                    let id = turn.request.id;
                    ledger.change(|ledger| {
                        ledger.acknowledges(&tag, &id);
                        if turn.request.state == State::Done {
                            ledger.read.insert(id);
                        }
                    });
                }
            } else {
                let queued = world.run(&["ask", "--json", &name, &prompt]);
                if let Ok(result) = serde_json::from_slice::<SubmitResult>(&queued.stdout) {
                    ledger.change(|ledger| ledger.acknowledges(&tag, &result.request.id));
                }
            }
        }
    }
}
