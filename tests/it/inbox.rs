//! The list of sessions, transcripts, and what the user does to a request.

use backchat::protocol::{RequestDidChange, ResponseDelta, SessionsParams, SessionsResult, method};
use backchat::session::State;

use crate::support::{Gate, Reply, World};

const CODE: &str = "fn main() {}\n";

#[test]
fn sessions_with_something_unread_come_first() {
    let world = World::scripted();
    let gate = Gate::new();
    world
        .model
        .on("busy", [Reply::stream().wait(&gate).text("done").finish()]);
    let editor = world.editor();
    let [read, unread, busy] = ["read.rs", "unread.rs", "busy.rs"].map(|name| world.uri(name));
    for uri in [&read, &unread, &busy] {
        editor.open(uri, CODE);
    }
    let first = editor.ask(&unread, "## Explain this\nplease «u»");
    editor.wait_for_response(&first.id);
    let second = editor.ask(&read, "and this «r»");
    editor.wait_for_response(&second.id);
    editor.take(&second.id);
    let third = editor.ask(&busy, "busy");
    editor.wait_for_state(&third.id, State::Running);

    let sessions = editor.sessions();
    let listed: Vec<_> = sessions
        .sessions
        .iter()
        .map(|session| (session.uri.as_str(), session.unread, session.running))
        .collect();
    assert_eq!(
        listed,
        [
            (unread.as_str(), 1, 0),
            (busy.as_str(), 0, 1),
            (read.as_str(), 0, 0)
        ]
    );
    assert_eq!(sessions.total, 3);
    assert_eq!(sessions.sessions[0].title, "Explain this");

    let filter = |params: SessionsParams| -> Vec<String> {
        let found: SessionsResult = editor.request(method::SESSIONS, &params).unwrap();
        found
            .sessions
            .into_iter()
            .map(|session| session.uri)
            .collect()
    };
    let unread_only = SessionsParams {
        unread_only: Some(true),
        ..SessionsParams::default()
    };
    assert_eq!(filter(unread_only), [unread.as_str()]);
    let query = |text: &str| SessionsParams {
        query: Some(text.into()),
        ..SessionsParams::default()
    };
    assert_eq!(
        filter(query("AND THIS")),
        [read.as_str()],
        "whatever the case"
    );
    assert_eq!(filter(query("busy.rs")), [busy.as_str()]);
    assert!(filter(query("no such thing")).is_empty());
    let page = SessionsParams {
        limit: Some(1),
        offset: Some(2),
        ..SessionsParams::default()
    };
    assert_eq!(filter(page), [read.as_str()]);
    gate.open();
    editor.wait_for_response(&third.id);
}

#[test]
fn a_session_is_taken_as_a_whole_and_its_transcript_stays() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let first = editor.ask(&uri, "one «1»");
    let second = editor.ask(&uri, "two «2»");
    editor.wait_for_response(&first.id);
    editor.wait_for_response(&second.id);
    assert_eq!(editor.sessions().sessions[0].unread, 2);
    assert_eq!(editor.session(&first.session_id).turns.len(), 2);
    assert_eq!(
        editor.sessions().sessions[0].unread,
        2,
        "looking at a transcript reads nothing"
    );

    let taken = editor.take_session(&first.session_id);
    let texts: Vec<_> = taken
        .responses
        .iter()
        .map(|it| it.response.text.as_str())
        .collect();
    assert_eq!(texts, ["answer to 1", "answer to 2"]);
    assert_eq!(editor.sessions().sessions[0].unread, 0);
    let turns = editor.session(&first.session_id).turns;
    assert_eq!(turns[1].request.prompt, "two «2»");
    assert_eq!(turns[1].response.as_ref().unwrap().text, "answer to 2");
}

#[test]
fn a_queued_request_is_cancelled_before_it_reaches_the_model() {
    let world = World::scripted();
    let gate = Gate::new();
    world
        .model
        .on("first", [Reply::stream().wait(&gate).text("done").finish()]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let first = editor.ask(&uri, "first");
    editor.wait_for_state(&first.id, State::Running);
    let second = editor.ask(&uri, "second «b»");
    let third = editor.ask(&uri, "third «c»");
    let cancelled = editor.cancel(&second.id);
    assert_eq!(cancelled.state, State::Cancelled);
    assert!(!cancelled.unread, "nothing came, nothing is unread");
    gate.open();
    editor.wait_for_response(&third.id);
    assert!(world.model.calls_with("second").is_empty());
    assert_eq!(
        editor.request_info(&uri, &second.id).state,
        State::Cancelled
    );
}

#[test]
fn cancelling_a_stream_closes_the_connection_and_keeps_the_text() {
    let world = World::scripted();
    world.model.on(
        "endless",
        [
            Reply::stream().words("this much ").silence(),
            Reply::answer("all of it"),
        ],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "endless");
    editor.wait_for::<ResponseDelta>(|it| it.request_id == request.id && it.text.contains("this"));
    assert_eq!(editor.cancel(&request.id).state, State::Cancelled);
    let call = world
        .model
        .wait_for_call("endless", |call| call.ended.is_some());
    assert!(call.closed_by_client);
    let kept = editor
        .session(&request.session_id)
        .turns
        .remove(0)
        .response
        .unwrap();
    assert!(kept.text.starts_with("this"), "{kept:?}");
    assert!(kept.partial);
    assert_eq!(
        editor.cancel(&request.id).state,
        State::Cancelled,
        "again is no error"
    );

    let again = editor.retry(&request.id);
    assert!(!again.state.is_final(), "{again:?}");
    let ready = editor.wait_for_response(&request.id);
    assert_eq!(ready.request.attempt, 2);
    let response = editor.take(&request.id).responses.remove(0).response;
    assert_eq!(
        (response.text.as_str(), response.partial, response.attempt),
        ("all of it", false, 2)
    );
}

#[test]
fn a_failed_request_is_retried_when_the_user_says_so() {
    let world = World::scripted();
    world.model.on(
        "again",
        [
            Reply::error(400, "no such parameter"),
            Reply::answer("now it works"),
        ],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "again");
    let failed = editor.wait_for_state(&request.id, State::Failed);
    let failure = failed.failure.unwrap();
    assert_eq!(failure.kind, "invalidRequest");
    assert!(failure.message.contains("no such parameter"), "{failure:?}");
    editor.retry(&request.id);
    let ready = editor.wait_for_response(&request.id);
    assert_eq!(ready.request.failure, None);
    assert_eq!(
        editor.take(&request.id).responses[0].response.text,
        "now it works"
    );
}

#[test]
fn a_dismissed_request_leaves_the_margin_and_stays_in_the_session() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "what? «a»");
    editor.wait_for_response(&request.id);
    let dismissed = editor.dismiss(&request.id);
    assert!(dismissed.dismissed && !dismissed.unread, "{dismissed:?}");
    editor.wait_for::<RequestDidChange>(|it| it.request.id == request.id && it.request.dismissed);
    assert!(editor.requests(&uri).is_empty());
    assert_eq!(editor.status().unread, 0);
    assert_eq!(
        editor.session(&request.session_id).turns[0]
            .response
            .as_ref()
            .unwrap()
            .text,
        "answer to a"
    );
}

#[test]
fn the_selected_model_holds_in_every_window() {
    let world = World::scripted();
    let base_url = world.model.base_url();
    let model = |name: &str| {
        format!(
            "[models.{name}]\nformat = \"openai-chat\"\nbase_url = \"{base_url}\"\nmodel = \"{name}-id\"\n"
        )
    };
    world.configure(&format!(
        "default_model = \"one\"\n{}{}",
        model("one"),
        model("two")
    ));
    let [editor, other] = world.windows();
    let models = editor.models();
    assert_eq!(models.selected.as_deref(), Some("one"));
    let names: Vec<_> = models
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    assert_eq!(names, ["one", "two"]);
    assert!(
        models.models[0].origin.contains("config.toml"),
        "{}",
        models.models[0].origin
    );

    assert_eq!(
        editor
            .select_model(Some("two"))
            .unwrap()
            .selected
            .as_deref(),
        Some("two")
    );
    assert_eq!(other.models().selected.as_deref(), Some("two"));
    let uri = world.uri("main.rs");
    other.open(&uri, CODE);
    let request = other.ask(&uri, "which? «a»");
    assert_eq!(request.model, "two");
    other.wait_for_response(&request.id);
    assert_eq!(world.model.calls()[0].body["model"], "two-id");
    assert_eq!(
        editor.select_model(None).unwrap().selected.as_deref(),
        Some("one")
    );
}
