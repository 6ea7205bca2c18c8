//! Files that are moved or renamed outside of every editor: the session goes along, or is not guessed.

use backchat::protocol::{AnchorStatus, RequestInfo};
use backchat::session::RequestId;

use crate::support::{Editor, World, lines};

const CODE: &str = "// The sum of all numbers, and their mean.\nfn sum(numbers: &[u32]) -> u32 {\n    \
                    numbers.iter().sum()\n}\n\nfn mean(numbers: &[u32]) -> u32 {\n    sum(numbers) / 2\n}\n";

/// Asks about `fn mean` of a file that is on disk, waits for the answer and closes the editor.
fn asked_about(world: &World, name: &str, text: &str) -> RequestId {
    world.write(&world.code(), name, text);
    let editor = world.editor();
    let uri = world.uri(name);
    editor.open(&uri, text);
    let request = editor.ask_about(&uri, lines(5, 8), "is it right?");
    editor.wait_for_response(&request.id);
    assert_eq!(editor.quit(), Some(0));
    request.id
}

fn rename(world: &World, old: &str, new: &str) {
    let new = world.code().join(new);
    std::fs::create_dir_all(new.parent().unwrap()).unwrap();
    std::fs::rename(world.code().join(old), new).unwrap();
}

/// Opens a file as it is on disk; its requests.
fn opened(world: &World, editor: &Editor, name: &str) -> Vec<RequestInfo> {
    let text = std::fs::read_to_string(world.code().join(name)).unwrap();
    let uri = world.uri(name);
    editor.open(&uri, &text);
    editor.requests(&uri)
}

#[test]
fn the_session_of_a_moved_file_comes_along_unread() {
    let world = World::scripted();
    let id = asked_about(&world, "sum.rs", CODE);
    rename(&world, "sum.rs", "deep/numbers.rs");
    let editor = world.editor();
    let found = opened(&world, &editor, "deep/numbers.rs");
    assert_eq!(found[0].id, id);
    assert!(found[0].unread);
    let anchor = found[0].anchor.as_ref().unwrap();
    assert_eq!(
        (anchor.range, anchor.status),
        (lines(5, 8), AnchorStatus::Exact)
    );
    let sessions = editor.sessions().sessions;
    assert_eq!(sessions.len(), 1);
    assert_eq!(
        (sessions[0].uri.as_str(), sessions[0].unread),
        (world.uri("deep/numbers.rs").as_str(), 1)
    );
}

#[test]
fn a_file_that_was_renamed_and_changed_is_found_by_what_is_in_it() {
    let world = World::scripted();
    let id = asked_about(&world, "sum.rs", CODE);
    rename(&world, "sum.rs", "numbers.rs");
    world.write(
        &world.code(),
        "numbers.rs",
        &format!("use std::iter;\n{CODE}"),
    );
    let editor = world.editor();
    let found = opened(&world, &editor, "numbers.rs");
    assert_eq!(found[0].id, id);
    assert_eq!(found[0].anchor.as_ref().unwrap().range, lines(6, 9));
}

#[test]
fn a_copy_is_not_the_file() {
    let world = World::scripted();
    let id = asked_about(&world, "sum.rs", CODE);
    world.write(&world.code(), "copy.rs", CODE);
    let editor = world.editor();
    assert!(opened(&world, &editor, "copy.rs").is_empty());
    assert_eq!(opened(&world, &editor, "sum.rs")[0].id, id);
}

#[test]
fn what_may_be_several_files_is_not_guessed() {
    let world = World::scripted();
    asked_about(&world, "one.rs", CODE);
    asked_about(&world, "two.rs", CODE);
    rename(&world, "one.rs", "three.rs");
    std::fs::remove_file(world.code().join("two.rs")).unwrap();
    let editor = world.editor();
    assert!(opened(&world, &editor, "three.rs").is_empty());
    assert_eq!(editor.sessions().sessions.len(), 2, "both are still there");
}

#[test]
fn another_file_does_not_take_the_place_of_one_that_is_gone() {
    let world = World::scripted();
    asked_about(&world, "sum.rs", CODE);
    std::fs::remove_file(world.code().join("sum.rs")).unwrap();
    world.write(
        &world.code(),
        "greet.rs",
        "fn greet(name: &str) {\n    println!(\"Hello, {name}!\");\n}\n",
    );
    let editor = world.editor();
    assert!(opened(&world, &editor, "greet.rs").is_empty());
}

#[test]
fn a_file_that_is_open_was_not_moved() {
    let world = World::scripted();
    let id = asked_about(&world, "sum.rs", CODE);
    let editor = world.editor();
    opened(&world, &editor, "sum.rs");
    rename(&world, "sum.rs", "numbers.rs");
    assert!(opened(&world, &editor, "numbers.rs").is_empty());
    assert_eq!(editor.requests(&world.uri("sum.rs"))[0].id, id);
}
