//! What was purged is gone: from the lists, and from every byte of the state directory. What could not be
//! done is said, and done later.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use backchat::protocol::{RequestInfo, SessionsResult};
use backchat::session::State;
use serde_json::{Value, json};

use crate::support::editor::{Editor, lines};
use crate::support::patience::poll;
use crate::support::{Reply, World};

/// In what was asked, in the code, and in the answer.
const MARKS: [&str; 3] = [
    "the tall giraffe of the vault",
    "hidden_in_the_blue_whale",
    "because the otters sleep there",
];

const OLD: [&str; 3] = ["purge", "--older-than", "1ms"];

fn marked_prompt() -> String {
    format!("Why is {} asleep?", MARKS[0])
}

fn marked_code() -> String {
    format!("fn {}() {{}}\n", MARKS[1]).repeat(40)
}

/// The files of the state directory in which a part of a mark is.
fn marked_files(world: &World) -> Vec<PathBuf> {
    let is_marked = |bytes: &[u8]| {
        MARKS.iter().any(|mark| {
            let mut parts = mark.as_bytes().windows(12);
            parts.any(|part| bytes.windows(part.len()).any(|it| it == part))
        })
    };
    let files = world.everything_written().into_iter();
    files
        .filter(|(_, bytes)| is_marked(bytes))
        .map(|(path, _)| path)
        .collect()
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An editor without the plugin, whose server logs content: it leaves transcripts and logs.
fn telling_editor(world: &World) -> Editor {
    let mut launch = world.launch();
    launch.announces = false;
    launch.command.arg("--log-content");
    Editor::start(launch)
}

fn execute(editor: &Editor, command: &str, argument: Value) -> Value {
    let params = json!({"command": command, "arguments": [argument]});
    editor.request("workspace/executeCommand", &params).unwrap()
}

/// Asks in a plain editor, and waits until the answer is stored.
fn ask(world: &World, editor: &Editor, uri: &str, prompt: &str) -> RequestInfo {
    let submit = json!({"textDocument": {"uri": uri}, "range": lines(0, 1), "prompt": prompt, "mode": "background"});
    let submitted = execute(editor, "backchat.submit", submit);
    let id = submitted["request"]["id"].as_str().unwrap().to_owned();
    poll("the answer is stored", || {
        let shown = world.run(&["read", "--all", &id, "--json"]);
        let turns: Value = serde_json::from_slice(&shown.stdout).ok()?;
        let request = turns["turns"][0]["request"].clone();
        let request: RequestInfo = serde_json::from_value(request).ok()?;
        (request.state == State::Done).then_some(request)
    })
}

/// Reads an answer in a plain editor, which leaves a transcript.
fn read(world: &World, editor: &Editor, request: &RequestInfo) {
    execute(editor, "backchat.read", json!({"requestId": request.id}));
    poll("it is read", || {
        let unread = world.run(&["sessions", "--unread", "--json"]);
        let unread: SessionsResult = serde_json::from_slice(&unread.stdout).ok()?;
        let is_read = unread.sessions.iter().all(|it| it.id != request.session_id);
        is_read.then_some(())
    });
}

#[test]
fn after_a_purge_no_byte_of_it_is_in_the_state_directory() {
    let world = World::scripted();
    let answer = format!("It is so {}. ", MARKS[2]).repeat(50);
    world.model.on("giraffe", [Reply::answer(&answer)]);
    let editor = telling_editor(&world);
    let (marked, mixed) = (world.uri("marked.rs"), world.uri("mixed.rs"));
    editor.open(&marked, &marked_code());
    editor.open(&mixed, "fn main() {}\n");
    let first = ask(&world, &editor, &marked, &marked_prompt());
    read(&world, &editor, &first);
    let second = ask(&world, &editor, &mixed, &marked_prompt());
    read(&world, &editor, &second);
    for argument in [
        json!({"sessionId": first.session_id}),
        json!({"sessionId": second.session_id}),
    ] {
        execute(&editor, "backchat.transcript", argument);
    }
    execute(&editor, "backchat.sessions", Value::Null);
    let third = ask(&world, &editor, &mixed, "what else? «this»");
    poll("transcripts and logs hold it", || {
        let files = marked_files(&world);
        let holds = |part: &str| files.iter().any(|it| it.to_string_lossy().contains(part));
        (holds("/logs/") && holds("sessions.md") && holds(&first.session_id.0)).then_some(())
    });

    let purged = world.run(&OLD);
    let told = words(&purged.stdout);
    assert_eq!(told, "removed 2 requests and 1 session\n", "{purged:?}");
    assert!(purged.status.success(), "{purged:?}");
    assert_eq!(
        marked_files(&world),
        [] as [PathBuf; 0],
        "an editor is open"
    );

    let sessions: SessionsResult =
        serde_json::from_slice(&world.run(&["sessions", "--json"]).stdout).unwrap();
    assert_eq!(
        sessions.sessions[0].title, "what else? «this»",
        "it had a purged title"
    );
    read(&world, &editor, &third);
    let uri = world.uri("later.rs");
    editor.open(&uri, "fn later() {}\n");
    ask(&world, &editor, &uri, "and now? «it»");
    editor.quit();
    assert_eq!(marked_files(&world), [] as [PathBuf; 0], "all have ended");
}

/// A store with one marked request that was read, and nobody who has it open.
fn world_with_a_mark() -> World {
    let world = World::scripted();
    world.model.on("giraffe", [Reply::answer(MARKS[2])]);
    let editor = world.editor();
    let uri = world.uri("marked.rs");
    editor.open(&uri, &marked_code());
    let request = editor.ask(&uri, &marked_prompt());
    editor.wait_for_response(&request.id);
    editor.take(&request.id);
    editor.quit();
    assert!(!marked_files(&world).is_empty());
    world
}

#[test]
fn what_another_program_keeps_a_purge_from_is_said_and_done_later() {
    let world = world_with_a_mark();
    let editor = world.editor();
    editor.status();
    let reader = rusqlite::Connection::open(world.state().join("backchat.db")).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = |db: &rusqlite::Connection| -> i64 {
        let count = db.query_row("SELECT count(*) FROM requests", [], |row| row.get(0));
        count.unwrap()
    };
    assert_eq!(count(&reader), 1);

    let purged = world.run(&[&OLD[..], &["--json"]].concat());
    assert_eq!(purged.status.code(), Some(1), "{purged:?}");
    let told: Value = serde_json::from_slice(&purged.stdout).unwrap();
    assert_eq!(told["requests"], 1, "{told}");
    let remains = told["remains"][0].clone();
    assert!(
        remains["path"]
            .as_str()
            .unwrap()
            .ends_with("backchat.db-wal"),
        "{told}"
    );
    let said = words(&purged.stderr);
    assert!(
        said.contains("another program is reading") && said.contains("run this command again"),
        "{said}"
    );
    assert!(!marked_files(&world).is_empty(), "the reader still sees it");

    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    assert!(world.run(&["sessions"]).status.success());
    assert_eq!(
        marked_files(&world),
        [] as [PathBuf; 0],
        "an editor is still open"
    );
    let again = world.run(&OLD);
    assert!(again.status.success(), "{again:?}");
    assert_eq!(words(&again.stdout), "removed 0 requests and 0 sessions\n");
}

/// Runs a purge on a disk of its own, of which so many KiB are free, and copies the state directory back.
fn purge_on_a_disk_with(world: &World, free: u32) -> Output {
    let script = r#"set -e
        cp -a "$STATE" "$STATE.saved"
        mount -t tmpfs -o size=8m,mode=700 none "$STATE"
        cp -a "$STATE.saved/." "$STATE"
        df -k --output=avail "$STATE" | tail -1 > "$STATE.free"
        head -c $(( ($(cat "$STATE.free") - $FREE) * 1024 )) /dev/zero > "$STATE/filler"
        set +e
        "$PROGRAM" purge --older-than 1ms
        echo "status $?"
        rm "$STATE/filler"
        rm -rf "$STATE.saved"
        cp -a "$STATE" "$STATE.after"
    "#;
    let program = world.backchat();
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script]).env_clear();
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap());
    }
    let output = command
        .env("STATE", world.state())
        .env("PROGRAM", program.get_program())
        .env("FREE", free.to_string())
        .output()
        .unwrap();
    let after = world.state().with_extension("after");
    std::fs::remove_dir_all(world.state()).unwrap();
    std::fs::rename(&after, world.state()).unwrap();
    output
}

fn stored_requests(state: &Path) -> i64 {
    let db = rusqlite::Connection::open(state.join("backchat.db")).unwrap();
    let count = db.query_row("SELECT count(*) FROM requests", [], |row| row.get(0));
    count.unwrap()
}

#[test]
fn a_purge_on_a_full_disk_removes_all_or_nothing_and_says_what_is_left() {
    let mut outcomes = [0; 3];
    for free in [40, 160, 4096] {
        let world = world_with_a_mark();
        let editor = world.editor();
        for number in 0..6 {
            let uri = world.uri(&format!("{number}.rs"));
            editor.open(&uri, &format!("// {number}\n").repeat(20_000));
            let request = editor.ask(&uri, "stays unread «so»");
            editor.wait_for_response(&request.id);
        }
        editor.quit();
        let output = purge_on_a_disk_with(&world, free);
        let (told, said) = (words(&output.stdout), words(&output.stderr));
        let is_success = told.contains("status 0");
        let left = stored_requests(&world.state());
        if left == 7 {
            outcomes[0] += 1;
            assert!(!is_success, "{free} KiB: {output:?}");
            assert!(!told.contains("removed"), "{free} KiB: {told}");
        } else {
            assert_eq!(left, 6, "{free} KiB");
            assert!(
                told.contains("removed 1 request and 1 session"),
                "{free} KiB: {output:?}"
            );
            let is_clean = marked_files(&world).is_empty();
            assert!(is_clean || !is_success, "{free} KiB: {output:?}");
            outcomes[if is_success { 2 } else { 1 }] += 1;
        }
        if !is_success {
            assert!(said.contains("free some space"), "{free} KiB: {said}");
        }
        if left == 6 {
            // The disk has space again: whoever ends next does the rest.
            assert!(world.run(&["sessions"]).status.success());
            assert_eq!(marked_files(&world), [] as [PathBuf; 0]);
        }
    }
    assert_eq!(
        outcomes,
        [1, 1, 1],
        "nothing, without the rest, and all of it"
    );
}
