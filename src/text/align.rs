//! Which lines of two texts stand for each other: the diff that the rest of `text` builds upon.

use std::hash::Hash;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Lines of the old text and of the new one that stand for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// As many on both sides, and the same.
    Same(Range<usize>, Range<usize>),
    /// What stands between those that are the same; one of the two may be empty, never both.
    Different(Range<usize>, Range<usize>),
}

/// Compares two runs of lines. The pieces cover both runs, in order. Where a change could as well
/// stand a few lines up or down, indentation decides, as in `git diff`.
pub(super) fn align_lines(old: &[&str], new: &[&str]) -> Vec<Piece> {
    let input = interned(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    pieces(&diff, old.len(), new.len())
}

/// Compares two runs of anything that stands for a line, such as its hash.
pub(super) fn align<K: Copy + Default + Hash + Eq>(old: &[K], new: &[K]) -> Vec<Piece> {
    let input = interned(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_no_heuristic(&input);
    pieces(&diff, old.len(), new.len())
}

fn interned<K: Copy + Default + Hash + Eq>(old: &[K], new: &[K]) -> InternedInput<K> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    input
}

fn pieces(diff: &Diff, old_len: usize, new_len: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut b, mut a) = (0, 0);
    for hunk in diff.hunks() {
        let before = hunk.before.start as usize..hunk.before.end as usize;
        let after = hunk.after.start as usize..hunk.after.end as usize;
        if b < before.start {
            pieces.push(Piece::Same(b..before.start, a..after.start));
        }
        (b, a) = (before.end, after.end);
        pieces.push(Piece::Different(before, after));
    }
    if b < old_len {
        pieces.push(Piece::Same(b..old_len, a..new_len));
    }
    pieces
}
