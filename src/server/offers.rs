//! What code actions were offered about.
//!
//! The range of an action is of the text as it was when the action was offered. Until it is chosen the buffer
//! may change: by hand, by a formatter, by another program. The texts of the last offers are kept, with the edits
//! since, so that a range is carried to where its code is now.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::Range;

use super::ranges::span_of;
use crate::text::{Buffer, Edit, Encoding, Span};

/// So many versions of a buffer are kept: actions are asked for at each move of a cursor.
const KEPT: usize = 8;

/// A version that so many edits have come after is given up.
const MOST_EDITS: usize = 10_000;

/// Which text of which opening of a buffer an action was offered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offered {
    pub opening: u64,
    pub version: i32,
}

/// The texts of a buffer for which something was offered, the latest last.
#[derive(Default)]
pub(super) struct Offers(VecDeque<Offer>);

struct Offer {
    version: i32,
    buffer: Buffer,
    /// What was changed since.
    edits: Vec<Edit>,
}

impl Offers {
    /// Something is offered for this text.
    pub fn remember(&mut self, version: i32, buffer: &Buffer) {
        if self.0.back().is_some_and(|offer| offer.version == version) {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Offer {
            version,
            buffer: buffer.clone(),
            edits: Vec::new(),
        });
    }

    /// The buffer was changed.
    pub fn follow(&mut self, edits: &[Edit]) {
        for offer in &mut self.0 {
            offer.edits.extend_from_slice(edits);
        }
        self.0.retain(|offer| offer.edits.len() <= MOST_EDITS);
    }

    /// Where a range of an earlier version is now. `None` when that version is not known any more, or when
    /// nothing is left of the range.
    pub fn carried(&self, version: i32, range: Range, encoding: Encoding) -> Option<Span> {
        let offer = self.0.iter().find(|offer| offer.version == version)?;
        let before = span_of(&offer.buffer, range, encoding).ok()?;
        let mut now = before;
        for edit in &offer.edits {
            now.follow(edit);
        }
        (before.is_empty() || !now.is_empty()).then_some(now)
    }
}

#[cfg(test)]
mod tests {
    use tower_lsp::ls_types::Position;

    use super::*;

    fn line(line: u32) -> Range {
        Range::new(Position::new(line, 0), Position::new(line, 9))
    }

    #[test]
    fn a_range_is_carried_from_the_text_that_it_is_of() {
        let mut offers = Offers::default();
        let mut buffer = Buffer::new("one\ntwo\n");
        offers.remember(1, &buffer);
        offers.follow(&buffer.replace(Span::new(0, 0), "zero\n"));
        offers.remember(2, &buffer);
        offers.follow(&buffer.replace(Span::new(0, 0), "// numbers\n"));
        let carried = |version, range| offers.carried(version, range, Encoding::Utf16);
        let text = |span: Option<Span>| span.map(|span| buffer.slice(span));
        assert_eq!(text(carried(1, line(1))).as_deref(), Some("two"));
        assert_eq!(text(carried(2, line(1))).as_deref(), Some("one"));
        assert_eq!(carried(3, line(1)), None);
    }

    #[test]
    fn nothing_is_carried_to_where_the_code_was_removed() {
        let mut offers = Offers::default();
        let mut buffer = Buffer::new("one\ntwo\nthree\n");
        offers.remember(1, &buffer);
        offers.follow(&buffer.replace(Span::new(0, 8), ""));
        assert_eq!(offers.carried(1, line(1), Encoding::Utf16), None);
    }

    #[test]
    fn only_the_last_texts_are_kept() {
        let mut offers = Offers::default();
        let mut buffer = Buffer::new("one\n");
        for version in 0..=8 {
            offers.remember(version, &buffer);
            offers.follow(&buffer.replace(Span::new(0, 0), "x\n"));
        }
        assert_eq!(offers.carried(0, line(0), Encoding::Utf16), None);
        assert!(offers.carried(1, line(0), Encoding::Utf16).is_some());
    }
}
