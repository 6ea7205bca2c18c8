//! Buffers: edits in their order, positions as the editor counts them, anchors that follow the code.

use backchat::protocol::{AnchorStatus, BufferLost, method};
use backchat::session::{Mode, RequestId};
use serde_json::{Value, json};
use tower_lsp::ls_types::Range;

use crate::support::editor::prompt;
use crate::support::patience::poll;
use crate::support::{Editor, World, at, lines};

/// What the model was sent as the selection: the last fenced block of the prompt.
fn selection(world: &World, needle: &str) -> String {
    let prompt = world.model.wait_for_call(needle, |_| true).prompt();
    let (before, _) = prompt.rsplit_once("\n```\n").expect("a fenced block ends");
    let (_, block) = before
        .rsplit_once("```rust\n")
        .expect("a fenced block begins");
    block.to_owned()
}

fn anchor_lines(editor: &Editor, uri: &str, id: &RequestId) -> (u32, AnchorStatus) {
    let anchor = editor
        .request_info(uri, id)
        .anchor
        .expect("the buffer is open");
    (anchor.range.start.line, anchor.status)
}

#[test]
fn edits_keep_their_order_under_load() {
    let world = World::scripted_with("", "context_tokens = 100000");
    let editor = world.editor();
    let uri = world.uri("main.rs");
    let mut text: Vec<String> = (0..40)
        .map(|n| format!("let line_{n} = \"é🦀\";\n"))
        .collect();
    editor.open(&uri, &text.concat());
    let other = world.uri("other.rs");
    editor.open(&other, "fn other() {}\n");
    let mut asked = Vec::new();
    // A sequence of its own, the same in each run.
    let mut random: u64 = 42;
    for number in 0..5000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let line = usize::try_from(random >> 33).unwrap() % text.len();
        // A wrong order shows: an edit's text depends on its number, its place on those before.
        match number % 3 {
            0 => {
                editor.edit(&uri, at_line(line, 0, 0), &format!("/*{number}*/"));
                text[line].insert_str(0, &format!("/*{number}*/"));
            }
            1 => {
                let ascii = text[line].chars().take_while(char::is_ascii).count();
                let cut = ascii.saturating_sub(1).min(3);
                editor.edit(&uri, at_line(line, 0, cut), "");
                text[line].replace_range(..cut, "");
            }
            _ => {
                let with = format!("let x_{number} = {number};\n");
                editor.edit(
                    &uri,
                    lines(
                        u32::try_from(line).unwrap(),
                        u32::try_from(line + 1).unwrap(),
                    ),
                    &with,
                );
                text[line] = with;
            }
        }
        if number % 100 == 0 {
            asked.push(editor.send(method::REQUESTS, &json!({"textDocument": {"uri": uri}})));
            asked.push(editor.send(method::STATUS, &Value::Null));
            editor.ask(&other, &format!("«{number}»"));
        }
    }
    let request = editor.ask(&uri, "all of it «end»");
    for id in asked {
        editor.answer::<Value>(id).unwrap();
    }
    editor.wait_for_response(&request.id);
    let prompt = world.model.wait_for_call("all of it", |_| true).prompt();
    assert!(
        prompt.contains(&text.concat()),
        "expected:\n{}\nsent:\n{prompt}",
        text.concat()
    );
}

fn at_line(line: usize, start: usize, end: usize) -> Range {
    let line = u32::try_from(line).unwrap();
    Range {
        start: at(line, u32::try_from(start).unwrap()),
        end: at(line, u32::try_from(end).unwrap()),
    }
}

#[test]
fn utf_8_is_taken_when_it_is_offered() {
    let world = World::scripted();
    let editor = world.editor();
    assert_eq!(
        editor.initialized["capabilities"]["positionEncoding"],
        "utf-8"
    );
    let uri = world.uri("main.rs");
    editor.open(&uri, "// 🦀é!\nfn main() {}\n");
    // The crab is four bytes, the é two.
    editor.edit(&uri, at_line(0, 9, 10), "?");
    let request = editor.ask_about(&uri, at_line(0, 3, 10), "what is it? «a»");
    editor.wait_for_response(&request.id);
    assert_eq!(selection(&world, "what is it?"), "🦀é?");
}

#[test]
fn utf_16_is_taken_when_nothing_else_is_offered() {
    let world = World::scripted();
    let mut launch = world.launch();
    launch.encodings = vec![];
    let editor = Editor::start(launch);
    let chosen = &editor.initialized["capabilities"]["positionEncoding"];
    assert!(chosen.is_null() || chosen == "utf-16", "{chosen}");
    let uri = world.uri("main.rs");
    editor.open(&uri, "// 🦀é!\nfn main() {}\n");
    // The crab is two units, the é one.
    editor.edit(&uri, at_line(0, 6, 7), "?");
    let request = editor.ask_about(&uri, at_line(0, 3, 7), "what is it? «a»");
    editor.wait_for_response(&request.id);
    assert_eq!(selection(&world, "what is it?"), "🦀é?");
    assert_eq!(
        request.anchor.unwrap().range,
        at_line(0, 3, 7),
        "told in the same units"
    );
}

#[test]
fn every_line_ending_of_lsp_ends_a_line() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "one\r\ntwo\rthree\nfour\r\n");
    editor.edit(&uri, at_line(2, 0, 5), "drei");
    let request = editor.ask_about(&uri, lines(1, 3), "which? «a»");
    editor.wait_for_response(&request.id);
    let prompt = world.model.wait_for_call("which?", |_| true).prompt();
    assert!(prompt.contains("two\rdrei\n"), "{prompt:?}");
    // Characters that end a line elsewhere, but not in LSP.
    editor.replace(&uri, "a\u{2028}b\u{b}c\u{c}d\ne\n");
    editor.edit(&uri, lines(1, 2), "E\n");
    let request = editor.ask(&uri, "and now? «b»");
    editor.wait_for_response(&request.id);
    let prompt = world.model.wait_for_call("and now?", |_| true).prompt();
    assert!(prompt.contains("a\u{2028}b\u{b}c\u{c}d\nE\n"), "{prompt:?}");
}

/// An editor with line ends of its own.
fn with_line_ends(world: &World, ends: &[&str]) -> Editor {
    let mut launch = world.launch();
    launch.options = json!({"lineEnds": ends});
    Editor::start(launch)
}

#[test]
fn a_client_that_ends_lines_in_its_own_way_is_understood() {
    let world = World::scripted();
    let uri = world.uri("main.rs");
    let text = "alpha\nbe\rta\ngamma\ndelta\nepsilon\n";
    for (ends, line, letter) in [(&["\n"][..], 3, "a"), (&["\n", "\r\n", "\r"], 4, "b")] {
        let editor = with_line_ends(&world, ends);
        editor.open(&uri, text);
        editor.edit(&uri, at_line(0, 0, 5), "ALPHA");
        let words = format!("which? «{letter}»");
        let request = editor.ask_about(&uri, lines(line, line + 1), &words);
        editor.wait_for_response(&request.id);
        assert_eq!(selection(&world, &words), "delta");
        let anchor = request.anchor.unwrap();
        assert_eq!(
            (anchor.range, anchor.status),
            (lines(line, line + 1), AnchorStatus::Exact)
        );
    }
    // Where `\n` alone ends a line, a `\r` before it is a character that can be typed behind.
    let editor = with_line_ends(&world, &["\n"]);
    editor.open(&uri, "one\r\ntwo\r\n");
    editor.edit(&uri, at_line(0, 4, 4), "x");
    editor.edit(&uri, at_line(1, 3, 4), "");
    let request = editor.ask(&uri, "all? «c»");
    editor.wait_for_response(&request.id);
    let prompt = world.model.wait_for_call("all?", |_| true).prompt();
    assert!(prompt.contains("one\rx\ntwo\n"), "{prompt:?}");
}

#[test]
fn a_change_that_does_not_fit_makes_the_buffer_unknown_until_it_is_opened_anew() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn a() {}\nfn b() {}\nfn c() {}\n");
    let asked = editor.ask_about(&uri, lines(1, 2), "why b? «a»");
    editor.wait_for_response(&asked.id);
    editor.edit(&uri, lines(0, 0), "// typed\n");
    editor.edit(&uri, lines(7, 8), "fn gone() {}\n");
    let lost = editor.wait_for::<BufferLost>(|lost| lost.uri == uri);
    assert!(lost.reason.contains("line 7"), "{lost:?}");
    // What follows is not taken for changes of the text that was there before.
    editor.edit(&uri, lines(0, 1), "");
    let refused = |words| {
        editor
            .submit(&prompt(&uri, words, Mode::Background))
            .unwrap_err()
    };
    let error = refused("and now?");
    assert!(error.message.contains("open it again"), "{error:?}");
    assert_eq!(error.data["kind"], "bufferLost");
    assert!(editor.request_info(&uri, &asked.id).anchor.is_none());

    editor.close(&uri);
    editor.open(&uri, "// new\nfn a() {}\n// more\nfn b() {}\nfn c() {}\n");
    assert_eq!(
        anchor_lines(&editor, &uri, &asked.id),
        (3, AnchorStatus::Moved)
    );
    editor.wait_for_response(&editor.ask(&uri, "again? «b»").id);

    // A client that sends the whole text has said all there is to know.
    editor.edit(&uri, lines(70, 70), "x");
    refused("and now?");
    editor.replace(&uri, "fn b() {}\n");
    assert_eq!(anchor_lines(&editor, &uri, &asked.id).0, 0);
    editor.wait_for_response(&editor.ask(&uri, "whole? «c»").id);
}

#[test]
fn an_untitled_buffer_is_a_session_too() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = "untitled:Untitled-1";
    editor.open(uri, "select 1;\n");
    let request = editor.ask(uri, "what? «a»");
    assert_eq!(editor.wait_for_response(&request.id).request.uri, uri);
    assert_eq!(editor.sessions().sessions[0].uri, uri);
}

#[test]
fn the_same_name_in_two_folders_is_two_sessions() {
    let world = World::scripted();
    let mut launch = world.launch();
    let folders = ["left", "right"].map(|name| world.code().join(name));
    launch.folders = folders.to_vec();
    let editor = Editor::start(launch);
    let uris = ["left/main.rs", "right/main.rs"].map(|name| world.uri(name));
    let requests = uris.each_ref().map(|uri| {
        editor.open(uri, &format!("// {uri}\n"));
        editor.ask(uri, &format!("where? «{uri}»"))
    });
    assert_ne!(requests[0].session_id, requests[1].session_id);
    for (request, uri) in requests.iter().zip(&uris) {
        editor.wait_for_response(&request.id);
        assert_eq!(
            editor.take(&request.id).responses[0].response.text,
            format!("answer to {uri}")
        );
    }
}

#[test]
fn anchors_move_with_edits_above_and_stay_for_edits_below() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn a() {}\nfn b() {}\nfn c() {}\n");
    let request = editor.ask_about(&uri, lines(1, 2), "why b? «a»");
    editor.edit(&uri, lines(0, 0), "// one\n// two\n");
    assert_eq!(anchor_lines(&editor, &uri, &request.id).0, 3);
    editor.edit(&uri, lines(4, 5), "");
    assert_eq!(anchor_lines(&editor, &uri, &request.id).0, 3);
    editor.edit(&uri, lines(0, 1), "");
    assert_eq!(anchor_lines(&editor, &uri, &request.id).0, 2);
    let ready = editor.wait_for_response(&request.id);
    assert!(ready.request.anchor.is_some());
}

#[test]
fn anchors_survive_close_reopen_and_changes_made_outside() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    let body = "fn compute(input: u32) -> u32 {\n    input * 6 * 7\n}\n";
    editor.open(&uri, &format!("fn main() {{}}\n{body}"));
    let request = editor.ask_about(&uri, lines(1, 4), "why? «a»");
    editor.wait_for_response(&request.id);
    editor.close(&uri);
    editor.open(&uri, &format!("use std::fmt;\n\nfn main() {{}}\n\n{body}"));
    assert_eq!(anchor_lines(&editor, &uri, &request.id).0, 4);
    assert_eq!(editor.quit(), Some(0));

    let editor = world.editor();
    editor.open(
        &uri,
        &format!("// a\n// new\n// head\n// of\n// six\n// lines\n{body}fn main() {{}}\n"),
    );
    assert_eq!(anchor_lines(&editor, &uri, &request.id).0, 6);
    editor.close(&uri);
    editor.open(&uri, "// Nothing is left of it.\n");
    let anchor = editor.request_info(&uri, &request.id).anchor.unwrap();
    assert_eq!(anchor.status, AnchorStatus::Gone);
    assert_eq!(anchor.range.start, at(0, 0));
    assert_eq!(anchor.original.as_deref(), Some(body));
}

#[test]
fn an_anchor_says_when_its_code_has_changed() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn a() {}\nfn b() { one() }\nfn c() {}\n");
    let request = editor.ask_about(&uri, lines(1, 2), "why? «a»");
    assert_eq!(
        anchor_lines(&editor, &uri, &request.id),
        (1, AnchorStatus::Exact)
    );
    editor.edit(&uri, at_line(1, 9, 14), "two()");
    let anchor = editor.request_info(&uri, &request.id).anchor.unwrap();
    assert_eq!(
        (anchor.range.start.line, anchor.status),
        (1, AnchorStatus::Changed)
    );
    assert_eq!(anchor.original.as_deref(), Some("fn b() { one() }\n"));
}

#[test]
fn a_renamed_file_keeps_its_session_and_its_marks() {
    let world = World::scripted();
    let editor = world.editor();
    let (old, new) = (world.uri("old.rs"), world.uri("new.rs"));
    editor.open(&old, "fn a() {}\nfn b() {}\n");
    let asked = editor.ask_about(&old, lines(1, 2), "why?");
    editor.wait_for_response(&asked.id);
    editor.close(&old);
    editor.open(&new, "// moved\nfn a() {}\nfn b() {}\n");
    editor.notify(
        "workspace/didRenameFiles",
        &serde_json::json!({"files": [{"oldUri": old, "newUri": new}]}),
    );
    // It is there as soon as that is stored; its place is looked for after that.
    let (found, anchor) = poll("the request has a place at the new name", || {
        let found = editor.requests(&new).into_iter().next()?;
        let anchor = found.anchor.clone()?;
        Some((found, anchor))
    });
    assert_eq!(found.id, asked.id);
    assert_eq!(anchor.range.start.line, 2);
}

#[test]
fn the_projects_rules_go_along() {
    let world = World::scripted();
    std::fs::write(world.code().join("AGENTS.md"), "Answer in haiku.").unwrap();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn a() {}\n");
    let asked = editor.ask(&uri, "why?");
    editor.wait_for_response(&asked.id);
    let body = world.model.calls_with("why?")[0].body.to_string();
    assert!(
        body.contains("From AGENTS.md") && body.contains("Answer in haiku."),
        "{body}"
    );
}

#[test]
fn what_another_window_asks_has_its_place_here_too() {
    let world = World::scripted();
    let [one, two] = world.windows();
    let uri = world.uri("main.rs");
    for window in [&one, &two] {
        window.open(&uri, "fn a() {}\nfn b() {}\n");
        assert!(window.requests(&uri).is_empty());
    }
    two.edit(&uri, lines(0, 0), "// typed here\n");
    let asked = one.ask_about(&uri, lines(1, 2), "why?");
    let told = two.wait_for_response(&asked.id);
    assert_eq!(told.request.anchor.unwrap().range.start.line, 2);
}

#[test]
fn submits_that_are_sent_at_once_keep_their_order() {
    let world = World::scripted();
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, "fn a() {}\n");
    let sent: Vec<i64> = (0..20)
        .map(|n| {
            editor.send(
                method::SUBMIT,
                &prompt(&uri, &format!("number {n}?"), Mode::Background),
            )
        })
        .collect();
    for id in sent {
        editor.answer::<Value>(id).unwrap();
    }
    let prompts: Vec<String> = editor
        .requests(&uri)
        .into_iter()
        .map(|request| request.prompt)
        .collect();
    let expected: Vec<String> = (0..20).map(|n| format!("number {n}?")).collect();
    assert_eq!(prompts, expected);
}
