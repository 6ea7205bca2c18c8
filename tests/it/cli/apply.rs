//! `backchat apply`: a proposal for a file on disk.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use backchat::protocol::TurnInfo;

use super::{json, refused, said, text, write};
use crate::support::{Reply, World};

const CODE: &str = "fn a() {\n    1\n}\n\nfn b() {\n    2\n}\n";
const ANSWER: &str = "```rust\nfn b() {\n    3\n}\n```";

/// A world in which a change of `fn b` was asked for, with the request's id.
fn asked(code: &str) -> (World, String) {
    let world = World::scripted();
    world.model.on("make it three", [Reply::answer(ANSWER)]);
    write(&world, "main.rs", code);
    let ask = ["ask", "--wait", "--edit", "main.rs:5-7", "make it three"];
    let turn: TurnInfo = json(&world, &ask);
    (world, turn.request.id.0)
}

fn on_disk(world: &World) -> String {
    std::fs::read_to_string(world.code().join("main.rs")).unwrap()
}

/// Runs it, and gives back the exit code and what was said.
fn apply(world: &World, arguments: &[&str]) -> (i32, String) {
    let output = world.run(&[&["apply"], arguments].concat());
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code().unwrap(), said)
}

#[test]
fn a_change_is_merged_into_what_was_typed_meanwhile() {
    let (world, id) = asked(CODE);
    assert_eq!(said(&world, &["apply", "--check", &id]), "clean  +1 −1\n");
    write(&world, "main.rs", &format!("// typed\n{CODE}"));
    assert_eq!(said(&world, &["apply", "--check", &id]), "moved  +1 −1\n");
    assert_eq!(
        on_disk(&world),
        format!("// typed\n{CODE}"),
        "--check writes nothing"
    );
    let diff = said(&world, &["apply", &id]);
    assert!(diff.contains("\n-    2\n+    3\n"), "{diff}");
    let applied = format!("// typed\n{}", CODE.replace("    2\n", "    3\n"));
    assert_eq!(on_disk(&world), applied);
    let (code, again) = apply(&world, &[&id]);
    assert!(
        code == 0 && again.contains("has the proposed change already"),
        "{again}"
    );
}

#[test]
fn what_the_file_is_stays() {
    let dos = format!("\u{feff}{}", CODE.replace('\n', "\r\n"));
    let (world, id) = asked(&dos);
    let path = world.code().join("main.rs");
    std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    said(&world, &["apply", &id]);
    assert_eq!(on_disk(&world), dos.replace("    2\r\n", "    3\r\n"));
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn what_is_put_at_the_end_leaves_no_empty_line() {
    for (number, code) in [
        CODE.to_owned(),
        CODE.replace('\n', "\r\n"),
        CODE.trim_end().to_owned(),
        CODE.trim_end().replace('\n', "\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let world = World::scripted();
        let answer = "```rust\nfn b() {\n    2\n}\n// the end\n```";
        world.model.on("add an end", [Reply::answer(answer)]);
        write(&world, "main.rs", &code);
        let ask = ["ask", "--wait", "--edit", "main.rs:5-7", "add an end"];
        let turn: TurnInfo = json(&world, &ask);
        let hunk: &[&str] = if number % 2 == 0 {
            &[]
        } else {
            &["--hunk", "1"]
        };
        said(&world, &[&["apply", &turn.request.id.0], hunk].concat());
        let line_break = if code.contains('\r') { "\r\n" } else { "\n" };
        let expected = match code.strip_suffix(line_break) {
            Some(code) => format!("{code}{line_break}// the end{line_break}"),
            None => format!("{code}{line_break}// the end"),
        };
        assert_eq!(on_disk(&world), expected);
    }
}

#[test]
fn code_that_does_not_fit_the_window_is_neither_asked_for_nor_deleted() {
    let world = World::scripted_with("", "context_tokens = 8192");
    let line = |n: usize| format!("    let value_{n} = compute({n});\n");
    let code: String = (1..=1800).map(line).collect();
    write(&world, "big.rs", &code);
    let told = refused(&world, &["ask", "--edit", "big.rs:50-1500", "double it"]);
    for words in [
        "1451 lines",
        "the first ",
        "8192 tokens",
        "select fewer lines",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(world.model.calls().is_empty());
    // What fits is shown whole, and the answer changes that alone.
    let answer: String = (50..=60).map(|n| line(n).replace("let", "const")).collect();
    world.model.on(
        "double it",
        [Reply::answer(&format!("```rust\n{answer}```"))],
    );
    let turn: TurnInfo = json(&world, &["ask", "-w", "-e", "big.rs:50-60", "double it"]);
    said(&world, &["apply", &turn.request.id.0]);
    let on_disk = std::fs::read_to_string(world.code().join("big.rs")).unwrap();
    let changed = |n: usize| match n {
        50..=60 => line(n).replace("let", "const"),
        _ => line(n),
    };
    assert_eq!(on_disk, (1..=1800).map(changed).collect::<String>());
}

#[test]
fn a_conflict_is_told_and_nothing_is_written() {
    let (world, id) = asked(CODE);
    let typed = CODE.replace("    2\n", "    22\n");
    write(&world, "main.rs", &typed);
    assert_eq!(
        apply(&world, &["--check", &id]),
        (3, "conflict  +0 −0\n".to_owned())
    );
    let (code, told) = apply(&world, &[&id]);
    assert!(code == 3 && told.contains("--conflict-markers"), "{told}");
    assert_eq!(on_disk(&world), typed);
    let (code, told) = apply(&world, &["--conflict-markers", &id]);
    assert!(code == 3 && told.contains("between markers"), "{told}");
    let marked = "<<<<<<< yours\n    22\n=======\n    3\n>>>>>>> proposed\n";
    assert!(on_disk(&world).contains(marked), "{}", on_disk(&world));
}

#[test]
fn hunks_are_applied_one_by_one() {
    let world = World::scripted();
    let answer = "<<<<<<< SEARCH\n    1\n=======\n    10\n>>>>>>> REPLACE\n\n\
                  <<<<<<< SEARCH\n    2\n=======\n    20\n>>>>>>> REPLACE\n";
    world.model.on("ten times", [Reply::answer(answer)]);
    write(&world, "main.rs", CODE);
    let turn: TurnInfo = json(&world, &["ask", "-w", "--edit", "main.rs", "ten times"]);
    let id = turn.request.id.0;
    assert!(
        refused(&world, &["apply", &id, "--hunk", "3"]).contains("no hunk 3; the proposal has 2")
    );
    said(&world, &["apply", &id, "--hunk", "2"]);
    assert_eq!(on_disk(&world), CODE.replace("    2\n", "    20\n"));
}

#[test]
fn what_may_not_be_written_is_refused() {
    let (world, id) = asked(CODE);
    let path = world.code().join("main.rs");
    std::fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    assert!(refused(&world, &["apply", &id]).contains("read-only"));
    assert!(refused(&world, &["apply", "--check", &id]).contains("read-only"));
    std::fs::rename(&path, world.home().join("main.rs")).unwrap();
    std::fs::set_permissions(world.home().join("main.rs"), Permissions::from_mode(0o644)).unwrap();
    assert!(refused(&world, &["apply", &id]).contains("cannot find"));
    symlink(world.home().join("main.rs"), &path).unwrap();
    assert!(refused(&world, &["apply", &id]).contains("outside of the workspace"));
    let untouched = std::fs::read_to_string(world.home().join("main.rs")).unwrap();
    assert_eq!(untouched, CODE);
}

#[test]
fn an_answer_without_a_change_is_none() {
    let world = World::scripted();
    write(&world, "main.rs", CODE);
    let asked: TurnInfo = json(&world, &["ask", "-w", "main.rs", "«a»"]);
    assert!(refused(&world, &["apply", &asked.request.id.0]).contains("asked for an answer"));
    let prose: TurnInfo = json(&world, &["ask", "-w", "--edit", "main.rs", "«b»"]);
    let told = refused(&world, &["apply", &prose.request.id.0]);
    assert!(
        told.contains("no code") && told.contains("backchat read"),
        "{told}"
    );
}
