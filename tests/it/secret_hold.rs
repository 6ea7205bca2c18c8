//! Secrets are found before anything is sent, and the request waits for the user's word.

use backchat::protocol::{HeldSecret, RequestDidChange, RequestInfo, RequestParams, method};
use backchat::session::State;
use serde_json::{Value, json};

use crate::support::editor::lines;
use crate::support::patience::poll;
use crate::support::transport::RpcError;
use crate::support::{Editor, Reply, World};

/// Put together, so that no tool takes this file for a leak.
const TOKEN_PARTS: [&str; 2] = ["ghp_", "R2d5Kq8vXz1Lw9TbYc3Nf7Hs4Jm6Pg0AeUiO"];
const OTHER_PARTS: [&str; 2] = ["sk_live_", "8Fq2Zt6Lk0Wd4Xr9Vb3Nc7Hy1Jm5"];

fn token() -> String {
    TOKEN_PARTS.concat()
}

fn code() -> String {
    format!("fn main() {{\n    login(\"{}\");\n}}\n", token())
}

/// The scripted model is on this machine, which is not looked after unless it is asked for.
fn world() -> World {
    World::scripted_with("hold_secrets = \"always\"", "")
}

fn allow(editor: &Editor, request: &RequestInfo) -> Result<RequestInfo, RpcError> {
    let params = RequestParams {
        request_id: request.id.clone(),
    };
    editor.request(method::ALLOW, &params)
}

fn held(editor: &Editor, request: &RequestInfo) -> (String, Vec<HeldSecret>) {
    let hold = editor.wait_for_state(&request.id, State::Held).hold;
    let hold = hold.unwrap();
    assert_eq!(hold.until, None, "no time ends it");
    (hold.reason, hold.secrets.unwrap())
}

#[test]
fn a_request_with_a_secret_is_held_until_the_user_allows_it() {
    let world = world();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, &code());
    let request = editor.ask(&uri, "why? «a»");
    let (reason, secrets) = held(&editor, &request);
    assert!(
        reason.starts_with("GitHub token (line 2) would be sent to 127.0.0.1:"),
        "{reason}"
    );
    let expected = HeldSecret {
        kind: "GitHub token".into(),
        place: "line 2".into(),
        line: Some(2),
    };
    assert_eq!(secrets, [expected]);
    assert_eq!(editor.status().held, 1);

    // Asking again is no allowance.
    let moment = editor.now();
    editor.retry(&request.id);
    editor.wait_for_later::<RequestDidChange>(moment, |it| it.request.state == State::Held);
    assert!(world.model.calls().is_empty(), "nothing was sent");

    allow(&editor, &request).unwrap();
    editor.wait_for_response(&request.id);
    let call = world.model.wait_for_call("why?", |_| true);
    assert!(call.prompt().contains(&token()), "it is sent as it is");
    let again = allow(&editor, &request).unwrap_err();
    assert!(again.message.contains("done"), "{again:?}");

    // The endpoint has it now; a later turn brings it along without another word.
    let next = editor.ask(&uri, "and now? «b»");
    editor.wait_for_response(&next.id);
}

#[test]
fn an_allowance_is_for_what_was_named() {
    let world = world();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, &code());
    let first = editor.ask(&uri, "first «a»");
    held(&editor, &first);
    allow(&editor, &first).unwrap();
    editor.wait_for_response(&first.id);

    let second = editor.ask(&uri, &format!("is {} better? «b»", OTHER_PARTS.concat()));
    let (_, secrets) = held(&editor, &second);
    assert_eq!(secrets.len(), 1, "the other one was allowed: {secrets:?}");
    assert_eq!(secrets[0].kind, "Stripe key");
    assert_eq!(secrets[0].place, "the prompt");

    let elsewhere = world.uri("other.rs");
    editor.open(&elsewhere, &code());
    let third = editor.ask(&elsewhere, "third «c»");
    held(&editor, &third);
    assert_eq!(world.model.calls().len(), 1);
}

#[test]
fn an_allowed_request_is_tried_again_without_another_word() {
    let world = world();
    world.model.on(
        "why?",
        [Reply::error(503, "busy"), Reply::answer("because")],
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, &code());
    let request = editor.ask(&uri, "why? «a»");
    held(&editor, &request);
    let moment = editor.now();
    allow(&editor, &request).unwrap();
    let fault = editor.wait_for_later::<RequestDidChange>(moment, |it| {
        it.request.id == request.id && it.request.state == State::Held
    });
    assert_eq!(
        fault.request.hold.unwrap().secrets,
        None,
        "a fault, no secret"
    );
    editor.wait_for_response(&request.id);
    assert_eq!(world.model.calls().len(), 2);
}

#[test]
fn a_held_request_is_cancelled_and_lets_the_next_one_go() {
    let world = world();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn main() {}\n");
    let request = editor.ask(&uri, &format!("is {} a token? «a»", token()));
    held(&editor, &request);
    let behind = editor.ask(&uri, "what is this? «b»");
    assert_eq!(editor.cancel(&request.id).state, State::Cancelled);
    editor.wait_for_response(&behind.id);
    assert_eq!(world.model.calls().len(), 1);
    assert!(world.model.calls_with(&token()).is_empty());
}

#[test]
fn the_hold_outlives_the_editor_and_keeps_no_worker() {
    let world = world();
    let uri = world.uri("main.rs");
    let editor = world.editor();
    editor.open(&uri, &code());
    let request = editor.ask(&uri, "why? «a»");
    held(&editor, &request);
    editor.ask(&uri, "and then? «b»");
    assert_eq!(editor.quit(), Some(0));
    poll("no worker waits for the user", || {
        world.processes().is_empty().then_some(())
    });

    let later = world.editor();
    later.open(&uri, &code());
    let info = later.request_info(&uri, &request.id);
    assert_eq!(info.state, State::Held);
    assert!(info.hold.unwrap().secrets.is_some());
    assert!(world.model.calls().is_empty());
    allow(&later, &request).unwrap();
    later.wait_for_response(&request.id);
    poll("the one behind it ran too", || {
        (world.model.calls().len() == 2).then_some(())
    });
}

#[test]
fn the_command_line_says_what_is_held_and_allows_it() {
    let world = world();
    std::fs::write(world.code().join("main.rs"), code()).unwrap();
    let asked = world.run(&["ask", "--wait", "main.rs", "why? «a»"]);
    assert_eq!(asked.status.code(), Some(1));
    let said = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert!(said.contains("GitHub token (line 2)"), "{said}");
    assert!(!said.contains(&token()), "{said}");
    assert!(world.model.calls().is_empty());
    let id = said
        .split("backchat allow ")
        .nth(1)
        .and_then(|rest| rest.split('`').next())
        .unwrap();
    assert!(world.run(&["allow", id]).status.success());
    poll("the answer is there", || {
        let read = world.run(&["read", "--all", id]);
        String::from_utf8_lossy(&read.stdout)
            .contains("answer to a")
            .then_some(())
    });
    let again = world.run(&["allow", id]);
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn an_editor_without_a_plugin_offers_to_allow_it() {
    let world = world();
    let mut launch = world.launch();
    launch.announces = false;
    let editor = Editor::start(launch);
    let uri = world.uri("main.rs");
    editor.open(&uri, &code());
    let submit = json!({"command": "backchat.submit", "arguments": [
        {"textDocument": {"uri": uri}, "range": lines(1, 2), "prompt": "why? «a»"},
    ]});
    let _: Value = editor.request("workspace/executeCommand", &submit).unwrap();
    let lens = poll("a lens that offers it", || {
        let lenses: Vec<Value> = editor
            .request(
                "textDocument/codeLens",
                &json!({"textDocument": {"uri": uri}}),
            )
            .unwrap();
        lenses.into_iter().find(|lens| {
            let title = lens["command"]["title"].as_str().unwrap_or_default();
            title.contains("GitHub token") && title.ends_with("Allow")
        })
    });
    assert!(world.model.calls().is_empty());
    let _: Value = editor
        .request(
            "workspace/executeCommand",
            &json!({"command": lens["command"]["command"], "arguments": lens["command"]["arguments"]}),
        )
        .unwrap();
    world.model.wait_for_call("why?", |_| true);
}

#[test]
fn rules_and_files_of_secrets_are_looked_through_too() {
    let world = world();
    std::fs::write(
        world.code().join("AGENTS.md"),
        format!("Log in with {}.\n", token()),
    )
    .unwrap();
    let editor = world.editor();
    let uri = world.uri(".env");
    editor.open(&uri, "DATABASE_PASSWORD=correct-horse-battery\n");
    let request = editor.ask(&uri, "why? «a»");
    let (reason, secrets) = held(&editor, &request);
    let places: Vec<_> = secrets.iter().map(|it| it.place.as_str()).collect();
    assert_eq!(places, [".env", "AGENTS.md"], "{reason}");
    assert!(!reason.contains("correct-horse"), "{reason}");
}

#[test]
fn the_users_configuration_lets_paths_through_and_turns_it_off() {
    let world = World::scripted_with(
        "hold_secrets = \"always\"\nsecrets_allowed_in = [\"**/fixtures/\"]",
        "",
    );
    let editor = world.editor();
    let uri = world.uri("fixtures/main.rs");
    editor.open(&uri, &code());
    let request = editor.ask(&uri, "why? «a»");
    editor.wait_for_response(&request.id);

    for quiet in ["hold_secrets = \"never\"", ""] {
        let world = World::scripted_with(quiet, "");
        let editor = world.editor();
        let uri = world.uri("main.rs");
        editor.open(&uri, &code());
        let request = editor.ask(&uri, "why? «a»");
        editor.wait_for_response(&request.id);
    }
}

#[test]
fn a_model_on_another_machine_is_looked_after_without_any_setting() {
    let world = World::without_configuration();
    // No name server knows it: what is sent there fails, with another reason.
    world.configure(
        "[models.far]\nformat = \"openai-chat\"\nbase_url = \"https://models.invalid/v1\"\nmodel = \"m\"\n",
    );
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, &code());
    let request = editor.ask(&uri, "why? «a»");
    let (reason, _) = held(&editor, &request);
    assert!(reason.contains("models.invalid"), "{reason}");
}

/// The answers to a workspace's own wishes: it has none.
#[test]
fn a_workspace_cannot_turn_it_off() {
    let world = world();
    for name in ["config.toml", ".backchat.toml", ".backchat/config.toml"] {
        let path = world.code().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "hold_secrets = \"never\"\n").unwrap();
    }
    let mut launch = world.launch();
    launch.command.current_dir(world.code());
    let editor = Editor::start(launch);
    let uri = world.uri("main.rs");
    editor.open(&uri, &code());
    let request = editor.ask(&uri, "why? «a»");
    held(&editor, &request);
}
