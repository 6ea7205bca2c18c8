//! Sessions, read, cancel, retry, dismiss, purge: the inbox from a shell.

use std::process::Stdio;

use backchat::protocol::{
    RequestDidChange, RequestInfo, SessionResult, SessionsResult, SubmitResult, TakeResult,
};
use backchat::session::{RequestId, State};
use serde_json::Value;

use super::{complaints, json, refused, remarked, said, text, wait_for_unread, write};
use crate::support::patience::poll;
use crate::support::{Gate, Reply, World};

/// Asks about a file and waits for the answer, which stays unread.
fn ask(world: &World, file: &str, prompt: &str) -> RequestInfo {
    write(world, file, "fn main() {}\n");
    let result: SubmitResult = json(world, &["ask", file, prompt]);
    let id = result.request.id.0.clone();
    poll("it is done", || {
        let request = request(world, &id);
        (request.state == State::Done).then_some(request)
    })
}

fn request(world: &World, id: &str) -> RequestInfo {
    let all: SessionResult = json(world, &["read", "--all", id]);
    all.turns.into_iter().next().unwrap().request
}

#[test]
fn sessions_are_listed_as_an_editor_lists_them() {
    let world = World::scripted();
    for (file, prompt) in [("a.rs", "«one»"), ("b.rs", "«two»"), ("c.rs", "«three»")] {
        ask(&world, file, prompt);
    }
    said(&world, &["read", "b.rs"]);
    let listed: SessionsResult = json(&world, &["sessions"]);
    assert_eq!(listed.total, 3);
    let editor = world.editor();
    assert_eq!(editor.sessions().sessions, listed.sessions);
    let lines = said(&world, &["sessions"]);
    let marked: Vec<bool> = lines.lines().map(|line| line.starts_with('📬')).collect();
    assert_eq!(marked, [true, true, false], "{lines}");
    assert!(lines.lines().last().unwrap().contains("b.rs"), "{lines}");

    let unread: SessionsResult = json(&world, &["sessions", "--unread"]);
    assert_eq!(unread.sessions.len(), 2);
    let found: SessionsResult = json(&world, &["sessions", "--query", "THREE"]);
    assert_eq!(found.sessions.len(), 1);
    assert!(remarked(&world, &["sessions", "-q", "nowhere"]).contains("no session matches"));
}

#[test]
fn reading_in_a_shell_clears_the_mark_in_an_editor() {
    let world = World::scripted();
    let request = ask(&world, "a.rs", "«one»");
    let editor = world.editor();
    editor.open(&world.uri("a.rs"), "fn main() {}\n");
    assert_eq!(editor.status().unread, 1);
    let taken: TakeResult = json(&world, &["read", "a.rs"]);
    assert_eq!(taken.unread, 0);
    assert_eq!(taken.responses[0].response.text, "answer to one");
    assert!(!taken.responses[0].request.unread);
    editor.wait_for::<RequestDidChange>(|it| it.request.id == request.id && !it.request.unread);
    let again: TakeResult = json(&world, &["read", "a.rs"]);
    assert!(again.responses.is_empty());
}

#[test]
fn read_shows_one_answer_after_the_other() {
    let world = World::scripted();
    ask(&world, "a.rs", "«one»");
    ask(&world, "b.rs", "«two»");
    let all = said(&world, &["read", "--all", "a.rs"]);
    assert!(all.contains("answer to one"), "{all}");
    wait_for_unread(&world, 2);
    let output = world.run(&["read"]);
    assert!(text(&output.stdout).contains("answer to two"), "{output:?}");
    assert!(complaints(&output).contains("1 more unread"), "{output:?}");
    assert!(said(&world, &["read"]).contains("answer to one"));
    let nothing = remarked(&world, &["read", "a.rs"]);
    assert!(nothing.contains("backchat read --all a.rs"), "{nothing}");
}

#[test]
fn ids_may_be_abbreviated_at_either_end() {
    let world = World::scripted();
    let one = ask(&world, "a.rs", "«one»");
    let two = ask(&world, "b.rs", "«two»");
    let id = &one.id.0;
    let session = &two.session_id.0;
    for part in [
        &id[..],
        &id[id.len() - 8..],
        &id[..id.len() - 1],
        &id.to_uppercase(),
    ] {
        assert_eq!(request(&world, part).id, one.id, "{part}");
    }
    assert_eq!(request(&world, &session[session.len() - 8..]).id, two.id);
    let ambiguous = refused(&world, &["read", &id[..4]]);
    assert!(ambiguous.contains("fits several"), "{ambiguous}");
    for wrong in ["beef", "x", "nothing.rs"] {
        assert!(refused(&world, &["read", wrong]).contains("backchat sessions"));
    }
    for wrong in ["beef", "x"] {
        assert!(refused(&world, &["cancel", wrong]).contains("request"));
    }
}

#[test]
fn a_reader_that_goes_ends_the_command_quietly() {
    let world = World::scripted();
    ask(&world, "a.rs", "«one»");
    let mut child = world
        .backchat()
        .arg("read")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), complaints(&output)),
        (Some(0), String::new())
    );
    let sessions: SessionsResult = json(&world, &["sessions"]);
    assert_eq!(sessions.sessions[0].unread, 1, "nobody has seen it");
}

#[test]
fn a_request_is_cancelled_retried_and_dismissed() {
    let world = World::scripted();
    let gate = Gate::new();
    let slow = Reply::stream()
        .text("half ")
        .wait(&gate)
        .text("whole")
        .finish();
    world.model.on("slow", [slow]);
    write(&world, "a.rs", "fn main() {}\n");
    let submitted: SubmitResult = json(&world, &["ask", "a.rs", "slow"]);
    let RequestId(id) = submitted.request.id;
    world
        .model
        .wait_for_call("slow", |call| call.ended.is_none());

    let early = refused(&world, &["dismiss", &id]);
    assert!(early.contains("cancel it before"), "{early}");
    assert!(said(&world, &["cancel", &id]).contains("was cancelled"));
    world
        .model
        .wait_for_call("slow", |call| call.closed_by_client);
    let cancelled: RequestInfo = json(&world, &["cancel", &id]);
    assert_eq!(cancelled.state, State::Cancelled);

    gate.open();
    let retried: RequestInfo = json(&world, &["retry", &id]);
    assert!(!retried.state.is_final(), "{retried:?}");
    wait_for_unread(&world, 1);
    let done = refused(&world, &["retry", &id]);
    assert!(done.contains("its answer is stored"), "{done}");
    let dismissed = said(&world, &["dismiss", &id]);
    assert!(dismissed.contains("is done, dismissed"), "{dismissed}");
    wait_for_unread(&world, 0);
}

#[test]
fn purge_removes_what_was_read_and_only_tells_in_a_dry_run() {
    let world = World::scripted();
    ask(&world, "a.rs", "«one»");
    ask(&world, "b.rs", "«two»");
    said(&world, &["read", "a.rs"]);
    let old = ["purge", "--older-than", "1ms"];
    let told = said(&world, &[&old[..], &["--dry-run"]].concat());
    assert_eq!(told, "would remove 1 request and 1 session\n");
    let counts: Value = json(
        &world,
        &[&old[..], &["--dry-run", "--with-unread"]].concat(),
    );
    assert_eq!(counts["requests"], 2);
    assert_eq!(counts["unread"], 1);
    assert!(said(&world, &["purge", "--older-than", "90d"]).contains("removed 0 requests"));
    assert!(said(&world, &old).contains("removed 1 request"));
    let left: SessionsResult = json(&world, &["sessions"]);
    assert_eq!(left.total, 1);
    assert!(refused(&world, &["purge", "--older-than", "long"]).contains("is no age"));
    assert_eq!(world.run(&["purge"]).status.code(), Some(2));
}
