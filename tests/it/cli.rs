//! The command line: every command as a user runs it in a shell.

mod apply;
mod ask;
mod context;
mod doctor;
mod inbox;
mod library;
mod local_model;
mod names;
mod readme;
mod results;
mod settings;
mod try_it;
mod waiting;

use std::process::Output;

use serde::de::DeserializeOwned;

use crate::support::World;
use crate::support::patience::poll;

/// Runs a command that must succeed, and gives back what it printed, which is clean: it is not
/// written to a terminal.
fn said(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    let stdout = text(&output.stdout);
    assert!(
        output.status.success(),
        "{arguments:?}: {}\n{stdout}{}",
        output.status,
        text(&output.stderr)
    );
    assert!(!stdout.contains('\u{1b}'), "{stdout:?}");
    stdout
}

/// Runs a command that must succeed with `--json`, and gives back what it printed.
fn json<T: DeserializeOwned>(world: &World, arguments: &[&str]) -> T {
    let arguments = [arguments, &["--json"]].concat();
    let stdout = said(world, &arguments);
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}

/// Runs a command that must fail, and gives back what it complained about.
fn refused(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(1), String::new()),
        "{stderr}"
    );
    assert!(stderr.starts_with("backchat: "), "{stderr}");
    stderr
}

/// What it told on standard error, where it succeeded.
fn remarked(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    assert!(output.status.success(), "{output:?}");
    text(&output.stderr)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes a file into the folder with code.
fn write(world: &World, name: &str, text: &str) {
    std::fs::write(world.code().join(name), text).unwrap();
}

/// Waits until so many answers are unread.
fn wait_for_unread(world: &World, count: u32) {
    poll("the answers are there", || {
        let found: backchat::protocol::SessionsResult = json(world, &["sessions"]);
        let unread: u32 = found.sessions.iter().map(|session| session.unread).sum();
        (unread == count).then_some(())
    });
}

/// Waits until no worker is left that somebody left behind.
fn wait_for_silence(world: &World) {
    poll("every process has ended", || {
        world.processes().is_empty().then_some(())
    });
}

/// Standard error of a program, for a message.
fn complaints(output: &Output) -> String {
    text(&output.stderr)
}
