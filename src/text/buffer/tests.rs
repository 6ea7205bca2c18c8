//! The buffer against a plain `String` that is searched from its start for every question.

use proptest::prelude::*;

use super::*;
use crate::text::cases;

const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

/// Text with characters of every width, combining marks, tabs, and every way to end a line.
fn text(max: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-c ]{1,3}",
        1 => Just("\t".to_owned()),
        1 => Just("é".to_owned()),
        1 => Just("e\u{301}".to_owned()),
        1 => Just("🦀".to_owned()),
        1 => Just("👩\u{200d}💻".to_owned()),
        1 => proptest::sample::select(&["\u{2028}", "\u{2029}", "\u{85}", "\u{b}", "\u{c}"][..])
            .prop_map(str::to_owned),
        2 => Just("\n".to_owned()),
        1 => Just("\r".to_owned()),
        2 => Just("\r\n".to_owned()),
    ];
    proptest::collection::vec(piece, 0..max).prop_map(|pieces| pieces.concat())
}

/// What ends a line: of LSP, of Neovim, of an editor that knows `\r\n` too, and of one that goes by Unicode.
const ENDS: [&[&str]; 4] = [
    &["\r\n", "\r", "\n"],
    &["\n"],
    &["\r\n", "\n"],
    &[
        "\r\n", "\r", "\n", "\u{2028}", "\u{2029}", "\u{85}", "\u{b}", "\u{c}",
    ],
];

fn ends() -> impl Strategy<Value = &'static [&'static str]> {
    proptest::sample::select(&ENDS[..])
}

fn buffer_of(text: &str, ends: &[&str]) -> Buffer {
    Buffer::with_line_ends(text, LineEnds::named(ends.iter().copied()).unwrap())
}

/// Each line of the model as the offset at which it starts and its content.
fn model_lines<'a>(text: &'a str, ends: &[&str]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = ends.iter().find(|end| rest.starts_with(**end));
        let Some(len) = end.map(|end| end.len()) else {
            at += rest.chars().next().unwrap().len_utf8();
            continue;
        };
        found.push((start, &text[start..at]));
        at += len;
        start = at;
    }
    found.push((start, &text[start..]));
    found
}

fn units(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => c.len_utf8(),
        Encoding::Utf16 => c.len_utf16(),
        Encoding::Utf32 => 1,
    }
}

fn model_offset(
    text: &str,
    ends: &[&str],
    position: Position,
    encoding: Encoding,
) -> Option<usize> {
    let lines = model_lines(text, ends);
    let Some((start, content)) = lines.get(position.line as usize) else {
        let end = position == Position::new(lines.len() as u32, 0);
        return end.then_some(text.len());
    };
    let mut left = position.character as usize;
    let mut offset = *start;
    for c in content.chars() {
        if left < units(c, encoding) {
            break;
        }
        left -= units(c, encoding);
        offset += c.len_utf8();
    }
    Some(offset)
}

fn position() -> impl Strategy<Value = Position> {
    (0..12u32, prop_oneof![8 => 0..12u32, 1 => Just(u32::MAX)])
        .prop_map(|(line, character)| Position::new(line, character))
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn offsets_are_those_of_the_model(text in text(24), ends in ends(), at in position()) {
        let buffer = buffer_of(&text, ends);
        for encoding in ENCODINGS {
            let offset = buffer.offset(at, encoding);
            prop_assert_eq!(offset.ok(), model_offset(&text, ends, at, encoding));
        }
    }

    #[test]
    fn a_position_leads_back_to_its_offset(text in text(24), ends in ends()) {
        let buffer = buffer_of(&text, ends);
        let offsets = (0..=text.len()).filter(|&i| text.is_char_boundary(i));
        for offset in offsets {
            let inside_crlf = text[..offset].ends_with('\r') && text[offset..].starts_with('\n') && ends.contains(&"\r\n");
            let expected = if inside_crlf { offset - 1 } else { offset };
            for encoding in ENCODINGS {
                let position = buffer.position(offset, encoding);
                prop_assert_eq!(buffer.offset(position, encoding), Ok(expected));
            }
        }
    }

    #[test]
    fn lines_are_those_of_the_model(text in text(24), ends in ends()) {
        let buffer = buffer_of(&text, ends);
        let lines = model_lines(&text, ends);
        prop_assert_eq!(buffer.len_lines(), lines.len());
        for (i, (start, content)) in lines.iter().enumerate() {
            let line = buffer.line(i);
            prop_assert_eq!(line.as_deref(), Some(*content));
            prop_assert_eq!(buffer.line_span(i), Span::new(*start, start + content.len()));
        }
        prop_assert_eq!(buffer.line(lines.len()), None);
    }

    /// Changes by position in every encoding, each of which may split or join a `\r\n`.
    #[test]
    fn edits_are_those_of_the_model(
        text in text(24),
        ends in ends(),
        edits in proptest::collection::vec((position(), position(), text(5), 0..3usize), 1..8),
    ) {
        let mut model = text;
        let mut buffer = buffer_of(&model, ends);
        for (a, b, new, encoding) in edits {
            let encoding = ENCODINGS[encoding];
            let expected = model_offset(&model, ends, a, encoding).zip(model_offset(&model, ends, b, encoding));
            let span = buffer.span(a, b, encoding);
            let Some((a, b)) = expected else {
                prop_assert!(span.is_err());
                continue;
            };
            let span = span.unwrap();
            prop_assert_eq!(span, Span::new(a.min(b), a.max(b)));
            let before = model.clone();
            model.replace_range(span.start..span.end, &new);
            let made = buffer.replace(span, &new);
            prop_assert_eq!(buffer.text(), model.as_str());
            prop_assert_eq!(buffer.len_bytes(), model.len());
            prop_assert_eq!(replay(&before, &made, &model), model.as_str());
            prop_assert_eq!(&buffer, &buffer_of(&model, ends), "lines are counted as if it were new");
        }
    }

    /// Any offsets at all, inside characters and past the end included.
    #[test]
    fn no_span_is_too_wild(text in text(12), start in 0..80usize, len in 0..80usize, new in text(3)) {
        let mut buffer = Buffer::new(&text);
        let span = Span::new(start, start + len);
        let kept = buffer.slice(span);
        buffer.replace(span, &new);
        prop_assert_eq!(buffer.len_bytes(), text.len() - kept.len() + new.len());
    }

    #[test]
    fn replacing_all_makes_the_new_text(old in text(24), new in text(24)) {
        let mut buffer = Buffer::new(&old);
        let made = buffer.replace_all(&new);
        prop_assert_eq!(buffer.text(), new.as_str());
        prop_assert_eq!(replay(&old, &made, &new), new.as_str());
        prop_assert_eq!(made.is_empty(), old == new);
    }
}

/// What the edits make of `old`, taking what they insert from where it ends up in `new`. The edits
/// come in order of place, so that nothing moves any more once it is inserted.
fn replay(old: &str, edits: &[Edit], new: &str) -> String {
    let mut text = old.to_owned();
    for edit in edits {
        text.replace_range(edit.start..edit.old_end, &new[edit.start..edit.new_end]);
    }
    text
}

#[test]
fn a_position_inside_a_surrogate_pair_is_its_start() {
    let buffer = Buffer::new("a🦀b");
    for (character, offset) in [(0, 0), (1, 1), (2, 1), (3, 5), (4, 6), (9, 6)] {
        let position = Position::new(0, character);
        assert_eq!(buffer.offset(position, Encoding::Utf16), Ok(offset));
    }
}

#[test]
fn the_place_after_the_last_line_is_the_end() {
    let buffer = Buffer::new("a\nb");
    let end = buffer.offset(Position::new(2, 0), Encoding::Utf16);
    assert_eq!(end, Ok(3));
    let past = buffer.offset(Position::new(2, 1), Encoding::Utf16);
    assert_eq!(
        past.unwrap_err().to_string(),
        "line 2 is past the end: the text has 2 lines, counted from 0"
    );
}

#[test]
fn a_snapshot_keeps_its_text() {
    let mut buffer = Buffer::new("before");
    let snapshot = buffer.clone();
    buffer.replace_all("after");
    assert_eq!(
        (snapshot.text(), buffer.text()),
        ("before".into(), "after".into())
    );
}

#[test]
fn a_formatter_that_rewrites_everything_leaves_anchors_on_their_lines() {
    let old = "fn a() {\r\n\tone();\r\n\ttwo();\r\n}\r\n";
    let new = "// Formatted.\n\nfn a() {\n    one();\n    two();\n}\n";
    for whole in [true, false] {
        let mut buffer = Buffer::new(old);
        let at = old.find("two();").unwrap();
        let mut anchor = Span::new(at, at + 6);
        let edits = if whole {
            buffer.replace_all(new)
        } else {
            buffer.replace(Span::new(0, old.len()), new)
        };
        for edit in &edits {
            anchor.follow(edit);
        }
        assert_eq!(buffer.slice(anchor), "two();", "{edits:?}");
    }
}

#[test]
fn a_single_line_is_replaced_exactly_as_given() {
    let mut buffer = Buffer::new("let foo = 1;\n");
    let made = buffer.replace(Span::new(4, 7), "foobar");
    let exact = Edit {
        start: 4,
        old_end: 7,
        new_end: 10,
    };
    assert_eq!(made, [exact]);
}

#[test]
fn a_quote_is_the_same_whatever_ends_the_lines_of_a_client() {
    let text = "alpha\nbe\rta\ngamma\ndelta\n";
    let span = Span::new(text.find("gamma").unwrap(), text.find("delta").unwrap());
    let of = |ends: &[&str]| crate::text::Quote::take(&buffer_of(text, ends), span);
    for ends in ENDS {
        assert_eq!(of(ends), of(ENDS[0]));
        let found = of(ENDS[0]).find(&buffer_of(text, ends));
        assert_eq!((found.span, found.fit), (span, crate::text::Fit::Exact));
        let settled = of(ENDS[0]).settle(&buffer_of(text, ends), span);
        assert_eq!((settled.span, settled.fit), (span, crate::text::Fit::Exact));
    }
}
