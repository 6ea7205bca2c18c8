//! Which lines each side changed, and where these changes meet.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput};

use super::Sides;

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
    next.map(|hunk| hunk.before.start as usize).min()
}

/// What one side changed, and how much of it was taken.
struct Changes {
    hunks: Vec<Hunk>,
    taken: usize,
    /// By how many lines what follows the taken changes has moved.
    shift: isize,
}

impl Changes {
    fn new(hunks: Vec<Hunk>) -> Self {
        Self {
            hunks,
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
        let Some(hunk) = self.hunks.get(self.taken) else {
            return false;
        };
        if hunk.before.start as usize > base.end {
            return false;
        }
        base.end = base.end.max(hunk.before.end as usize);
        self.taken += 1;
        self.shift += hunk.after.len() as isize - hunk.before.len() as isize;
        true
    }
}

/// Compares the base with ours and with theirs.
fn compare(sides: &Sides<'_>) -> (Changes, Changes) {
    let mut input = InternedInput::default();
    input.update_before(sides.base.contents.iter().copied());
    input.update_after(sides.ours.contents.iter().copied());
    let ours = diff(&input);
    input.update_after(sides.theirs.contents.iter().copied());
    (ours, diff(&input))
}

fn diff(input: &InternedInput<&str>) -> Changes {
    let mut diff = Diff::compute(Algorithm::Histogram, input);
    diff.postprocess_no_heuristic(input);
    Changes::new(diff.hunks().collect())
}
