//! Finding code that was changed: by the lines of it that are left, and by the lines around it.

use std::collections::HashMap;
use std::ops::Range;

use super::haystack::{Haystack, key};
use super::{Fit, Quote, TELLING, telling};
use crate::text::align::{Piece, align};
use crate::text::{Buffer, Span};

/// A line that occurs more often than this says nothing about where the others are.
const COMMON: usize = 64;
/// How many regions of the text are compared.
const REGIONS: usize = 8;

/// A region that fits a quote in part.
pub(super) struct Similar {
    pub(super) span: Span,
    /// Whether the lines right above and right below are those of the quote.
    framed: bool,
    /// Whether another region fits as well.
    rivalled: bool,
    /// For comparing regions: the more the better.
    score: usize,
    /// Lines between here and where the quote was.
    distance: usize,
}

impl Similar {
    /// Whether this is rather the quoted code, rewritten, than the same text at another place, of
    /// whose surroundings little is left.
    pub(super) fn is_better_than(&self, other: Span) -> bool {
        let apart = self.span.end <= other.start || other.end <= self.span.start;
        self.framed && apart
    }

    pub(super) fn fit(&self) -> Fit {
        if self.rivalled {
            Fit::Ambiguous
        } else {
            Fit::Changed
        }
    }
}

/// The lines of a quote with its surroundings, blank ones left out.
struct Block {
    keys: Vec<u64>,
    weights: Vec<usize>,
    /// Which of them are the quote itself.
    core: Range<usize>,
}

/// The region that fits best: with half of the quote's lines or more, by weight, or between the
/// same lines as the quote was.
pub(super) fn find(quote: &Quote, core: &str, haystack: &Haystack) -> Option<Similar> {
    let solid = haystack.solid();
    let block = Block::new(quote, core);
    let was = solid.lines.partition_point(|&l| l < quote.core_place().0);
    let mut best: Option<Similar> = None;
    for diagonal in diagonals(&block, &solid.places, was) {
        let slack = block.keys.len() + 16;
        let window = diagonal.saturating_sub(slack)
            ..(diagonal + block.keys.len() + slack).min(solid.keys.len());
        let Some((lines, score, framed)) = block.fit(&solid.keys[window.clone()]) else {
            continue;
        };
        let found = window.start + lines.start..window.start + lines.end;
        let similar = Similar {
            span: span(quote, core, haystack, found.clone()),
            framed,
            rivalled: false,
            score,
            distance: found.start.abs_diff(was),
        };
        best = Some(match best {
            Some(best) => better(best, similar),
            None => similar,
        });
    }
    best
}

/// The better of two regions, which knows of the other when that is as good.
fn better(a: Similar, b: Similar) -> Similar {
    let apart = a.span.end <= b.span.start || b.span.end <= a.span.start;
    let rivalled = apart && a.score == b.score;
    let was_rivalled = a.rivalled && a.score >= b.score;
    let mut best = if (b.score, a.distance) > (a.score, b.distance) {
        b
    } else {
        a
    };
    best.rivalled = rivalled || was_rivalled;
    best
}

impl Block {
    fn new(quote: &Quote, core: &str) -> Self {
        let whole = format!("{}{core}{}", quote.lead, quote.trail);
        let before = quote.before.iter().map(String::as_str);
        let inside: Vec<_> = whole.lines().filter(|l| !l.trim().is_empty()).collect();
        let core = before.len()..before.len() + inside.len();
        let after = quote.after.iter().map(String::as_str);
        let lines: Vec<_> = before.chain(inside).chain(after).collect();
        Self {
            keys: lines.iter().map(|line| key(line)).collect(),
            // A bracket counts a little: it tells nothing, but belongs to the code.
            weights: lines.iter().map(|line| 1 + telling(line)).collect(),
            core,
        }
    }

    /// Where in a window of lines the quote's lines are: their range, a score, and whether they are
    /// between the same lines as they were. `None` when they are not there.
    fn fit(&self, window: &[u64]) -> Option<(Range<usize>, usize, bool)> {
        let mut same = vec![None; self.keys.len()];
        let pieces = align(&self.keys, window);
        for piece in &pieces {
            if let Piece::Same(before, after) = piece {
                for (b, a) in before.clone().zip(after.clone()) {
                    same[b] = Some(a);
                }
            }
        }
        let weight = |lines: Range<usize>| -> usize {
            lines
                .filter(|&i| same[i].is_some())
                .map(|i| self.weights[i])
                .sum()
        };
        let core = weight(self.core.clone());
        let around = weight(0..self.core.start) + weight(self.core.end..self.keys.len());
        let whole: usize = self.weights[self.core.clone()].iter().sum();

        let start = match same[self.core.start] {
            Some(a) => a,
            None => self.unmatched(&pieces, self.core.start)?.0,
        };
        let end = match same[self.core.end - 1] {
            Some(a) => a + 1,
            None => self.unmatched(&pieces, self.core.end - 1)?.1,
        };
        if start >= end {
            return None;
        }
        let above = self.core.start == 0 || same[self.core.start - 1].is_some();
        let below = same.get(self.core.end).is_none_or(Option::is_some);
        let framed = above && below && around >= TELLING && end - start <= 3 * self.core.len() + 10;
        let mostly = 2 * core >= whole && core > TELLING;
        (mostly || framed).then_some((start..end, 2 * core + around, framed))
    }

    /// For a line that is not among the same ones: where it would start and end, counted within its
    /// piece from the side that is held by a line that is the same.
    fn unmatched(&self, pieces: &[Piece], line: usize) -> Option<(usize, usize)> {
        let (before, after) = pieces.iter().find_map(|piece| match piece {
            Piece::Different(before, after) if before.contains(&line) => Some((before, after)),
            _ => None,
        })?;
        let (held_above, held_below) = (before.start > 0, before.end < self.keys.len());
        let down = |lines: usize| (after.start + lines).min(after.end);
        let up = |lines: usize| after.end.saturating_sub(lines).max(after.start);
        let (above, below) = (line - before.start, before.end - line);
        match (held_above, held_below) {
            (true, true) => {
                // All that replaces a run of the quote's own lines belongs to it.
                let start = if line == self.core.start && before.start == line {
                    after.start
                } else {
                    down(above)
                };
                let end = if line + 1 == self.core.end && before.end == line + 1 {
                    after.end
                } else {
                    up(below - 1)
                };
                Some((start, end))
            }
            (true, false) => Some((down(above), down(above + 1))),
            (false, true) => Some((up(below), up(below - 1))),
            (false, false) => None,
        }
    }
}

/// Where the block's first line may be among the lines of the text: where most of its lines would
/// find each other, and where it was.
fn diagonals(block: &Block, places: &HashMap<u64, Vec<usize>>, was: usize) -> Vec<usize> {
    let mut votes: HashMap<usize, usize> = HashMap::new();
    for (i, key) in block.keys.iter().enumerate() {
        let places = places.get(key).filter(|places| places.len() <= COMMON);
        for place in places.into_iter().flatten() {
            *votes.entry(place.saturating_sub(i)).or_default() += block.weights[i];
        }
    }
    let mut votes: Vec<_> = votes.into_iter().collect();
    votes.sort_unstable_by_key(|&(diagonal, weight)| {
        (std::cmp::Reverse(weight), diagonal.abs_diff(was), diagonal)
    });
    let mut chosen = vec![was.saturating_sub(block.core.start)];
    for (diagonal, _) in votes {
        if chosen.len() == REGIONS {
            break;
        }
        if chosen.iter().all(|other| other.abs_diff(diagonal) > 4) {
            chosen.push(diagonal);
        }
    }
    chosen
}

/// The span of a region of lines: whole lines, but from where and to where the quote was of parts.
fn span(quote: &Quote, core: &str, haystack: &Haystack, lines: Range<usize>) -> Span {
    let solid = haystack.solid();
    let (first, last) = (solid.lines[lines.start], solid.lines[lines.end - 1]);
    let start = haystack.line_start(first);
    let end = haystack.line_start(last) + haystack.line(last).len();
    let indent = |line: &str| line.len() - line.trim_start().len();

    let new = &haystack.text()[start..end];
    let old = format!("{}{core}{}", quote.lead, quote.trail);
    let mut inside = Span::new(quote.lead.len(), quote.lead.len() + core.len());
    for edit in Buffer::new(&old).replace_all(new) {
        inside.follow(&edit);
    }
    if inside.is_empty() {
        inside.start = new
            .strip_prefix(&*quote.lead)
            .map_or(0, |_| quote.lead.len());
        let kept = new[inside.start..].strip_suffix(&*quote.trail);
        inside.end = inside.start + kept.unwrap_or(&new[inside.start..]).len();
    }
    let from = match () {
        () if core.starts_with([' ', '\t']) => start,
        () if quote.lead.trim().is_empty() => start + indent(haystack.line(first)),
        () => start + inside.start,
    };
    let to = match () {
        () if core.ends_with('\n') => (end + 1).min(haystack.text().len()),
        () if quote.trail.trim().is_empty() => end,
        () => start + inside.end,
    };
    if from < to {
        Span::new(from, to)
    } else {
        Span::new(start, end)
    }
}
