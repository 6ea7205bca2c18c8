//! Streams as servers send them: each odd end is one end, and damage is an interruption wherever it is.

use backchat::session::State;

use crate::support::{Reply, World};

const CODE: &str = "fn main() {}\n";

/// What a stream is to end as: done with a finish, or failed with a kind.
enum End {
    Done(&'static str),
    Failed(&'static str),
}

use End::{Done, Failed};

/// Asks once for each of these streams, and expects its end after one call.
fn each_ends_once(format: &str, streams: &[(&str, End)]) {
    let world = World::speaking(format);
    let editor = world.editor();
    for (name, end) in streams {
        let prompt = format!("«{name}»");
        world
            .model
            .on(&prompt, [Reply::recorded(&format!("{format}/{name}"))]);
        let uri = world.uri(&format!("{name}.rs"));
        editor.open(&uri, CODE);
        let request = editor.ask(&uri, &prompt);
        match end {
            Done(finish) => {
                let done = editor.wait_for_state(&request.id, State::Done);
                let turn = editor.session(&done.session_id).turns.remove(0);
                let said = turn.response.and_then(|response| response.finish);
                assert_eq!(said.as_deref(), Some(*finish), "{name}");
            }
            Failed(kind) => {
                let failed = editor.wait_for_state(&request.id, State::Failed);
                let failure = failed.failure.unwrap();
                assert_eq!(failure.kind, *kind, "{name}: {failure:?}");
                assert!(failure.remedy.is_some(), "{name}");
            }
        }
        assert_eq!(world.model.calls_with(&prompt).len(), 1, "{name}");
    }
}

#[test]
fn each_odd_end_of_chat_completions_is_one_end() {
    let ends = [
        ("empty.txt", Failed("invalidResponse")),
        ("blank.sse", Failed("invalidResponse")),
        ("lone-done.sse", Failed("invalidResponse")),
        ("error-of-a-filter.sse", Done("refusal")),
        ("error-unknown-type.sse", Failed("refused")),
        ("tool-calls.sse", Done("toolCall")),
        ("tool-call-that-stops.sse", Done("toolCall")),
        ("reasoning-then-done.sse", Done("stop")),
        ("finish-unknown.sse", Done("moon_phase")),
    ];
    each_ends_once("openai-chat", &ends);
}

#[test]
fn each_odd_end_of_responses_is_one_end() {
    let ends = [
        ("failed-without-error.sse", Failed("refused")),
        ("failed-without-anything.sse", Failed("refused")),
        ("error-of-a-filter.sse", Done("refusal")),
        ("error-unknown-type.sse", Failed("refused")),
        ("incomplete-without-details.sse", Done("incomplete")),
        ("incomplete-without-status.sse", Done("incomplete")),
        ("unknown-final-state.sse", Done("expired")),
        ("cancelled.sse", Done("cancelled")),
        ("exactly-the-limit-that-it-names.sse", Done("length")),
        ("tool-call.sse", Done("toolCall")),
        ("lone-done.sse", Failed("invalidResponse")),
    ];
    each_ends_once("openai-responses", &ends);
}

#[test]
fn each_odd_end_of_messages_is_one_end() {
    let ends = [
        ("content-filter.sse", Done("refusal")),
        ("refusal-without-text.sse", Done("refusal")),
        ("tool-use.sse", Done("toolCall")),
        ("error-unknown-type.sse", Failed("refused")),
        ("lone-done.sse", Failed("invalidResponse")),
    ];
    each_ends_once("anthropic", &ends);
}

#[test]
fn nothing_under_204_is_one_failure() {
    let world = World::scripted();
    let nothing = Reply::Whole {
        status: 204,
        headers: Vec::new(),
        body: String::new(),
    };
    world.model.on("nothing", [nothing]);
    let (editor, request) = world.asked("nothing");
    let failed = editor.wait_for_state(&request.id, State::Failed);
    assert_eq!(failed.failure.unwrap().kind, "invalidResponse");
    assert_eq!(world.model.calls().len(), 1);
}

/// Sends each of these streams first and a good one after it.
fn each_is_asked_for_again(format: &str, damaged: &[&str], good: &str) {
    let world = World::speaking(format);
    let editor = world.editor();
    let asked: Vec<_> = damaged
        .iter()
        .map(|name| {
            let prompt = format!("«{name}»");
            let replies = [*name, good].map(|name| Reply::recorded(&format!("{format}/{name}")));
            world.model.on(&prompt, replies);
            let uri = world.uri(&format!("{name}.rs"));
            editor.open(&uri, CODE);
            (prompt.clone(), editor.ask(&uri, &prompt))
        })
        .collect();
    for (prompt, request) in asked {
        let ready = editor.wait_for_response(&request.id);
        assert_eq!(ready.request.attempt, 2, "{prompt}");
        assert_eq!(world.model.calls_with(&prompt).len(), 2, "{prompt}");
    }
}

#[test]
fn damage_in_chat_completions_is_an_interruption_wherever_it_is() {
    let damaged = [
        "damaged-first-of-all.sse",
        "damaged-before-the-first-text.sse",
        "damaged-no-object.sse",
        "damaged-bare-line.sse",
        "damaged-whole.json",
        "broken-json.sse",
    ];
    each_is_asked_for_again("openai-chat", &damaged, "openai.sse");
}

#[test]
fn damage_in_responses_is_an_interruption_wherever_it_is() {
    let damaged = [
        "damaged-first-of-all.sse",
        "damaged-after-two-chunks.sse",
        "damaged-whole.json",
    ];
    each_is_asked_for_again("openai-responses", &damaged, "reasoning.sse");
}

#[test]
fn damage_in_messages_is_an_interruption_also_where_there_is_no_text() {
    let damaged = [
        "damaged-first-of-all.sse",
        "damaged-ping.sse",
        "damaged-block-stop.sse",
        "damaged-unknown-event.sse",
        "damaged-delta.sse",
        "damaged-no-object.sse",
        "damaged-whole.json",
    ];
    each_is_asked_for_again("anthropic", &damaged, "text.sse");
}

#[test]
fn a_character_cut_between_two_deltas_arrives_whole_in_every_format() {
    for format in ["openai-chat", "openai-responses", "anthropic"] {
        let world = World::speaking(format);
        let reply = Reply::recorded(&format!("{format}/surrogates-over-deltas.sse"));
        world.model.on("emoji", [reply]);
        let (editor, request) = world.asked("emoji");
        editor.wait_for_response(&request.id);
        let turn = editor.session(&request.session_id).turns.remove(0);
        let text = turn.response.unwrap().text;
        assert!(text.starts_with("Hi 🎉"), "{format}: {text}");
        assert_eq!(world.model.calls().len(), 1, "{format}");
    }
}

#[test]
fn the_reason_to_finish_ends_a_response_that_is_kept_alive_for_ever() {
    let world = World::scripted();
    let reply = Reply::stream().words("All of it.").finish_and_keep_alive();
    world.model.on("endless", [reply]);
    let (editor, request) = world.asked("endless");
    editor.wait_for_response(&request.id);
    let turn = editor.session(&request.session_id).turns.remove(0);
    let response = turn.response.unwrap();
    assert_eq!(
        (response.text.as_str(), response.finish.as_deref()),
        ("All of it.", Some("stop"))
    );
    world
        .model
        .wait_for_call("endless", |call| call.closed_by_client);
}
