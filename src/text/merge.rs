//! Three-way merge: what the user typed meanwhile and what the model proposes, in one text.
//!
//! A proposal was made for the text at submit, the *base*. *Ours* is the buffer now, *theirs* the
//! base with the proposed change in it. Both are compared with the base by lines (histogram diff).
//!
//! # Policy
//!
//! - A change of one side alone is taken.
//! - Changes of both sides that overlap or touch, with no unchanged line between them, are a
//!   conflict, as in git; so are two insertions at the same place. They are none when both sides
//!   made the very same of those lines.
//! - In a conflict ours stays as it is: what was typed is never replaced by what was proposed.
//! - Kinds of line breaks are no difference. Lines of ours keep their breaks, and proposed lines get
//!   the one that ours mostly has.
//! - Whether the last line ends with a break is merged by itself: as proposed when that is a change
//!   to the base, else as it is in ours. It never conflicts.
//! - Where lines repeat, a diff may pair them in several ways; merges by other tools may then differ
//!   from this one, though each keeps the rules above.

mod compose;
mod regions;

use self::compose::compose;
use self::regions::{Region, regions};
use super::Span;
use super::lines::lines;

/// The outcome of [`merge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// How the two sides go together.
    pub status: MergeStatus,
    /// Ours with every change of theirs that does not conflict.
    pub text: String,
    /// What leads from ours to `text`: disjoint, in order, and each can be applied without the others
    /// (all spans are those of ours).
    pub edits: Vec<Replacement>,
    /// Where both sides changed the same lines, in order.
    pub conflicts: Vec<Conflict>,
}

/// How two changes of one text go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeStatus {
    /// Every change of theirs is in the merged text, on the lines for which it was made.
    Clean,
    /// As clean, but on lines that had moved up or down meanwhile.
    Moved,
    /// Some lines were changed by both sides.
    Conflict,
}

/// New text for a span of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// What stands there afterwards; empty for a deletion.
    pub text: String,
}

/// Lines that both sides changed, each in its own way. The texts are whole lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Our lines, in ours.
    pub ours: Span,
    /// The same lines, in the merged text.
    pub merged: Span,
    /// What the lines were before either change.
    pub base: String,
    /// What theirs made of them.
    pub theirs: String,
}

/// Merges `theirs` into `ours`, both of which were made of `base`. The policy is the one described
/// [above](self).
#[must_use]
pub fn merge(base: &str, ours: &str, theirs: &str) -> Merge {
    let sides = Sides {
        base: Side::new(base),
        ours: Side::new(ours),
        theirs: Side::new(theirs),
    };
    let regions = regions(&sides);
    let moved = regions.iter().any(|region| match region {
        Region::Theirs { base, ours, .. } => base.start != ours.start,
        _ => false,
    });
    let (text, edits, conflicts) = compose(&sides, regions);
    let status = match () {
        () if !conflicts.is_empty() => MergeStatus::Conflict,
        () if moved => MergeStatus::Moved,
        () => MergeStatus::Clean,
    };
    Merge {
        status,
        text,
        edits,
        conflicts,
    }
}

impl Merge {
    /// The merged text with each conflict between markers, ours first, as git writes them.
    #[must_use]
    pub fn with_markers(&self, ours: &str, theirs: &str) -> String {
        let eol = self.line_break();
        let mut text = String::new();
        let mut from = 0;
        for conflict in &self.conflicts {
            let span = conflict.merged;
            text += &self.text[from..span.start];
            let mut section = |marker: &str, lines: &str| {
                if !text.is_empty() && !text.ends_with(['\n', '\r']) {
                    text += eol;
                }
                text += marker;
                text += eol;
                text += lines;
            };
            section(&format!("<<<<<<< {ours}"), &self.text[span.start..span.end]);
            section("=======", &conflict.theirs);
            section(&format!(">>>>>>> {theirs}"), "");
            from = span.end;
        }
        text + &self.text[from..]
    }

    /// The break that the merged text uses first.
    fn line_break(&self) -> &str {
        let first = lines(&self.text).next().map_or("", line_break);
        if first.is_empty() { "\n" } else { first }
    }
}

/// The three texts that are merged.
struct Sides<'a> {
    base: Side<'a>,
    ours: Side<'a>,
    theirs: Side<'a>,
}

/// One of them, by lines.
struct Side<'a> {
    /// The lines without their breaks.
    contents: Vec<&'a str>,
    /// The break of each; empty for a last line without one.
    breaks: Vec<&'a str>,
}

impl<'a> Side<'a> {
    fn new(text: &'a str) -> Self {
        let (contents, breaks) = lines(text)
            .map(|line| line.split_at(line.len() - line_break(line).len()))
            .unzip();
        Self { contents, breaks }
    }

    /// The offset at which each line starts, and the one at which the last ends.
    fn starts(&self) -> Vec<usize> {
        let mut offset = 0;
        let lines = self.contents.iter().zip(&self.breaks);
        let ends = lines.map(|(content, end)| {
            offset += content.len() + end.len();
            offset
        });
        std::iter::once(0).chain(ends).collect()
    }

    /// Whether the last line ends with a break; `None` when there is no line.
    fn ends_with_break(&self) -> Option<bool> {
        self.breaks.last().map(|last| !last.is_empty())
    }

    /// The break that most lines have, if any has one.
    fn usual_break(&self) -> Option<&'a str> {
        let count = |wanted: &str| self.breaks.iter().filter(|b| **b == wanted).count();
        ["\r", "\r\n", "\n"]
            .into_iter()
            .map(|each| (count(each), each))
            .max_by_key(|(count, _)| *count)
            .filter(|(count, _)| *count > 0)
            .map(|(_, each)| each)
    }
}

/// The break at the end of a line.
fn line_break(line: &str) -> &str {
    let content = line
        .strip_suffix("\r\n")
        .or_else(|| line.strip_suffix(['\n', '\r']))
        .unwrap_or(line);
    &line[content.len()..]
}

#[cfg(test)]
mod oracles;
#[cfg(test)]
mod tests;
