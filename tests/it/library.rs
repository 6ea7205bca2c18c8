//! The prompt library, from the files to what the model is sent.

use backchat::protocol::{PromptSource, PromptsParams, PromptsResult, SubmitParams, method};
use backchat::session::{Intent, Mode};
use serde_json::{Value, json};

use crate::support::editor::{Editor, document, prompt};
use crate::support::{World, lines};

const CODE: &str = "fn a() {\n    1\n}\n\nfn b() {\n    2\n}\n";
const RACES: &str =
    "---\nname: Find races\ndescription: Data races\nintent: edit\n---\nLook for races «r».\n";

fn started(world: &World, options: Value) -> Editor {
    let mut launch = world.launch();
    launch.options = options;
    let editor = Editor::start(launch);
    editor.open(&world.uri("main.rs"), CODE);
    editor
}

fn library(world: &World, editor: &Editor) -> PromptsResult {
    let params = PromptsParams {
        text_document: Some(document(&world.uri("main.rs"))),
    };
    editor.request(method::PROMPTS, &params).unwrap()
}

fn names(library: &PromptsResult) -> Vec<&str> {
    let names = library.prompts.iter().map(|prompt| prompt.name.as_str());
    names.collect()
}

/// A submit of a prompt of the library, followed by `typed`.
fn submission(world: &World, name: &str, typed: &str) -> SubmitParams {
    SubmitParams {
        library_prompt: Some(name.into()),
        ..prompt(&world.uri("main.rs"), typed, Mode::Background)
    }
}

#[test]
fn a_prompt_file_is_asked_with_what_was_typed_after_it() {
    let world = World::scripted();
    world.write(world.home(), "prompts/races.md", RACES);
    let editor = started(&world, Value::Null);
    let listed = library(&world, &editor);
    assert_eq!(names(&listed), ["Find races"]);
    assert_eq!(listed.prompts[0].intent, Intent::Edit);
    assert_eq!(listed.prompts[0].source, PromptSource::User);
    assert!(listed.prompts[0].uri.ends_with("/prompts/races.md"));

    let submitted = editor.submit(&submission(&world, "Find races", "In the queue."));
    let request = submitted.unwrap().request;
    assert_eq!(request.intent, Intent::Edit, "as the file says");
    // What is stored is what was asked, whatever becomes of the file.
    std::fs::remove_file(world.home().join("prompts/races.md")).unwrap();
    editor.wait_for_response(&request.id);
    let asked = "Find races (prompts/races.md)\n\nLook for races «r».\n\nIn the queue.";
    assert_eq!(request.prompt, asked);
    assert!(world.model.calls()[0].prompt().contains(asked));
    let session = &editor.sessions().sessions[0];
    assert_eq!(session.title, "Find races (prompts/races.md)");
}

#[test]
fn what_the_submit_says_wins() {
    let world = World::scripted();
    world.write(
        world.home(),
        "prompts/races.md",
        &RACES.replace("intent: edit", "model: nobody"),
    );
    let editor = started(&world, Value::Null);
    let refused = editor.submit(&submission(&world, "races", "")).unwrap_err();
    assert!(refused.message.contains("nobody"), "{}", refused.message);
    let submitted = editor.submit(&SubmitParams {
        model: Some("scripted".into()),
        intent: Some(Intent::Edit),
        ..submission(&world, "races", "")
    });
    assert_eq!(submitted.unwrap().request.intent, Intent::Edit);
}

#[test]
fn a_workspace_is_not_trusted_until_the_client_says_so() {
    let world = World::scripted();
    world.write(
        &world.code(),
        ".backchat/prompts/races.md",
        &RACES.replace("intent: edit", "model: scripted"),
    );
    let editor = started(&world, Value::Null);
    let listed = library(&world, &editor);
    assert_eq!(names(&listed), [""; 0]);
    assert!(
        listed
            .untrusted_folder
            .unwrap()
            .ends_with("/code/.backchat/prompts")
    );
    let refused = editor.submit(&submission(&world, "races", "")).unwrap_err();
    assert!(
        refused.message.contains("not trusted"),
        "{}",
        refused.message
    );

    let settings = json!({"settings": {"backchat": {"workspaceTrusted": true}}});
    editor.notify("workspace/didChangeConfiguration", &settings);
    let listed = library(&world, &editor);
    assert_eq!(names(&listed), ["Find races"]);
    assert_eq!(listed.untrusted_folder, None);
    assert_eq!(listed.prompts[0].source, PromptSource::Workspace);
    // It chose a model, which only the user's own configuration could allow.
    assert_eq!(listed.prompts[0].model, None);
    assert!(
        listed.problems[0]
            .message
            .contains("workspace_prompt_models")
    );

    let trusting = started(
        &world,
        json!({"trustedFolders": [format!("file://{}", world.code().display())]}),
    );
    assert_eq!(names(&library(&world, &trusting)), ["Find races"]);
}

#[test]
fn the_users_configuration_may_trust_a_folder_and_a_model() {
    let world = World::scripted_with(
        "trusted_folders = [\"code\"]\nworkspace_prompt_models = [\"scripted\"]",
        "",
    );
    world.write(
        &world.code(),
        ".backchat/prompts/races.md",
        &RACES.replace("intent: edit", "model: scripted"),
    );
    let editor = started(&world, json!({"workspaceTrusted": false}));
    let listed = library(&world, &editor);
    assert_eq!(listed.prompts[0].model.as_deref(), Some("scripted"));
    assert!(listed.problems.is_empty(), "{:?}", listed.problems);
}

#[test]
fn a_mistake_is_told_with_its_place_and_the_rest_works() {
    let world = World::scripted();
    world.write(world.home(), "prompts/races.md", RACES);
    world.write(
        world.home(),
        "prompts/wrong.md",
        "---\nname: Wrong\nintnet: ask\n---\nWhy?\n",
    );
    let editor = started(&world, Value::Null);
    let listed = library(&world, &editor);
    assert_eq!(names(&listed), ["Find races"]);
    let problem = &listed.problems[0];
    assert_eq!(problem.line, Some(2));
    assert!(
        problem.message.contains("prompts/wrong.md:3: "),
        "{}",
        problem.message
    );
    let refused = editor.submit(&submission(&world, "wrong", "")).unwrap_err();
    assert!(refused.message.contains("intnet"), "{}", refused.message);
    let refused = editor.submit(&submission(&world, "wring", "")).unwrap_err();
    assert!(
        refused.message.contains("Find races"),
        "{}",
        refused.message
    );
}

#[test]
fn an_editor_without_a_plugin_has_each_prompt_as_a_code_action() {
    let world = World::scripted();
    world.write(world.home(), "prompts/races.md", RACES);
    let mut launch = world.launch();
    launch.announces = false;
    let editor = Editor::start(launch);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let actions: Vec<Value> = editor
        .request(
            "textDocument/codeAction",
            &json!({"textDocument": {"uri": uri}, "range": lines(4, 5), "context": {"diagnostics": [], "only": ["refactor"]}}),
        )
        .unwrap();
    let action = actions
        .iter()
        .find(|action| action["title"] == "Backchat: Find races in background")
        .expect("it edits, so it is a refactoring");
    let submitted: Value = editor
        .request("workspace/executeCommand", &action["command"])
        .unwrap();
    assert_eq!(submitted["request"]["intent"], "edit");
    editor.wait_for_request("workspace/codeLens/refresh", |_| true);
    let call = world
        .model
        .wait_for_call("«r»", |call| call.ended.is_some());
    assert!(call.prompt().contains("Find races (prompts/races.md)"));
}
