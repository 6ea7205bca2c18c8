//! The whole way with a real model, small as it is: nothing scripted, nothing simulated.

use backchat::protocol::{RequestInfo, ResponseDelta};
use backchat::session::State;
use serde_json::{Value, json};

use crate::support::local_model::local_model;
use crate::support::patience::poll;
use crate::support::{Editor, World, lines};

#[test]
fn two_buffers_in_the_background_while_one_is_edited() {
    let world = World::real();
    let editor = world.editor();
    let uris = ["sum.rs", "greet.rs"].map(|name| world.uri(name));
    editor.open(
        &uris[0],
        "fn sum(numbers: &[u32]) -> u32 {\n    numbers.iter().sum()\n}\n",
    );
    editor.open(
        &uris[1],
        "fn greet(name: &str) {\n    println!(\"Hello, {name}!\");\n}\n",
    );
    let sum = editor.ask_about(&uris[0], lines(1, 2), "What does this line do?");
    let greet = editor.ask(&uris[1], "Say what this function prints.");
    editor.edit(&uris[0], lines(0, 0), "/// Adds up.\n");

    for request in [&sum, &greet] {
        let ready = editor.wait_for_response(&request.id);
        assert_eq!(ready.request.state, State::Done);
        let usage = ready.request.usage.expect("the provider counted");
        assert!(
            usage.input_tokens.unwrap() > 0 && usage.output_tokens.unwrap() > 0,
            "{usage:?}"
        );
    }
    assert_eq!(editor.status().unread, 2);
    let ready = editor.wait_for_response(&sum.id);
    assert_eq!(
        ready.request.anchor.unwrap().range,
        lines(2, 3),
        "shown where it was asked"
    );

    for request in [&sum, &greet] {
        let taken = editor.take(&request.id).responses.remove(0).response;
        assert!(!taken.text.trim().is_empty());
        let streamed: String = editor
            .received::<ResponseDelta>()
            .into_iter()
            .filter(|delta| delta.request_id == request.id)
            .map(|delta| delta.text)
            .collect();
        assert_eq!(streamed, taken.text, "what was streamed is what is kept");
    }
    assert_eq!(editor.status().unread, 0);
    assert!(
        editor
            .sessions()
            .sessions
            .iter()
            .all(|session| session.unread == 0)
    );
}

/// What the user has of the answer so far.
fn text_of(editor: &Editor, request: &RequestInfo) -> String {
    let turn = editor.session(&request.session_id).turns.remove(0);
    turn.response.map(|said| said.text).unwrap_or_default()
}

/// Asks for a long answer and waits until some of it is stored.
fn ask_for_a_story(world: &World, editor: &Editor) -> (RequestInfo, String) {
    let uri = world.uri("story.rs");
    editor.open(&uri, "fn main() {}\n");
    let request = editor.ask(&uri, "Tell a long story about a lighthouse.");
    let text = poll("some text is stored", || {
        Some(text_of(editor, &request)).filter(|text| text.len() > 20)
    });
    (request, text)
}

/// Asks the model's own server.
fn ask_server(method: reqwest::Method, path: &str, body: Option<Value>) -> String {
    let url = format!("{}{path}", local_model().base_url);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // A client cannot be made without a provider of cryptography; another test may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(async {
        let request = reqwest::Client::new().request(method, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap().text().await.unwrap()
    })
}

/// What the model's server keeps of a request's attempt.
fn kept(request: &RequestInfo, attempt: u32) -> Option<Value> {
    let ids = json!({"conversation_ids": [format!("{}-{attempt}", request.id)]});
    let found = ask_server(reqwest::Method::POST, "/streams/lookup", Some(ids));
    serde_json::from_str::<Vec<Value>>(&found).unwrap().pop()
}

#[test]
fn an_answer_survives_the_death_of_its_server_in_mid_stream() {
    let world = World::real_with(240);
    let editor = world.editor();
    let (request, before) = ask_for_a_story(&world, &editor);
    editor.kill();

    let editor = world.editor();
    let ready = editor.wait_for_response(&request.id);
    assert_eq!(ready.request.attempt, 1);
    let taken = editor.take(&request.id).responses.remove(0).response;
    assert!(taken.text.starts_with(&before) && taken.text.len() > before.len());
    // One generation on its side, and every word of it on ours.
    assert_eq!(kept(&request, 1).unwrap()["is_done"], true);
    assert_eq!(kept(&request, 2), None);
    let path = format!("/stream?conv_id={}-1&from=0", request.id);
    let stream = ask_server(reqwest::Method::GET, &path, None);
    let said: String = stream
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert_eq!(taken.text, said);
}

#[test]
fn a_cancelled_answer_is_not_generated_any_further() {
    let world = World::real_with(1_000);
    let editor = world.editor();
    let (request, _) = ask_for_a_story(&world, &editor);
    assert!(kept(&request, 1).is_some());
    assert_eq!(editor.cancel(&request.id).state, State::Cancelled);
    poll("the server has let go of it", || {
        kept(&request, 1).is_none().then_some(())
    });
}
