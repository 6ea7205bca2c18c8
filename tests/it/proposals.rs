//! Proposals: what an `edit` response changes is merged with what was typed meanwhile.

use backchat::digest::sha256_hex;
use backchat::protocol::{ProposalParams, ProposalResult, ProposalStatus, SubmitParams, method};
use backchat::session::{Intent, Mode, RequestId, State};

use crate::support::editor::{Editor, at, lines, prompt};
use crate::support::model_server::Reply;
use crate::support::world::World;

const CODE: &str = "fn a() {\n    1\n}\n\nfn b() {\n    2\n}\n";
const ANSWER: &str = "Here it is:\n\n```rust\nfn b() {\n    3\n}\n```\n";

/// Asks for a change of `fn b` and waits until it is there.
fn edited(editor: &Editor, uri: &str, words: &str) -> RequestId {
    editor.open(uri, CODE);
    let submitted = editor.submit(&SubmitParams {
        range: Some(lines(4, 7)),
        intent: Some(Intent::Edit),
        ..prompt(uri, words, Mode::Background)
    });
    let id = submitted.unwrap().request.id;
    editor.wait_for_response(&id);
    id
}

fn proposal(editor: &Editor, id: &RequestId) -> ProposalResult {
    let params = ProposalParams {
        request_id: id.clone(),
        hunks: None,
    };
    editor.request(method::PROPOSAL, &params).unwrap()
}

#[test]
fn nobody_typed_so_it_is_the_proposal() {
    let world = World::scripted();
    world.model.on("triple", [Reply::answer(ANSWER)]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    let id = edited(&editor, &uri, "triple");
    let proposal = proposal(&editor, &id);
    assert_eq!(proposal.status, ProposalStatus::Clean);
    assert_eq!(proposal.merged, CODE.replace("    2\n", "    3\n"));
    assert_eq!(
        (proposal.added, proposal.removed, proposal.version),
        (1, 1, 1)
    );
    assert_eq!(proposal.edits.len(), 1);
    assert!(
        proposal.preview.contains("-    2\n+    3\n"),
        "{}",
        proposal.preview
    );
    // The model was told in what form to answer.
    let call = &world.model.calls_with("triple")[0];
    assert!(
        call.prompt().contains("selected lines"),
        "{}",
        call.prompt()
    );
}

#[test]
fn what_was_typed_above_moves_it() {
    let world = World::scripted();
    world.model.on("triple", [Reply::answer(ANSWER)]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    let id = edited(&editor, &uri, "triple");
    editor.edit(&uri, lines(0, 0), "// typed\n// meanwhile\n");
    let proposal = proposal(&editor, &id);
    assert_eq!(proposal.status, ProposalStatus::Moved);
    assert_eq!(proposal.edits[0].range.start.line, 7);
    assert!(proposal.merged.starts_with("// typed\n// meanwhile\nfn a"));
    assert!(proposal.merged.ends_with("    3\n}\n"));
}

#[test]
fn what_was_typed_inside_wins() {
    let world = World::scripted();
    world.model.on("triple", [Reply::answer(ANSWER)]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    let id = edited(&editor, &uri, "triple");
    editor.edit(&uri, in_line(5, 4, 5), "22");
    let proposal = proposal(&editor, &id);
    assert_eq!(proposal.status, ProposalStatus::Conflict);
    assert!(proposal.edits.is_empty());
    assert_eq!(proposal.merged, CODE.replace("    2\n", "    22\n"));
    assert_eq!(proposal.conflicts.len(), 1);
    assert_eq!(proposal.conflicts[0].theirs, "    3\n");
    let marked = proposal.marked.unwrap();
    assert!(
        marked.contains("<<<<<<< yours\n    22\n=======\n    3\n>>>>>>> proposed\n"),
        "{marked}"
    );
    let edits = proposal.marked_edits.unwrap();
    let added: String = edits.iter().map(|edit| edit.new_text.as_str()).collect();
    assert_eq!(added, "<<<<<<< yours\n=======\n    3\n>>>>>>> proposed\n");
}

#[test]
fn an_answer_without_code_is_still_an_answer() {
    let world = World::scripted();
    world
        .model
        .on("triple", [Reply::answer("It is fine as it is.")]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    let id = edited(&editor, &uri, "triple");
    let proposal = proposal(&editor, &id);
    assert_eq!(proposal.status, ProposalStatus::None);
    assert!(proposal.reason.unwrap().contains("no code"));
    let taken = editor.take(&id);
    assert_eq!(taken.responses[0].response.text, "It is fine as it is.");
}

#[test]
fn a_proposal_needs_an_open_buffer_and_an_edit() {
    let world = World::scripted();
    world.model.on("triple", [Reply::answer(ANSWER)]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    let id = edited(&editor, &uri, "triple");
    editor.close(&uri);
    let params = ProposalParams {
        request_id: id,
        hunks: None,
    };
    let closed = editor
        .request::<ProposalResult>(method::PROPOSAL, &params)
        .unwrap_err();
    assert!(closed.message.contains("not open"), "{closed:?}");
    editor.open(&uri, CODE);
    let asked = editor.ask(&uri, "why?");
    editor.wait_for_response(&asked.id);
    let params = ProposalParams {
        request_id: asked.id,
        hunks: None,
    };
    let error = editor
        .request::<ProposalResult>(method::PROPOSAL, &params)
        .unwrap_err();
    assert!(error.message.contains("not for a change"), "{error:?}");
}

/// A file of many lines, each unlike all others.
fn long() -> String {
    let function = |n: usize| {
        format!(
            "fn value_{n}() -> u32 {{\n    compute({n}, \"with words, as code has them\")\n}}\n\n"
        )
    };
    (0..450).map(function).collect()
}

#[test]
fn code_that_the_model_would_not_be_shown_is_not_asked_to_be_changed() {
    let world = World::scripted_with("", "context_tokens = 8192");
    let editor = world.editor();
    let uri = world.uri("big.rs");
    editor.open(&uri, &long());
    let edit = |range| SubmitParams {
        range,
        intent: Some(Intent::Edit),
        ..prompt(&uri, "double it", Mode::Background)
    };
    let refused = editor.submit(&edit(Some(lines(49, 1500)))).unwrap_err();
    assert_eq!(refused.data["kind"], "codeTooLong");
    for words in [
        "1451 lines",
        "8192 tokens",
        "select fewer lines",
        "context_tokens",
    ] {
        assert!(refused.message.contains(words), "{words}: {refused:?}");
    }
    let (_, rest) = refused.message.split_once("the first ").unwrap();
    let fitting: u32 = rest.split(' ').next().unwrap().parse().unwrap();
    assert!(fitting > 100, "{refused:?}");
    editor.submit(&edit(Some(lines(49, 49 + fitting)))).unwrap();
    let whole = editor.submit(&edit(None)).unwrap_err();
    assert!(whole.message.contains("select the lines"), "{whole:?}");
    assert!(editor.sessions().sessions[0].requests == 1);
}

#[test]
fn an_edit_that_does_not_fit_a_later_model_is_not_sent() {
    let world = World::scripted_with("drain_on_close = false", "context_tokens = 100000");
    let busy = Reply::error(503, "overloaded").header("retry-after", "2");
    world
        .model
        .on("hold the session", [busy, Reply::answer("Now.")]);
    let editor = world.editor();
    let uri = world.uri("big.rs");
    editor.open(&uri, &long());
    // The first one waits, and the second with it, until the model's window is smaller.
    editor.ask(&uri, "hold the session");
    let params = SubmitParams {
        range: Some(lines(49, 1500)),
        intent: Some(Intent::Edit),
        ..prompt(&uri, "double it", Mode::Background)
    };
    let id = editor.submit(&params).unwrap().request.id;
    let configuration = std::fs::read_to_string(world.config_file()).unwrap();
    world.configure(&configuration.replace("100000", "8192"));
    assert_eq!(editor.quit(), Some(0));
    let editor = world.editor();
    editor.open(&uri, &long());
    let failed = editor.wait_for_state(&id, State::Failed).failure.unwrap();
    assert_eq!(failed.kind, "contextTooLong");
    assert!(failed.message.contains("8192 tokens"), "{failed:?}");
    assert!(failed.remedy.unwrap().contains("select fewer lines"));
    assert!(world.model.calls_with("double it").is_empty());
}

#[test]
fn a_store_of_the_first_release_takes_no_block_for_what_may_have_been_cut() {
    let world = World::scripted_with("", "context_tokens = 100000");
    let ends = |text: &str| {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let marker = "[… 4711 bytes left out …]\n";
        format!(
            "```rust\n{}// {marker}{}```\n",
            lines[..300].concat(),
            lines[1500..].concat()
        )
    };
    world.model.on("double it", [Reply::answer(&ends(&long()))]);
    world.model.on("triple", [Reply::answer(ANSWER)]);
    let editor = world.editor();
    let (uri, small) = (world.uri("big.rs"), world.uri("main.rs"));
    editor.open(&uri, &long());
    let params = SubmitParams {
        intent: Some(Intent::Edit),
        ..prompt(&uri, "double it", Mode::Background)
    };
    let id = editor.submit(&params).unwrap().request.id;
    editor.wait_for_response(&id);
    assert_refused(&editor, &id, "leaves code out");
    let known = edited(&editor, &small, "triple");

    let database = rusqlite::Connection::open(world.state().join("backchat.db")).unwrap();
    database
        .execute_batch("UPDATE attempts SET shown_start = NULL, shown_end = NULL")
        .unwrap();
    let configuration = std::fs::read_to_string(world.config_file()).unwrap();
    world.configure(&configuration.replace("100000", "8192"));
    assert_eq!(editor.quit(), Some(0));
    let editor = world.editor();
    editor.open(&uri, &long());
    editor.open(&small, CODE);
    assert_refused(&editor, &id, "shown only a part");
    assert_eq!(proposal(&editor, &known).status, ProposalStatus::Clean);
}

#[test]
fn a_proposal_says_of_which_text_it_is() {
    let world = World::scripted();
    world.model.on("triple", [Reply::answer(ANSWER)]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    let id = edited(&editor, &uri, "triple");
    assert_eq!(proposal(&editor, &id).digest, sha256_hex(CODE));
    editor.edit(&uri, lines(0, 0), "// typed\n");
    let typed = format!("// typed\n{CODE}");
    assert_eq!(proposal(&editor, &id).digest, sha256_hex(&typed));
    // Of a buffer whose text is not known there is none.
    editor.edit(&uri, lines(99, 99), "x");
    let params = ProposalParams {
        request_id: id,
        hunks: None,
    };
    let lost = editor
        .request::<ProposalResult>(method::PROPOSAL, &params)
        .unwrap_err();
    assert_eq!(lost.data["kind"], "bufferLost");
}

/// A part of one line.
fn in_line(line: u32, start: u32, end: u32) -> tower_lsp::ls_types::Range {
    tower_lsp::ls_types::Range {
        start: at(line, start),
        end: at(line, end),
    }
}

/// What may not be applied: nothing to apply, and why.
fn assert_refused(editor: &Editor, id: &RequestId, words: &str) {
    let refused = proposal(editor, id);
    assert_eq!(refused.status, ProposalStatus::None);
    assert!(refused.edits.is_empty() && refused.hunks.is_empty());
    assert!(
        refused.reason.as_ref().unwrap().contains(words),
        "{refused:?}"
    );
}

#[test]
fn nothing_is_applied_outside_of_the_workspace() {
    let world = World::scripted();
    world.model.on("three", [Reply::answer(ANSWER)]);
    let editor = world.editor();
    let outside = format!("file://{}", world.home().join("outside.rs").display());
    let id = edited(&editor, &outside, "three");
    assert_refused(&editor, &id, "outside of the workspace");
}

#[test]
fn nothing_is_applied_to_a_read_only_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::scripted();
    world.model.on("three", [Reply::answer(ANSWER)]);
    world.write(&world.code(), "main.rs", CODE);
    let path = world.code().join("main.rs");
    let editor = world.editor();
    let id = edited(&editor, &world.uri("main.rs"), "three");
    assert_eq!(proposal(&editor, &id).status, ProposalStatus::Clean);
    let mode =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o444);
    assert_refused(&editor, &id, "read-only");
    mode(0o644);
    assert_eq!(proposal(&editor, &id).status, ProposalStatus::Clean);
}

#[test]
fn nothing_is_applied_where_the_text_that_was_asked_about_is_gone() {
    let world = World::scripted();
    world.model.on("three", [Reply::answer(ANSWER)]);
    let editor = world.editor();
    let id = edited(&editor, &world.uri("main.rs"), "three");
    let database = rusqlite::Connection::open(world.state().join("backchat.db")).unwrap();
    database
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM snapshots;")
        .unwrap();
    assert_refused(&editor, &id, "not in the store");
}
