//! Search/replace blocks, and the hunks of unified diffs, which say the same in other words.

use super::Undecodable;

/// Lines to be found, and the lines to stand in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// As a rule one; several when a line of the code looks like the divider.
    pub(super) readings: Vec<Reading>,
}

/// One way to divide a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) search: Vec<String>,
    pub(super) replace: Vec<String>,
}

/// A line between the parts of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Search,
    Divider,
    Replace,
}

impl Marker {
    fn of(line: &str) -> Option<Self> {
        let line = line.trim();
        let mark = line.chars().next()?;
        let rest = line.trim_start_matches(mark);
        if line.len() - rest.len() < 5 {
            return None;
        }
        let word = rest.split_whitespace().next().map(str::to_uppercase);
        match (mark, word.as_deref()) {
            ('<', Some("SEARCH" | "ORIGINAL" | "OLD" | "BEFORE")) => Some(Self::Search),
            ('=', None) if line.len() <= 9 => Some(Self::Divider),
            ('>', None | Some("REPLACE" | "UPDATED" | "NEW" | "AFTER")) => Some(Self::Replace),
            _ => None,
        }
    }
}

/// Whether a response has search/replace blocks.
pub(super) fn are_in(response: &str) -> bool {
    response
        .lines()
        .any(|line| Marker::of(line) == Some(Marker::Search))
}

/// The search/replace blocks of a response, in order.
///
/// # Errors
///
/// When one is cut off or lacks a part.
pub(super) fn parse(response: &str) -> Result<Vec<Block>, Undecodable> {
    let mut blocks = Vec::new();
    let mut lines = response.lines();
    while let Some(line) = lines.next() {
        if Marker::of(line) != Some(Marker::Search) {
            continue;
        }
        let mut inner = Vec::new();
        loop {
            let line = lines.next().ok_or(Undecodable::CutOff)?;
            match Marker::of(line) {
                Some(Marker::Replace) => break,
                Some(Marker::Search) => {
                    return Err(Undecodable::Malformed {
                        missing: "“>>>>>>> REPLACE” line",
                    });
                }
                _ => inner.push(line),
            }
        }
        blocks.push(divide(&inner)?);
    }
    Ok(blocks)
}

/// Divides a block wherever it has a line that looks like the divider.
fn divide(lines: &[&str]) -> Result<Block, Undecodable> {
    let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
    let readings: Vec<_> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| Marker::of(line) == Some(Marker::Divider))
        .map(|(i, _)| Reading {
            search: owned(&lines[..i]),
            replace: owned(&lines[i + 1..]),
        })
        .collect();
    if readings.is_empty() {
        return Err(Undecodable::Malformed {
            missing: "“=======” line",
        });
    }
    Ok(Block { readings })
}

/// The hunks of a unified diff. What is removed and what is context is to be found; line numbers,
/// which models seldom get right, are not used.
pub(super) fn parse_diff(diff: &str) -> Vec<Block> {
    let mut hunks = vec![Reading::default()];
    let mut in_header = true;
    for line in diff.lines() {
        if line.starts_with("@@") {
            in_header = false;
            hunks.push(Reading::default());
            continue;
        }
        let names_a_file = line.starts_with("--- ") || line.starts_with("+++ ");
        if line.starts_with("diff ") || (in_header && names_a_file) {
            in_header = true;
            continue;
        }
        let is_header = ["index ", "new file", "similarity ", "rename "];
        if line.starts_with('\\') || (in_header && is_header.iter().any(|h| line.starts_with(h))) {
            continue;
        }
        in_header = false;
        let Some(hunk) = hunks.last_mut() else {
            continue;
        };
        match line.split_at_checked(1) {
            Some(("-", line)) => hunk.search.push(line.to_owned()),
            Some(("+", line)) => hunk.replace.push(line.to_owned()),
            Some((" ", line)) => {
                hunk.search.push(line.to_owned());
                hunk.replace.push(line.to_owned());
            }
            // An empty line of context often loses its space.
            _ => {
                hunk.search.push(line.to_owned());
                hunk.replace.push(line.to_owned());
            }
        }
    }
    hunks
        .into_iter()
        .filter(|hunk| hunk.search != hunk.replace)
        .map(|hunk| Block {
            readings: vec![hunk],
        })
        .collect()
}
