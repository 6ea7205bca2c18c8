//! What models really write, and what is made of it.

mod blocks;
mod code;
mod shown;

use proptest::prelude::*;

use super::*;
use crate::text::cases;
use crate::text::lines::with_lf;
use crate::text::merge;

/// A text in which `⟦` and `⟧` stand around the anchor.
fn parse(marked: &str) -> (String, Span) {
    let start = marked.find('⟦').unwrap();
    let end = marked.find('⟧').unwrap() - '⟦'.len_utf8();
    (marked.replace(['⟦', '⟧'], ""), Span::new(start, end))
}

/// The model was shown all of it.
fn whole(base: &str) -> Span {
    Span::new(0, base.len())
}

/// Decodes, and checks that the hunks are what makes the text of the base.
fn decoded(base: &str, response: &str) -> Result<String, Undecodable> {
    let (base, anchor) = parse(base);
    let proposed = decode(response, &base, anchor, whole(&base))?;
    let mut text = base;
    for hunk in proposed.hunks.iter().rev() {
        text.replace_range(hunk.span.start..hunk.span.end, &hunk.text);
    }
    assert_eq!(text, proposed.text);
    Ok(text)
}

/// A name, a base with its anchor, a response, and the text that is proposed.
type Accepted<'a> = (&'a str, &'a str, &'a str, &'a str);

fn accept(cases: &[Accepted<'_>]) {
    for (name, base, response, expected) in cases {
        let proposed = decoded(base, response);
        assert_eq!(proposed.as_deref(), Ok(*expected), "{name}");
    }
}

/// A name, a base with its anchor, a response, and the beginning of the reason why not.
type Refused<'a> = (&'a str, &'a str, &'a str, &'a str);

fn refuse(cases: &[Refused<'_>]) {
    for (name, base, response, reason) in cases {
        match decoded(base, response) {
            Ok(text) => panic!("{name}: made {text:?}"),
            Err(error) => assert!(error.to_string().starts_with(reason), "{name}: {error}"),
        }
    }
}

/// Lines of which each is unlike all others, with some blank ones.
fn document(lines: usize, name: &str) -> Vec<String> {
    let line = |i: usize| match i % 7 {
        5 => "\n".to_owned(),
        _ => format!("{name} number {i} of many\n"),
    };
    (0..lines).map(line).collect()
}

proptest! {
    #![proptest_config(cases(300))]

    /// What is accepted is exactly what was written, at exactly the anchor.
    #[test]
    fn a_block_replaces_the_anchor_and_nothing_else(
        first in 0..20usize,
        count in 1..10usize,
        kept in proptest::collection::vec(any::<bool>(), 10),
        added in 0..6usize,
        at in 0..10usize,
    ) {
        let lines = document(30, "line");
        let region = &lines[first..first + count];
        let mut new: Vec<_> = region.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(l, _)| l.clone()).collect();
        let at = at.min(new.len());
        new.splice(at..at, document(added, "new"));
        prop_assume!(new.iter().any(|line| !line.trim().is_empty()));
        let start = lines[..first].concat().len();
        let anchor = Span::new(start, start + region.concat().len());
        let response = format!("Here you are:\n\n```text\n{}```\n", new.concat());
        let expected = [&lines[..first], &new, &lines[first + count..]].concat();
        match decode(&response, &lines.concat(), anchor, whole(&lines.concat())) {
            // Blank lines at the ends of the region are kept, whatever was written.
            Ok(proposed) => prop_assert!(resemblance::is_same(&proposed.text, &expected.concat())),
            Err(error) => prop_assert!(matches!(error, Undecodable::Partial), "{error}"),
        }
    }

    /// Whatever a model writes is decoded or refused, and what is decoded can be merged.
    #[test]
    fn a_broken_response_is_decoded_or_refused(
        response in crate::corpus::broken_text("corpus/proposal"),
        base in crate::corpus::broken_text("corpus/anchor"),
        (one, other) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let at = |index: prop::sample::Index| {
            let mut at = index.index(base.len() + 1);
            while !base.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (one, other) = (at(one), at(other));
        let anchor = Span::new(one.min(other), one.max(other));
        if let Ok(proposed) = decode(&response, &base, anchor, whole(&base)) {
            let merged = merge(&base, &base, &proposed.text);
            // Where a text mixes kinds of line breaks, the merge may choose another one for a proposed line.
            let (merged, expected) = (with_lf(&merged.text), with_lf(&proposed.text));
            prop_assert_eq!(merged, expected, "nothing was typed meanwhile");
            let is_mark = |line: &str| line.trim() == "<<<<<<< SEARCH";
            prop_assert!(!proposed.text.lines().any(is_mark) || base.lines().any(is_mark), "a mark is no code");
        }
    }

    /// Search/replace blocks for disjoint places do what they say.
    #[test]
    fn blocks_replace_what_they_name(
        places in proptest::collection::vec((0..8usize, 2..5usize, 0..4usize), 1..6),
    ) {
        let lines = document(60, "line");
        let mut expected = lines.clone();
        let mut response = String::new();
        for (i, (start, count, added)) in places.iter().enumerate().rev() {
            let start = i * 12 + start;
            let new: Vec<_> = document(*added, &format!("new {i}"));
            let search = lines[start..(start + count).min(60)].to_vec();
            response += &format!("<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n", search.concat(), new.concat());
            expected.splice(start..start + search.len(), new);
        }
        let base = lines.concat();
        let proposed = decode(&response, &base, whole(&base), whole(&base));
        prop_assert_eq!(proposed.map(|p| p.text), Ok(expected.concat()));
    }

    /// Nothing that a model may write makes it stumble.
    #[test]
    fn any_response_can_be_decoded_or_refused(
        pieces in proptest::collection::vec(prop_oneof![
            Just("```"), Just("```rust"), Just("````md"), Just("~~~"), Just("<<<<<<< SEARCH"),
            Just("======="), Just(">>>>>>> REPLACE"), Just("@@ -1 +1 @@"), Just("-é a"), Just("+🦀"),
            Just("    é a"), Just("\tb"), Just(""), Just("// ..."), Just("```diff"), Just("Some words here."),
            Just("<think>"), Just("</think>"),
        ], 0..14),
        base in "(    é a|\tb|🦀|\n|\n|\r\n){0,14}",
        start in 0..40usize,
        len in 0..40usize,
    ) {
        let response = pieces.join("\n");
        let anchor = Span::new(start, start + len);
        if let Ok(proposed) = decode(&response, &base, anchor, whole(&base)) {
            let mut text = base.clone();
            for hunk in proposed.hunks.iter().rev() {
                text.replace_range(hunk.span.start..hunk.span.end, &hunk.text);
            }
            prop_assert_eq!(text, proposed.text);
        }
    }
}
