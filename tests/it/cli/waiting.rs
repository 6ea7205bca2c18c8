//! `backchat ask --wait`: what it says while it waits, and how it ends when there is no answer.

use std::io::{BufRead, BufReader, Read as _};
use std::process::{Child, Stdio};

use backchat::protocol::{SessionsResult, SubmitResult};
use backchat::session::State;
use serde_json::Value;

use super::{complaints, json, said, text, write};
use crate::support::patience::poll;
use crate::support::{Gate, Reply, World};

const CODE: &str = "fn main() {}\n";

/// Put together, so that no tool takes this file for a leak.
const TOKEN_PARTS: [&str; 2] = ["ghp_", "R2d5Kq8vXz1Lw9TbYc3Nf7Hs4Jm6Pg0AeUiO"];

fn ask_and_wait(world: &World, arguments: &[&str]) -> Child {
    world
        .backchat()
        .args(["ask", "--wait"])
        .args(arguments)
        .current_dir(world.code())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn an_answer_without_text_says_what_happened_and_has_an_exit_code_of_its_own() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    for (stream, finish, words) in [
        ("gemini-filter.sse", "refusal", "refused without a word"),
        (
            "reasoning-only.sse",
            "stop",
            "thought, and then said nothing",
        ),
        (
            "cut-in-the-reasoning.sse",
            "length",
            "while the model was still thinking",
        ),
        ("tool-calls.sse", "toolCall", "wanted to call a tool"),
    ] {
        world
            .model
            .on(stream, [Reply::recorded(&format!("openai-chat/{stream}"))]);
        let output = world.run(&["ask", "--wait", "main.rs", stream]);
        let told = complaints(&output);
        assert_eq!(output.status.code(), Some(3), "{stream}: {told}");
        assert_eq!(text(&output.stdout), "", "{stream}");
        assert!(
            told.contains("There is no answer") && told.contains(words),
            "{told}"
        );

        let output = world.run(&["ask", "--wait", "--json", "main.rs", stream]);
        assert_eq!(output.status.code(), Some(3), "{stream}");
        let turn: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(turn["response"]["finish"], finish);
        assert_eq!(turn["error"]["exitCode"], 3);
        let notice = turn["request"]["notice"].as_str().unwrap();
        assert!(notice.contains(words), "{notice}");

        let id = turn["request"]["id"].as_str().unwrap();
        let read = said(&world, &["read", "--all", id]);
        assert!(read.contains(words), "{read}");
    }
    let sessions: SessionsResult = json(&world, &["sessions"]);
    assert_eq!(sessions.sessions[0].unread, 0, "all of it was told");
}

#[test]
fn an_answer_that_was_cut_is_told_to_be() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    world
        .model
        .on("long", [Reply::recorded("openai-chat/length.sse")]);
    let output = world.run(&["ask", "--wait", "main.rs", "long"]);
    assert!(output.status.success(), "there is an answer");
    assert_eq!(text(&output.stdout), "A mutex\n");
    assert!(
        complaints(&output).contains("The answer is cut"),
        "{output:?}"
    );
    let read = said(&world, &["read", "--all", "main.rs"]);
    assert!(read.contains("The answer is cut"), "{read}");
}

#[test]
fn each_change_of_state_is_a_line_for_those_who_have_no_terminal() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let gate = Gate::new();
    let limited = Reply::error(429, "slow down").header("retry-after", "3600");
    let later = Reply::stream().text("At last").wait(&gate).finish();
    world.model.on("limited", [limited, later]);
    let mut child = ask_and_wait(&world, &["main.rs", "limited"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(
        line.contains("is held: rate limit") && line.contains("again in 60 min"),
        "{line}"
    );
    let id = line.split(' ').nth(2).unwrap();
    said(&world, &["retry", id]);
    line.clear();
    stderr.read_line(&mut line).unwrap();
    if line.contains("is queued") {
        line.clear();
        stderr.read_line(&mut line).unwrap();
    }
    assert!(line.contains("is running"), "{line}");
    gate.open();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "and nothing else");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_countdown_of_a_hold_goes_on_in_a_terminal() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let limited = Reply::error(429, "slow down").header("retry-after", "60");
    world.model.on("limited", [limited]);
    // A terminal that keeps what is drawn on it.
    let draw = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))";
    let program = world.backchat();
    let mut python = std::process::Command::new("python3");
    for (name, value) in program.get_envs() {
        python.env(name, value.unwrap_or_default());
    }
    let mut child = python
        .args(["-c", draw])
        .arg(program.get_program())
        .args(["ask", "--wait", "main.rs", "limited"])
        .env("TERM", "xterm")
        .current_dir(world.code())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut drawn = String::new();
    let mut bytes = [0; 4096];
    // Different numbers of seconds, one after the other.
    loop {
        let read = stdout.read(&mut bytes).unwrap();
        assert!(read > 0, "it ended: {drawn:?}");
        drawn.push_str(&String::from_utf8_lossy(&bytes[..read]));
        let mut left: Vec<&str> = drawn
            .split("again in ")
            .skip(1)
            .filter_map(|rest| rest.split(' ').next())
            .collect();
        left.dedup();
        if left.len() >= 3 {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn waiting_behind_a_request_that_waits_for_the_user_ends_and_says_so() {
    let world = World::scripted_with("hold_secrets = \"always\"", "");
    write(&world, "main.rs", CODE);
    let prompt = format!("is {} a token? «a»", TOKEN_PARTS.concat());
    let first: SubmitResult = json(&world, &["ask", "main.rs", &prompt]);
    let held = first.request.id.0.clone();
    poll("the first one is held", || {
        let sessions: SessionsResult = json(&world, &["sessions"]);
        (sessions.sessions[0].state == State::Held).then_some(())
    });
    let doctor = super::text(&world.run(&["doctor", "--offline"]).stdout);
    assert!(doctor.contains("GitHub token"), "{doctor}");
    assert!(!doctor.contains("again"), "it waits for no time: {doctor}");
    let short = &held[held.len() - 8..];
    for json in [false, true] {
        let mut arguments = vec!["ask", "--wait", "main.rs", "and this? «b»"];
        arguments.extend(json.then_some("--json"));
        let output = world.run(&arguments);
        let told = complaints(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        for words in [
            "waits behind",
            &format!("`backchat allow {short}`"),
            "GitHub token",
        ] {
            assert!(told.contains(words), "{told}");
        }
        if json {
            let turn: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(turn["request"]["state"], "queued");
            let message = turn["error"]["message"].as_str().unwrap();
            assert!(message.contains(short), "{message}");
        }
    }
    // Whoever does not wait is told as well.
    let output = world.run(&["ask", "main.rs", "and that? «c»"]);
    assert!(output.status.success());
    assert!(complaints(&output).contains("waits behind"), "{output:?}");
    assert!(world.model.calls().is_empty());
}
