//! The server's beginning and its end.

use std::process::Command;

use backchat::session::State;
use serde_json::{Value, json};

use crate::support::editor::Launch;
use crate::support::patience::poll;
use crate::support::{Editor, World};

#[test]
fn the_server_announces_the_contract() {
    let world = World::scripted();
    let editor = world.editor();
    let result = &editor.initialized;
    assert_eq!(result["serverInfo"]["name"], "backchat");
    assert_eq!(
        result["capabilities"]["experimental"]["backchat"],
        json!({ "protocolVersion": 1, "proposals": true })
    );
    let status = editor.status();
    assert_eq!((status.protocol_version, status.problem), (1, None));
    assert_eq!(status.model.as_deref(), Some("scripted"));
}

#[test]
fn exit_after_shutdown_is_a_success() {
    let world = World::scripted();
    assert_eq!(world.editor().quit(), Some(0));
}

#[test]
fn exit_without_shutdown_is_a_failure() {
    let world = World::scripted();
    assert_eq!(world.editor().exit_without_shutdown(), Some(1));
}

#[test]
fn the_server_ends_with_its_stdin() {
    let world = World::scripted();
    let editor = world.editor();
    assert!(editor.close_stdin().is_some());
    assert!(
        world.processes().is_empty(),
        "nothing was left to do, so nothing is left behind"
    );
}

#[test]
fn the_server_ends_when_its_editor_is_gone() {
    let world = World::scripted();
    let mut parent = Command::new("sleep").arg("600").spawn().unwrap();
    let mut launch = world.launch();
    launch.process_id = parent.id();
    let editor = Editor::start(launch);
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(
        editor.wait_for_its_end().is_some(),
        "its stdin is still open, its editor is not there"
    );
}

#[test]
fn without_arguments_and_without_a_terminal_it_serves() {
    let world = World::scripted();
    let launch = Launch {
        command: world.backchat(),
        ..world.launch()
    };
    assert_eq!(
        Editor::start(launch).status().model.as_deref(),
        Some("scripted")
    );
}

#[test]
fn requests_after_shutdown_are_refused() {
    let world = World::scripted();
    let editor = world.editor();
    editor.request::<Value>("shutdown", &Value::Null).unwrap();
    assert!(
        editor
            .request::<Value>("backchat/status", &Value::Null)
            .is_err()
    );
    assert_eq!(
        editor.exit_without_shutdown(),
        Some(0),
        "the shutdown was asked for before"
    );
}

#[test]
fn an_unknown_method_is_refused_and_an_unknown_notification_ignored() {
    let world = World::scripted();
    let editor = world.editor();
    let error = editor
        .request::<Value>("backchat/makeCoffee", &json!({}))
        .unwrap_err();
    assert_eq!(error.code, -32601);
    editor.notify("$/somethingNew", &json!({}));
    editor.notify("backchat/somethingNew", &json!({}));
    assert_eq!(editor.status().problem, None);
}

#[test]
fn many_servers_may_start_at_once() {
    let world = World::scripted();
    let editors: Vec<Editor> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| world.editor())).collect();
        starting
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    poll("all four are there", || {
        (world.processes().len() == 4).then_some(())
    });
    for editor in &editors {
        assert_eq!(editor.status().problem, None);
    }
}

#[test]
fn it_tells_its_version_and_refuses_unknown_arguments() {
    let world = World::scripted();
    let version = world.run(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    let expected = format!("backchat {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(version.stdout).unwrap(), expected);
    let unknown = world.run(&["make-coffee"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        String::from_utf8(unknown.stderr)
            .unwrap()
            .contains("make-coffee")
    );
}

#[test]
fn who_does_not_announce_the_custom_methods_is_not_sent_their_notifications() {
    let world = World::scripted();
    let plain = Editor::start(Launch {
        announces: false,
        ..world.launch()
    });
    let editor = world.editor();
    // From its first answer about the inbox on, it follows what others do.
    editor.status();
    let uri = world.uri("main.rs");
    plain.open(&uri, "fn main() {}\n");
    let request = plain.ask(&uri, "what? «a»");
    editor.wait_for_response(&request.id);
    poll("the plain client could know as well", || {
        let state = plain.request_info(&uri, &request.id).state;
        (state == State::Done).then_some(())
    });
    assert_eq!(plain.methods_received("backchat/"), Vec::<String>::new());
}

/// The store in the one file that a user would copy, without what is beside it.
fn requests_in_the_database_alone(world: &World) -> i64 {
    let state = world.state();
    assert!(
        !state.join("backchat.db-wal").exists(),
        "the write-ahead log is left behind"
    );
    let copy = world.home().join("copy.db");
    std::fs::copy(state.join("backchat.db"), &copy).unwrap();
    let db = rusqlite::Connection::open(&copy).unwrap();
    let count = db.query_row("SELECT count(*) FROM requests", [], |row| row.get(0));
    count.unwrap()
}

#[rstest::rstest]
#[case::quit(|editor: &Editor| { editor.quit(); })]
#[case::exit(|editor: &Editor| { editor.exit_without_shutdown(); })]
#[case::death_of_the_editor(|editor: &Editor| { editor.close_stdin(); })]
#[case::killed_after_shutdown(|editor: &Editor| {
    editor.request::<Value>("shutdown", &Value::Null).unwrap();
    editor.kill();
})]
#[case::signal(|editor: &Editor| { editor.signal("TERM"); editor.wait_for_its_end(); })]
fn the_last_server_that_ends_leaves_one_file(#[case] end: fn(&Editor)) {
    let world = World::scripted();
    let [first, last] = world.windows();
    let uri = world.uri("main.rs");
    first.open(&uri, "fn main() {}\n");
    let request = first.ask(&uri, "why? «a»");
    first.wait_for_response(&request.id);
    end(&first);
    last.status();
    end(&last);
    assert_eq!(requests_in_the_database_alone(&world), 1);
}

#[test]
fn a_command_and_the_worker_that_it_leaves_behind_leave_one_file() {
    let world = World::scripted();
    std::fs::write(world.code().join("main.rs"), "fn main() {}\n").unwrap();
    let asked = world.run(&["ask", "main.rs", "why? «a»"]);
    assert!(asked.status.success(), "{asked:?}");
    poll("the worker has ended", || {
        world.processes().is_empty().then_some(())
    });
    assert_eq!(requests_in_the_database_alone(&world), 1);
    for command in [
        &["read"][..],
        &["sessions"],
        &["doctor"],
        &["ask", "main.rs", "and? «b»", "--wait"],
    ] {
        world.run(command);
        poll("all have ended", || {
            world.processes().is_empty().then_some(())
        });
        requests_in_the_database_alone(&world);
    }
    assert_eq!(requests_in_the_database_alone(&world), 2);
}
