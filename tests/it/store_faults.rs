//! A store that cannot be used: each request says why and what helps, the server stays, the file is
//! left as it was, and all is well as soon as the fault is mended.

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use backchat::session::Mode;

use crate::support::editor::prompt;
use crate::support::patience::poll;
use crate::support::{Editor, Gate, Reply, World};

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
    assert!(said.contains("chmod go-rwx"), "{said}");
    fs::set_permissions(world.state(), Permissions::from_mode(0o700)).unwrap();
    works(&world, &editor);
}

/// Forbids a server to write any file, or allows it again: its disk is as good as full.
fn let_write(editor: &Editor, allowed: bool) {
    let process = Pid::from_raw(editor.process_id().cast_signed());
    let limit = Rlimit {
        current: (!allowed).then_some(1),
        maximum: None,
    };
    prlimit(process, Resource::Fsize, limit).unwrap();
}

#[test]
fn a_full_disk_refuses_what_is_new_and_loses_no_answer() {
    let world = World::scripted();
    let gate = Gate::new();
    let story = Reply::stream()
        .words("Once ")
        .wait(&gate)
        .words("upon a time.")
        .finish();
    world.model.on("story", [story]);
    let mut launch = world.launch();
    // A server that writes beyond a limit is killed unless it says that it knows.
    launch.command = world.backchat_after("trap '' XFSZ");
    launch.command.arg("serve");
    let editor = Editor::start(launch);
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "story");
    poll("its first word is stored", || {
        let response = editor
            .session(&request.session_id)
            .turns
            .remove(0)
            .response?;
        (response.text == "Once ").then_some(())
    });

    let_write(&editor, false);
    let said = refusal(&world, &editor);
    assert!(
        said.contains("free") && said.contains("nothing that was accepted is lost"),
        "{said}"
    );
    gate.open();
    world
        .model
        .wait_for_call("story", |call| call.ended.is_some());
    let kept = editor.session(&request.session_id).turns.remove(0);
    assert_eq!(
        kept.response.unwrap().text,
        "Once ",
        "what is stored can be read"
    );

    let_write(&editor, true);
    editor.wait_for_response(&request.id);
    let turns = editor.session(&request.session_id).turns;
    assert_eq!(turns.len(), 1, "what was refused was not stored");
    assert_eq!(
        turns[0].response.as_ref().unwrap().text,
        "Once upon a time."
    );
    assert_eq!(
        world.model.calls_with("story").len(),
        1,
        "it was not asked for twice"
    );
    works(&world, &editor);
}

#[test]
fn a_store_that_is_removed_while_it_is_open_accepts_nothing_more() {
    let world = World::scripted();
    let editor = world.editor();
    works(&world, &editor);
    fs::remove_dir_all(world.state()).unwrap();
    let said = refusal(&world, &editor);
    assert!(
        said.contains("removed") && said.contains("restart the editor"),
        "{said}"
    );
    let other = world.editor();
    works(&world, &other);
    let said = refusal(&world, &editor);
    assert!(said.contains("replaced"), "{said}");
}

#[test]
fn a_lock_that_another_program_holds_for_a_while_is_waited_for() {
    let world = World::scripted();
    let editor = world.editor();
    works(&world, &editor);
    let database = rusqlite::Connection::open(world.state().join("backchat.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let submit = prompt(&uri, "«a»", Mode::Background);
    let asked = editor.send(backchat::protocol::method::SUBMIT, &submit);
    assert_eq!(editor.status().problem, None, "what only reads goes on");
    database.execute_batch("COMMIT").unwrap();
    let accepted: backchat::protocol::SubmitResult = editor.answer(asked).unwrap();
    editor.wait_for_response(&accepted.request.id);
}

#[test]
fn a_store_on_a_file_system_that_is_read_only_says_so() {
    let world = World::scripted();
    works(&world, &world.editor());
    fs::write(world.code().join("main.rs"), CODE).unwrap();
    let state = world.state().display().to_string();
    // Neither is anyone else's business: the mount is seen by this one process.
    let mount = format!("mount --bind '{state}' '{state}' && mount -o remount,bind,ro '{state}'");
    let mut command = std::process::Command::new("unshare");
    let within = world.backchat_after(&mount);
    command
        .args(["-rm"])
        .arg(within.get_program())
        .args(within.get_args())
        .env_clear();
    for (name, value) in within.get_envs() {
        command.env(name, value.unwrap());
    }
    let output = command
        .args(["ask", "main.rs", "why?"])
        .current_dir(world.code())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("Read-only") && said.contains("BACKCHAT_STATE_DIR"),
        "{said}"
    );
}
