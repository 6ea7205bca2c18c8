//! A store that the first release wrote opens with everything in it.
//!
//! `tests/fixtures/store/first-release.db` is such a store, as that release's own server left it: seven requests about
//! three files of `/home/ada/shop`, in each state that a request can be left in.

use std::os::unix::fs::DirBuilderExt as _;

use backchat::protocol::{ProposalParams, ProposalResult, ProposalStatus, method};
use backchat::session::State;

use crate::support::{Editor, World};

const PRICES: &str = "file:///home/ada/shop/prices.rs";
const NOTES: &str = "file:///home/ada/shop/notes.txt";
const DEPLOY: &str = "file:///home/ada/shop/deploy.sh";

/// The file as it was asked about.
const CODE: &str = "\
fn total(prices: &[u32]) -> u32 {
    let mut sum = 0;
    for price in prices {
        sum += price;
    }
    sum
}

fn main() {
    println!(\"{}\", total(&[1, 2, 3]));
}
";

/// A world whose state directory is the one that the first release left, and an editor in it.
fn opened() -> (World, Editor) {
    let world = World::scripted();
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(world.state())
        .unwrap();
    let fixture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/store/first-release.db"
    );
    std::fs::copy(fixture, world.state().join("backchat.db")).unwrap();
    let mut launch = world.launch();
    launch.folders = vec!["/home/ada/shop".into()];
    (world, Editor::start(launch))
}

/// A state without what depends on the moment at which one looks: whatever is not finished waits.
fn settled(state: State) -> State {
    match state {
        State::Held | State::Running => State::Queued,
        other => other,
    }
}

#[test]
fn a_store_of_the_first_release_has_every_session_state_and_answer() {
    let (_world, editor) = opened();
    let sessions = editor.sessions().sessions;
    let mut listed: Vec<_> = sessions
        .iter()
        .map(|session| (session.uri.as_str(), session.unread))
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, [(DEPLOY, 0), (NOTES, 1), (PRICES, 1)]);

    let mut found = Vec::new();
    for uri in [PRICES, NOTES, DEPLOY] {
        let session = sessions.iter().find(|session| session.uri == uri).unwrap();
        for turn in editor.session(&session.id).turns {
            let text = turn.response.map(|response| response.text);
            found.push((
                turn.request.prompt,
                settled(turn.request.state),
                turn.request.unread,
                text.unwrap_or_default(),
            ));
        }
    }
    let expected = [
        (
            "What does this function compute?",
            State::Done,
            false,
            "It adds the prices up. ",
        ),
        (
            "use an iterator",
            State::Done,
            true,
            "Here:\n\n```rust\nfn total(prices: &[u32]) -> u32 {\n    prices.iter().sum()\n}\n```\n ",
        ),
        ("REFUSE this, please", State::Failed, false, ""),
        (
            "SLOW: what is the second note?",
            State::Cancelled,
            false,
            "This much had streamed",
        ),
        (
            "Which note is the last one?",
            State::Done,
            true,
            "It adds the prices up. ",
        ),
        ("Is the model there?", State::Queued, false, ""),
        ("What is exported here?", State::Queued, false, ""),
    ];
    let found: Vec<_> = found
        .iter()
        .map(|(prompt, state, unread, text)| (prompt.as_str(), *state, *unread, text.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_store_of_the_first_release_keeps_places_proposals_and_what_is_unread() {
    let (_world, editor) = opened();
    // Two lines were typed above while no editor was open.
    editor.open(PRICES, &format!("// one\n// two\n{CODE}"));
    let requests = editor.requests(PRICES);
    let edit = requests
        .iter()
        .find(|request| request.prompt == "use an iterator")
        .unwrap();
    let anchor = edit.anchor.as_ref().unwrap();
    assert_eq!(anchor.range.start.line, 2, "the question is at its code");

    let proposal: ProposalResult = editor
        .request(
            method::PROPOSAL,
            &ProposalParams {
                request_id: edit.id.clone(),
                hunks: None,
            },
        )
        .unwrap();
    assert_eq!(proposal.status, ProposalStatus::Moved);

    let taken = editor.take(&edit.id);
    assert_eq!(taken.responses.len(), 1);
    assert_eq!(editor.take(&edit.id).responses.len(), 0, "read once");
}
