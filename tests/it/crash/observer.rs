//! Someone who looks at the answers while they stream: what was seen once must stay.

use backchat::protocol::SessionResult;

use super::round::Round;

/// Looks at one request after the other.
pub(super) fn look(round: &Round<'_>, mut random: fastrand::Rng) {
    while round.goes_on() {
        let known = round.ledger.read().requests();
        let Some((id, _)) = random.choice(&known) else {
            std::thread::sleep(super::round::MOMENT);
            continue;
        };
        let read = round.world.run(&["read", "--all", "--json", &id.0]);
        if let Ok(session) = serde_json::from_slice::<SessionResult>(&read.stdout) {
            round.ledger.change(|ledger| {
                for turn in &session.turns {
                    ledger.sees(turn);
                }
            });
        }
    }
}
