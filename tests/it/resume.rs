//! A response that goes on without its client is taken up again: no crash, no broken connection and
//! no closed editor costs a second generation, or a word.

use backchat::protocol::{RequestDidChange, ResponseDelta};
use backchat::session::{RequestId, State};
use rstest::rstest;

use crate::support::patience::poll;
use crate::support::{Editor, Gate, Reply, World};

const CODE: &str = "fn main() {}\n";

const WHOLE: &str = "Once upon a time.";

/// A world whose model goes on without its client, in this wire format.
fn world(format: &str) -> World {
    let world = World::without_configuration();
    world.model.keep_streams();
    world.configure(&format!(
        "drain_on_close = true\n\n[models.scripted]\nformat = \"{format}\"\nbase_url = \"{}\"\nmodel = \"m\"\nresume = true\n",
        world.model.base_url(),
    ));
    world
}

/// Waits until so much of the answer is in the store.
fn wait_until_stored(editor: &Editor, id: &RequestId, text: &str) {
    poll(&format!("{text:?} is stored"), || {
        let sessions = editor.sessions().sessions;
        let turns = editor.session(&sessions.first()?.id).turns;
        let turn = turns.into_iter().find(|turn| turn.request.id == *id)?;
        (turn.response?.text == text).then_some(())
    });
}

/// The answer has come as a whole, of one generation and in one attempt.
fn assert_one_whole_answer(world: &World, editor: &Editor, id: &RequestId) {
    let ready = editor.wait_for_response(id);
    assert_eq!(ready.request.attempt, 1, "the same attempt");
    let taken = editor.take(id).responses;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].response.text, WHOLE);
    assert!(!taken[0].response.partial);
    assert!(ready.request.usage.is_some(), "the provider counted");
    assert_eq!(world.model.calls().len(), 1, "{:#?}", world.model.calls());
}

#[rstest]
#[case::replay("openai-chat")]
#[case::background("openai-responses")]
fn a_server_killed_in_mid_stream_takes_up_where_it_was(#[case] format: &str) {
    let world = world(format);
    let gate = Gate::new();
    let reply = Reply::stream()
        .words("Once upon ")
        .wait(&gate)
        .words("a time.")
        .finish();
    world.model.on("story", [reply]);
    let uri = world.uri("main.rs");
    let editor = world.editor();
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "story");
    wait_until_stored(&editor, &request.id, "Once upon ");
    editor.kill();

    let editor = world.editor();
    editor.open(&uri, CODE);
    world.model.wait_for_asked("GET /v1/");
    let turn = editor.session(&request.session_id).turns.remove(0);
    assert_eq!(
        (turn.request.state, turn.request.attempt),
        (State::Running, 1)
    );
    let partial = turn.response.expect("what had streamed is still there");
    assert_eq!(
        (partial.text.as_str(), partial.partial),
        ("Once upon ", true)
    );
    gate.open();
    assert_one_whole_answer(&world, &editor, &request.id);
    let deltas = editor.received::<ResponseDelta>();
    let rest: String = deltas
        .iter()
        .filter(|it| it.seq >= partial.next_seq)
        .map(|it| it.text.as_str())
        .collect();
    assert_eq!(
        rest, "a time.",
        "the windows are told the rest, behind what they have"
    );
}

#[rstest]
#[case::replay("openai-chat")]
#[case::background("openai-responses")]
fn an_answer_that_was_completed_while_nobody_was_there_is_fetched(#[case] format: &str) {
    let world = world(format);
    let gate = Gate::new();
    let reply = Reply::stream()
        .words("Once ")
        .wait(&gate)
        .words("upon a time.")
        .finish();
    world.model.on("story", [reply]);
    let (editor, request) = world.asked("story");
    wait_until_stored(&editor, &request.id, "Once ");
    editor.kill();
    gate.open();
    world
        .model
        .wait_for_call("story", |call| call.ended.is_some());
    let editor = world.editor();
    assert_one_whole_answer(&world, &editor, &request.id);
}

#[test]
fn a_server_killed_before_the_first_word_finds_its_answer() {
    let world = world("openai-chat");
    let gate = Gate::new();
    world
        .model
        .on("story", [Reply::stream().wait(&gate).words(WHOLE).finish()]);
    let (editor, request) = world.asked("story");
    world.model.wait_for_running(1);
    editor.kill();
    gate.open();
    let editor = world.editor();
    assert_one_whole_answer(&world, &editor, &request.id);
}

#[rstest]
#[case::replay("openai-chat")]
#[case::background("openai-responses")]
fn a_server_killed_while_it_takes_up_again_takes_up_once_more(#[case] format: &str) {
    let world = world(format);
    let gates = [(); 3].map(|()| Gate::new());
    let reply = Reply::stream()
        .words("Once ")
        .wait(&gates[0])
        .words("upon ")
        .wait(&gates[1])
        .words("a ")
        .wait(&gates[2])
        .words("time.")
        .finish();
    world.model.on("story", [reply]);
    let (mut editor, request) = world.asked("story");
    for (gate, text) in gates.iter().zip(["Once ", "Once upon ", "Once upon a "]) {
        wait_until_stored(&editor, &request.id, text);
        editor.kill();
        editor = world.editor();
        gate.open();
    }
    assert_one_whole_answer(&world, &editor, &request.id);
}

#[rstest]
#[case::replay("openai-chat")]
#[case::background("openai-responses")]
fn a_connection_that_breaks_costs_nothing(#[case] format: &str) {
    let world = world(format);
    let gate = Gate::new();
    let reply = Reply::stream()
        .words("Once upon ")
        .disconnect()
        .wait(&gate)
        .words("a time.")
        .finish();
    world.model.on("story", [reply]);
    let (editor, request) = world.asked("story");
    let held = editor.wait_for_state(&request.id, State::Held);
    assert!(held.hold.unwrap().reason.contains("broken off"));
    gate.open();
    assert_one_whole_answer(&world, &editor, &request.id);
}

#[test]
fn a_closed_editor_leaves_the_rest_to_its_worker() {
    let world = world("openai-chat");
    let gates = [Gate::new(), Gate::new()];
    let reply = Reply::stream()
        .words("Once ")
        .wait(&gates[0])
        .words("upon ")
        .wait(&gates[1])
        .words("a time.")
        .finish();
    world.model.on("story", [reply]);
    let (editor, request) = world.asked("story");
    wait_until_stored(&editor, &request.id, "Once ");
    editor.quit();
    world.model.wait_for_asked("GET /v1/stream?");
    // The worker dies, too; the next window goes on.
    for worker in world.processes() {
        world.kill_if_there(worker);
    }
    gates[0].open();
    let editor = world.editor();
    wait_until_stored(&editor, &request.id, "Once upon ");
    gates[1].open();
    assert_one_whole_answer(&world, &editor, &request.id);
}

#[rstest]
#[case::replay("openai-chat")]
#[case::background("openai-responses")]
fn an_answer_that_the_provider_has_forgotten_is_asked_for_anew(#[case] format: &str) {
    let world = world(format);
    world.model.on(
        "story",
        [
            Reply::stream().words("Once upon ").silence(),
            Reply::answer(WHOLE),
        ],
    );
    let (editor, request) = world.asked("story");
    wait_until_stored(&editor, &request.id, "Once upon ");
    editor.kill();
    world.model.forget_streams();
    let editor = world.editor();
    let ready = editor.wait_for_response(&request.id);
    assert_eq!(ready.request.attempt, 2, "repeated, and counted");
    assert_eq!(editor.take(&request.id).responses[0].response.text, WHOLE);
    assert_eq!(world.model.calls().len(), 2);
}

#[rstest]
#[case::replay("openai-chat", "DELETE /v1/stream?conv_id=")]
#[case::background("openai-responses", "POST /v1/responses/resp_0/cancel")]
fn a_cancel_ends_the_generation_at_the_provider(#[case] format: &str, #[case] asked: &str) {
    let world = world(format);
    world
        .model
        .on("endless", [Reply::stream().words("on and on ").silence()]);
    let (editor, request) = world.asked("endless");
    wait_until_stored(&editor, &request.id, "on and on ");
    assert_eq!(editor.cancel(&request.id).state, State::Cancelled);
    world.model.wait_for_asked(asked);
    world
        .model
        .wait_for_call("endless", |call| call.ended.is_some());
    wait_until_stored(&editor, &request.id, "on and on ");
}

#[test]
fn what_is_cancelled_while_nobody_works_is_ended_at_the_provider_later() {
    let world = world("openai-chat");
    world
        .model
        .on("endless", [Reply::stream().words("on and on ").silence()]);
    let (editor, request) = world.asked("endless");
    wait_until_stored(&editor, &request.id, "on and on ");
    editor.kill();
    let cancelled = world.run(&["cancel", &request.id.0]);
    assert!(cancelled.status.success(), "{cancelled:?}");
    assert_eq!(world.model.asked(), [] as [&str; 0]);
    let _editor = world.editor();
    world.model.wait_for_asked("DELETE /v1/stream?conv_id=");
    world
        .model
        .wait_for_call("endless", |call| call.ended.is_some());
}

#[test]
fn a_response_that_the_provider_kept_is_deleted_there_in_the_end() {
    let world = world("openai-responses");
    let (editor, request) = world.asked("what? «a»");
    editor.wait_for_response(&request.id);
    world.model.wait_for_asked("DELETE /v1/responses/resp_0");
    assert_eq!(
        world.model.asked(),
        ["DELETE /v1/responses/resp_0"],
        "complete, so there is nothing to cancel"
    );
}

#[test]
fn without_the_setting_a_provider_is_asked_to_keep_nothing() {
    let world = World::without_configuration();
    world.model.keep_streams();
    world.configure(&format!(
        "[models.scripted]\nformat = \"openai-responses\"\nbase_url = \"{}\"\nmodel = \"m\"\n",
        world.model.base_url(),
    ));
    world.model.on(
        "what",
        [Reply::error(429, "later").header("retry-after", "3600")],
    );
    let (editor, request) = world.asked("what?");
    editor.wait_for::<RequestDidChange>(|it| {
        it.request.id == request.id && it.request.state == State::Held
    });
    let call = world.model.calls().remove(0);
    assert_eq!(
        (&call.body["store"], &call.body["background"]),
        (&false.into(), &serde_json::Value::Null)
    );
}
