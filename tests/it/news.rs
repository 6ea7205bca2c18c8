//! Whatever delays a window's news, a response that became ready is told in the end, once.

use backchat::protocol::{RequestDidChange, ResponseReady};
use backchat::session::State;

use crate::support::editor::lines;
use crate::support::patience::poll;
use crate::support::{Editor, Gate, Reply, World};

const CODE: &str = "one\ntwo\nthree\nfour\nfive\nsix\n";

/// Everything that is in the logs.
fn logged(world: &World) -> String {
    let logs = world.state().join("logs");
    let files = world.everything_written().into_iter();
    let logs = files.filter(|(path, _)| path.starts_with(&logs));
    logs.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn wait_for_log(world: &World, line: &str) {
    poll(&format!("{line:?} is logged"), || {
        logged(world).contains(line).then_some(())
    });
}

fn times_told(editor: &Editor, id: &backchat::session::RequestId) -> usize {
    let told = editor.received::<ResponseReady>().into_iter();
    told.filter(|it| it.request.id == *id).count()
}

#[test]
fn a_response_is_told_when_the_store_could_not_be_read_as_it_came() {
    let world = World::scripted();
    let gate = Gate::new();
    let reply = Reply::stream().wait(&gate).words("At last.").finish();
    world.model.on("why", [reply]);
    let (editor, request) = world.asked("why?");
    editor.wait_for_state(&request.id, State::Running);
    let store = rusqlite::Connection::open(world.state().join("backchat.db")).unwrap();
    // What is selected is read for each round of news, and for nothing that a worker does.
    let rename = |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        poll("the table is renamed", || store.execute_batch(&sql).ok());
    };
    rename("settings", "hidden");
    gate.open();
    wait_for_log(&world, "attempt is done");
    wait_for_log(&world, "changes could not be read");
    assert_eq!(times_told(&editor, &request.id), 0);
    rename("hidden", "settings");
    editor.wait_for_response(&request.id);
    let done = editor.wait_for_state(&request.id, State::Done);
    assert!(done.unread);
    assert_eq!(editor.status().unread, 1);
    assert_eq!(times_told(&editor, &request.id), 1);
}

#[test]
fn a_response_that_came_while_the_editor_read_nothing_is_told() {
    let world = World::scripted();
    let [start, quiet_gate, rest] = [Gate::new(), Gate::new(), Gate::new()];
    // Each piece is stored at once, and told by itself.
    let piece = "word ".repeat(3_300);
    let mut flood = Reply::stream().wait(&start);
    for _ in 0..100 {
        flood = flood.text(&piece);
    }
    flood = flood.wait(&rest);
    for _ in 0..800 {
        flood = flood.text(&piece);
    }
    world.model.on("flood", [flood.finish()]);
    let quiet = Reply::stream().wait(&quiet_gate).words("Quietly.").finish();
    world.model.on("quiet", [quiet]);
    let [slow, other] = world.windows();
    let (first, second) = (world.uri("first.rs"), world.uri("second.rs"));
    slow.open(&first, CODE);
    slow.open(&second, CODE);
    let flood = slow.ask(&first, "flood");
    let quiet = slow.ask(&second, "quiet");
    for request in [&flood, &quiet] {
        slow.wait_for_state(&request.id, State::Running);
    }

    slow.pause(true);
    start.open();
    poll("more is stored than a pipe holds", || {
        let turn = other.session(&flood.session_id).turns.remove(0);
        (turn.response?.text.len() >= 90 * piece.len()).then_some(())
    });
    quiet_gate.open();
    other.wait_for_response(&quiet.id);
    rest.open();
    other.wait_for_response(&flood.id);
    slow.pause(false);

    slow.wait_for_response(&flood.id);
    slow.wait_for_response(&quiet.id);
    assert!(
        logged(&world).contains("the client reads slowly"),
        "more happened than is kept for it"
    );
    slow.status();
    for request in [&flood, &quiet] {
        assert_eq!(times_told(&slow, &request.id), 1);
    }
}

#[test]
fn code_that_was_removed_and_came_back_to_its_place_is_told_to_be_there() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.txt");
    editor.open(&uri, CODE);
    let request = editor.ask_about(&uri, lines(2, 4), "why? «a»");
    let before = editor
        .wait_for_response(&request.id)
        .request
        .anchor
        .unwrap();
    for (round, (removed, inserted)) in [
        // As a filter over the whole buffer does, and its undo.
        (lines(0, 6), lines(0, 0)),
        (lines(2, 4), lines(2, 2)),
    ]
    .into_iter()
    .enumerate()
    {
        let text: String = CODE
            .split_inclusive('\n')
            .skip(removed.start.line as usize)
            .take((removed.end.line - removed.start.line) as usize)
            .collect();
        let moment = editor.now();
        editor.edit(&uri, removed, "");
        editor.edit(&uri, inserted, &text);
        let version = 3 + 2 * i32::try_from(round).unwrap();
        let told = editor.wait_for_later::<RequestDidChange>(moment, |it| {
            let anchor = it.request.anchor.as_ref().unwrap();
            it.request.id == request.id && anchor.version == Some(version)
        });
        let anchor = told.request.anchor.unwrap();
        assert_eq!((anchor.range, anchor.status), (before.range, before.status));
    }
}

#[test]
fn a_place_that_was_told_along_with_a_change_of_state_is_known_to_have_been_told() {
    let world = World::scripted();
    let gate = Gate::new();
    let reply = Reply::stream().wait(&gate).words("Never.").finish();
    world.model.on("why", [reply]);
    let editor = world.editor();
    let uri = world.uri("main.txt");
    editor.open(&uri, CODE);
    let request = editor.ask_about(&uri, lines(2, 4), "why?");
    editor.wait_for_state(&request.id, State::Running);
    editor.edit(&uri, lines(0, 0), "above\n");
    editor.cancel(&request.id);
    editor.wait_for_state(&request.id, State::Cancelled);
    editor.edit(&uri, lines(0, 1), "");
    let told = editor.wait_for::<RequestDidChange>(|it| {
        it.request.id == request.id
            && it
                .request
                .anchor
                .as_ref()
                .is_some_and(|anchor| anchor.version == Some(3))
    });
    assert_eq!(told.request.anchor.unwrap().range.start.line, 2);
}
