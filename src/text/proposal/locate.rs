//! Finding the code that a search/replace block names.

use std::ops::Range;

use super::{Undecodable, indent, shown};
use crate::text::Span;

/// A place where the searched lines are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) span: Span,
    /// Whether the span is of whole lines.
    pub(super) whole_lines: bool,
    /// How the search was indented there, and how the text is.
    pub(super) indents: (String, String),
}

/// How much two lines may differ.
#[derive(Clone, Copy)]
enum Likeness {
    Same,
    /// But for white space at the end.
    Ended,
    /// And for indentation that all lines have more or less of.
    Indented,
}

/// The place of `search` in `text`: the only one, or the only one in the anchor, or the nearest to it.
///
/// # Errors
///
/// When it is not there, or there several times.
pub(super) fn locate(search: &[String], text: &str, anchor: Span) -> Result<Located, Undecodable> {
    let line = || {
        shown(
            search
                .iter()
                .find(|l| !l.trim().is_empty())
                .map_or("", |l| l),
        )
    };
    let mut found = every(search, text);
    // In lines, so that the break at the end of a line does not count.
    let near = |located: &Located| {
        let start = located.span.start;
        let end = start + text[start..located.span.end].trim_end_matches('\n').len();
        let between = match () {
            () if end < anchor.start => &text[end..anchor.start],
            () if anchor.end < start => &text[anchor.end..start],
            () => "",
        };
        between.matches('\n').count()
    };
    let least = found.iter().map(near).min();
    let count = found.len();
    found.retain(|located| Some(near(located)) == least);
    match (found.pop(), found.is_empty()) {
        (Some(located), true) => Ok(located),
        (None, _) => Err(Undecodable::NotFound { line: line() }),
        (Some(_), false) => Err(Undecodable::Ambiguous {
            line: line(),
            count,
        }),
    }
}

/// All places that fit as well as any does.
fn every(search: &[String], text: &str) -> Vec<Located> {
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    for likeness in [Likeness::Same, Likeness::Ended, Likeness::Indented] {
        let found: Vec<_> = windows(search, &lines, likeness);
        if !found.is_empty() {
            let starts = starts(&lines);
            let located = |lines_at: Range<usize>| Located {
                span: Span::new(starts[lines_at.start], starts[lines_at.end]),
                whole_lines: true,
                indents: (
                    indent::common(search.iter().map(String::as_str)).to_owned(),
                    indent::common(lines[lines_at].iter().copied()).to_owned(),
                ),
            };
            return found.into_iter().map(located).collect();
        }
    }
    // A part of a line, or of several.
    let part = search.join("\n");
    let part = part.trim();
    let located = |(start, part): (usize, &str)| Located {
        span: Span::new(start, start + part.len()),
        whole_lines: false,
        indents: Default::default(),
    };
    text.match_indices(part).map(located).collect()
}

/// The runs of lines that are like those searched for.
fn windows(search: &[String], lines: &[&str], likeness: Likeness) -> Vec<Range<usize>> {
    if search.is_empty() || search.len() > lines.len() {
        return Vec::new();
    }
    let fits = |at: &usize| {
        let window = &lines[*at..*at + search.len()];
        let pairs = || {
            search
                .iter()
                .map(String::as_str)
                .zip(window.iter().copied())
        };
        match likeness {
            Likeness::Same => pairs().all(|(a, b)| a == b.trim_end_matches('\n')),
            Likeness::Ended => pairs().all(|(a, b)| a.trim_end() == b.trim_end()),
            Likeness::Indented => {
                // Cheap first, because nearly no window fits.
                pairs().all(|(a, b)| a.trim() == b.trim()) && {
                    let from = indent::common(search.iter().map(String::as_str));
                    let to = indent::common(window.iter().copied());
                    pairs().all(|(a, b)| indent::moved(a, from, to).trim_end() == b.trim_end())
                }
            }
        }
    };
    (0..=lines.len() - search.len())
        .filter(fits)
        .map(|at| at..at + search.len())
        .collect()
}

fn starts(lines: &[&str]) -> Vec<usize> {
    let mut offset = 0;
    let ends = lines.iter().map(|line| {
        offset += line.len();
        offset
    });
    std::iter::once(0).chain(ends).collect()
}
