//! What is shown can be typed: paths, ids and parts of them.

use backchat::protocol::{SessionResult, SessionsResult, SubmitResult, TurnInfo};

use super::{json, refused, said, text, write};
use crate::support::{Reply, World};

const CODE: &str = "fn b() {\n    2\n}\n";

fn ask(world: &World, file: &str, prompt: &str) -> TurnInfo {
    json(world, &["ask", "--wait", file, prompt])
}

#[test]
fn a_label_is_a_path_that_can_be_typed() {
    let world = World::scripted();
    std::fs::create_dir_all(world.code().join("proj/src")).unwrap();
    write(&world, "proj/src/main.rs", CODE);
    ask(&world, "proj/src/main.rs:2", "why? «a»");
    // Shown from here, from the folder of the file, and from elsewhere.
    for folder in [
        world.code(),
        world.code().join("proj/src"),
        world.home().to_owned(),
        "/".into(),
    ] {
        let run = |arguments: &[&str]| {
            let output = world
                .backchat()
                .args(arguments)
                .current_dir(&folder)
                .output()
                .unwrap();
            assert!(output.status.success(), "{folder:?}: {output:?}");
            text(&output.stdout)
        };
        let line = run(&["sessions"]);
        let label = line
            .split("  ")
            .map(str::trim)
            .find(|cell| cell.ends_with("main.rs"));
        let read = run(&["read", "--all", label.unwrap()]);
        assert!(read.contains("answer to a"), "{read}");
        // And so is a place, which has lines behind it.
        let place = read.split_whitespace().next().unwrap();
        assert!(place.ends_with("main.rs:2"), "{read}");
        assert!(run(&["read", "--all", place]).contains("answer to a"));
    }
}

#[test]
fn the_end_of_a_path_as_editors_show_it_is_enough() {
    let world = World::scripted();
    for folder in ["one/src", "two/src"] {
        std::fs::create_dir_all(world.code().join(folder)).unwrap();
        let file = format!("{folder}/main.rs");
        write(&world, &file, CODE);
        ask(&world, &file, &format!("why? «{folder}»"));
    }
    let run = |argument: &str| {
        let mut command = world.backchat();
        command.args(["read", "--all", argument]).current_dir("/");
        command.output().unwrap()
    };
    let one = run("one/src/main.rs");
    assert!(text(&one.stdout).contains("answer to one/src"), "{one:?}");
    let several = run("src/main.rs");
    assert_eq!(several.status.code(), Some(1));
    let told = text(&several.stderr);
    assert!(told.contains("fits several files"), "{told}");
    assert!(
        told.contains("one/src/main.rs") && told.contains("two/src/main.rs"),
        "{told}"
    );
}

#[test]
fn the_beginning_of_a_shown_id_is_enough_and_what_is_ambiguous_is_listed() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let turn = ask(&world, "main.rs", "why? «a»");
    let id = turn.request.id.0;
    let shown = &id[id.len() - 8..];
    for part in [&shown[..4], &shown[..7], &format!("{}…", &shown[..6])] {
        let found: SessionResult = json(&world, &["read", "--all", part]);
        assert_eq!(found.turns[0].request.id.0, id, "{part}");
    }
    write(&world, "other.rs", CODE);
    ask(&world, "other.rs", "and this? «b»");
    // Ids of one time begin alike.
    let told = refused(&world, &["cancel", &id[..4]]);
    assert!(told.contains("fits several requests"), "{told}");
    for words in [
        shown,
        "main.rs:1",
        "why? «a»",
        "other.rs:1",
        "and this? «b»",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn the_ids_that_sessions_shows_are_taken_by_apply() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let answer = "```rust\nfn b() {\n    3\n}\n```";
    world.model.on("make it three", [Reply::answer(answer)]);
    let ask = ["ask", "--wait", "--edit", "main.rs:1-3", "make it three"];
    let turn: TurnInfo = json(&world, &ask);
    said(&world, &["ask", "--wait", "main.rs", "only a question «a»"]);
    let sessions: SessionsResult = json(&world, &["sessions"]);
    let session = &sessions.sessions[0].id.0;
    let shown = &session[session.len() - 8..];
    assert!(said(&world, &["sessions"]).contains(shown));
    assert_eq!(said(&world, &["apply", "--check", shown]), "clean  +1 −1\n");
    assert_eq!(
        said(&world, &["apply", "--check", "main.rs"]),
        "clean  +1 −1\n"
    );
    let told = refused(&world, &["cancel", shown]);
    assert!(told.contains("is a session"), "{told}");
    assert!(said(&world, &["apply", shown]).contains("+    3"));
    let id = &turn.request.id.0;
    let again = world.run(&["apply", id]);
    assert!(text(&again.stderr).contains("has the proposed change already"));
    write(&world, "other.rs", CODE);
    let other: SubmitResult = json(&world, &["ask", "other.rs", "why? «b»"]);
    let told = refused(&world, &["apply", &other.request.session_id.0]);
    assert!(told.contains("no change was proposed"), "{told}");
}
