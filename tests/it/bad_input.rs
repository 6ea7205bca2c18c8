//! What users and editors get wrong, and what goes wrong around them: each has an error that says
//! what failed, on what, and what helps; and the server goes on serving.

use std::net::TcpListener;

use backchat::protocol::{
    Failure, RequestParams, SessionParams, SubmitParams, SubmitResult, TakeParams, TakeResult,
    method,
};
use backchat::session::{Mode, RequestId, SessionId, State};
use serde_json::{Value, json};

use crate::support::editor::prompt;
use crate::support::transport::RpcError;
use crate::support::world::KEY_VARIABLE;
use crate::support::{Editor, Reply, World, lines};

const CODE: &str = "fn main() {}\n";
const INVALID_PARAMS: i64 = -32602;

/// The proof that the server still serves: it does its main job.
fn still_serves(world: &World, editor: &Editor) {
    let uri = world.uri("still.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "still there? «yes»");
    assert_eq!(
        editor
            .wait_for_response(&request.id)
            .request
            .preview
            .as_deref(),
        Some("answer to yes")
    );
}

fn assert_says(error: &RpcError, words: &[&str]) {
    for word in words {
        assert!(
            error.message.to_lowercase().contains(&word.to_lowercase()),
            "{word:?} is not in {error:?}"
        );
    }
}

#[test]
fn a_buffer_that_is_not_open() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("closed.rs");
    let error = editor
        .submit(&prompt(&uri, "why?", Mode::Background))
        .unwrap_err();
    assert_eq!(error.code, INVALID_PARAMS);
    assert_says(&error, &["closed.rs", "open"]);
    still_serves(&world, &editor);
}

#[test]
fn a_range_past_the_end() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let params = SubmitParams {
        range: Some(lines(7, 9)),
        ..prompt(&uri, "why?", Mode::Background)
    };
    let error = editor.submit(&params).unwrap_err();
    assert_eq!(error.code, INVALID_PARAMS);
    assert_says(&error, &["range"]);
    still_serves(&world, &editor);
}

#[test]
fn an_empty_prompt() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    for text in ["", "  \n\t "] {
        let error = editor
            .submit(&prompt(&uri, text, Mode::Background))
            .unwrap_err();
        assert_eq!(error.code, INVALID_PARAMS);
        assert_says(&error, &["prompt", "empty"]);
    }
    assert_eq!(editor.sessions().total, 0, "nothing was stored");
    still_serves(&world, &editor);
}

#[test]
fn unknown_ids() {
    let world = World::scripted();
    let editor = world.editor();
    let nobody = "01890000-0000-7000-8000-000000000000";
    let request = RequestParams {
        request_id: RequestId(nobody.into()),
    };
    for name in [method::CANCEL, method::RETRY, method::DISMISS] {
        let error = editor.request::<Value>(name, &request).unwrap_err();
        assert_eq!(error.code, INVALID_PARAMS, "{name}");
        assert_says(&error, &[nobody]);
    }
    let take = TakeParams {
        session_id: None,
        request_id: Some(request.request_id.clone()),
    };
    assert_says(
        &editor
            .request::<TakeResult>(method::TAKE, &take)
            .unwrap_err(),
        &[nobody],
    );
    let session = SessionParams {
        session_id: SessionId(nobody.into()),
    };
    assert_says(
        &editor
            .request::<Value>(method::SESSION, &session)
            .unwrap_err(),
        &[nobody],
    );
    still_serves(&world, &editor);
}

#[test]
fn parameters_that_do_not_fit() {
    let world = World::scripted();
    let editor = world.editor();
    let bad = [
        (method::SUBMIT, json!({})),
        (
            method::SUBMIT,
            json!({"textDocument": {"uri": "file:///a"}, "prompt": 7}),
        ),
        (
            method::SUBMIT,
            json!({"textDocument": {"uri": "file:///a"}, "prompt": "p", "mode": "sideways"}),
        ),
        (method::TAKE, json!({})),
        (method::TAKE, json!({"sessionId": "a", "requestId": "b"})),
        (method::SESSIONS, json!({"limit": -1})),
    ];
    for (name, params) in bad {
        let error = editor.request::<Value>(name, &params).unwrap_err();
        assert_eq!(error.code, INVALID_PARAMS, "{name} {params}: {error:?}");
    }
    still_serves(&world, &editor);
}

#[test]
fn a_retry_of_what_is_done() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "what? «a»");
    editor.wait_for_response(&request.id);
    let params = RequestParams {
        request_id: request.id.clone(),
    };
    let error = editor.request::<Value>(method::RETRY, &params).unwrap_err();
    assert_says(&error, &["done"]);
    assert_eq!(
        editor.take(&request.id).responses[0].response.text,
        "answer to a",
        "its answer is still there"
    );
}

#[test]
fn an_unknown_model() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let params = SubmitParams {
        model: Some("gpt-9".into()),
        ..prompt(&uri, "why?", Mode::Background)
    };
    assert_says(&editor.submit(&params).unwrap_err(), &["gpt-9", "scripted"]);
    assert_says(
        &editor.select_model(Some("gpt-9")).unwrap_err(),
        &["gpt-9", "scripted"],
    );
    still_serves(&world, &editor);
}

#[test]
fn no_model_at_all() {
    let world = World::without_configuration();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    if let Some(found) = editor.models().models.first() {
        // This machine serves a model on a usual port: it is taken, and its origin is told.
        assert!(found.origin.contains("127.0.0.1"), "{found:?}");
    } else {
        let error = editor
            .submit(&prompt(&uri, "why?", Mode::Background))
            .unwrap_err();
        assert_says(&error, &["model", "ANTHROPIC_API_KEY", "backchat config"]);
        assert!(editor.models().problem.is_some());
        assert!(editor.status().problem.is_some());
    }
    let base_url = world.model.base_url();
    world.configure(&format!(
        "[models.late]\nformat = \"openai-chat\"\nbase_url = \"{base_url}\"\nmodel = \"m\"\n"
    ));
    still_serves(&world, &editor);
    assert_eq!(editor.status().problem, None);
}

/// The failure of the one request of a world whose model answers with `reply`.
fn failure_of(world: &World, reply: Reply) -> Failure {
    world.model.on("fails", [reply]);
    let editor = world.editor();
    let failure = failure_in(world, &editor);
    still_serves(world, &editor);
    failure
}

fn failure_in(world: &World, editor: &Editor) -> Failure {
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "fails");
    let failure = editor
        .wait_for_state(&request.id, State::Failed)
        .failure
        .unwrap();
    assert!(failure.remedy.is_some(), "it says what helps: {failure:?}");
    failure
}

#[test]
fn a_key_that_is_not_accepted() {
    let mut world = World::scripted_with("", &format!("api_key_env = \"{KEY_VARIABLE}\""));
    world.set(KEY_VARIABLE, "sk-very-secret-and-wrong");
    let failure = failure_of(
        &world,
        Reply::error(401, "Incorrect API key provided: sk-very-secret-and-wrong"),
    );
    assert_eq!(failure.kind, "authentication");
    let said = format!("{} {}", failure.message, failure.remedy.unwrap());
    assert!(said.contains(KEY_VARIABLE), "which key, from where: {said}");
    assert!(!said.contains("sk-very-secret"), "{said}");
    let call = &world.model.calls_with("fails")[0];
    assert_eq!(
        call.headers["authorization"],
        "Bearer sk-very-secret-and-wrong"
    );
    for (path, bytes) in world.everything_written() {
        let found = bytes.windows(14).any(|window| window == b"sk-very-secret");
        assert!(!found, "the key is in {}", path.display());
    }
}

#[test]
fn a_key_that_is_not_there() {
    let world = World::scripted_with("", &format!("api_key_env = \"{KEY_VARIABLE}\""));
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let problem = editor.models().models[0]
        .problem
        .clone()
        .expect("it is known before anything is sent");
    assert!(problem.contains(KEY_VARIABLE), "{problem}");
    let said = match editor.submit(&prompt(&uri, "why?", Mode::Background)) {
        Err(error) => error.message,
        Ok(SubmitResult { request, .. }) => {
            editor
                .wait_for_state(&request.id, State::Failed)
                .failure
                .unwrap()
                .message
        }
    };
    assert!(said.contains(KEY_VARIABLE), "{said}");
    assert!(world.model.calls().is_empty());
}

#[test]
fn a_model_that_the_endpoint_does_not_know() {
    let world = World::scripted();
    let failure = failure_of(
        &world,
        Reply::error(404, "The model `scripted` does not exist"),
    );
    assert_eq!(failure.kind, "modelNotFound");
    assert!(failure.message.contains("scripted"), "{failure:?}");
}

#[test]
fn a_login_page_instead_of_a_model() {
    let world = World::scripted_with("max_attempts = 1", "");
    let failure = failure_of(&world, Reply::login_page());
    assert_eq!(failure.kind, "invalidResponse");
    assert!(
        failure.message.contains("127.0.0.1"),
        "which endpoint: {failure:?}"
    );
}

#[test]
fn an_endpoint_that_is_down() {
    let world = World::scripted();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    world.configure(&format!(
        "max_attempts = 1\n[models.down]\nformat = \"openai-chat\"\nbase_url = \"http://{nobody}/v1\"\nmodel = \"m\"\n"
    ));
    let failure = failure_in(&world, &world.editor());
    assert_eq!(failure.kind, "unreachable");
    assert!(failure.message.contains(&nobody.to_string()), "{failure:?}");
}

#[test]
fn an_endpoint_that_does_not_speak_tls() {
    let world = World::scripted();
    let base_url = world.model.base_url().replace("http:", "https:");
    world.configure(&format!(
        "max_attempts = 1\n[models.plain]\nformat = \"openai-chat\"\nbase_url = \"{base_url}\"\nmodel = \"m\"\n"
    ));
    let failure = failure_in(&world, &world.editor());
    assert_eq!(failure.kind, "tls");
    assert!(failure.message.contains("127.0.0.1"), "{failure:?}");
}

#[test]
fn a_broken_configuration_file() {
    let world = World::without_configuration();
    world.configure("max_concurrent = 2\n\n[models.a]\nformat = \"morse\"\nmodel = \"m\"\n");
    let editor = world.editor();
    let problem = editor.status().problem.expect("it is told at once");
    assert!(
        problem.contains("config.toml:4:10"),
        "line and column: {problem}"
    );
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let error = editor
        .submit(&prompt(&uri, "why?", Mode::Background))
        .unwrap_err();
    assert_says(&error, &["config.toml:4:10"]);
    // Mended, without a restart.
    let base_url = world.model.base_url();
    world.configure(&format!(
        "[models.a]\nformat = \"openai-chat\"\nbase_url = \"{base_url}\"\nmodel = \"m\"\n"
    ));
    still_serves(&world, &editor);
    assert_eq!(editor.status().problem, None);
}

#[test]
fn an_edit_past_the_end_and_a_buffer_opened_twice() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    editor.edit(&uri, lines(90, 91), "// past the end\n");
    editor.open(&uri, "fn other() {}\n");
    editor.close(&world.uri("never-opened.rs"));
    let request = editor.ask(&uri, "what? «a»");
    editor.wait_for_response(&request.id);
    assert!(
        world
            .model
            .wait_for_call("what?", |_| true)
            .prompt()
            .contains("fn other() {}\n")
    );
}
