//! Buffers without a file: each is a session of its own, whatever its editor calls it, until it is saved.

use backchat::protocol::{RequestDidChange, RequestInfo};
use serde_json::json;

use crate::support::patience::poll;
use crate::support::{Editor, World, lines};

const URI: &str = "untitled:Untitled-1";
const SQL: &str = "select name from planets;\nselect moon from moons;\n";

/// Asks about the second line of a buffer, and waits for the answer.
fn asked(editor: &Editor, uri: &str, prompt: &str) -> RequestInfo {
    let request = editor.ask_about(uri, lines(1, 2), prompt);
    editor.wait_for_response(&request.id);
    request
}

fn plain(world: &World) -> Editor {
    let mut launch = world.launch();
    launch.announces = false;
    Editor::start(launch)
}

/// Waits until the request is at a file; its line there.
fn moved_to(editor: &Editor, file: &str, request: &RequestInfo) -> u32 {
    let found = poll("the request is at the file", || {
        let found = editor.requests(file);
        let found = found.into_iter().find(|one| one.id == request.id)?;
        found.anchor.is_some().then_some(found)
    });
    assert!(found.unread);
    assert_eq!(found.uri, file);
    found.anchor.unwrap().range.start.line
}

#[test]
fn a_new_buffer_has_nothing_of_the_one_that_had_its_name() {
    let world = World::scripted();
    let editor = world.editor();
    editor.open_unsaved(URI, "first", SQL);
    let first = asked(&editor, URI, "which planets?");
    assert_eq!(first.uri, URI);
    editor.close(URI);

    editor.open_unsaved(URI, "second", "");
    assert!(editor.requests(URI).is_empty());
    let second = editor.ask(URI, "which colours?");
    editor.wait_for_response(&second.id);
    assert_ne!(second.session_id, first.session_id);
    let sent = world.model.wait_for_call("which colours?", |_| true).body;
    assert!(!sent.to_string().contains("planets"), "{sent}");

    // What was asked before is in the list, and is no buffer's.
    let sessions = editor.sessions().sessions;
    let uris: Vec<&str> = sessions.iter().map(|one| one.uri.as_str()).collect();
    assert_eq!(uris, [URI, "untitled:Untitled-1#first"]);
    let of_first = &editor.session(&first.session_id).turns[0].request;
    assert_eq!(of_first.uri, "untitled:Untitled-1#first");
}

#[test]
fn two_windows_with_a_buffer_of_the_same_name_have_two() {
    let world = World::scripted();
    let [one, two] = world.windows();
    one.open_unsaved(URI, "one", SQL);
    two.open_unsaved(URI, "two", SQL);
    let first = asked(&one, URI, "which planets?");
    let told = two.wait_for_response(&first.id).request;
    assert_eq!(told.uri, "untitled:Untitled-1#one");
    assert!(two.requests(URI).is_empty());
    let second = asked(&two, URI, "which colours?");
    assert_ne!(second.session_id, first.session_id);
}

#[test]
fn a_buffer_lives_through_a_restart_of_the_server() {
    let world = World::scripted();
    let editor = world.editor();
    editor.open_unsaved(URI, "one", SQL);
    let request = asked(&editor, URI, "which planets?");
    editor.edit(URI, lines(0, 0), "-- a comment\n");
    assert_eq!(editor.requests(URI).len(), 1);
    editor.kill();
    let editor = world.editor();
    editor.open_unsaved(URI, "one", &format!("-- a comment\n{SQL}"));
    let found = editor.requests(URI);
    assert_eq!(found[0].id, request.id);
    assert_eq!(found[0].anchor.as_ref().unwrap().range.start.line, 2);
}

#[test]
fn what_an_earlier_version_stored_is_no_new_buffers() {
    let world = World::scripted();
    let editor = world.editor();
    // Without an identity the URI is all that there is, as it was before.
    editor.open(URI, SQL);
    let old = asked(&editor, URI, "which planets?");
    assert_eq!(editor.quit(), Some(0));
    let editor = world.editor();
    // Asked before it is open, which is no question about the old one either.
    assert!(editor.requests(URI).is_empty());
    editor.open_unsaved(URI, "new", SQL);
    assert!(editor.requests(URI).is_empty());
    assert_eq!(editor.sessions().sessions[0].id, old.session_id);
}

#[test]
fn an_editor_that_says_no_identity_gets_one_for_each_opening() {
    let world = World::scripted();
    let editor = plain(&world);
    editor.open(URI, SQL);
    let first = asked_plainly(&editor, "which planets?");
    // The language was changed, which is another opening of the same buffer.
    editor.close(URI);
    editor.open(URI, SQL);
    assert_eq!(editor.requests(URI)[0].id.0, first);
    editor.close(URI);
    editor.open(URI, "");
    assert!(editor.requests(URI).is_empty());
}

/// Asks about a buffer of an editor without a plugin; the id of the request.
fn asked_plainly(editor: &Editor, prompt: &str) -> String {
    let arguments = json!([{"textDocument": {"uri": URI}, "range": lines(1, 2), "prompt": prompt}]);
    let params = json!({"command": "backchat.submit", "arguments": arguments});
    let submitted: serde_json::Value = editor.request("workspace/executeCommand", &params).unwrap();
    submitted["request"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_saved_buffer_keeps_its_session_under_its_files_name() {
    let world = World::scripted();
    // The one editor opens the file first, the other one closes the buffer first.
    for (name, closes_first) in [("a.sql", false), ("b.sql", true)] {
        let editor = world.editor();
        editor.open_unsaved(URI, name, SQL);
        let request = asked(&editor, URI, "which planets?");
        editor.edit(URI, lines(0, 0), "-- a comment\n");
        let file = world.uri(name);
        if closes_first {
            editor.close(URI);
        }
        // It was formatted when it was saved.
        let saved = format!("-- a comment\n{}", SQL.replace("from", " from"));
        editor.open(&file, &saved);
        if !closes_first {
            editor.close(URI);
        }
        assert_eq!(moved_to(&editor, &file, &request), 2);
        editor.wait_for::<RequestDidChange>(|it| {
            it.request.id == request.id && it.request.uri == file
        });
        editor.open_unsaved(URI, "next", SQL);
        assert!(editor.requests(URI).is_empty());
        assert_eq!(editor.quit(), Some(0));
        // And after a restart.
        let editor = world.editor();
        editor.open(&file, &saved);
        assert_eq!(editor.requests(&file)[0].id, request.id);
        assert_eq!(editor.quit(), Some(0));
    }
}

#[test]
fn a_client_that_knows_what_a_buffer_was_saved_as_says_so() {
    let world = World::scripted();
    let editor = world.editor();
    for (identity, old) in [("one", URI), ("two", "untitled:Untitled-1#two")] {
        editor.open_unsaved(URI, identity, SQL);
        let request = asked(&editor, URI, "which planets?");
        let is_closed = old != URI;
        if is_closed {
            editor.close(URI);
        }
        let file = world.uri(&format!("{identity}.sql"));
        editor.open(&file, &format!("-- formatted beyond recognition\n{SQL}"));
        let files = json!({"files": [{"oldUri": old, "newUri": file}]});
        editor.notify("workspace/didRenameFiles", &files);
        assert_eq!(moved_to(&editor, &file, &request), 2);
        if !is_closed {
            editor.close(URI);
        }
    }
}

#[test]
fn a_buffer_that_is_thrown_away_is_no_file() {
    let world = World::scripted();
    let editor = world.editor();
    editor.open_unsaved(URI, "one", SQL);
    let request = asked(&editor, URI, "which planets?");
    let file = world.uri("other.sql");
    editor.open(&file, "select colour from colours;\n");
    editor.close(URI);
    assert!(editor.requests(&file).is_empty());
    // Nor is it another buffer without a file, even one with the same text.
    editor.open_unsaved("untitled:Untitled-2", "two", SQL);
    assert!(editor.requests("untitled:Untitled-2").is_empty());
    let of_it = &editor.session(&request.session_id).turns[0].request;
    assert_eq!(of_it.uri, "untitled:Untitled-1#one");
}
