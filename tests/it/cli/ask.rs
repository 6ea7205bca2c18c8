//! `backchat ask`: submit, wait, leave.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use backchat::protocol::{SessionsResult, SubmitResult, TakeResult, TurnInfo};
use backchat::session::{Disposition, Lane, State};

use super::{
    complaints, json, refused, remarked, said, text, wait_for_silence, wait_for_unread, write,
};
use crate::support::{Gate, Reply, World};

const CODE: &str = "fn main() {\n    let answer = 6 * 7;\n    println!(\"{answer}\");\n}\n";

#[test]
fn ask_is_run_in_the_background_and_read_later() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let receipt = said(&world, &["ask", "main.rs:2-3", "what", "is", "it?", "«a»"]);
    assert!(
        receipt.contains("queued") && receipt.contains("main.rs:2-3"),
        "{receipt}"
    );
    wait_for_unread(&world, 1);
    assert!(said(&world, &["sessions"]).contains("📬"));
    let answer = said(&world, &["read"]);
    assert!(
        answer.contains("answer to a") && answer.contains("> what is it? «a»"),
        "{answer}"
    );
    assert!(!said(&world, &["sessions"]).contains("📬"));
    assert!(remarked(&world, &["read"]).contains("nothing is unread"));
    wait_for_silence(&world);
    let prompt = world.model.calls()[0].prompt();
    assert!(
        prompt.contains("about lines 2 to 3") && prompt.contains("```rust"),
        "{prompt}"
    );
}

#[test]
fn ask_prints_the_result_of_a_submit_as_json() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let result: SubmitResult = json(&world, &["ask", "main.rs:2", "what is it? «a»"]);
    assert_eq!(result.disposition, Disposition::BackgroundSubmitted);
    assert_eq!(result.request.uri, world.uri("main.rs"));
    let range = result.request.anchor.unwrap().range;
    assert_eq!(
        (range.start.line, range.start.character, range.end.line),
        (1, 0, 1)
    );
    let foreground: SubmitResult =
        json(&world, &["ask", "--foreground", "main.rs", "and this? «b»"]);
    assert_eq!(foreground.request.lane, Lane::Foreground);
    assert_eq!(foreground.request.session_id, result.request.session_id);
}

#[test]
fn without_a_detached_worker_the_queue_waits_for_one() {
    let world = World::scripted_with("drain_on_close = false", "");
    write(&world, "main.rs", CODE);
    let advice = remarked(&world, &["ask", "main.rs", "what is it? «a»"]);
    assert!(advice.contains("backchat worker --drain"), "{advice}");
    assert!(world.processes().is_empty() && world.model.calls().is_empty());
    said(&world, &["worker", "--drain"]);
    assert!(said(&world, &["read"]).contains("answer to a"));
}

#[test]
fn the_answer_streams_while_one_waits_and_is_then_read() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let gate = Gate::new();
    let reply = Reply::stream()
        .text("It is\n")
        .wait(&gate)
        .words("forty two.")
        .finish();
    world.model.on("slow", [reply]);
    let mut child = world
        .backchat()
        .args(["ask", "--wait", "main.rs", "slow"])
        .current_dir(world.code())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "It is\n", "before the model has ended");
    gate.open();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "forty two.\n");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(complaints(&output), "", "no spinner where nobody sees it");
    let sessions: SessionsResult = json(&world, &["sessions"]);
    assert_eq!(sessions.sessions[0].unread, 0);
}

#[test]
fn the_rules_of_the_project_go_along() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    write(&world, "AGENTS.md", "Answer in rhymes.");
    said(&world, &["ask", "--wait", "main.rs", "«a»"]);
    let sent = world.model.calls()[0].body.to_string();
    assert!(sent.contains("Answer in rhymes."), "{sent}");
}

#[test]
fn an_answer_that_breaks_off_is_told_from_the_one_that_follows() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let gate = Gate::new();
    let broken = Reply::stream().text("The first one").wait(&gate).cut();
    world
        .model
        .on("fragile", [broken, Reply::answer("Another one")]);
    let mut child = world
        .backchat()
        .args(["ask", "--wait", "main.rs", "fragile"])
        .current_dir(world.code())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut shown = [0; "The first one".len()];
    stdout.read_exact(&mut shown).unwrap();
    gate.open();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(
        (text(&shown), rest.as_str()),
        ("The first one".to_owned(), "\nAnother one\n")
    );
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(complaints(&output).contains("begins anew"), "{output:?}");
}

#[test]
fn waiting_for_json_prints_the_turn() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let turn: TurnInfo = json(&world, &["ask", "-w", "main.rs:1", "«a»"]);
    assert_eq!(turn.request.state, State::Done);
    assert!(!turn.request.unread);
    assert_eq!(turn.response.unwrap().text, "answer to a");
}

#[test]
fn a_failure_is_told_with_what_helps() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    world
        .model
        .on("secret", [Reply::error(401, "who are you?")]);
    let said = refused(&world, &["ask", "--wait", "main.rs", "secret"]);
    assert!(said.contains("401") || said.contains("key"), "{said}");
    let sessions: SessionsResult = json(&world, &["sessions"]);
    assert_eq!(sessions.sessions[0].state, State::Failed);
}

#[test]
fn interrupted_waiting_leaves_the_question_to_a_worker() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let gate = Gate::new();
    let reply = Reply::stream().wait(&gate).words("at last").finish();
    world.model.on("slow", [reply]);
    let child = world
        .backchat()
        .args(["ask", "--wait", "main.rs", "slow"])
        .current_dir(world.code())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    world
        .model
        .wait_for_call("slow", |call| call.ended.is_none());
    let interrupted = Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(
        complaints(&output).contains("left in the queue"),
        "{output:?}"
    );
    gate.open();
    wait_for_unread(&world, 1);
    let taken: TakeResult = json(&world, &["read"]);
    assert_eq!(taken.responses[0].response.text, "at last");
}

#[test]
fn the_prompt_may_come_from_standard_input() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    for arguments in [["-w", "-"], ["--wait", "-"]] {
        let mut child = world
            .backchat()
            .args(["ask", "main.rs"])
            .args(arguments)
            .current_dir(world.code())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all("what is\n«this»?\n".as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(text(&output.stdout), "answer to this\n");
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    for (arguments, words) in [
        (
            &["main.rs:5", "why?"][..],
            "no line 5 in main.rs, which has 4",
        ),
        (&["main.rs:3-2", "why?"], "2-3"),
        (&["gone.rs", "why?"], "cannot read gone.rs"),
        (&["main.rs", "  "], "the prompt is empty"),
        (&["main.rs", "--model=x", "why?"], "there is no model"),
    ] {
        let said = refused(&world, &[&["ask"], arguments].concat());
        assert!(said.contains(words), "{said}");
    }
    std::fs::write(world.code().join("data.bin"), [0xff, 0xfe, 0]).unwrap();
    assert!(refused(&world, &["ask", "data.bin", "why?"]).contains("UTF-8"));
    assert_eq!(
        world.run(&["ask", "main.rs"]).status.code(),
        Some(2),
        "no prompt is a wrong use"
    );
    assert!(world.model.calls().is_empty());
}

#[test]
fn a_name_with_a_colon_is_a_name() {
    let world = World::scripted();
    write(&world, "a:1", "first\nsecond\n");
    let turn: TurnInfo = json(&world, &["ask", "-w", "a:1:2", "«a»"]);
    assert_eq!(turn.request.anchor.unwrap().range.start.line, 1);
    assert_eq!(turn.request.uri, world.uri("a:1"));
}

#[test]
fn what_a_model_says_cannot_steer_the_terminal() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2Jdone";
    world.model.on("evil", [Reply::answer(evil)]);
    let streamed = said(&world, &["ask", "-w", "main.rs", "evil"]);
    assert_eq!(streamed, "␛]0;owned␇\\u{9b}2Jdone\n");
    let read = said(&world, &["read", "--all", "main.rs"]);
    assert!(read.contains("␛]0;owned␇"), "{read}");
    let raw = said(&world, &["read", "--all", "main.rs", "--json"]);
    assert!(!raw.contains('\u{9b}'), "{raw}");
    assert!(raw.contains("\\u009b2Jdone"), "{raw}");
}
