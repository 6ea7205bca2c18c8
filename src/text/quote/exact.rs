//! Finding the very same text, or the same but for white space, and telling its occurrences apart by what is around them.

use super::haystack::{Haystack, key};
use super::{CONTEXT_LINES, CONTEXT_REACH, Fit, Quote, clip, clip_end, telling};
use crate::text::Span;

/// No more occurrences than this are weighed, those nearest to the old place. A text that occurs
/// more often than that is a single character or a bracket.
const MOST_OCCURRENCES: usize = 2_000;

/// A line that is at more places than this does not lead to the others.
const MOST_PLACES: usize = 1_000;
/// What the rest of the first or of the last line counts when it is the same.
const ENTIRE: usize = 3;
/// What a line above or below counts.
const LINE: usize = 2;

/// A place where the text of a quote stands.
pub(super) struct Candidate {
    pub(super) span: Span,
    pub(super) context: Context,
    /// Whether the line and the column are those of the quote.
    pub(super) at_its_place: bool,
    /// Whether the text is the same, or only so but for white space.
    same: bool,
    /// Whether another place fits as well.
    rivalled: bool,
}

/// How much of a quote's surroundings is found around a place.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    /// For comparing places: the more the better.
    score: usize,
    /// How many of its parts that have anything to tell were found.
    pub(super) found: usize,
}

impl Context {
    fn add(&mut self, (lines, found): (usize, usize)) {
        self.score += LINE * lines;
        self.found += found;
    }
}

/// Whether a line of the surroundings is more than brackets.
pub(super) fn is_telling(line: &str) -> bool {
    telling(line) >= 3
}

impl Candidate {
    pub(super) fn new(span: Span, same: bool) -> Self {
        Self {
            span,
            context: Context::default(),
            at_its_place: false,
            same,
            rivalled: false,
        }
    }

    pub(super) fn fit(&self) -> Fit {
        match () {
            () if self.rivalled && !self.at_its_place => Fit::Ambiguous,
            () if !self.same => Fit::Changed,
            () if self.at_its_place => Fit::Exact,
            () => Fit::Moved,
        }
    }
}

/// The old place, when the text and all of its surroundings are there: no other fits better.
pub(super) fn unmoved(quote: &Quote, core: &str, haystack: &Haystack) -> Option<Candidate> {
    let (line, column) = quote.core_place();
    let start = haystack.offset(line, column)?;
    if !haystack.text()[start..].starts_with(core) {
        return None;
    }
    let mut candidate = Candidate::new(Span::new(start, start + core.len()), true);
    candidate.context = context(quote, candidate.span, haystack);
    candidate.at_its_place = true;
    let whole = 2 * ENTIRE + LINE * (quote.before.len() + quote.after.len());
    (candidate.context.score == whole).then_some(candidate)
}

/// Every place where a text that is not empty stands, overlapping ones included.
pub(super) fn occurrences(needle: &str, haystack: &Haystack) -> Vec<Candidate> {
    let candidate = |start| Candidate::new(Span::new(start, start + needle.len()), true);
    let Some((offset, places)) = rarest_line(needle, haystack) else {
        return starts(needle, haystack.text()).map(candidate).collect();
    };
    let found = places.iter().filter_map(|&place| {
        let line_start = haystack.line_start(haystack.solid().lines[place]);
        let start = line_start.checked_sub(offset)?;
        let rest = haystack.text().get(start..)?;
        rest.starts_with(needle).then(|| candidate(start))
    });
    found.collect()
}

/// Of the lines that a text has from break to break, the one that the haystack has least often: its
/// offset in the text, and its places among the solid lines. Wherever the text is, that line is.
fn rarest_line<'h>(needle: &str, haystack: &'h Haystack) -> Option<(usize, &'h [usize])> {
    let inner = needle.find('\n')? + 1..needle.rfind('\n')?;
    let mut offset = inner.start;
    let mut rarest: Option<(usize, &[usize])> = None;
    for line in needle.get(inner)?.split('\n') {
        if !line.trim().is_empty() {
            let places = haystack.solid().places.get(&key(line));
            let places = places.map_or(&[][..], Vec::as_slice);
            if rarest.is_none_or(|(_, least)| places.len() < least.len()) {
                rarest = Some((offset, places));
            }
        }
        offset += line.len() + 1;
    }
    rarest
}

/// Every place where a text stands that differs in white space alone.
///
/// A text of several lines is looked for where one of them is, whole; a short one everywhere.
pub(super) fn but_for_white_space(needle: &str, haystack: &Haystack) -> Vec<Candidate> {
    let squeezed = haystack.squeezed();
    let squeeze = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let whole = squeeze(needle);
    let last = whole.chars().next_back().map_or(1, char::len_utf8);
    let mut found: Vec<usize> = if needle.trim().lines().count() < 3 {
        starts(&whole, &squeezed.text).collect()
    } else {
        let solid = haystack.solid();
        let mut offset = 0;
        let mut found = Vec::new();
        for line in needle.lines() {
            let places = solid.places.get(&key(line)).map_or(&[][..], Vec::as_slice);
            if !line.trim().is_empty() && places.len() <= MOST_PLACES {
                let places = places
                    .iter()
                    .map(|place| squeezed.start(solid.lines[*place]));
                found.extend(places.filter_map(|start| start.checked_sub(offset)));
            }
            offset += squeeze(line).len();
        }
        found.retain(|start| {
            squeezed
                .text
                .get(*start..)
                .is_some_and(|text| text.starts_with(&whole))
        });
        found
    };
    found.sort_unstable();
    found.dedup();
    let candidate = |start| {
        let end = haystack.unsqueezed(start + whole.len() - last) + last;
        Candidate::new(Span::new(haystack.unsqueezed(start), end), false)
    };
    found.into_iter().map(candidate).collect()
}

/// Where `needle`, which is not empty, begins in `text`.
fn starts(needle: &str, text: &str) -> impl Iterator<Item = usize> {
    let step = needle.chars().next().map_or(1, char::len_utf8);
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find(needle)?;
        from = start + step;
        Some(start)
    })
}

/// The occurrence whose surroundings fit best; among equals the one at the old place, then the
/// nearest to it.
pub(super) fn best(
    quote: &Quote,
    mut candidates: Vec<Candidate>,
    haystack: &Haystack,
) -> Option<Candidate> {
    let (core_line, core_column) = quote.core_place();
    let distance = |candidate: &Candidate| {
        let line = haystack.line_of(candidate.span.start);
        let column = candidate.span.start - haystack.line_start(line);
        (line.abs_diff(core_line), column.abs_diff(core_column))
    };
    if candidates.len() > MOST_OCCURRENCES {
        candidates.sort_by_cached_key(distance);
        candidates.truncate(MOST_OCCURRENCES);
    }
    for candidate in &mut candidates {
        candidate.context = context(quote, candidate.span, haystack);
        candidate.at_its_place = distance(candidate) == (0, 0);
    }
    let score = candidates.iter().map(|c| c.context.score).max()?;
    candidates.retain(|candidate| candidate.context.score == score);
    let rivalled = candidates.len() > 1;
    let mut best = candidates.into_iter().min_by_key(distance)?;
    best.rivalled = rivalled;
    Some(best)
}

/// How much of a quote's surroundings is found around a span.
fn context(quote: &Quote, span: Span, haystack: &Haystack) -> Context {
    let first = haystack.line_of(span.start);
    let lead = &haystack.text()[haystack.line_start(first)..span.start];
    let linewise = haystack.text()[..span.end].ends_with('\n') && !span.is_empty();
    let last = haystack.line_of(span.end);
    let (trail, below) = if linewise {
        ("", last)
    } else {
        let column = span.end - haystack.line_start(last);
        (&haystack.line(last)[column..], last + 1)
    };

    let mut context = Context::default();
    for (kept, now) in [(&*quote.lead, clip_end(lead)), (&*quote.trail, clip(trail))] {
        context.score += match () {
            () if kept == now => ENTIRE,
            () if kept.trim() == now.trim() => ENTIRE - 1,
            () => 0,
        };
        context.found += usize::from(kept.trim() == now.trim() && !kept.trim().is_empty());
    }
    let above: Vec<_> = near(haystack, (0..first).rev());
    let kept: Vec<_> = quote.before.iter().rev().map(String::as_str).collect();
    context.add(in_common(&kept, &above));
    let below: Vec<_> = near(haystack, below..haystack.len_lines());
    let kept: Vec<_> = quote.after.iter().map(String::as_str).collect();
    context.add(in_common(&kept, &below));
    context
}

/// The nearest lines that are not blank, as they are kept in a quote: some more of them, because
/// lines may have come in between.
fn near(haystack: &Haystack, lines: impl Iterator<Item = usize>) -> Vec<&str> {
    lines
        .take(CONTEXT_REACH)
        .map(|line| haystack.line(line).trim())
        .filter(|line| !line.is_empty())
        .take(CONTEXT_LINES + 2)
        .map(clip)
        .collect()
}

/// The lines of the longest common subsequence of two short runs of lines: how many they are, and
/// how many of them have something to tell.
fn in_common(a: &[&str], b: &[&str]) -> (usize, usize) {
    let mut row = vec![(0, 0); b.len() + 1];
    for line in a {
        let mut diagonal = (0, 0);
        for (j, other) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if line == other {
                (diagonal.0 + 1, diagonal.1 + usize::from(is_telling(line)))
            } else {
                above.max(row[j])
            };
            diagonal = above;
        }
    }
    row[b.len()]
}
