//! What the way to a model does to a request: it waits and says for what, it is tried again, or it
//! fails with what the user can do; the text that had streamed is kept.

use backchat::protocol::{RequestDidChange, RequestInfo, ResponseDelta, StatusDidChange};
use backchat::session::{RequestId, State};

use crate::support::{Editor, Gate, Reply, World};

const CODE: &str = "fn main() {}\n";

fn wait_until_held(editor: &Editor, id: &RequestId) -> RequestInfo {
    editor.wait_for_state(id, State::Held)
}

#[test]
fn a_rate_limit_with_retry_after_is_held_and_then_done() {
    let world = World::scripted();
    let limited = || Reply::error(429, "slow down").header("retry-after", "2");
    world
        .model
        .on("busy", [limited(), Reply::answer("at last")]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "busy");

    let held = wait_until_held(&editor, &request.id);
    let hold = held.hold.expect("it says what it waits for");
    assert!(hold.reason.contains("too many requests"), "{hold:?}");
    let until = hold.until.expect("and until when");
    assert!(
        until >= held.created_at + 2000,
        "{hold:?}, created at {}",
        held.created_at
    );
    let status = editor.wait_for::<StatusDidChange>(|it| it.held == 1);
    assert_eq!(status.hold.unwrap().until, Some(until));

    let ready = editor.wait_for_response(&request.id);
    assert_eq!(ready.request.attempt, 2);
    assert!(
        ready.request.started_at >= Some(until),
        "not before the time that the provider named"
    );
    assert_eq!(ready.request.hold, None);
    assert_eq!(world.model.calls_with("busy").len(), 2);
}

#[test]
fn a_pause_that_nobody_would_wait_for_is_told_instead() {
    let world = World::scripted();
    let limited = Reply::error(429, "come back next year").header("retry-after", "31000000");
    world.model.on("busy", [limited]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "busy");
    let failed = editor.wait_for_state(&request.id, State::Failed);
    let failure = failed.failure.unwrap();
    assert_eq!(failure.kind, "rateLimited");
    assert!(failure.message.contains("next year"), "{failure:?}");
    assert_eq!(world.model.calls_with("busy").len(), 1);
}

#[test]
fn a_rate_limit_holds_everything_at_its_endpoint() {
    let world = World::scripted();
    world.model.on(
        "busy",
        [
            Reply::error(429, "slow down").header("retry-after", "2"),
            Reply::answer("done"),
        ],
    );
    let editor = world.editor();
    let (first, second) = (world.uri("a.rs"), world.uri("b.rs"));
    editor.open(&first, CODE);
    editor.open(&second, CODE);
    let limited = editor.ask(&first, "busy");
    let until = wait_until_held(&editor, &limited.id).hold.unwrap().until;
    let other = editor.ask(&second, "another «b»");
    let ready = editor.wait_for_response(&other.id);
    assert!(
        ready.request.started_at >= until,
        "{:?} < {until:?}",
        ready.request.started_at
    );
    editor.wait_for_response(&limited.id);
}

#[test]
fn a_retry_ends_a_hold_at_once() {
    let world = World::scripted();
    let limited = Reply::error(429, "slow down").header("retry-after", "3600");
    world.model.on("busy", [limited, Reply::answer("done")]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "busy");
    wait_until_held(&editor, &request.id);
    editor.retry(&request.id);
    editor.wait_for_response(&request.id);
}

#[test]
fn a_held_request_can_be_cancelled() {
    let world = World::scripted();
    world.model.on(
        "busy",
        [Reply::error(429, "slow down").header("retry-after", "3600")],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "busy");
    wait_until_held(&editor, &request.id);
    let cancelled = editor.cancel(&request.id);
    assert_eq!((cancelled.state, cancelled.hold), (State::Cancelled, None));
    assert_eq!(editor.status().held, 0);
}

#[test]
fn an_overloaded_server_is_asked_again() {
    let world = World::scripted();
    world.model.on(
        "try",
        [Reply::error(503, "loading"), Reply::answer("ready now")],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "try");
    let held = wait_until_held(&editor, &request.id);
    assert!(!held.hold.unwrap().reason.is_empty());
    editor.wait_for_response(&request.id);
    assert_eq!(
        editor.take(&request.id).responses[0].response.text,
        "ready now"
    );
}

#[test]
fn a_cut_stream_is_no_success_and_its_text_stays_until_there_is_more() {
    let world = World::scripted();
    let gate = Gate::new();
    let whole = Reply::stream().wait(&gate).words("one two three").finish();
    world
        .model
        .on("count", [Reply::stream().words("one two ").cut(), whole]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "count");
    editor
        .wait_for::<RequestDidChange>(|it| it.request.id == request.id && it.request.attempt == 2);
    world
        .model
        .wait_for_call("count", |call| call.ended.is_none());
    let partial = editor
        .session(&request.session_id)
        .turns
        .remove(0)
        .response
        .unwrap();
    assert_eq!((partial.text.as_str(), partial.partial), ("one two ", true));
    gate.open();
    editor.wait_for_response(&request.id);
    let response = editor.take(&request.id).responses.remove(0).response;
    assert_eq!(
        (response.text.as_str(), response.partial, response.attempt),
        ("one two three", false, 2)
    );
    let anew =
        editor.wait_for::<ResponseDelta>(|it| it.request_id == request.id && it.attempt == 2);
    assert_eq!(anew.seq, 0, "an attempt counts its deltas anew");
}

#[test]
fn silence_is_ended_however_little_had_come() {
    let world = World::scripted_with("", "read_timeout = 1.0");
    world.model.on(
        "quiet",
        [
            Reply::stream().text("hm").silence(),
            Reply::answer("spoken"),
        ],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "quiet");
    assert!(
        world
            .model
            .wait_for_call("quiet", |call| call.ended.is_some())
            .closed_by_client
    );
    editor.wait_for_response(&request.id);
}

#[test]
fn a_fault_that_stays_fails_in_the_end_and_keeps_the_text() {
    let world = World::scripted_with("max_attempts = 2", "");
    world
        .model
        .on("never", [Reply::stream().words("a start ").cut()]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "never");
    let failed = editor.wait_for_state(&request.id, State::Failed);
    assert_eq!(failed.attempt, 2);
    assert_eq!(failed.failure.unwrap().kind, "interrupted");
    assert!(
        !failed.unread,
        "unread is an answer that was not shown, not a failure"
    );
    assert_eq!(editor.sessions().sessions[0].failed, 1);
    let kept = editor
        .session(&request.session_id)
        .turns
        .remove(0)
        .response
        .unwrap();
    assert_eq!((kept.text.as_str(), kept.partial), ("a start ", true));
    let next = editor.ask(&uri, "and now? «b»");
    editor.wait_for_response(&next.id);
}
