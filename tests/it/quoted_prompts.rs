//! Providers quote in their errors what they were sent. Of that nothing gets into the log, the store's
//! columns of failures and holds, or a notification; what the provider says about it does.

use backchat::protocol::{RequestDidChange, RequestInfo};
use backchat::session::State;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::patience::poll;
use crate::support::{Reply, World};

const CODE: &str = "fn hidden_in_the_vault(key: &str) -> Option<u32> {\n    let label = \"blue \\n whale\";\n    \
    if key.is_empty() && label != \"\" { return None; }\n    Some(42) // größer als 🎉 41\n}\n";

const PROMPT: &str =
    "Why does the \"tall giraffe\" of the vault\nnever answer <before> noon & after midnight?";

/// What the provider says beside its quotation.
const COMPLAINT: &str = "is not allowed";

const JSON: &str = "content-type: application/json\r\n";
const SSE: &str = "content-type: text/event-stream\r\n";

fn whole(status: u16, kind: &str, body: &str) -> Reply {
    Reply::Whole {
        status,
        headers: vec![("content-type".into(), kind.into())],
        body: body.into(),
    }
}

/// A response under status 200 of which this is the body.
fn body(headers: &'static str, bytes: &str) -> Reply {
    Reply::Flood {
        headers,
        first: bytes.as_bytes().to_vec(),
        piece: Vec::new(),
        times: 0,
    }
}

fn event(data: &Value) -> String {
    let name = data["type"].as_str();
    let name = name.map_or(String::new(), |name| format!("event: {name}\n"));
    format!("{name}data: {data}\n\n")
}

fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

/// The beginning of a stream in this format: a word of the answer.
fn first_word(format: &str) -> String {
    match format {
        "openai-chat" => event(&json!({"choices": [{"index": 0, "delta": {"content": "Well"}}]})),
        "openai-responses" => {
            event(&json!({"type": "response.output_text.delta", "delta": "Well"}))
        }
        _ => event(&json!({"type": "content_block_delta", "index": 0,
                           "delta": {"type": "text_delta", "text": "Well"}})),
    }
}

/// An error in a stream of this format.
fn stream_error(format: &str, message: &str) -> String {
    match format {
        "openai-chat" => event(&json!({"error": {"message": message, "code": 500}})),
        "openai-responses" => event(&json!({"type": "response.failed", "response": {
            "status": "failed", "error": {"code": "server_error", "message": message},
        }})),
        _ => event(&json!({"type": "error", "error": {"type": "api_error", "message": message}})),
    }
}

/// The end of a stream, for a reason that no one knows.
fn strange_end(format: &str, reason: &str) -> String {
    match format {
        "openai-chat" => {
            event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
        }
        "openai-responses" => event(&json!({"type": "response.incomplete", "response": {
            "status": "incomplete", "incomplete_details": {"reason": reason},
        }})),
        _ => {
            event(&json!({"type": "message_delta", "delta": {"stop_reason": reason}}))
                + &event(&json!({"type": "message_stop"}))
        }
    }
}

/// The ways in which a provider comes to quote what it was sent, and whether its own words are a sentence
/// that is to be shown.
fn quotations(format: &str) -> Vec<(Reply, bool)> {
    let both = format!("{CODE}\n{PROMPT}");
    let says = format!("'{both}' {COMPLAINT}");
    let escaped = json!(both).to_string();
    let detail = json!({"detail": [
        {"type": "string_type", "loc": ["body", "messages", 0], "msg": format!("this {COMPLAINT}"), "input": both},
        {"type": "missing", "loc": ["body", "input"], "msg": "Field required", "input": {"content": both}},
    ]});
    let nested = json!({"error": {
        "message": "Provider returned error", "code": 400,
        "metadata": {"raw": json!({"error": {"message": format!("{escaped} {COMPLAINT}")}}).to_string()},
    }});
    let error = json!({"error": {"message": says, "type": "invalid_request_error", "param": both}});
    let unknown = json!({"request": {"messages": [{"content": both}]}, "ok": false});
    vec![
        (whole(400, "application/json", &detail.to_string()), true),
        (whole(422, "application/json", &detail.to_string()), true),
        (whole(400, "application/json", &nested.to_string()), true),
        (whole(404, "application/json", &error.to_string()), true),
        (whole(500, "application/json", &unknown.to_string()), false),
        (whole(500, "text/plain", &says), true),
        (whole(503, "application/json", &error.to_string()), true),
        (
            whole(503, "text/plain", &format!("{escaped} {COMPLAINT}")),
            true,
        ),
        (
            whole(
                502,
                "text/html",
                &format!("<html><title>{} {COMPLAINT}</title>", html(&both)),
            ),
            true,
        ),
        (body("content-type: text/plain\r\n", &says), true),
        (body(JSON, &format!("{{\"echo\": {escaped}, {both}")), false),
        (body(JSON, &unknown.to_string()), false),
        (body(JSON, &error.to_string()), true),
        (
            body(SSE, &(first_word(format) + &stream_error(format, &says))),
            true,
        ),
        (
            body(
                SSE,
                &stream_error(format, &format!("{escaped} {COMPLAINT}")),
            ),
            true,
        ),
        (
            body(
                SSE,
                &format!(
                    "event: error\ndata: {} {COMPLAINT}\n\n",
                    both.replace('\n', " ")
                ),
            ),
            true,
        ),
        (
            body(SSE, &format!("data: {{\"broken\": {escaped}\n\n")),
            false,
        ),
        (
            body(SSE, &(first_word(format) + &format!("\n{unknown}\n"))),
            false,
        ),
        (
            body(SSE, &(first_word(format) + &strange_end(format, &both))),
            false,
        ),
    ]
}

/// The columns of failures, holds and ends, whole.
fn columns(world: &World) -> String {
    let store = rusqlite::Connection::open(world.state().join("backchat.db")).unwrap();
    let mut text = String::new();
    for column in [
        "SELECT failure FROM requests WHERE failure IS NOT NULL",
        "SELECT hold_reason FROM requests WHERE hold_reason IS NOT NULL",
        "SELECT reason FROM endpoints",
        "SELECT finish FROM attempts WHERE finish IS NOT NULL",
    ] {
        let mut statement = store.prepare(column).unwrap();
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap();
        for row in rows {
            text.push_str(&row.unwrap());
            text.push('\n');
        }
    }
    text
}

fn demand_no_content(place: &str, text: &str) {
    for source in [CODE, PROMPT] {
        for run in source.as_bytes().windows(24) {
            let is_there = text.as_bytes().windows(run.len()).any(|it| it == run);
            assert!(
                !is_there,
                "{:?} is in {place}: {text}",
                String::from_utf8_lossy(run)
            );
        }
    }
}

#[rstest]
#[case("openai-chat")]
#[case("openai-responses")]
#[case("anthropic")]
fn what_a_provider_quotes_is_neither_logged_nor_stored(#[case] format: &str) {
    let world = World::without_configuration();
    let quotations = quotations(format);
    let mut configuration = "log = \"trace\"\nmax_attempts = 2\n".to_owned();
    for number in 0..quotations.len() {
        // Each has an endpoint of its own, so that none waits for another one's hold.
        configuration.push_str(&format!(
            "\n[models.m{number}]\nformat = \"{format}\"\nbase_url = \"{}\"\nmodel = \"m\"\n",
            world
                .model
                .base_url()
                .replace("/v1", &format!("/e{number}/v1")),
        ));
    }
    world.configure(&configuration);
    let editor = world.editor();
    let mut asked = Vec::new();
    for (number, (reply, says_so)) in quotations.into_iter().enumerate() {
        let needle = format!("(the case {number})");
        world.model.on(&needle, [reply]);
        let uri = world.uri(&format!("{number}.rs"));
        editor.open(&uri, CODE);
        let mut submit = crate::support::editor::prompt(
            &uri,
            &format!("{needle} {PROMPT}"),
            backchat::session::Mode::Background,
        );
        submit.model = Some(format!("m{number}"));
        asked.push((editor.submit(&submit).unwrap().request.id, says_so));
    }

    let mut held = String::new();
    for (number, (id, says_so)) in asked.iter().enumerate() {
        let ended: RequestInfo = editor
            .wait_for::<RequestDidChange>(|it| it.request.id == *id && it.request.state.is_final())
            .request;
        held.push_str(&columns(&world));
        if !says_so {
            continue;
        }
        assert_eq!(ended.state, State::Failed, "case {number}");
        let message = ended.failure.unwrap().message;
        assert!(message.contains(COMPLAINT), "case {number}: {message}");
        let said = message.rsplit(": ").next().unwrap();
        assert!(said.chars().count() <= 260, "case {number}: {message}");
    }
    let told: Vec<RequestInfo> = editor
        .received::<RequestDidChange>()
        .into_iter()
        .map(|it| it.request)
        .collect();
    assert!(
        told.iter().any(|request| request.hold.is_some()),
        "some are tried again, and say what they wait for"
    );
    for request in told {
        demand_no_content(
            "a notification",
            &json!([request.failure, request.hold]).to_string(),
        );
    }
    demand_no_content("the store", &held);
    demand_no_content("the store", &columns(&world));
    editor.quit();
    let logs = world.state().join("logs");
    let log = poll("the log is written", || {
        let files = world.everything_written().into_iter();
        let log: String = files
            .filter(|(path, _)| path.starts_with(&logs))
            .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
            .collect();
        log.contains("the server ends").then_some(log)
    });
    assert!(log.contains(COMPLAINT), "what the provider says is logged");
    demand_no_content("the log", &log);
}
