//! The script that sets up and serves the small real model.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{World, lines};

fn script() -> Command {
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/local_model.py"));
    command
}

#[test]
fn serving_what_was_not_set_up_says_how_to_set_it_up() {
    let folder = tempfile::tempdir().unwrap();
    let output = script().arg("serve").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is no local model in"), "{said}");
    assert!(
        said.contains("what helps: ") && said.contains("setup"),
        "{said}"
    );
    assert!(
        output.stdout.is_empty(),
        "nothing that could be taken for an address"
    );
}

#[test]
fn it_asks_for_its_key_and_ends_with_its_stdin() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/local-model");
    let mut child = script()
        .arg("serve")
        .arg(folder)
        .env("BACKCHAT_LOCAL_MODEL_KEY", "a key")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: serde_json::Value =
        serde_json::from_str(&line).expect("`npm test -- local-model` sets it up");
    let base_url = ready["base_url"].as_str().unwrap();

    let table = |name: &str, key: &str| {
        format!(
            "[models.{name}]\nformat = \"openai-chat\"\nbase_url = \"{base_url}\"\nmodel = \"smollm2\"\n\
             context_tokens = 2048\nmax_output_tokens = 4\napi_key_env = \"{key}\"\n"
        )
    };
    let mut world = World::without_configuration();
    world.configure(&(table("right", "RIGHT_KEY") + &table("wrong", "WRONG_KEY")));
    world.set("RIGHT_KEY", "a key");
    world.set("WRONG_KEY", "another key");
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn main() {}\n");
    let request = editor.ask_about(&uri, lines(0, 1), "What is this?");
    assert_eq!(request.model, "right");
    editor.wait_for_response(&request.id);
    editor.select_model(Some("wrong")).unwrap();
    let request = editor.ask(&uri, "And this?");
    let failed = editor.wait_for_state(&request.id, backchat::session::State::Failed);
    assert_eq!(failed.failure.unwrap().kind, "authentication");

    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut words = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut words)
        .unwrap();
    assert!(!words.contains("a key"), "{words}");
}
