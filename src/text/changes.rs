//! What differs between two texts, as small as anchors need it.
//!
//! A client may rewrite a whole buffer in one change: full document sync, a formatter, a paste over
//! everything. Taken literally that deletes every anchor; compared by lines, it moves them.

use std::ops::Range;

use super::align::{Piece, align_lines};
use super::lines::lines;

/// A stretch of the old text and what stands in its place in the new one, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// The changes that make `new` of `old`, in order and disjoint.
///
/// Lines are compared first; then, among those that differ, lines whose white space alone changed,
/// as it does under a formatter, find each other. A run of lines that is left and has as many as
/// before is compared line by line, where indentation, content and line end are three pieces. Of
/// each piece only the characters that differ are kept.
pub(super) fn changes(old: &str, new: &str) -> Vec<Change> {
    let head = common_head(old, new);
    let tail = common_tail(&old[head..], &new[head..]);
    let old_lines: Vec<_> = lines(&old[head..old.len() - tail]).collect();
    let new_lines: Vec<_> = lines(&new[head..new.len() - tail]).collect();
    let old_starts = starts(&old_lines, head);
    let new_starts = starts(&new_lines, head);

    let mut found = Vec::new();
    for piece in align_lines(&old_lines, &new_lines) {
        let Piece::Different(before, after) = piece else {
            continue;
        };
        let (b, a) = (before.start, after.start);
        let old_trimmed: Vec<_> = old_lines[before].iter().map(|line| line.trim()).collect();
        let new_trimmed: Vec<_> = new_lines[after].iter().map(|line| line.trim()).collect();
        for piece in align_lines(&old_trimmed, &new_trimmed) {
            match piece {
                Piece::Different(before, after) if before.len() != after.len() => {
                    let change = Change {
                        old: old_starts[b + before.start]..old_starts[b + before.end],
                        new: new_starts[a + after.start]..new_starts[a + after.end],
                    };
                    found.extend(narrow(old, new, change));
                }
                Piece::Same(before, after) | Piece::Different(before, after) => {
                    for (before, after) in before.zip(after) {
                        let old_parts = parts(old_lines[b + before], old_starts[b + before]);
                        let new_parts = parts(new_lines[a + after], new_starts[a + after]);
                        for (old_part, new_part) in old_parts.into_iter().zip(new_parts) {
                            let change = Change {
                                old: old_part,
                                new: new_part,
                            };
                            found.extend(narrow(old, new, change));
                        }
                    }
                }
            }
        }
    }
    found
}

/// The indentation of a line that starts at an offset, its content, and its end from the last white
/// space on, break included.
fn parts(line: &str, start: usize) -> [Range<usize>; 3] {
    let indented = start + line.len() - line.trim_start().len();
    let end = start + line.len();
    let ended = indented.max(start + line.trim_end().len());
    [start..indented, indented..ended, ended..end]
}

/// The offset at which each line starts, the first at `from`, and the one at which the last ends.
fn starts(lines: &[&str], from: usize) -> Vec<usize> {
    let mut offset = from;
    let mut starts = vec![offset];
    starts.extend(lines.iter().map(|line| {
        offset += line.len();
        offset
    }));
    starts
}

/// How many bytes of whole lines the texts have in common at their start.
fn common_head(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    (1..=same)
        .rev()
        .find(|&i| is_line_start(a, i) && is_line_start(b, i))
        .unwrap_or(0)
}

/// How many bytes of whole lines the texts have in common at their end.
fn common_tail(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let tail = &a[a.len() - same..];
    (1..same)
        .find(|&i| is_line_start(tail, i))
        .map_or(0, |i| same - i)
}

/// Whether a line break ends right before offset `i`, which is at least 1.
fn is_line_start(text: &[u8], i: usize) -> bool {
    match text[i - 1] {
        b'\n' => true,
        b'\r' => text.get(i) != Some(&b'\n'),
        _ => false,
    }
}

/// Takes away the characters that a change has in common at its ends; `None` when nothing is left.
fn narrow(old: &str, new: &str, change: Change) -> Option<Change> {
    let (o, n) = (&old[change.old.clone()], &new[change.new.clone()]);
    let head = shared(o.chars(), n.chars());
    let tail = shared(o[head..].chars().rev(), n[head..].chars().rev());
    let narrowed = Change {
        old: change.old.start + head..change.old.end - tail,
        new: change.new.start + head..change.new.end - tail,
    };
    (!narrowed.old.is_empty() || !narrowed.new.is_empty()).then_some(narrowed)
}

/// The length in bytes of what two runs of characters have in common at their start.
fn shared(a: impl Iterator<Item = char>, b: impl Iterator<Item = char>) -> usize {
    a.zip(b)
        .take_while(|(x, y)| x == y)
        .map(|(x, _)| x.len_utf8())
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::cases;

    fn apply(old: &str, new: &str) -> String {
        let mut text = String::new();
        let mut from = 0;
        for change in changes(old, new) {
            assert!(from <= change.old.start, "changes overlap");
            text += &old[from..change.old.start];
            text += &new[change.new];
            from = change.old.end;
        }
        text + &old[from..]
    }

    #[test]
    fn lines_of_a_formatted_text_are_paired() {
        let old = "fn a() {\n  one();\n  two();\n}\n";
        let new = "fn a() {\n    one();\n    two();\n}\n";
        let found = changes(old, new);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|c| c.old.is_empty() && c.new.len() == 2));
    }

    #[test]
    fn the_same_text_has_no_change() {
        assert_eq!(changes("a\nb", "a\nb"), []);
        assert_eq!(changes("", ""), []);
    }

    proptest! {
        #![proptest_config(cases(1000))]

        #[test]
        fn changes_make_the_new_text(
            old in "([ab]|é|e\u{301}|🦀|\t|\n|\r|\r\n){0,30}",
            new in "([ab]|é|e\u{301}|🦀|\t|\n|\r|\r\n){0,30}",
        ) {
            prop_assert_eq!(apply(&old, &new), new);
        }
    }
}
