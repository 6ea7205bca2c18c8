//! What goes along with a question: what is piped in, and what finds no room in the prompt.

use std::io::Write as _;
use std::process::{Output, Stdio};

use backchat::protocol::{RequestInfo, SessionResult, TurnInfo};
use backchat::session::State;

use super::{complaints, json, refused, said, text, write};
use crate::support::World;
use crate::support::patience::poll;

const CODE: &str = "fn main() {}\n";

/// Runs a command with this on its standard input, through a pipe.
fn piped(world: &World, input: &[u8], arguments: &[&str]) -> Output {
    let mut child = world
        .backchat()
        .args(arguments)
        .current_dir(world.code())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses it may have gone by then.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn what_is_piped_in_goes_along_with_the_question() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let diff = "--- a\n+++ b\n```\n+let answer = 42;\n";
    let ask = ["ask", "--wait", "main.rs", "review this diff «a»"];
    let output = piped(&world, diff.as_bytes(), &ask);
    assert_eq!(text(&output.stdout), "answer to a\n", "{output:?}");
    let prompt = world.model.calls()[0].prompt();
    let question = prompt.find("review this diff").unwrap();
    let input = prompt.find("+let answer = 42;").unwrap();
    assert!(question < input, "{prompt}");
    assert!(
        prompt.contains("````\n--- a"),
        "a fence of its own: {prompt}"
    );
    let stored: SessionResult = json(&world, &["read", "--all", "main.rs"]);
    assert!(stored.turns[0].request.prompt.contains("+let answer = 42;"));
}

#[test]
fn a_file_on_standard_input_goes_along_too() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    write(&world, "log.txt", "panicked at main.rs:1\n");
    let file = std::fs::File::open(world.code().join("log.txt")).unwrap();
    let output = world
        .backchat()
        .args(["ask", "--wait", "main.rs", "why? «a»"])
        .current_dir(world.code())
        .stdin(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(world.model.calls()[0].prompt().contains("panicked at"));
}

#[test]
fn nothing_that_is_piped_in_changes_nothing() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let output = piped(&world, b" \n", &["ask", "--wait", "main.rs", "why? «a»"]);
    assert!(output.status.success(), "{output:?}");
    assert!(!world.model.calls()[0].prompt().contains("standard input"));
}

#[test]
fn input_that_no_model_reads_is_refused() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    for (input, words) in [
        (vec![b'x'; 1024 * 1024 + 1], "more than 1048576 bytes"),
        (vec![0xff, 0xfe], "not a text in UTF-8"),
    ] {
        let output = piped(&world, &input, &["ask", "main.rs", "why?"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(complaints(&output).contains(words), "{output:?}");
    }
}

#[test]
fn reading_an_input_that_does_not_end_is_told() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let mut child = world
        .backchat()
        .args(["ask", "main.rs", "why?"])
        .current_dir(world.code())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stderr), &mut line).unwrap();
    assert!(line.contains("reading standard input"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_file_without_an_end_is_refused() {
    let world = World::scripted();
    let told = refused(&world, &["ask", "/dev/zero", "why?"]);
    assert!(told.contains("16777216 bytes, or no end"), "{told}");
}

#[test]
fn what_the_model_was_not_shown_is_told_with_the_answer() {
    let world = World::scripted_with("", "context_tokens = 4096");
    // A file of 3 MB in one line, and one in many lines.
    write(&world, "min.js", &"let a = 1;".repeat(300_000));
    let lines: String = (0..100_000)
        .map(|line| format!("let a{line} = {line};\n"))
        .collect();
    write(&world, "long.js", &lines);
    for (file, words) in [
        ("min.js", "no word of the file's one line"),
        ("long.js", "of the file's 100,000: more has no room"),
    ] {
        let output = world.run(&["ask", "--wait", file, "why? «a»"]);
        assert!(output.status.success());
        assert_eq!(text(&output.stdout), "answer to a\n");
        let told = complaints(&output);
        assert!(told.contains(words), "{told}");
        assert!(said(&world, &["read", "--all", file]).contains(words));
    }

    // The same in an editor.
    let editor = world.editor();
    let uri = world.uri("long.js");
    editor.open(&uri, &lines);
    let request = editor.ask(&uri, "in an editor «b»");
    let ready = editor.wait_for_response(&request.id);
    let notice = ready.request.notice.unwrap();
    assert!(notice.contains("of the file's 100,000"), "{notice}");
}

#[test]
fn what_was_shown_whole_is_not_remarked_on() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let turn: TurnInfo = json(&world, &["ask", "--wait", "main.rs", "why? «a»"]);
    assert_eq!(turn.request.notice, None);
}

/// Waits until a request is done, as any process may run it.
fn wait_until_done(world: &World, id: &str) -> RequestInfo {
    poll("it is done", || {
        let all: SessionResult = json(world, &["read", "--all", id]);
        let request = all.turns.into_iter().next().unwrap().request;
        (request.state == State::Done).then_some(request)
    })
}

#[test]
fn a_proposed_change_names_the_command_that_applies_it() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let receipt = said(&world, &["ask", "--edit", "main.rs", "change it «a»"]);
    let id = receipt.split("backchat apply ").nth(1).unwrap().trim();
    wait_until_done(&world, id);
    let read = said(&world, &["read"]);
    assert!(read.contains(&format!("backchat apply {id}")), "{read}");
    let output = world.run(&["ask", "--wait", "--edit", "main.rs", "again «b»"]);
    assert!(
        complaints(&output).contains("backchat apply "),
        "{output:?}"
    );
    let asked = world.run(&["ask", "--wait", "main.rs", "only a question «c»"]);
    assert!(!complaints(&asked).contains("backchat apply"), "{asked:?}");
}
