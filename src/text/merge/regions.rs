//! Which lines each side changed, and where these changes meet.

use std::ops::Range;

use super::{Side, Sides};
use crate::text::align::{Piece, align};

/// A run of lines of the merged text. All ranges are of line numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Region {
    /// Lines of ours that stay: nobody changed them, or ours alone, or both in the same way.
    Ours(Range<usize>),
    /// Lines that theirs alone changed.
    Theirs {
        base: Range<usize>,
        ours: Range<usize>,
        theirs: Range<usize>,
    },
    /// Lines that both changed.
    Conflict {
        base: Range<usize>,
        ours: Range<usize>,
        theirs: Range<usize>,
    },
}

/// The regions of the merged text, in order; they cover all of ours.
pub(super) fn regions(sides: &Sides<'_>) -> Vec<Region> {
    let (mut our_changes, mut their_changes) = compare(sides);
    let mut regions = Vec::new();
    let mut kept = 0;
    while let Some(start) = first(&our_changes, &their_changes) {
        let mut base = start..start;
        let (ours_from, theirs_from) = (our_changes.map(start), their_changes.map(start));
        let (mut by_ours, mut by_theirs) = (false, false);
        // Each change that is taken may bring one of the other side within touch.
        loop {
            if our_changes.take_touching(&mut base) {
                by_ours = true;
            } else if their_changes.take_touching(&mut base) {
                by_theirs = true;
            } else {
                break;
            }
        }
        let ours = ours_from..our_changes.map(base.end);
        let theirs = theirs_from..their_changes.map(base.end);
        let agreed = || sides.ours.contents[ours.clone()] == sides.theirs.contents[theirs.clone()];
        if !by_theirs || (by_ours && agreed()) {
            continue;
        }
        if kept < ours.start {
            regions.push(Region::Ours(kept..ours.start));
        }
        kept = ours.end;
        regions.push(if by_ours {
            Region::Conflict { base, ours, theirs }
        } else {
            Region::Theirs { base, ours, theirs }
        });
    }
    if kept < sides.ours.contents.len() {
        regions.push(Region::Ours(kept..sides.ours.contents.len()));
    }
    regions
}

/// The first base line at which a side has a change that was not taken yet.
fn first(ours: &Changes, theirs: &Changes) -> Option<usize> {
    let next = [ours, theirs]
        .into_iter()
        .filter_map(|side| side.hunks.get(side.taken));
    next.map(|(base, _)| base.start).min()
}

/// What one side changed, and how much of it was taken.
struct Changes {
    /// Lines of the base and what they have become.
    hunks: Vec<(Range<usize>, Range<usize>)>,
    taken: usize,
    /// By how many lines what follows the taken changes has moved.
    shift: isize,
}

impl Changes {
    fn new(pieces: Vec<Piece>) -> Self {
        let hunks = pieces.into_iter().filter_map(|piece| match piece {
            Piece::Different(base, side) => Some((base, side)),
            Piece::Same(..) => None,
        });
        Self {
            hunks: hunks.collect(),
            taken: 0,
            shift: 0,
        }
    }

    /// The line of this side that is a base line which lies between the taken changes and the rest.
    fn map(&self, line: usize) -> usize {
        line.saturating_add_signed(self.shift)
    }

    /// Takes the next change when no unchanged line is between it and `base`, which then takes in
    /// what it changed.
    fn take_touching(&mut self, base: &mut Range<usize>) -> bool {
        let Some((before, after)) = self.hunks.get(self.taken) else {
            return false;
        };
        if before.start > base.end {
            return false;
        }
        base.end = base.end.max(before.end);
        self.taken += 1;
        self.shift += after.len() as isize - before.len() as isize;
        true
    }
}

/// Compares the base with ours and with theirs.
fn compare(sides: &Sides<'_>) -> (Changes, Changes) {
    let changes = |side: &Side<'_>| Changes::new(align(&sides.base.contents, &side.contents));
    (changes(&sides.ours), changes(&sides.theirs))
}
