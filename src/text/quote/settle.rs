//! Quotes in a buffer that was open all the time, where the anchor has followed every edit.

use super::{Core, Fit, Found, Quote};
use crate::text::lines::with_lf;
use crate::text::{Buffer, Encoding, Span};

impl Quote {
    /// Says how well a span fits that has [`follow`](Span::follow)ed the edits of its buffer.
    ///
    /// An undo brings deleted code back beside its anchor rather than inside: when the whole text
    /// of the quote starts where the span starts, or ends where it ends, that is the place. Only an
    /// anchor whose code was deleted is looked for elsewhere, as by [`Self::find`]; everything else
    /// costs no more than reading the span.
    #[must_use]
    pub fn settle(&self, buffer: &Buffer, followed: Span) -> Found {
        let buffer = &buffer.in_lsp_lines();
        let found = |span: Span, same: bool| {
            let at = buffer.position(span.start, Encoding::Utf8);
            let stayed = (at.line as usize, at.character as usize) == (self.line, self.column);
            let fit = match (same, stayed) {
                (true, true) => Fit::Exact,
                (true, false) => Fit::Moved,
                (false, _) => Fit::Changed,
            };
            Found { span, fit }
        };
        if let Some(place) = self.place {
            return found(followed, self.is_around(buffer, followed, place));
        }
        let same = |span: &Span| {
            span.len() >= self.core.len() && self.core.is(&with_lf(&buffer.slice(*span)))
        };
        if same(&followed) {
            return found(followed, true);
        }
        let onward = Span::new(
            followed.start,
            end_after(buffer, followed.start, self.core.len()),
        );
        let back = Span::new(
            start_before(buffer, followed.end, self.core.len()),
            followed.end,
        );
        if let Some(span) = [onward, back].into_iter().find(same) {
            return found(span, true);
        }
        if followed.is_empty() {
            return self.find(buffer);
        }
        found(followed, false)
    }

    /// Whether the lines around a blank place are still the same.
    fn is_around(&self, buffer: &Buffer, followed: Span, place: Span) -> bool {
        let Core::Whole(core) = &self.core else {
            return false;
        };
        let line = buffer.position(followed.start, Encoding::Utf8).line as usize;
        let above = core
            .get(..place.start)
            .unwrap_or(core)
            .matches('\n')
            .count();
        let Some(first) = line.checked_sub(above) else {
            return false;
        };
        let start = buffer.line_span(first).start;
        let around = Span::new(start, end_after(buffer, start, core.len()));
        self.core.is(&with_lf(&buffer.slice(around)))
    }
}

/// Where a text ends that starts at `start` and has `len` bytes with line feeds; the end of the
/// buffer when there are not so many.
fn end_after(buffer: &Buffer, start: usize, len: usize) -> usize {
    let mut end = start;
    loop {
        let text = buffer.slice(Span::new(start, end));
        let missing = len.saturating_sub(with_lf(&text).len());
        let cut = text.ends_with('\r') && buffer.slice(Span::new(end, end + 1)) == "\n";
        if missing == 0 && cut {
            return end + 1;
        }
        if missing == 0 || end == buffer.len_bytes() {
            return start + text.len();
        }
        end = (end + missing).min(buffer.len_bytes());
    }
}

/// Where a text starts that ends at `end` and has `len` bytes with line feeds; the start of the
/// buffer when there are not so many.
fn start_before(buffer: &Buffer, end: usize, len: usize) -> usize {
    let mut start = end;
    loop {
        let text = buffer.slice(Span::new(start, end));
        let missing = len.saturating_sub(with_lf(&text).len());
        if missing == 0 || start == 0 {
            return end - text.len();
        }
        start = start.saturating_sub(missing);
    }
}
