//! The main job: ask about a buffer, keep typing, be told, read.

use backchat::protocol::{RequestDidChange, ResponseDelta, ResponseReady, StatusDidChange, Usage};
use backchat::session::{Disposition, Lane, Mode, State};

use crate::support::editor::prompt;
use crate::support::model_server::INPUT_TOKENS;
use crate::support::{Gate, Reply, World, at, lines};

const CODE: &str = "fn main() {\n    let answer = 6 * 7;\n    println!(\"{answer}\");\n}\n";

#[test]
fn opening_an_editor_is_all_it_takes_to_have_a_worker() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "what is it? «a»");
    let ready = editor.wait_for_response(&request.id);
    assert_eq!(ready.request.state, State::Done);
    assert_eq!(ready.request.preview.as_deref(), Some("answer to a"));
}

#[test]
fn a_submit_is_answered_before_the_model_says_a_word() {
    let world = World::scripted();
    let gate = Gate::new();
    world.model.on(
        "slow",
        [Reply::stream().wait(&gate).words("at last").finish()],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);

    let answer = editor
        .submit(&prompt(&uri, "slow", Mode::Background))
        .unwrap();
    assert_eq!(answer.disposition, Disposition::BackgroundSubmitted);
    assert_eq!(answer.request.lane, Lane::Background);
    assert_eq!(answer.request.uri, uri);
    assert_eq!(answer.request.preview, None);
    world
        .model
        .wait_for_call("slow", |call| call.ended.is_none());
    assert_eq!(
        editor.session(&answer.request.session_id).turns[0].response,
        None
    );

    gate.open();
    editor.wait_for_response(&answer.request.id);
}

#[test]
fn submit_work_notify_take() {
    let world = World::scripted();
    let gate = Gate::new();
    let story = Reply::stream()
        .words("It is ")
        .wait(&gate)
        .words("42, printed.")
        .finish();
    world.model.on("what does it print", [story]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);

    let request = editor.ask_about(&uri, lines(1, 3), "what does it print?");
    assert!(!request.unread);
    let running = editor.wait_for_state(&request.id, State::Running);
    assert_eq!(running.attempt, 1);
    let delta = editor.wait_for::<ResponseDelta>(|it| it.request_id == request.id);
    assert_eq!((delta.attempt, delta.seq), (1, 0));
    assert_eq!(editor.status().running, 1);
    assert_eq!(editor.status().unread, 0);
    let partial = editor
        .session(&request.session_id)
        .turns
        .remove(0)
        .response
        .unwrap();
    assert!(partial.partial);
    gate.open();

    let ready = editor.wait_for_response(&request.id);
    assert!(
        ready.request.unread,
        "📬 is set when the response is complete"
    );
    assert_eq!((ready.session_unread, ready.unread), (1, 1));
    assert_eq!(ready.request.anchor.as_ref().unwrap().range, lines(1, 3));
    assert_eq!(
        ready.request.usage,
        Some(Usage {
            input_tokens: Some(INPUT_TOKENS),
            output_tokens: Some(4)
        })
    );
    let session = editor.sessions().sessions.remove(0);
    assert_eq!(
        (session.unread, session.requests, session.state),
        (1, 1, State::Done)
    );
    editor.wait_for::<StatusDidChange>(|it| it.unread == 1 && it.running == 0);

    let moment = editor.now();
    let taken = editor.take(&request.id);
    assert_eq!(taken.unread, 0);
    assert_eq!(taken.responses.len(), 1);
    assert_eq!(taken.responses[0].response.text, "It is 42, printed.");
    assert_eq!(taken.responses[0].response.finish.as_deref(), Some("stop"));
    assert!(!taken.responses[0].response.partial);
    assert!(!taken.responses[0].request.unread);
    let read = |it: &backchat::protocol::RequestDidChangeParams| {
        it.request.id == request.id && !it.request.unread
    };
    editor.wait_for_later::<RequestDidChange>(moment, read);
    editor.wait_for_later::<StatusDidChange>(moment, |it| it.unread == 0);
    assert_eq!(
        editor.sessions().sessions[0].unread,
        0,
        "📬 is cleared by the take"
    );
    assert!(
        editor.take(&request.id).responses.is_empty(),
        "a response is handed over once"
    );
    assert_eq!(
        editor.received::<ResponseReady>().len(),
        1,
        "a response is announced once"
    );
}

#[test]
fn the_code_the_place_and_the_question_reach_the_model() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask_about(&uri, lines(1, 2), "why six? «a»");
    editor.wait_for_response(&request.id);
    let call = world.model.wait_for_call("why six?", |_| true);
    assert_eq!(call.path, "/v1/chat/completions");
    assert_eq!(call.body["model"], "scripted");
    assert_eq!(call.body["stream"], true);
    assert!(
        call.prompt().contains(CODE),
        "the file goes along: {}",
        call.prompt()
    );
    assert!(
        call.prompt().contains("main.rs"),
        "and its name: {}",
        call.prompt()
    );
    let selection = call.prompt().rfind("    let answer = 6 * 7;\n");
    assert!(
        selection > call.prompt().find(CODE).map(|at| at + CODE.len()),
        "the selection is named"
    );
}

#[test]
fn deltas_come_in_order_and_make_up_the_text() {
    let world = World::scripted();
    let words = (0..400).map(|n| format!("w{n} ")).collect::<String>();
    world.model.on("long", [Reply::answer(&words)]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "long");
    editor.wait_for_response(&request.id);
    let text = editor.take(&request.id).responses.remove(0).response.text;
    let deltas = editor.received::<ResponseDelta>();
    let numbers: Vec<u32> = deltas.iter().map(|delta| delta.seq).collect();
    assert_eq!(
        numbers,
        (0..u32::try_from(deltas.len()).unwrap()).collect::<Vec<_>>()
    );
    assert_eq!(
        deltas
            .into_iter()
            .map(|delta| delta.text)
            .collect::<String>(),
        words
    );
    assert_eq!(text.trim_end(), words.trim_end());
}

#[test]
fn auto_streams_in_front_and_goes_to_the_background_elsewhere() {
    let world = World::scripted();
    let gate = Gate::new();
    world
        .model
        .on("wait", [Reply::stream().wait(&gate).text("done").finish()]);
    let editor = world.editor();
    let (front, behind) = (world.uri("front.rs"), world.uri("behind.rs"));
    editor.open(&front, CODE);
    editor.open(&behind, CODE);
    editor.focus(&front);
    let auto = |uri: &str| {
        editor
            .submit(&prompt(uri, "wait", Mode::Auto))
            .unwrap()
            .disposition
    };
    assert_eq!(auto(&front), Disposition::Streaming, "in front and idle");
    assert_eq!(
        auto(&front),
        Disposition::BackgroundSubmitted,
        "in front, but busy"
    );
    assert_eq!(
        auto(&behind),
        Disposition::BackgroundSubmitted,
        "not in front"
    );
    let foreground = editor
        .submit(&prompt(&behind, "wait", Mode::Foreground))
        .unwrap();
    assert_eq!(
        foreground.disposition,
        Disposition::Streaming,
        "an explicit mode wins"
    );
    gate.open();
    editor.wait_for_response(&foreground.request.id);
}

#[test]
fn the_same_idempotency_key_is_the_same_request() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let mut params = prompt(&uri, "once «a»", Mode::Background);
    params.idempotency_key = Some("key-1".into());
    let first = editor.submit(&params).unwrap().request;
    let second = editor.submit(&params).unwrap().request;
    assert_eq!(first.id, second.id);
    editor.wait_for_response(&first.id);
    assert_eq!(
        editor.submit(&params).unwrap().request.id,
        first.id,
        "also when it is done"
    );
    assert_eq!(editor.sessions().sessions[0].requests, 1);
    assert_eq!(world.model.calls_with("once").len(), 1);
}

#[test]
fn typing_goes_on_while_answers_stream() {
    let world = World::scripted();
    let gate = Gate::new();
    world.model.on(
        "slow",
        [Reply::stream()
            .text("so far ")
            .wait(&gate)
            .text("done")
            .finish()],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask_about(&uri, lines(1, 2), "slow");
    editor.wait_for::<ResponseDelta>(|it| it.request_id == request.id);
    for _ in 0..50 {
        editor.edit(&uri, lines(0, 0), "// one more line\n");
    }
    let moved = editor.request_info(&uri, &request.id).anchor.unwrap();
    assert_eq!((moved.range, moved.version), (lines(51, 52), Some(51)));
    gate.open();
    let ready = editor.wait_for_response(&request.id);
    assert_eq!(
        ready.request.anchor.unwrap().range.start,
        at(51, 0),
        "shown where it was asked"
    );
}
