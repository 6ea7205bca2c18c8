//! Anchors: spans of a text that stay on their code while the text around and inside them changes.

use serde::{Deserialize, Serialize};

/// A stretch of a text in bytes: `start <= end`, both on the boundary of a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte; equal to `start` when the span is empty, a mere place.
    pub end: usize,
}

/// What one change did to a text: the bytes from `start` to `old_end` became those from `start`
/// to `new_end`. Offsets up to `start` are the same before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Edit {
    /// Where the change begins.
    pub start: usize,
    /// Where the removed text ended, in the text before the change.
    pub old_end: usize,
    /// Where the inserted text ends, in the text after the change.
    pub new_end: usize,
}

impl Edit {
    /// Maps an offset at or after `old_end` to the text after the change.
    fn shift(&self, offset: usize) -> usize {
        offset - self.old_end + self.new_end
    }
}

impl Span {
    /// The span from `start` to `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "a span ends before it starts");
        Self { start, end }
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether the span is a mere place between two characters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Carries the span across a change of its text.
    ///
    /// - A change before or after the span does not alter what it covers. Text that is inserted
    ///   exactly at one of its ends stays outside.
    /// - A change inside grows or shrinks it, also one that replaces its first or last characters
    ///   or all of them.
    /// - A change that reaches across one end cuts off what was removed; the new text stays outside.
    /// - A change that reaches beyond it on at least one side and removes all of it leaves an empty
    ///   span where the change begins.
    ///
    /// An empty span goes with the text after it: what is inserted there comes before it.
    pub fn follow(&mut self, edit: &Edit) {
        if edit.old_end <= self.start {
            self.start = edit.shift(self.start);
            self.end = edit.shift(self.end);
        } else if edit.start >= self.end {
            // The change is after the span.
        } else if self.start <= edit.start && edit.old_end <= self.end {
            self.end = edit.shift(self.end);
        } else if edit.start <= self.start && self.end <= edit.old_end {
            *self = Span::new(edit.start, edit.start);
        } else if edit.start < self.start {
            self.start = edit.new_end;
            self.end = edit.shift(self.end);
        } else {
            self.end = edit.start;
        }
    }
}

#[cfg(test)]
mod tests;
