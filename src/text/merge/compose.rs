//! Writing the merged text, and with it the edits that make it of ours.

use std::ops::Range;

use super::regions::Region;
use super::{Conflict, Replacement, Sides};
use crate::text::Span;

/// A line of the merged text: one of ours or of theirs.
#[derive(Clone, Copy)]
enum Line {
    Ours(usize),
    Theirs(usize),
}

/// The merged text, the edits that lead to it from ours, and the conflicts in it.
pub(super) fn compose(
    sides: &Sides<'_>,
    regions: Vec<Region>,
) -> (String, Vec<Replacement>, Vec<Conflict>) {
    let mut lines = Vec::new();
    let mut open = Vec::new();
    for region in regions {
        match region {
            Region::Ours(ours) => lines.extend(ours.map(Line::Ours)),
            Region::Theirs { theirs, .. } => lines.extend(theirs.map(Line::Theirs)),
            Region::Conflict { base, ours, theirs } => {
                open.push((lines.len(), base, ours.clone(), theirs));
                lines.extend(ours.map(Line::Ours));
            }
        }
    }

    let usual_break = [&sides.ours, &sides.base, &sides.theirs]
        .into_iter()
        .find_map(|side| side.usual_break())
        .unwrap_or("\n");
    let starts = sides.ours.starts();
    let mut writer = Writer::default();
    let mut merged_starts = Vec::with_capacity(lines.len() + 1);
    for (i, line) in lines.iter().enumerate() {
        merged_starts.push(writer.text.len());
        let last = i + 1 == lines.len();
        let ends = !last || ends_with_break(sides);
        let end = |own| match (ends, own) {
            (false, _) => "",
            (true, "") => usual_break,
            (true, own) => own,
        };
        match *line {
            Line::Ours(n) => {
                let own = sides.ours.breaks[n];
                writer.keep(starts[n], sides.ours.contents[n], own, end(own));
            }
            Line::Theirs(n) => {
                writer.insert(sides.theirs.contents[n]);
                writer.insert(end(""));
            }
        }
    }
    merged_starts.push(writer.text.len());
    let (text, edits) = writer.finish(starts[starts.len() - 1]);

    let whole_lines = |contents: &[&str]| -> String {
        contents
            .iter()
            .flat_map(|line| [*line, usual_break])
            .collect()
    };
    let span =
        |starts: &[usize], lines: Range<usize>| Span::new(starts[lines.start], starts[lines.end]);
    let conflicts = open.into_iter().map(|(at, base, ours, theirs)| Conflict {
        merged: span(&merged_starts, at..at + ours.len()),
        ours: span(&starts, ours),
        base: whole_lines(&sides.base.contents[base]),
        theirs: whole_lines(&sides.theirs.contents[theirs]),
    });
    let conflicts = conflicts.collect();
    (text, edits, conflicts)
}

/// Whether the last line of the merged text ends with a break.
fn ends_with_break(sides: &Sides<'_>) -> bool {
    let [base, ours, theirs] =
        [&sides.base, &sides.ours, &sides.theirs].map(|side| side.ends_with_break());
    match (base, theirs) {
        (Some(base), Some(theirs)) if theirs != base => theirs,
        _ => ours.or(theirs).unwrap_or(false),
    }
}

/// The merged text so far, and how far it has got in ours.
#[derive(Default)]
struct Writer {
    text: String,
    edits: Vec<Replacement>,
    /// The end of what of ours has been kept or replaced, in bytes.
    at: usize,
    /// What is to stand at `at`, before the next text of ours that is kept.
    inserted: String,
}

impl Writer {
    fn insert(&mut self, text: &str) {
        self.text += text;
        self.inserted += text;
    }

    /// Keeps a line of ours that starts at `start`, with the break `new` in place of its `own`.
    fn keep(&mut self, start: usize, content: &str, own: &str, new: &str) {
        self.replace_up_to(start);
        self.text += content;
        self.at = start + content.len();
        if own == new {
            self.text += own;
            self.at += own.len();
        } else {
            self.insert(new);
        }
    }

    /// Everything of ours from where it was kept last up to `start` gives way to what was inserted.
    fn replace_up_to(&mut self, start: usize) {
        if self.at < start || !self.inserted.is_empty() {
            self.edits.push(Replacement {
                span: Span::new(self.at, start),
                text: std::mem::take(&mut self.inserted),
            });
        }
    }

    fn finish(mut self, len: usize) -> (String, Vec<Replacement>) {
        self.replace_up_to(len);
        (self.text, self.edits)
    }
}
