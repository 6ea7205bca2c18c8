//! What commands print as JSON, against the types of which src/cli/results.schema.json is made: none of them takes a member that
//! it does not know.

use backchat::cli::results::{Applied, Configuration, Failure, Outcome, Purged, Report, Status};
use backchat::protocol::TurnInfo;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{complaints, json, said, text, write};
use crate::support::{Reply, World};

const CODE: &str = "fn b() {\n    2\n}\n";

/// Runs a command, and gives back its exit code and what it printed as JSON.
fn printed<T: DeserializeOwned>(world: &World, arguments: &[&str]) -> (i32, T) {
    let output = world.run(&[arguments, &["--json"]].concat());
    let stdout = text(&output.stdout);
    let value = serde_json::from_str(&stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {stdout}{}", complaints(&output)));
    (output.status.code().unwrap(), value)
}

/// A world in which a change was proposed, and its request's id.
fn proposed() -> (World, String) {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let answer = "```rust\nfn b() {\n    3\n}\n```";
    world.model.on("make it three", [Reply::answer(answer)]);
    let ask = ["ask", "--wait", "--edit", "main.rs:1-3", "make it three"];
    let turn: TurnInfo = json(&world, &ask);
    (world, turn.request.id.0)
}

#[test]
fn apply_says_what_became_of_a_change() {
    let (world, id) = proposed();
    let (code, applied): (i32, Applied) = printed(&world, &["apply", "--check", &id]);
    assert_eq!(
        (code, applied.outcome, applied.status),
        (0, Outcome::Checked, Status::Clean)
    );
    assert_eq!((applied.added, applied.removed), (1, 1));
    assert_eq!(
        applied.path,
        world.code().join("main.rs").display().to_string()
    );
    assert_eq!(applied.request.0, id);

    let (code, applied): (i32, Applied) = printed(&world, &["apply", &id]);
    assert_eq!((code, applied.outcome), (0, Outcome::Applied));
    assert!(applied.diff.contains("+    3"), "{}", applied.diff);
    let (code, applied): (i32, Applied) = printed(&world, &["apply", &id]);
    assert_eq!((code, applied.outcome), (0, Outcome::Unchanged));

    write(&world, "main.rs", &CODE.replace('2', "22"));
    for arguments in [&["apply", &id][..], &["apply", "--check", &id]] {
        let (code, applied): (i32, Applied) = printed(&world, arguments);
        assert_eq!((code, applied.status), (3, Status::Conflict));
        assert_eq!(applied.error.unwrap().exit_code, 3);
    }
    let (code, applied): (i32, Applied) = printed(&world, &["apply", "--conflict-markers", &id]);
    assert_eq!((code, applied.outcome), (3, Outcome::AppliedWithMarkers));
}

#[test]
fn config_doctor_and_purge_print_what_their_schema_says() {
    let world = World::scripted();
    let (code, values): (i32, Configuration) = printed(&world, &["config"]);
    assert_eq!((code, values.exists), (0, true));
    assert_eq!(values.models[0].settings["max_output_tokens"], 256);
    let (code, same): (i32, Configuration) = printed(&world, &["config", "--effective"]);
    assert_eq!((code, same.settings.len()), (0, values.settings.len()));
    let (code, report): (i32, Report) = printed(&world, &["doctor", "--offline"]);
    assert_eq!(code, i32::from(report.problems > 0));
    assert!(!report.sections.is_empty());
    let (code, purged): (i32, Purged) = printed(&world, &["purge", "--older-than", "90d"]);
    assert_eq!((code, purged.requests), (0, 0));
}

#[test]
fn a_failure_is_json_where_json_was_asked_for() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    for (arguments, code, words) in [
        (
            &["read", "gone.rs"][..],
            1,
            "nothing was asked about gone.rs",
        ),
        (&["apply", "beefbeef"], 1, "beefbeef"),
        (&["cancel", "beefbeef"], 1, "no request"),
        (&["ask", "gone.rs", "why?"], 1, "cannot read gone.rs"),
        (
            &["ask", "main.rs", "--model=x", "why?"],
            1,
            "there is no model",
        ),
        (&["purge", "--older-than", "long"], 1, "is no age"),
        (&["purge"], 2, "--older-than"),
        (&["sessions", "--limit", "x"], 2, "--limit"),
    ] {
        let (found, failure): (i32, Failure) = printed(&world, arguments);
        assert_eq!(
            (found, i32::from(failure.error.exit_code)),
            (code, code),
            "{arguments:?}"
        );
        assert!(
            failure.error.message.contains(words),
            "{}",
            failure.error.message
        );
        assert!(!failure.error.message.contains('\u{1b}'));
    }
    world.configure("default_model = 7");
    let (code, failure): (i32, Failure) = printed(&world, &["config"]);
    assert_eq!(code, 1);
    assert!(
        failure.error.message.contains("config.toml:1:17"),
        "{failure:?}"
    );
}

#[test]
fn a_failed_answer_is_one_document() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    world.model.on("fails", [Reply::error(401, "who are you?")]);
    let (code, turn): (i32, Value) = printed(&world, &["ask", "--wait", "main.rs", "fails"]);
    assert_eq!(code, 1);
    assert_eq!(turn["request"]["state"], "failed");
    assert_eq!(turn["error"]["exitCode"], 1);
}

#[test]
fn every_command_says_its_exit_codes_in_its_help() {
    let world = World::scripted();
    let help = said(&world, &["--help"]);
    assert!(help.contains("Exit codes:"), "{help}");
    let commands = help.split("Commands:").nth(1).unwrap();
    let commands = commands.split("Options:").next().unwrap();
    let mut seen = 0;
    for line in commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
    {
        let command = line.split_whitespace().next().unwrap();
        if command == "help" {
            continue;
        }
        let help = said(&world, &[command, "--help"]);
        assert!(help.contains("Exit codes:"), "{command}: {help}");
        seen += 1;
    }
    assert!(seen >= 18, "{help}");
    let ask = said(&world, &["ask", "--help"]);
    let words: Vec<&str> = ask.split_whitespace().collect();
    let told = "3 when the model has finished and said nothing";
    assert!(words.join(" ").contains(told), "{ask}");
}

#[test]
fn what_is_no_message_of_an_editor_is_told_how_to_ask() {
    let world = World::scripted();
    for (arguments, input) in [
        (&[][..], "why is this slow?\n"),
        (&["serve"], "{\"jsonrpc\": 1}"),
        (&[], ""),
    ] {
        let mut child = world
            .backchat()
            .args(arguments)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, input.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let told = complaints(&output);
        assert!(told.contains("`backchat ask FILE PROMPT`"), "{told}");
    }
    // An editor is told nothing.
    let editor = world.editor();
    editor.status();
    assert_eq!(editor.quit(), Some(0));
    assert!(
        !editor.stderr().contains("backchat ask"),
        "{}",
        editor.stderr()
    );
}

#[test]
fn without_a_model_the_small_one_on_this_machine_is_offered() {
    let world = World::scripted();
    world.configure("");
    write(&world, "main.rs", CODE);
    let output = world.run(&["ask", "main.rs", "why?"]);
    let told = complaints(&output);
    // One may be found on this machine, where somebody serves it.
    let advice = backchat::models::HOW_TO_GET_A_MODEL;
    assert!(output.status.success() || told.contains(advice), "{told}");
    assert!(advice.contains("`backchat local-model`"), "{advice}");
}
