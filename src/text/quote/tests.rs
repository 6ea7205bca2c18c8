//! Quotes by example, and by the property that edits elsewhere never lose them.

use proptest::prelude::*;

use super::*;
use crate::text::cases;

const CODE: &str = "\
use std::fmt;

fn first(a: u32) -> u32 {
    let doubled = a * 2;
    doubled + 1
}

fn second(b: u32) -> Option<u32> {
    if b == 0 {
        return None;
    }
    Some(b - 1)
}

fn third() {
    println!(\"third\");
}
";

/// The span of the first occurrence of a text.
fn span_of(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap();
    Span::new(start, start + part.len())
}

/// Quotes `part` of `old` and looks for it in `new`: what stands there now.
fn look(old: &str, part: &str, new: &str) -> (String, Fit) {
    let quote = Quote::take(&Buffer::new(old), span_of(old, part));
    let json = serde_json::to_string(&quote).unwrap();
    let stored: Quote = serde_json::from_str(&json).unwrap();
    assert_eq!(stored, quote);
    let buffer = Buffer::new(new);
    let found = stored.find(&buffer);
    (buffer.slice(found.span), found.fit)
}

fn between(text: &str, from: &str, to: &str) -> String {
    let start = text.find(from).unwrap();
    let end = start + text[start..].find(to).unwrap() + to.len();
    text[start..end].to_owned()
}

#[test]
fn an_untouched_text_is_exact() {
    for part in [
        "use",
        "}",
        "    let doubled = a * 2;\n",
        "b",
        "\n\n",
        CODE,
        "🦀",
        "",
    ] {
        let code = CODE.replace("third\"", "🦀\"");
        if let Some(start) = code.find(part) {
            let span = Span::new(start, start + part.len());
            let buffer = Buffer::new(&code);
            let found = Quote::take(&buffer, span).find(&buffer);
            assert_eq!(
                found,
                Found {
                    span,
                    fit: Fit::Exact
                },
                "{part:?}"
            );
        }
    }
}

#[test]
fn code_that_moved_is_found() {
    let second = between(CODE, "fn second", "- 1)\n}\n");
    let rest = CODE.replace(&second, "");
    let new = format!("{second}\n{rest}");
    assert_eq!(look(CODE, &second, &new), (second, Fit::Moved));
}

#[test]
fn of_equal_texts_the_one_with_the_same_surroundings_is_meant() {
    let old = "fn a() {\n    call();\n}\n\nfn b() {\n    call();\n}\n";
    let quote = Quote::take(&Buffer::new(old), span_of(&old[20..], "call();").moved(20));
    let new = format!("// One\n// Two\n// Three\n// Four\n{old}");
    let found = quote.find(&Buffer::new(&new));
    assert_eq!(found.fit, Fit::Moved);
    assert!(new[..found.span.start].ends_with("fn b() {\n    "));
}

#[test]
fn equal_fits_are_ambiguous_and_the_nearest_is_shown() {
    let block = "one_line();\nsame_thing();\nother_line();\n";
    let old = format!("start\n{block}");
    let new = format!("{}{block}{block}", "x\n".repeat(10));
    let quote = Quote::take(&Buffer::new(&old), span_of(&old, "same_thing();"));
    let found = quote.find(&Buffer::new(&new));
    assert_eq!(found.fit, Fit::Ambiguous);
    assert_eq!(found.span, span_of(&new, "same_thing();"));
}

#[test]
fn a_formatter_only_changes_the_white_space() {
    let old = "fn f(){\n  let x=call( 1,2 );\n  x\n}\n";
    let new = "fn f() {\n    let x = call(1, 2);\n    x\n}\n";
    let (found, fit) = look(old, "let x=call( 1,2 );", new);
    assert_eq!((found.as_str(), fit), ("let x = call(1, 2);", Fit::Changed));
}

#[test]
fn a_formatter_may_break_lines_elsewhere() {
    let old = "fn f() {\n  call(one, two);\n  let x = 1;\n  other(three, four);\n}\n";
    let new = "use a;\n\nfn f() {\n    call(\n        one, two);\n    let x = 1;\n    other(three,\n        four);\n}\n";
    let part = between(old, "call(one", "four);");
    let expected = between(new, "call(", "four);");
    assert_eq!(look(old, &part, new), (expected, Fit::Changed));
}

#[test]
fn other_line_breaks_are_no_change() {
    let crlf = CODE.replace('\n', "\r\n");
    let part = between(CODE, "    if b == 0", "    }\n");
    let (found, fit) = look(CODE, &part, &crlf);
    assert_eq!((found, fit), (part.replace('\n', "\r\n"), Fit::Exact));
    let (found, fit) = look(&crlf, &part.replace('\n', "\r\n"), CODE);
    assert_eq!((found, fit), (part, Fit::Exact));
}

#[test]
fn a_function_with_some_new_lines_is_changed() {
    let second = between(CODE, "fn second", "- 1)\n}");
    let new = CODE
        .replace("use std::fmt;\n", "use std::fmt;\nuse std::io;\n")
        .replace(
            "        return None;\n",
            "        log();\n        return Default::default();\n",
        );
    let expected = between(&new, "fn second", "- 1)\n}");
    assert_eq!(look(CODE, &second, &new), (expected, Fit::Changed));
}

#[test]
fn a_rewritten_line_is_found_between_its_neighbours() {
    let new = format!(
        "// Head.\n{}",
        CODE.replace("let doubled = a * 2;", "let twice = a << 1;")
    );
    let (found, fit) = look(CODE, "let doubled = a * 2;", &new);
    assert_eq!((found.as_str(), fit), ("let twice = a << 1;", Fit::Changed));
    let (found, fit) = look(CODE, "doubled = a", &new);
    assert_eq!((found.as_str(), fit), ("twice = a << 1;", Fit::Changed));
}

#[test]
fn a_lone_line_elsewhere_does_not_pass_for_one_that_was_rewritten() {
    let old = "fn a() {\n    before_a();\n    return None;\n    // after a\n}\n";
    let new = "fn z() {\n    return None;\n}\n\nfn a() {\n    before_a();\n    return Some(1);\n    // after a\n}\n";
    let (found, fit) = look(old, "return None;", new);
    assert_eq!((found.as_str(), fit), ("return Some(1);", Fit::Changed));
}

#[test]
fn deleted_code_is_gone() {
    let second = between(CODE, "fn second", "- 1)\n}\n");
    let new = CODE.replace(&second, "");
    assert_eq!(look(CODE, &second, &new), (String::new(), Fit::Gone));
    assert_eq!(look(CODE, &second, ""), (String::new(), Fit::Gone));
    assert_eq!(look(CODE, "}", "other {\n}\n"), (String::new(), Fit::Gone));
    let unrelated = "# Notes\n\nNothing of the code.\n";
    assert_eq!(look(CODE, &second, unrelated), (String::new(), Fit::Gone));
}

#[test]
fn a_cursor_keeps_its_place_in_its_line() {
    let cursor = CODE.find(" = a * 2").unwrap();
    let quote = Quote::take(&Buffer::new(CODE), Span::new(cursor, cursor));
    let new = CODE
        .replace("use std::fmt;\n", "")
        .replace("let doubled = a", "let mut doubled = a");
    let found = quote.find(&Buffer::new(&new));
    assert_eq!(found.fit, Fit::Changed);
    assert_eq!(found.span.start, new.find(" = a * 2").unwrap());
    assert!(found.span.is_empty());
}

#[test]
fn a_cursor_on_a_blank_line_stays_between_its_neighbours() {
    let cursor = CODE.find("\n\nfn third").unwrap() + 1;
    let quote = Quote::take(&Buffer::new(CODE), Span::new(cursor, cursor));
    let new = CODE.replace("use std::fmt;\n", "// One.\n// Two.\n");
    let found = quote.find(&Buffer::new(&new));
    assert_eq!(found.fit, Fit::Moved);
    assert_eq!(found.span.start, new.find("\n\nfn third").unwrap() + 1);
}

#[test]
fn a_long_quote_is_kept_short_and_found() {
    let lines = |from: usize, to: usize| -> String {
        (from..to).map(|i| format!("line number {i}\n")).collect()
    };
    let old = lines(0, 10_000);
    let part = lines(2_000, 8_000);
    let span = span_of(&old, &part);
    let quote = Quote::take(&Buffer::new(&old), span);
    assert!(serde_json::to_string(&quote).unwrap().len() < 12_000);

    let buffer = Buffer::new(&format!("top\n{old}"));
    let found = quote.find(&buffer);
    assert_eq!(
        (buffer.slice(found.span), found.fit),
        (part.clone(), Fit::Moved)
    );

    let buffer = Buffer::new(&old.replace("number 5000\n", "number five thousand\n"));
    let found = quote.find(&buffer);
    let expected = part.replace("number 5000\n", "number five thousand\n");
    assert_eq!(
        (buffer.slice(found.span), found.fit),
        (expected, Fit::Changed)
    );

    assert_eq!(quote.find(&Buffer::new(&lines(0, 2_500))), Found::GONE);
}

#[test]
fn an_undo_brings_the_anchor_back() {
    let mut buffer = Buffer::new(CODE);
    let part = between(CODE, "fn second", "- 1)\n}\n");
    let span = span_of(CODE, &part);
    let quote = Quote::take(&buffer, span);
    for (start, end) in [(0, 0), (0, 5), (7, 0), (7, 5)] {
        let mut anchor = span;
        let wide = Span::new(span.start - start, span.end + end);
        let removed = buffer.slice(wide);
        for edit in buffer.replace(wide, "") {
            anchor.follow(&edit);
        }
        assert_eq!(quote.settle(&buffer, anchor).fit, Fit::Gone);
        for edit in buffer.replace(Span::new(wide.start, wide.start), &removed) {
            anchor.follow(&edit);
        }
        let back = Found {
            span,
            fit: Fit::Exact,
        };
        assert_eq!(quote.settle(&buffer, anchor), back);
    }
}

#[test]
fn settling_tells_what_became_of_an_anchor() {
    let part = "let doubled = a * 2;";
    let span = span_of(CODE, part);
    let quote = Quote::take(&Buffer::new(CODE), span);
    let after = |at: Span, new: &str| {
        let mut buffer = Buffer::new(CODE);
        let mut anchor = span;
        for edit in buffer.replace(at, new) {
            anchor.follow(&edit);
        }
        let found = quote.settle(&buffer, anchor);
        (buffer.slice(found.span), found.fit)
    };
    assert_eq!(
        after(Span::new(span.end, span.end), " // !"),
        (part.into(), Fit::Exact)
    );
    assert_eq!(after(Span::new(0, 0), "\r\n"), (part.into(), Fit::Moved));
    let changed = after(span_of(CODE, "* 2"), "* 3");
    assert_eq!(changed, ("let doubled = a * 3;".into(), Fit::Changed));
}

impl Span {
    fn moved(self, by: usize) -> Span {
        Span::new(self.start + by, self.end + by)
    }
}

/// Lines of code, each unlike all others, and some brackets and blank lines among them.
fn document(lines: usize, salt: &str) -> Vec<String> {
    let line = |i: usize| match i % 5 {
        0 => format!("fn {salt}_{i}() {{\n"),
        1 => format!("    let {salt}{i} = \"🦀 é e\u{301}\";\n"),
        2 => format!("\tcall_{salt}({i});\r\n"),
        3 => "}\n".to_owned(),
        _ => "\n".to_owned(),
    };
    (0..lines).map(line).collect()
}

proptest! {
    #![proptest_config(cases(150))]

    /// Whatever became of a text, a place is found in it or nothing is.
    #[test]
    fn a_quote_is_looked_for_in_any_text(
        then in crate::corpus::broken_text("corpus/anchor"),
        now in crate::corpus::broken_text("corpus/anchor"),
        (one, other) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let (then, now) = (Buffer::new(&then), Buffer::new(&now));
        let line = |index: prop::sample::Index| then.line_span(index.index(then.len_lines())).start;
        let (one, other) = (line(one), line(other));
        let quote = Quote::take(&then, Span::new(one.min(other), one.max(other)));
        let span = quote.find(&now).span;
        prop_assert!(span.start <= span.end && span.end <= now.len_bytes());
        let text = now.text();
        prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
    }

    /// Whatever happens around the span, it is found where it went.
    #[test]
    fn edits_elsewhere_do_not_lose_a_quote(
        first in 0..40usize,
        count in 3..12usize,
        edits in proptest::collection::vec((any::<bool>(), 0..60usize, 0..6usize, 0..8usize), 0..8),
    ) {
        let lines = document(60, "old");
        let before: usize = lines[..first].iter().map(String::len).sum();
        let len: usize = lines[first..first + count].iter().map(String::len).sum();
        let mut buffer = Buffer::new(&lines.concat());
        let mut anchor = Span::new(before, before + len);
        let text = buffer.slice(anchor);
        prop_assert!(telling(&text) >= TELLING);
        let quote = Quote::take(&buffer, anchor);

        for (i, (above, line, removed, added)) in edits.into_iter().enumerate() {
            let top = buffer.position(anchor.start, Encoding::Utf8).line as usize;
            let bottom = buffer.position(anchor.end, Encoding::Utf8).line as usize;
            let (low, high) = if above { (0, top) } else { (bottom, buffer.len_lines()) };
            let from = low + line % (high - low + 1);
            let to = (from + removed).min(high);
            let start = if from == high && !above { buffer.len_bytes() } else { buffer.line_span(from).start };
            let end = if to == high && !above { buffer.len_bytes() } else { buffer.line_span(to).start };
            let new = document(added, &format!("new{i}")).concat();
            for edit in buffer.replace(Span::new(start, end), &new) {
                anchor.follow(&edit);
            }
        }
        let found = quote.find(&buffer);
        prop_assert_eq!(found.span, anchor);
        prop_assert!(matches!(found.fit, Fit::Exact | Fit::Moved), "{:?}", found.fit);
        prop_assert_eq!(quote.settle(&buffer, anchor), found);
    }

    /// Nothing that can be quoted and nothing that can be searched makes it stumble.
    #[test]
    fn any_text_can_be_searched(
        old in "([ab] ?|é|🦀|\t|\n|\r|\r\n){0,24}",
        new in "([ab] ?|é|🦀|\t|\n|\r|\r\n){0,24}",
        start in 0..60usize,
        len in 0..30usize,
    ) {
        let old = Buffer::new(&old);
        let span = Span::new(start, start + len);
        let quote = Quote::take(&old, span);
        let quoted = old.slice(span);
        // Of blank text only the place is kept.
        prop_assert!(quote.text() == with_lf(&quoted) || quoted.trim().is_empty());
        let new = Buffer::new(&new);
        let found = quote.find(&new);
        prop_assert!(found.span.end <= new.len_bytes());
        let settled = quote.settle(&new, found.span);
        prop_assert!(settled.span.end <= new.len_bytes());
        let same = with_lf(&new.slice(found.span)) == quote.text();
        prop_assert!(same || matches!(found.fit, Fit::Changed | Fit::Gone | Fit::Ambiguous));
    }
}
