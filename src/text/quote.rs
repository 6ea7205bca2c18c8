//! Quotes: what is kept of an anchor so that its code is found again when no edit told the way.
//!
//! While a buffer is open an anchor [`follow`](Span::follow)s each edit. Between a close and the next open the file
//! may have been changed by anything: another editor, a formatter, a checkout. [`Quote::find`] then
//! looks for the code itself, and says honestly how sure it is ([`Fit`]):
//!
//! 1. The same text, wherever its surroundings fit best; at equal fits the place it was at, or the
//!    nearest, which is then called ambiguous.
//! 2. The same text but for white space, as after a formatter.
//! 3. Lines that are mostly the same, or new code between the same surroundings.
//!
//! A short text such as `}` proves nothing by itself: without anything of its surroundings it is
//! gone. Line breaks of different kinds are the same here.

mod core;
mod exact;
mod haystack;
mod settle;
mod similar;

use serde::{Deserialize, Serialize};

use self::core::Core;
use self::exact::Candidate;
use self::haystack::Haystack;
use super::lines::with_lf;
use super::{Buffer, Encoding, Span};

/// How many lines with something in them are kept from each side.
const CONTEXT_LINES: usize = 3;
/// How far from the quote such lines are looked for.
const CONTEXT_REACH: usize = 20;
/// How many characters of a line of the surroundings are kept.
const CONTEXT_WIDTH: usize = 200;
/// How many letters and digits a text needs to be known by itself, without its surroundings.
const TELLING: usize = 6;

/// A stretch of a buffer with enough of its surroundings to find it again. It is stored as JSON and
/// is bounded in size, however long the stretch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// The line on which it started, counted from 0.
    line: usize,
    /// The bytes before it on that line.
    column: usize,
    /// What is looked for.
    core: Core,
    /// The stretch within `core`, when `core` is wider because the stretch is blank or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Span>,
    /// What stands before `core` on its first line.
    lead: String,
    /// What stands after `core` on its last line.
    trail: String,
    /// The nearest lines above that are not blank, trimmed, from top to bottom.
    before: Vec<String>,
    /// The nearest lines below that are not blank, trimmed, from top to bottom.
    after: Vec<String>,
}

/// How well the place that was found fits a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The same text at the same line and column.
    Exact,
    /// The same text at another place.
    Moved,
    /// The place, but its text has changed.
    Changed,
    /// The text is not there any more, nor its surroundings. The span is the top of the buffer.
    Gone,
    /// The same text, or text that fits as well, is at several places; this is the nearest to where
    /// it was.
    Ambiguous,
}

/// Where a quote is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The place.
    pub span: Span,
    /// How sure it is.
    pub fit: Fit,
}

impl Found {
    const GONE: Found = Found {
        span: Span { start: 0, end: 0 },
        fit: Fit::Gone,
    };
}

impl Quote {
    /// Quotes a span of a buffer.
    #[must_use]
    pub fn take(buffer: &Buffer, span: Span) -> Self {
        let buffer = &buffer.in_lsp_lines();
        let at = buffer.position(span.start, Encoding::Utf8);
        let (line, column) = (at.line as usize, at.character as usize);
        let text = buffer.slice(span);
        let (around, place) = if text.trim().is_empty() {
            let around = with_neighbours(buffer, span);
            let part = |end| with_lf(&buffer.slice(Span::new(around.start, end))).len();
            let (start, end) = (span.start.max(around.start), span.end.min(around.end));
            let place = Span::new(part(start), part(end.max(start)));
            (around, Some(place))
        } else {
            (span, None)
        };
        let core = with_lf(&buffer.slice(around)).into_owned();

        let start = buffer.position(around.start, Encoding::Utf8);
        let end = buffer.position(around.end, Encoding::Utf8);
        let (first, last) = (start.line as usize, end.line as usize);
        let first_start = buffer.line_span(first).start;
        let lead = buffer.slice(Span::new(first_start, around.start.max(first_start)));
        let (trail, below) = if core.ends_with('\n') {
            (String::new(), last)
        } else {
            let last_end = buffer.line_span(last).end;
            let trail = buffer.slice(Span::new(around.end.min(last_end), last_end));
            (trail, last + 1)
        };
        let mut before = context(buffer, (0..first).rev());
        before.reverse();
        Self {
            line,
            column,
            core: Core::new(core),
            place,
            lead: clip_end(&lead).to_owned(),
            trail: clip(&trail).to_owned(),
            before,
            after: context(buffer, below..buffer.len_lines()),
        }
    }

    /// The quoted text with line feeds; of a long one the beginning, for showing.
    #[must_use]
    pub fn text(&self) -> &str {
        match (&self.core, self.place) {
            (Core::Whole(text), Some(place)) => text.get(place.start..place.end).unwrap_or(""),
            (Core::Whole(text), None) => text,
            (Core::Long { head, .. }, _) => head,
        }
    }

    /// Looks for the quote in a buffer that nothing is known about.
    #[must_use]
    pub fn find(&self, buffer: &Buffer) -> Found {
        self.find_in(&Haystack::new(buffer))
    }

    /// Looks for many quotes in the same buffer, which is read only once. The results are in the
    /// order of the quotes.
    pub fn find_all<'q>(
        quotes: impl IntoIterator<Item = &'q Quote>,
        buffer: &Buffer,
    ) -> Vec<Found> {
        let haystack = Haystack::new(buffer);
        let quotes = quotes.into_iter();
        quotes.map(|quote| quote.find_in(&haystack)).collect()
    }

    fn find_in(&self, haystack: &Haystack) -> Found {
        let found = match &self.core {
            Core::Whole(core) if core.trim().is_empty() => self.find_blank(haystack),
            Core::Whole(core) => self.find_whole(core, haystack),
            Core::Long { .. } => self.find_long(haystack),
        };
        let Some((span, fit)) = found else {
            return Found::GONE;
        };
        Found {
            span: haystack.in_buffer(span),
            fit,
        }
    }

    /// A quote of nothing in the midst of nothing: only its line and column are known.
    fn find_blank(&self, haystack: &Haystack) -> Option<(Span, Fit)> {
        let start = haystack.offset(self.line, self.column)?;
        let span = Span::new(start, start + self.text().len());
        let same = haystack.text().get(span.start..span.end) == Some(self.text());
        Some(if same {
            (span, Fit::Exact)
        } else {
            (Span::new(start, start), Fit::Changed)
        })
    }

    fn find_whole(&self, core: &str, haystack: &Haystack) -> Option<(Span, Fit)> {
        if let Some(unmoved) = exact::unmoved(self, core, haystack) {
            return Some((
                self.within_core(core, unmoved.span, haystack),
                unmoved.fit(),
            ));
        }
        let mut candidates = exact::occurrences(core, haystack);
        if candidates.is_empty() {
            candidates = exact::but_for_white_space(core, haystack);
        }
        let best = exact::best(self, candidates, haystack);
        let (span, fit) = match best {
            Some(best) if self.is_convincing(core, &best) => (best.span, best.fit()),
            best => {
                let similar = similar::find(self, core, haystack);
                let best = best.filter(|_| telling(core) >= TELLING);
                match (best, similar) {
                    (Some(best), Some(similar)) if similar.is_better_than(best.span) => {
                        (similar.span, similar.fit())
                    }
                    (Some(best), _) => (best.span, best.fit()),
                    (None, Some(similar)) => (similar.span, similar.fit()),
                    (None, None) => return None,
                }
            }
        };
        Some((self.within_core(core, span, haystack), fit))
    }

    /// Whether a text that was found is surely the quoted one, and no other that looks the same: at
    /// least half of what its surroundings had to tell is there too.
    fn is_convincing(&self, core: &str, best: &Candidate) -> bool {
        let lines = self.before.iter().chain(&self.after);
        let lines = lines.filter(|line| exact::is_telling(line)).count();
        let rest = [&self.lead, &self.trail];
        let parts = lines + rest.iter().filter(|part| !part.trim().is_empty()).count();
        match parts {
            0 => best.at_its_place || telling(core) >= TELLING,
            _ => 2 * best.context.found >= parts || telling(core) >= 20 * TELLING,
        }
    }

    /// From the place of the core to the place of what was quoted in it.
    fn within_core(&self, core: &str, found: Span, haystack: &Haystack) -> Span {
        let Some(mut place) = self.place else {
            return found;
        };
        for edit in Buffer::new(core).replace_all(&haystack.text()[found.start..found.end]) {
            place.follow(&edit);
        }
        Span::new(found.start + place.start, found.start + place.end)
    }

    /// The line and the column at which the core started.
    fn core_place(&self) -> (usize, usize) {
        match (&self.core, self.place) {
            (Core::Whole(core), Some(place)) => {
                let above = core.get(..place.start).unwrap_or(core);
                (self.line - above.matches('\n').count().min(self.line), 0)
            }
            _ => (self.line, self.column),
        }
    }

    /// A long quote is where its hash agrees; else it reaches from where its head is to where its
    /// tail is, when both are still there in about the same distance.
    fn find_long(&self, haystack: &Haystack) -> Option<(Span, Fit)> {
        let Core::Long {
            head, tail, len, ..
        } = &self.core
        else {
            return None;
        };
        let text = haystack.text();
        let mut candidates = exact::occurrences(head, haystack);
        candidates.retain_mut(|candidate| {
            candidate.span.end = candidate.span.start + len;
            text.get(candidate.span.start..candidate.span.end)
                .is_some_and(|text| self.core.is(text))
        });
        if let Some(best) = exact::best(self, candidates, haystack) {
            return Some((best.span, best.fit()));
        }
        let first = Quote {
            core: Core::Whole(head.clone()),
            trail: String::new(),
            after: Vec::new(),
            ..self.clone()
        };
        let last = Quote {
            core: Core::Whole(tail.clone()),
            lead: String::new(),
            before: Vec::new(),
            ..self.clone()
        };
        let (start, _) = first.find_whole(head, haystack)?;
        let (end, _) = last.find_whole(tail, haystack)?;
        let found = end.end.checked_sub(start.start)?;
        let plausible = found >= len / 2 && found <= len * 2 && start.end <= end.start;
        plausible.then(|| (Span::new(start.start, end.end), Fit::Changed))
    }
}

/// How many letters and digits a text has.
fn telling(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The lines around a blank span, as few as have something in them.
fn with_neighbours(buffer: &Buffer, span: Span) -> Span {
    let line = |offset| buffer.position(offset, Encoding::Utf8).line as usize;
    let (mut first, mut last) = (line(span.start), line(span.end));
    for _ in 0..CONTEXT_REACH {
        let around = Span::new(buffer.line_span(first).start, buffer.line_span(last).end);
        if !buffer.slice(around).trim().is_empty() {
            return around;
        }
        first = first.saturating_sub(1);
        last = (last + 1).min(buffer.len_lines() - 1);
    }
    Span::new(buffer.line_span(first).start, buffer.line_span(last).end)
}

/// The nearest of `lines` that have something in them.
fn context(buffer: &Buffer, lines: impl Iterator<Item = usize>) -> Vec<String> {
    lines
        .take(CONTEXT_REACH)
        .filter_map(|line| buffer.line(line))
        .filter(|line| !line.trim().is_empty())
        .take(CONTEXT_LINES)
        .map(|line| clip(line.trim()).to_owned())
        .collect()
}

/// The beginning of a text, as much of it as is kept.
fn clip(text: &str) -> &str {
    text.char_indices()
        .nth(CONTEXT_WIDTH)
        .map_or(text, |(i, _)| &text[..i])
}

/// The end of a text, as much of it as is kept.
fn clip_end(text: &str) -> &str {
    text.char_indices()
        .rev()
        .nth(CONTEXT_WIDTH - 1)
        .map_or(text, |(i, _)| &text[i..])
}

#[cfg(test)]
mod tests;
