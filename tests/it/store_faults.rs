//! A store that cannot be used: each request says why and what helps, the server stays, the file is
//! left as it was, and all is well as soon as the fault is mended.

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

use backchat::session::Mode;

use crate::support::editor::prompt;
use crate::support::{Editor, World};

const CODE: &str = "fn main() {}\n";

/// The state directory, before any program made it; the database in it.
fn prepare(world: &World) -> PathBuf {
    fs::DirBuilder::new()
        .mode(0o700)
        .create(world.state())
        .unwrap();
    world.state().join("backchat.db")
}

/// What a submit is refused with.
fn refusal(world: &World, editor: &Editor) -> String {
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    editor
        .submit(&prompt(&uri, "why?", Mode::Background))
        .unwrap_err()
        .message
}

fn works(world: &World, editor: &Editor) {
    let uri = world.uri("works.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "now? «a»");
    editor.wait_for_response(&request.id);
}

#[test]
fn a_store_of_a_newer_program_is_left_untouched() {
    let world = World::scripted();
    let path = prepare(&world);
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch("CREATE TABLE future (x); PRAGMA user_version = 999;")
        .unwrap();
    drop(database);
    let before = fs::read(&path).unwrap();
    let editor = world.editor();
    let said = refusal(&world, &editor);
    assert!(
        said.contains("newer Backchat") && said.contains("999"),
        "{said}"
    );
    assert!(said.contains("update Backchat"), "what helps: {said}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_store_is_said_to_be_damaged() {
    let world = World::scripted();
    let path = prepare(&world);
    let noise = "this is no database, although it has its name. ".repeat(400);
    fs::write(&path, &noise).unwrap();
    let editor = world.editor();
    let said = refusal(&world, &editor);
    assert!(said.contains("damaged"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), noise);
    fs::remove_file(path).unwrap();
    works(&world, &editor);
}

#[test]
fn a_state_directory_that_others_may_read_is_refused() {
    let world = World::scripted();
    prepare(&world);
    fs::set_permissions(world.state(), Permissions::from_mode(0o755)).unwrap();
    let editor = world.editor();
    let said = refusal(&world, &editor);
    assert!(said.contains("chmod 700"), "{said}");
    fs::set_permissions(world.state(), Permissions::from_mode(0o700)).unwrap();
    works(&world, &editor);
}

#[test]
fn nobody_else_may_read_what_is_stored() {
    let world = World::scripted();
    let editor = world.editor();
    works(&world, &editor);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(world.state()), 0o700);
    for (path, _) in world.everything_written() {
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("backchat.db"))
        {
            assert_eq!(mode(path.clone()), 0o600, "{}", path.display());
        }
    }
}
