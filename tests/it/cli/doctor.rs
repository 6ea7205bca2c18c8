//! The doctor and everything that can be wrong with a store: each fault is found, and it says what helps.

use std::fs::{self, Permissions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use super::{json, said, text};
use crate::support::World;

/// A world with a store that was used, and where its database is.
fn used() -> (World, PathBuf) {
    let world = World::scripted();
    said(&world, &["sessions"]);
    let path = world.state().join("backchat.db");
    // Whoever closes it last writes everything into the one file.
    let database = rusqlite::Connection::open(&path).unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    database.query_row(checkpoint, [], |_| Ok(())).unwrap();
    (world, path)
}

/// The problems that the doctor finds: what each is about, what is wrong, and what helps.
fn problems(report: &Value) -> Vec<(String, String)> {
    let sections = report["sections"].as_array().unwrap().iter();
    let findings = sections.flat_map(|section| section["findings"].as_array().unwrap());
    findings
        .filter(|finding| finding["problem"] == true)
        .map(|finding| {
            let name = finding["name"].as_str().unwrap().to_owned();
            let remedy = finding["remedy"].as_str().unwrap_or_default();
            (
                name,
                format!("{}; {remedy}", finding["value"].as_str().unwrap()),
            )
        })
        .collect()
}

/// The one problem that the doctor finds, which is about `name`.
fn problem(world: &World, name: &str) -> String {
    let output = world.run(&["doctor", "--offline", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    one(name, &output.stdout)
}

fn one(name: &str, stdout: &[u8]) -> String {
    let found = problems(&serde_json::from_slice(stdout).unwrap());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, name, "{found:?}");
    found[0].1.clone()
}

#[test]
fn it_finds_nothing_wrong_with_a_sound_store() {
    let (world, _) = used();
    let report: Value = json(&world, &["doctor", "--offline"]);
    assert_eq!(problems(&report), []);
    let all = report.to_string();
    for looked_at in ["integrity", "permissions", "writing", "locks", "space"] {
        assert!(all.contains(looked_at), "{looked_at} in {all}");
    }
}

#[test]
fn it_finds_a_file_that_is_no_database() {
    let (world, path) = used();
    fs::write(
        &path,
        "this is no database, although it has its name. ".repeat(400),
    )
    .unwrap();
    let found = problem(&world, "database");
    assert!(
        found.contains("damaged") && found.contains("move the file away"),
        "{found}"
    );
}

#[test]
fn it_finds_a_damaged_page() {
    let (world, path) = used();
    // A page that no one looks at in passing: that of an index which only a purge needs.
    let database = rusqlite::Connection::open(&path).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'requests_by_rules'";
    let page: u64 = database.query_row(root, [], |row| row.get(0)).unwrap();
    drop(database);
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start((page - 1) * 4096)).unwrap();
    file.write_all(&[0xee; 4096]).unwrap();
    let output = world.run(&["doctor", "--offline", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let found = problems(&serde_json::from_slice(&output.stdout).unwrap());
    let integrity = found.iter().find(|(name, _)| name == "integrity");
    let (_, what) = integrity.unwrap_or_else(|| panic!("{found:?}"));
    assert!(what.contains("move"), "{what}");
}

#[test]
fn it_finds_a_store_of_a_newer_program() {
    let (world, path) = used();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", 999).unwrap();
    drop(database);
    let found = problem(&world, "database");
    assert!(
        found.contains("newer Backchat") && found.contains("update Backchat"),
        "{found}"
    );
}

#[test]
fn it_finds_a_state_directory_that_others_may_enter() {
    let (world, _) = used();
    fs::set_permissions(world.state(), Permissions::from_mode(0o755)).unwrap();
    let found = problem(&world, "database");
    assert!(found.contains("chmod go-rwx"), "{found}");
}

#[test]
fn it_finds_a_state_directory_that_is_a_file() {
    let world = World::scripted();
    fs::write(world.state(), "in the way").unwrap();
    fs::set_permissions(world.state(), Permissions::from_mode(0o600)).unwrap();
    let found = problem(&world, "database");
    assert!(found.contains("BACKCHAT_STATE_DIR"), "{found}");
}

#[test]
fn it_finds_another_process_that_keeps_the_lock() {
    let (world, path) = used();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let found = problem(&world, "writing");
    assert!(found.contains("locked by another process"), "{found}");
}

#[test]
fn it_finds_a_disk_that_takes_nothing() {
    let (world, _) = used();
    let output = world
        .backchat_after("trap '' XFSZ && ulimit -f 0")
        .args(["doctor", "--offline", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let found = one("database", &output.stdout);
    assert!(found.contains("free space"), "{found}");
}
