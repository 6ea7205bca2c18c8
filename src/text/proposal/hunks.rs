//! Applying search/replace blocks to the base.

use super::blocks::{Block, Reading};
use super::locate::locate;
use super::{Undecodable, elision, indent, shown};
use crate::text::Span;

/// The text with all blocks applied. Each is looked for in the text as it was.
///
/// # Errors
///
/// When one cannot be applied: then none is.
pub(super) fn apply(blocks: Vec<Block>, text: &str, anchor: Span) -> Result<String, Undecodable> {
    let mut edits: Vec<(Span, String)> = Vec::new();
    for block in &blocks {
        let edit = edit(block, text, anchor)?;
        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut new = String::new();
    let mut from = 0;
    for (span, with) in edits {
        if span.start < from {
            let line = shown(
                text[span.start..span.end]
                    .lines()
                    .next()
                    .unwrap_or_default(),
            );
            return Err(Undecodable::Overlapping { line });
        }
        new += &text[from..span.start];
        new += &with;
        from = span.end;
    }
    new += &text[from..];
    Ok(new)
}

/// Where a block applies, and what stands there then.
fn edit(block: &Block, text: &str, anchor: Span) -> Result<(Span, String), Undecodable> {
    // The more is searched for and found, the surer it is that the block was read as it was meant.
    let mut error = Undecodable::NoCode;
    for reading in block.readings.iter().rev() {
        let whole = read(reading, text, anchor);
        // Blank lines around the code are often added or lost.
        let edit = whole.or_else(|error| match without_margins(reading) {
            Some(reading) => read(&reading, text, anchor),
            None => Err(error),
        });
        match edit {
            Ok(edit) => return Ok(edit),
            Err(reason) => error = reason,
        }
    }
    Err(error)
}

/// Applies one reading of a block.
fn read(reading: &Reading, text: &str, anchor: Span) -> Result<(Span, String), Undecodable> {
    let Reading { search, replace } = reading;
    if let Some(line) = elision::find(replace.iter().map(String::as_str), text) {
        return Err(Undecodable::Elided { line: shown(line) });
    }
    if search.iter().all(|line| line.trim().is_empty()) {
        if text.trim().is_empty() {
            return Ok((Span::new(0, text.len()), lines(replace)));
        }
        return Err(Undecodable::Malformed {
            missing: "text to be replaced",
        });
    }
    let located = locate(search, text, anchor).map_err(|error| {
        let left_out = elision::find(search.iter().map(String::as_str), text);
        left_out.map_or(error, |line| Undecodable::Elided { line: shown(line) })
    })?;
    let new = if located.whole_lines {
        let (from, to) = &located.indents;
        let moved = replace.iter().map(|line| {
            if from == to {
                line.clone()
            } else {
                indent::moved(line, from, to)
            }
        });
        let mut new = lines(&moved.collect::<Vec<_>>());
        if located.span.end == text.len() && !text.ends_with('\n') {
            new.pop();
        }
        new
    } else {
        replace.join("\n").trim().to_owned()
    };
    Ok((located.span, new))
}

fn lines(lines: &[String]) -> String {
    lines
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect()
}

/// The reading without the blank lines at the ends of its search, and as many of its replacement;
/// `None` when there are none.
fn without_margins(reading: &Reading) -> Option<Reading> {
    let blank = |line: &&String| line.trim().is_empty();
    let above = reading.search.iter().take_while(blank).count();
    let below = reading.search.iter().rev().take_while(blank).count();
    if above + below == 0 || above == reading.search.len() {
        return None;
    }
    let without = |lines: &[String]| -> Vec<String> {
        let above = lines.iter().take(above).take_while(blank).count();
        let rest = &lines[above..];
        let below = rest.iter().rev().take(below).take_while(blank).count();
        rest[..rest.len() - below].to_vec()
    };
    Some(Reading {
        search: without(&reading.search),
        replace: without(&reading.replace),
    })
}
