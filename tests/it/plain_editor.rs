//! An editor that has no plugin of ours: it announces standard capabilities alone and gets the same
//! service.

use serde_json::{Value, json};

use crate::support::editor::{Editor, lines};
use crate::support::model_server::{Gate, Reply};
use crate::support::patience::poll;
use crate::support::world::World;

const CODE: &str = "fn a() {\n    1\n}\n\n// @backchat why is it two?\nfn b() {\n    2\n}\n";

fn plain(world: &World) -> Editor {
    let mut launch = world.launch();
    launch.announces = false;
    Editor::start(launch)
}

/// The code actions for a line.
fn actions(editor: &Editor, uri: &str, line: u32) -> Vec<Value> {
    let params = json!({
        "textDocument": {"uri": uri},
        "range": lines(line, line),
        "context": {"diagnostics": []},
    });
    editor.request("textDocument/codeAction", &params).unwrap()
}

fn execute(editor: &Editor, command: &Value) -> Value {
    let params = json!({"command": command["command"], "arguments": command["arguments"]});
    editor.request("workspace/executeCommand", &params).unwrap()
}

fn lenses(editor: &Editor, uri: &str) -> Vec<Value> {
    editor
        .request(
            "textDocument/codeLens",
            &json!({"textDocument": {"uri": uri}}),
        )
        .unwrap()
}

/// Waits for a lens whose title contains `title`.
fn wait_for_lens(editor: &Editor, uri: &str, title: &str) -> Value {
    poll(&format!("a lens {title}"), || {
        let lenses = lenses(editor, uri);
        lenses.into_iter().find(|lens| {
            lens["command"]["title"]
                .as_str()
                .is_some_and(|it| it.contains(title))
        })
    })
}

fn messages(editor: &Editor) -> Vec<String> {
    let shown = editor.received::<tower_lsp::ls_types::notification::ShowMessage>();
    shown.into_iter().map(|shown| shown.message).collect()
}

#[test]
fn an_answer_without_text_says_what_happened_in_hover_and_transcript() {
    let world = World::scripted();
    world.model.on(
        "refused?",
        [Reply::recorded("openai-chat/gemini-filter.sse")],
    );
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let submit = json!({"command": "backchat.submit", "arguments": [
        {"textDocument": {"uri": uri}, "range": lines(0, 1), "prompt": "refused?"},
    ]});
    execute(&editor, &submit);
    let lens = wait_for_lens(&editor, &uri, "Read");
    let at = json!({"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}});
    let hover: Value = editor.request("textDocument/hover", &at).unwrap();
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("There is no answer"), "{shown}");
    execute(&editor, &lens["command"]);
    let told = poll("the transcript is shown", || {
        let shown = editor.wait_for_request("window/showDocument", |_| true);
        let path = shown["uri"].as_str()?.strip_prefix("file://")?.to_owned();
        std::fs::read_to_string(path).ok()
    });
    assert!(told.contains("There is no answer"), "{told}");
}

#[test]
fn what_a_model_says_neither_deceives_nor_loads_anything() {
    let world = World::scripted();
    let evil = "so: \u{1b}]52;c;aGk=\u{7} \u{202e}txt.exe ![](https://evil.example/?code)\n\n<img src=x>\n";
    world.model.on("evil?", [Reply::answer(evil)]);
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let submit = json!({"command": "backchat.submit", "arguments": [
        {"textDocument": {"uri": uri}, "range": lines(0, 1), "prompt": "evil? \u{1b}[31m"},
    ]});
    execute(&editor, &submit);
    let lens = wait_for_lens(&editor, &uri, "Read");
    assert!(!lens.to_string().contains("\\u001b"), "{lens}");

    let at = json!({"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}});
    let hover: Value = editor.request("textDocument/hover", &at).unwrap();
    let hover = hover["contents"]["value"].as_str().unwrap().to_owned();
    execute(&editor, &lens["command"]);
    let shown = editor.wait_for_request("window/showDocument", |it| it["uri"].is_string());
    let path = url::Url::parse(shown["uri"].as_str().unwrap())
        .unwrap()
        .to_file_path()
        .unwrap();
    let transcript = std::fs::read_to_string(&path).unwrap();
    for text in [&hover, &transcript] {
        assert!(
            text.contains("so: ␛]52;c;aGk=␇ \\u{202e}txt.exe"),
            "{text:?}"
        );
        assert!(text.contains("\\![](https"), "{text:?}");
        assert!(text.contains("\\<img"), "{text:?}");
        assert!(text.contains("␛[31m"), "{text:?}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "a transcript is its owner's");
    }
}

#[test]
fn the_fallbacks_are_for_those_that_need_them() {
    let world = World::scripted();
    let offered = |editor: &Editor, name: &str| !editor.initialized["capabilities"][name].is_null();
    for name in [
        "codeActionProvider",
        "codeLensProvider",
        "hoverProvider",
        "executeCommandProvider",
    ] {
        assert!(offered(&plain(&world), name), "{name}");
        assert!(!offered(&world.editor(), name), "{name}");
    }
}

#[test]
fn a_comment_is_asked_and_its_answer_read() {
    let world = World::scripted();
    let gate = Gate::new();
    world.model.on(
        "why is it two?",
        [Reply::stream().wait(&gate).words("Because it is.").finish()],
    );
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let actions = actions(&editor, &uri, 4);
    let ask = actions
        .iter()
        .find(|action| {
            action["title"]
                .as_str()
                .unwrap()
                .contains("ask in background: why is it two?")
        })
        .expect("the comment is offered as a prompt");
    let submitted = execute(&editor, &ask["command"]);
    assert_eq!(submitted["disposition"], "backgroundSubmitted");
    let id = submitted["request"]["id"].as_str().unwrap().to_owned();

    let token = format!("backchat/{id}");
    editor.wait_for_request("window/workDoneProgress/create", |it| {
        it["token"] == token.as_str()
    });
    wait_for_lens(&editor, &uri, "Cancel");
    editor.edit(&uri, lines(0, 0), "// typed meanwhile\n");
    gate.open();

    let read = wait_for_lens(&editor, &uri, "📬");
    assert_eq!(
        read["range"]["start"]["line"], 5,
        "it has moved with the code"
    );
    poll("one message", || {
        let messages = messages(&editor);
        messages
            .iter()
            .any(|it| it.contains("📬") && it.contains("why is it two?"))
            .then_some(())
    });
    editor.wait_for_request("workspace/codeLens/refresh", |_| true);

    execute(&editor, &read["command"]);
    let shown = editor.wait_for_request("window/showDocument", |_| true);
    let path = shown["uri"]
        .as_str()
        .unwrap()
        .strip_prefix("file://")
        .unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(
        text.contains("> why is it two?") && text.contains("Because it is."),
        "{text}"
    );
    wait_for_lens(&editor, &uri, "💬");
}

/// What hovering over a line shows.
fn hover(editor: &Editor, uri: &str, line: u32) -> Option<String> {
    let at = json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": 2}});
    let hover: Value = editor.request("textDocument/hover", &at).unwrap();
    hover["contents"]["value"].as_str().map(str::to_owned)
}

#[test]
fn hovering_over_the_code_shows_the_answer_and_leaves_it_unread() {
    let world = World::scripted();
    world
        .model
        .on("why is it two?", [Reply::answer("Because it is.")]);
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    execute(&editor, &actions(&editor, &uri, 4)[0]["command"]);
    wait_for_lens(&editor, &uri, "📬");
    // On the comment, and on the code that it is about.
    for line in 4..8 {
        let shown = hover(&editor, &uri, line).unwrap();
        assert!(
            shown.contains("Because it is.") && shown.contains("📬"),
            "line {line}: {shown}"
        );
    }
    assert_eq!(hover(&editor, &uri, 1), None);
    // An editor hovers by itself: only who reads has read.
    wait_for_lens(&editor, &uri, "📬");
    let read = actions(&editor, &uri, 6)
        .into_iter()
        .find(|action| action["title"] == "Backchat: read the answer: why is it two?")
        .expect("an editor without lenses can read it");
    execute(&editor, &read["command"]);
    wait_for_lens(&editor, &uri, "💬");
    assert!(!hover(&editor, &uri, 4).unwrap().contains("📬"));
}

#[test]
fn hovering_over_what_is_held_says_why() {
    let world = World::scripted();
    let limited = Reply::error(429, "slow down").header("retry-after", "3600");
    world.model.on("why is it two?", [limited]);
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    execute(&editor, &actions(&editor, &uri, 4)[0]["command"]);
    wait_for_lens(&editor, &uri, "⏸");
    let shown = hover(&editor, &uri, 5).unwrap();
    assert!(
        shown.contains("held: rate limit") && shown.contains("too many requests"),
        "{shown}"
    );
    let titles: Vec<String> = actions(&editor, &uri, 5)
        .iter()
        .map(|action| action["title"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        titles[..2],
        [
            "Backchat: retry: why is it two?",
            "Backchat: cancel: why is it two?"
        ]
    );
}

#[test]
fn the_progress_can_be_cancelled() {
    let world = World::scripted();
    let gate = Gate::new();
    world.model.on(
        "why is it two?",
        [Reply::stream().words("I think").wait(&gate).finish()],
    );
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let submitted = execute(&editor, &actions(&editor, &uri, 4)[0]["command"]);
    let token = format!("backchat/{}", submitted["request"]["id"].as_str().unwrap());
    editor.wait_for_request("window/workDoneProgress/create", |it| {
        it["token"] == token.as_str()
    });
    editor.notify("window/workDoneProgress/cancel", &json!({"token": token}));
    wait_for_lens(&editor, &uri, "⊘");
    world
        .model
        .wait_for_call("why is it two?", |call| call.closed_by_client);
}

/// Asks for an edit of `fn b` in the background; gives back the lens that applies it.
fn edit_of_b(editor: &Editor, uri: &str) -> Value {
    let submit = json!({
        "command": "backchat.submit",
        "arguments": [{
            "textDocument": {"uri": uri},
            "range": lines(5, 8),
            "prompt": "make it three",
            "intent": "edit",
            "mode": "background",
        }],
    });
    execute(editor, &submit);
    wait_for_lens(editor, uri, "Apply")
}

#[test]
fn a_proposal_is_applied_as_one_versioned_edit() {
    let world = World::scripted();
    let answer = "```rust\nfn b() {\n    3\n}\n```";
    world.model.on("make it three", [Reply::answer(answer)]);
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let apply = edit_of_b(&editor, &uri);
    editor.edit(&uri, lines(0, 0), "// typed meanwhile\n");
    execute(&editor, &apply["command"]);
    let asked = editor.wait_for_request("workspace/applyEdit", |_| true);
    let change = &asked["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["version"], 2);
    assert_eq!(change["edits"][0]["range"]["start"]["line"], 7);
    let applied = format!("// typed meanwhile\n{}", CODE.replace("    2\n", "    3\n"));
    editor.replace(&uri, &applied);
    // Applied again there is nothing more to do, and that is said.
    execute(&editor, &apply["command"]);
    poll("it says so", || {
        let messages = messages(&editor);
        messages
            .iter()
            .any(|it| it.contains("has the proposed change already"))
            .then_some(())
    });
}

#[test]
fn an_edit_that_a_comment_asks_for_changes_the_code_below_and_takes_the_comment_out() {
    let world = World::scripted();
    let answer = "```rust\nfn b() {\n    3\n}\n```";
    world.model.on("make it three", [Reply::answer(answer)]);
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    let code = CODE.replace("why is it two?", "make it three");
    editor.open(&uri, &code);
    let actions = actions(&editor, &uri, 4);
    let edit = actions.iter().find(|action| {
        let title = action["title"].as_str().unwrap();
        title.contains("edit in background: make it three")
    });
    execute(
        &editor,
        &edit.expect("the comment is offered as a prompt")["command"],
    );
    let apply = wait_for_lens(&editor, &uri, "Apply");
    assert_eq!(apply["range"]["start"]["line"], 5, "it is at the code");
    let prompt = world.model.calls_with("make it three")[0].prompt();
    assert!(prompt.contains("about lines 6 to 8"), "{prompt}");
    execute(&editor, &apply["command"]);
    let asked = editor.wait_for_request("workspace/applyEdit", |_| true);
    let edits = asked["edit"]["documentChanges"][0]["edits"]
        .as_array()
        .unwrap();
    let changes: Vec<_> = edits
        .iter()
        .map(|edit| {
            (
                edit["range"]["start"]["line"].as_u64().unwrap(),
                &edit["newText"],
            )
        })
        .collect();
    assert_eq!(changes, [(4, &json!("")), (6, &json!("    3\n"))]);
    assert_eq!(edits[0]["range"]["end"]["line"], 5);
}

#[test]
fn an_editor_without_a_plugin_is_told_when_its_text_is_lost() {
    let world = World::scripted();
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    editor.edit(&uri, lines(50, 51), "x");
    poll("it is told", || {
        let told = messages(&editor);
        told.iter()
            .any(|it| it.contains("main.rs is not known any more"))
            .then_some(())
    });
    assert!(
        editor
            .requested()
            .iter()
            .all(|(method, _)| method != "workspace/applyEdit")
    );
    let refused = editor
        .request::<Value>(
            "workspace/executeCommand",
            &json!({
                "command": "backchat.submit",
                "arguments": [{"textDocument": {"uri": uri}, "prompt": "why?"}],
            }),
        )
        .unwrap_err();
    assert!(refused.message.contains("open it again"), "{refused:?}");
}

#[test]
fn a_conflict_is_told_and_nothing_is_applied() {
    let world = World::scripted();
    let answer = "```rust\nfn b() {\n    3\n}\n```";
    world.model.on("make it three", [Reply::answer(answer)]);
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let apply = edit_of_b(&editor, &uri);
    editor.replace(&uri, &CODE.replace("    2\n", "    22\n"));
    execute(&editor, &apply["command"]);
    poll("the conflict is told", || {
        let messages = messages(&editor);
        messages
            .iter()
            .any(|it| it.contains("conflict"))
            .then_some(())
    });
    assert!(
        editor
            .requested()
            .iter()
            .all(|(method, _)| method != "workspace/applyEdit")
    );
}

#[test]
fn an_action_is_about_the_code_that_it_was_offered_for() {
    let world = World::scripted();
    let editor = plain(&world);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let offered = actions(&editor, &uri, 6);
    let explain = offered
        .iter()
        .find(|action| action["title"].as_str().unwrap().contains("explain"))
        .unwrap();
    // Something is typed above while the menu is open.
    editor.edit(&uri, lines(0, 0), "// typed\n// meanwhile\n");
    let submitted = execute(&editor, &explain["command"]);
    let anchor = &submitted["request"]["anchor"];
    assert_eq!(anchor["range"]["start"]["line"], 8, "{anchor}");
    let prompt = world
        .model
        .wait_for_call("Explain what this code does", |_| true)
        .prompt();
    assert!(prompt.contains("```rust\n    2\n```"), "{prompt}");

    // And it is refused when the code is gone.
    editor.edit(&uri, lines(7, 9), "");
    let params = json!({
        "command": explain["command"]["command"],
        "arguments": explain["command"]["arguments"],
    });
    let refused = editor
        .request::<Value>("workspace/executeCommand", &params)
        .unwrap_err();
    assert!(
        refused
            .message
            .contains("main.rs has changed since this was offered"),
        "{}",
        refused.message
    );
}
