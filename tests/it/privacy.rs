//! What is stored is for its user alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Editor, World};

const CODE: &str = "fn main() {}\n";

fn use_it(world: &World, editor: &Editor) {
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let request = editor.ask(&uri, "what? «a»");
    editor.wait_for_response(&request.id);
}

fn everything(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![directory.to_owned()];
    let mut next = 0;
    while next < found.len() {
        if found[next].is_dir() {
            let entries = fs::read_dir(&found[next]).unwrap();
            found.extend(entries.map(|entry| entry.unwrap().path()));
        }
        next += 1;
    }
    found
}

fn demand_privacy(state: &Path) {
    let found = everything(state);
    for path in &found {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{} is {mode:o}", path.display());
    }
    let is_there = |name: &str| {
        let shown = found.iter().map(|path| path.display().to_string());
        shown.into_iter().any(|path| path.contains(name))
    };
    for name in ["backchat.db", "backchat.db-wal", "logs/", "processes/"] {
        assert!(is_there(name), "{name}");
    }
}

#[test]
fn database_logs_and_locks_are_made_for_the_user_alone() {
    let world = World::scripted();
    let editor = world.editor();
    use_it(&world, &editor);
    demand_privacy(&world.state());
}

#[test]
fn what_others_could_read_is_put_right_at_the_start() {
    let world = World::scripted();
    let first = world.editor();
    use_it(&world, &first);
    first.quit();
    for path in everything(&world.state()) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(world.state(), Permissions::from_mode(0o700)).unwrap();
    let editor = world.editor();
    use_it(&world, &editor);
    demand_privacy(&world.state());
}

#[test]
fn a_crash_leaves_no_dump() {
    let world = World::scripted();
    let editor = world.editor();
    let limits = fs::read_to_string(format!("/proc/{}/limits", editor.process_id())).unwrap();
    let core = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .unwrap();
    let values: Vec<&str> = core.split_whitespace().take(2).collect();
    // A limit of 1 is the kernel's own sign for: no dump, not even to a program that collects them.
    assert!(values == ["1", "1"] || values == ["0", "0"], "{core}");
}
