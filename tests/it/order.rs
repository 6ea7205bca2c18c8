//! Order within a session, parallel across sessions, never more at once than the limit.

use backchat::session::{Mode, State};

use crate::support::editor::prompt;
use crate::support::{Gate, Reply, World};

#[test]
fn a_session_keeps_its_order_and_a_later_turn_sees_the_earlier_answers() {
    let world = World::scripted();
    let gate = Gate::new();
    world.model.on(
        "first?",
        [Reply::stream()
            .wait(&gate)
            .words("the first answer")
            .finish()],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn main() {}\n");
    let first = editor.ask(&uri, "first?");
    let second = editor.ask(&uri, "second? «b»");
    let third = editor.ask(&uri, "third? «c»");
    editor.wait_for_state(&first.id, State::Running);
    assert_eq!(editor.request_info(&uri, &second.id).place, Some(1));
    assert_eq!(editor.request_info(&uri, &third.id).place, Some(2));
    assert_eq!(
        world.model.calls().len(),
        1,
        "the second waits for the first"
    );

    gate.open();
    editor.wait_for_response(&third.id);
    let calls = world.model.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls[0].ended < Some(calls[1].began));
    assert!(calls[1].ended < Some(calls[2].began));
    let mut said = calls[2].turns();
    said.retain(|(role, _)| role != "system");
    let said: Vec<(&str, &str)> = said
        .iter()
        .map(|(role, text)| (role.as_str(), text.lines().last().unwrap_or_default()))
        .collect();
    let expected = [
        ("user", "first?"),
        ("assistant", "the first answer"),
        ("user", "second? «b»"),
        ("assistant", "answer to b"),
        ("user", "third? «c»"),
    ];
    assert_eq!(said, expected);
}

#[test]
fn what_comes_after_a_held_request_of_its_session_waits_as_well() {
    let world = World::scripted();
    let limited = Reply::error(429, "slow down").header("retry-after", "1");
    world.model.on("first", [limited, Reply::answer("at last")]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn main() {}\n");
    editor.ask(&uri, "first");
    let second = editor.ask(&uri, "second «b»");
    editor.wait_for_response(&second.id);
    let calls = world.model.calls();
    let asked: Vec<String> = calls
        .iter()
        .map(|call| call.prompt().lines().last().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(asked, ["first", "first", "second «b»"]);
}

#[test]
fn sessions_overlap() {
    let world = World::scripted();
    let gate = Gate::new();
    world.model.on(
        "together",
        [Reply::stream().wait(&gate).text("done").finish()],
    );
    let editor = world.editor();
    let requests = ["a.rs", "b.rs", "c.rs"].map(|name| {
        let uri = world.uri(name);
        editor.open(&uri, "fn main() {}\n");
        editor.ask(&uri, "together")
    });
    // Reached only when all three run at the same time: none of them ends before the gate opens.
    world.model.wait_for_running(3);
    assert_eq!(
        editor
            .sessions()
            .sessions
            .iter()
            .map(|session| session.running)
            .sum::<u32>(),
        3
    );
    gate.open();
    for request in requests {
        editor.wait_for_response(&request.id);
    }
}

#[test]
fn a_hundred_requests_of_twenty_sessions() {
    const LIMIT: usize = 3;
    let world = World::scripted_with(&format!("max_concurrent = {LIMIT}"), "");
    let editor = world.editor();
    let uris: Vec<String> = (0..20)
        .map(|n| world.uri(&format!("file_{n}.rs")))
        .collect();
    for uri in &uris {
        editor.open(uri, "fn main() {}\n");
    }
    let mut requests = Vec::new();
    for turn in 0..5 {
        for (number, uri) in uris.iter().enumerate() {
            requests.push((number, turn, editor.ask(uri, &format!("«{number}.{turn}»"))));
        }
    }
    for (number, turn, request) in &requests {
        let ready = editor.wait_for_response(&request.id);
        assert_eq!(
            ready.request.preview,
            Some(format!("answer to {number}.{turn}"))
        );
    }
    let calls = world.model.calls();
    assert_eq!(calls.len(), 100, "each is asked once");
    assert!(
        world.model.most_at_once() <= LIMIT,
        "{} at once",
        world.model.most_at_once()
    );
    for number in 0..20 {
        let of_session: Vec<_> = calls
            .iter()
            .filter(|call| call.tag().starts_with(&format!("{number}.")))
            .collect();
        for (turn, call) in of_session.iter().enumerate() {
            assert_eq!(call.tag(), format!("{number}.{turn}"));
        }
        assert!(
            of_session
                .windows(2)
                .all(|two| two[0].ended < Some(two[1].began))
        );
    }
    let status = editor.status();
    assert_eq!(
        (status.queued, status.running, status.held, status.unread),
        (0, 0, 0, 100)
    );
}

#[test]
fn the_foreground_has_a_slot_of_its_own_and_goes_first() {
    let world = World::scripted_with("max_concurrent = 1", "");
    let (busy, watched) = (Gate::new(), Gate::new());
    world
        .model
        .on("busy", [Reply::stream().wait(&busy).text("done").finish()]);
    world.model.on(
        "watched",
        [Reply::stream().wait(&watched).text("done").finish()],
    );
    let editor = world.editor();
    let uris = ["a.rs", "b.rs", "c.rs", "d.rs"].map(|name| world.uri(name));
    for uri in &uris {
        editor.open(uri, "fn main() {}\n");
    }
    editor.ask(&uris[0], "busy");
    world.model.wait_for_running(1);
    let waiting = editor.ask(&uris[1], "later «b»");
    let foreground = |uri: &str, text: &str| {
        editor
            .submit(&prompt(uri, text, Mode::Foreground))
            .unwrap()
            .request
    };
    // The one background slot is taken; the foreground's is not.
    let first = foreground(&uris[2], "watched");
    world.model.wait_for_running(2);
    let second = foreground(&uris[3], "watched too «d»");
    assert_eq!(
        editor.request_info(&uris[3], &second.id).place,
        Some(1),
        "before the background"
    );
    assert_eq!(editor.request_info(&uris[1], &waiting.id).place, Some(2));

    watched.open();
    editor.wait_for_response(&first.id);
    editor.wait_for_response(&second.id);
    assert!(
        world.model.calls_with("later").is_empty(),
        "the background slot is still taken"
    );
    busy.open();
    editor.wait_for_response(&waiting.id);
    assert!(world.model.most_at_once() <= 2);
}
