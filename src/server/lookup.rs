//! The look-up of an open buffer's stored anchors: whether one is due, and what was typed since it began.
//!
//! The store is read beside the conversation, so the buffer may change meanwhile, and so may the store: a
//! request that another process submits may be missing in what is being read. Whoever hears of such a
//! request asks for another look-up. The one that was under way then puts its anchors into place, and does
//! not count as the last one.

use crate::text::Edit;

/// The look-ups of one opening of a buffer.
pub(super) struct Lookup {
    /// How often one was asked for.
    asked: u64,
    due: Option<Due>,
}

/// That a look-up is due, or under way.
struct Due {
    /// The first of the look-ups that were asked for since none was due.
    first: u64,
    /// The edits since then.
    edits: Vec<Edit>,
}

/// A look-up that was begun.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    /// How many had been asked for by then.
    asked: u64,
    /// How many of the edits its buffer has already.
    edits: usize,
}

impl Default for Lookup {
    /// A buffer that was just opened has one due.
    fn default() -> Self {
        let mut lookup = Self {
            asked: 0,
            due: None,
        };
        lookup.ask();
        lookup
    }
}

impl Lookup {
    /// Asks for a look-up: something was stored that one which is under way may have missed.
    pub fn ask(&mut self) {
        self.asked += 1;
        let first = self.asked;
        let edits = Vec::new();
        self.due.get_or_insert(Due { first, edits });
    }

    /// Whether the stored anchors have still to be looked up.
    pub fn is_due(&self) -> bool {
        self.due.is_some()
    }

    /// The buffer was edited.
    pub fn follow(&mut self, edit: &Edit) {
        if let Some(due) = &mut self.due {
            due.edits.push(*edit);
        }
    }

    /// Begins a look-up in the buffer as it is now.
    pub fn begin(&self) -> Begun {
        Begun {
            asked: self.asked,
            edits: self.due.as_ref().map_or(0, |due| due.edits.len()),
        }
    }

    /// Ends a look-up: the edits that its anchors have to follow, or `None` when a later one has ended before.
    pub fn end(&mut self, begun: Begun) -> Option<Vec<Edit>> {
        let due = self.due.as_mut().filter(|due| begun.asked >= due.first)?;
        if begun.asked < self.asked {
            return Some(due.edits[begun.edits..].to_vec());
        }
        let edits = self.due.take()?.edits;
        Some(edits[begun.edits..].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(start: usize) -> Edit {
        Edit {
            start,
            old_end: start,
            new_end: start + 1,
        }
    }

    #[test]
    fn a_lookup_that_began_before_another_was_asked_for_is_not_the_last_one() {
        let mut lookup = Lookup::default();
        let opening = lookup.begin();
        // Another process submits, and the first look-up has read the store by then.
        lookup.ask();
        let second = lookup.begin();
        assert_eq!(lookup.end(opening), Some(vec![]));
        assert!(lookup.is_due());
        assert_eq!(lookup.end(second), Some(vec![]));
        assert!(!lookup.is_due());
    }

    #[test]
    fn a_lookup_that_ends_after_a_later_one_changes_nothing() {
        let mut lookup = Lookup::default();
        let opening = lookup.begin();
        lookup.ask();
        let second = lookup.begin();
        assert_eq!(lookup.end(second), Some(vec![]));
        assert_eq!(lookup.end(opening), None);
        assert!(!lookup.is_due());
    }

    #[test]
    fn anchors_follow_what_was_typed_since_their_own_lookup_began() {
        let mut lookup = Lookup::default();
        let opening = lookup.begin();
        lookup.follow(&typed(1));
        lookup.ask();
        let second = lookup.begin();
        lookup.follow(&typed(2));
        assert_eq!(lookup.end(opening), Some(vec![typed(1), typed(2)]));
        lookup.follow(&typed(3));
        assert_eq!(lookup.end(second), Some(vec![typed(2), typed(3)]));
    }

    #[test]
    fn what_was_typed_while_none_was_due_is_in_the_buffer_of_the_next() {
        let mut lookup = Lookup::default();
        let (slow, quick) = (lookup.begin(), lookup.begin());
        assert_eq!(lookup.end(quick), Some(vec![]));
        lookup.follow(&typed(1));
        lookup.ask();
        lookup.follow(&typed(2));
        // It would not know of the first edit.
        assert_eq!(lookup.end(slow), None);
        let next = lookup.begin();
        assert_eq!(lookup.end(next), Some(vec![]));
    }
}
