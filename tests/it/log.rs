//! The log: what happened to which request, and what was said only where that was asked for.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::patience::poll;
use crate::support::world::KEY_VARIABLE;
use crate::support::{Editor, World};

const CODE: &str = "fn telling_name() {}\n";
const KEY: &str = "sk-in-the-environment";

fn ask(world: &World, editor: &Editor) -> String {
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "a telling question «a»");
    editor.wait_for_response(&request.id);
    request.id.0
}

/// Everything that is in the logs.
fn logged(world: &World) -> String {
    let logs = world.state().join("logs");
    let files = world.everything_written().into_iter();
    let logs = files.filter(|(path, _)| path.starts_with(&logs));
    logs.map(|(_, bytes)| String::from_utf8(bytes).unwrap())
        .collect()
}

#[test]
fn each_line_about_a_request_names_it_and_none_has_its_content() {
    let world = World::scripted_with("log = \"trace\"", "");
    let editor = world.editor();
    let id = ask(&world, &editor);
    let log = poll("the log is written", || {
        let log = logged(&world);
        log.contains("attempt is done").then_some(log)
    });
    for event in ["submitted", "attempt begins", "attempt is done"] {
        let line = log.lines().find(|line| line.contains(event)).unwrap();
        assert!(line.contains(&id), "{line}");
    }
    for content in ["telling question", "answer to a", "telling_name"] {
        assert!(!log.contains(content), "{content:?} is in the log");
    }
}

#[test]
fn content_is_logged_when_that_was_asked_for_and_it_says_so_loudly() {
    let mut world = World::scripted_with(
        "log = \"warn\"",
        &format!("api_key_env = \"{KEY_VARIABLE}\""),
    );
    world.set(KEY_VARIABLE, KEY);
    let mut launch = world.launch();
    launch.command.arg("--log-content");
    let editor = Editor::start(launch);
    let told = editor.wait_for::<tower_lsp::ls_types::notification::ShowMessage>(|_| true);
    assert!(told.message.contains("--log-content"), "{}", told.message);
    assert!(editor.stderr().contains("--log-content"));
    ask(&world, &editor);
    let log = poll("the answer is logged", || {
        let log = logged(&world);
        log.contains("received").then_some(log)
    });
    assert!(
        log.lines().next().unwrap().contains("--log-content"),
        "it begins with the warning"
    );
    for content in ["telling question", "answer", "telling_name"] {
        assert!(log.contains(content), "{content:?} is not in the log");
    }
    assert!(!log.contains(KEY), "a key is never logged");
}

#[test]
fn a_log_can_be_followed() {
    let world = World::scripted();
    let editor = world.editor();
    ask(&world, &editor);
    let mut following = world
        .backchat()
        .args(["log", "--follow", "-n", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It says which log it follows when it has read to its end.
    let mut said = String::new();
    let mut stderr = BufReader::new(following.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("logs"), "{said}");
    let lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let id = ask(&world, &editor);
    let submitted = lines
        .map(Result::unwrap)
        .find(|line| line.contains("submitted") && line.contains(&id));
    assert!(submitted.is_some());
    following.kill().unwrap();
    following.wait().unwrap();
}

#[test]
fn old_logs_are_removed() {
    let world = World::scripted();
    let logs = world.state().join("logs");
    ask(&world, &world.editor());
    for day in 10..30 {
        std::fs::write(logs.join(format!("backchat.2020-01-{day}.log")), "old\n").unwrap();
    }
    let editor = world.editor();
    ask(&world, &editor);
    let left = std::fs::read_dir(&logs).unwrap().count();
    assert!(left <= 7, "{left} logs are kept");
}
