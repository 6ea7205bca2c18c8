//! Which lines of two texts stand for each other: the diff that the rest of `text` builds upon.

use std::hash::Hash;
use std::ops::Range;

use imara_diff::{
    Algorithm, Diff, IndentHeuristic, IndentLevel, InternedInput, NoSliderHeuristic,
    SliderHeuristic, Token,
};

/// The histogram diff takes time with the square of what it compares at once, so that long texts are
/// cut into parts of about so many lines.
const PART: usize = 1_000;

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
    compare(&input, || {
        IndentHeuristic::new(|token| IndentLevel::for_ascii_line(input.interner[token].bytes(), 8))
    })
}

/// Compares two runs of anything that stands for a line, such as its hash. Where a change could as
/// well stand further down, it does, as in `git merge`.
pub(super) fn align<K: Copy + Default + Hash + Eq>(old: &[K], new: &[K]) -> Vec<Piece> {
    compare(&interned(old, new), || NoSliderHeuristic)
}

fn interned<K: Copy + Default + Hash + Eq>(old: &[K], new: &[K]) -> InternedInput<K> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    input
}

fn compare<K: Hash + Eq, S: SliderHeuristic>(
    input: &InternedInput<K>,
    slider: impl Fn() -> S,
) -> Vec<Piece> {
    let (old, new) = (&input.before, &input.after);
    let tokens = input.interner.num_tokens();
    let mut pieces = Vec::new();
    let (mut b, mut a) = (0, 0);
    let mut diff = Diff::default();
    for (old_part, new_part) in parts(old, new, tokens as usize) {
        let (before, after) = (&old[old_part.clone()], &new[new_part.clone()]);
        diff.compute_with(Algorithm::Histogram, before, after, tokens);
        diff.postprocess_with(before, after, slider());
        for hunk in diff.hunks() {
            let offset =
                |from: usize, run: Range<u32>| from + run.start as usize..from + run.end as usize;
            let before = offset(old_part.start, hunk.before);
            let after = offset(new_part.start, hunk.after);
            if b < before.start {
                pieces.push(Piece::Same(b..before.start, a..after.start));
            }
            (b, a) = (before.end, after.end);
            pieces.push(Piece::Different(before, after));
        }
    }
    if b < old.len() {
        pieces.push(Piece::Same(b..old.len(), a..new.len()));
    }
    pieces
}

/// Cuts two long texts into parts that can be compared one by one. Each part but the first begins
/// with a line that is once in either text; of these as many are taken as are in the same order.
fn parts(old: &[Token], new: &[Token], tokens: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let mut parts = Vec::new();
    let (mut b, mut a) = (0, 0);
    if old.len().max(new.len()) > 2 * PART {
        for (before, after) in in_order(&once_in_both(old, new, tokens)) {
            if before - b >= PART || after - a >= PART {
                parts.push((b..before, a..after));
                (b, a) = (before, after);
            }
        }
    }
    parts.push((b..old.len(), a..new.len()));
    parts
}

/// The lines that are once in either text, by their places, in the order of the old one.
fn once_in_both(old: &[Token], new: &[Token], tokens: usize) -> Vec<(usize, usize)> {
    const NEVER: usize = usize::MAX;
    const OFTEN: usize = usize::MAX - 1;
    let places = |lines: &[Token]| {
        let mut places = vec![NEVER; tokens];
        for (i, token) in lines.iter().enumerate() {
            let place = &mut places[token.0 as usize];
            *place = if *place == NEVER { i } else { OFTEN };
        }
        places
    };
    let (in_old, in_new) = (places(old), places(new));
    old.iter()
        .enumerate()
        .map(|(i, token)| (i, in_old[token.0 as usize], in_new[token.0 as usize]))
        .filter(|&(i, before, after)| before == i && after < OFTEN)
        .map(|(i, _, after)| (i, after))
        .collect()
}

/// The longest run of the pairs, which are in the order of their first places, that is in the order
/// of their second places too.
fn in_order(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // `ends[n]` is the pair with the least second place that a run of `n + 1` pairs can end with.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![None; pairs.len()];
    for (i, &(_, after)) in pairs.iter().enumerate() {
        let n = ends.partition_point(|&end| pairs[end].1 < after);
        previous[i] = n.checked_sub(1).map(|n| ends[n]);
        if n == ends.len() {
            ends.push(i);
        } else {
            ends[n] = i;
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(i) = next {
        run.push(pairs[i]);
        next = previous[i];
    }
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::cases;

    /// Checks that the pieces cover both runs and that what is called the same is.
    fn check(old: &[u32], new: &[u32]) -> Vec<Piece> {
        let pieces = align(old, new);
        let (mut b, mut a) = (0, 0);
        for piece in &pieces {
            let (Piece::Same(before, after) | Piece::Different(before, after)) = piece;
            assert_eq!((before.start, after.start), (b, a));
            assert!(!before.is_empty() || !after.is_empty());
            if matches!(piece, Piece::Same(..)) {
                assert_eq!(old[before.clone()], new[after.clone()]);
            }
            (b, a) = (before.end, after.end);
        }
        assert_eq!((b, a), (old.len(), new.len()));
        pieces
    }

    #[test]
    fn long_texts_are_compared_in_parts() {
        // Every third line is like others, every seventh has changed, and some have moved far.
        let line = |i: u32| {
            if i.is_multiple_of(3) {
                i % 30
            } else {
                1_000_000 + i
            }
        };
        let old: Vec<_> = (0..20_000).map(line).collect();
        let changed = |i: u32| {
            if i.is_multiple_of(7) {
                2_000_000 + i
            } else {
                line(i)
            }
        };
        let mut new: Vec<_> = (0..20_000).map(changed).collect();
        let moved: Vec<_> = new.drain(3_000..3_500).collect();
        new.extend(moved);
        let same: usize = check(&old, &new)
            .iter()
            .map(|piece| match piece {
                Piece::Same(before, _) => before.len(),
                Piece::Different(..) => 0,
            })
            .sum();
        let kept = (0..20_000)
            .filter(|i| i % 7 != 0 && !(3_000..3_500).contains(i))
            .count();
        assert!(same >= kept, "{same} of {kept}");
    }

    proptest! {
        #![proptest_config(cases(300))]

        #[test]
        fn pieces_cover_both_runs(
            old in proptest::collection::vec(0..8u32, 0..40),
            new in proptest::collection::vec(0..8u32, 0..40),
        ) {
            check(&old, &new);
        }

        #[test]
        fn the_longest_run_in_order_is_found(places in Just((0..9usize).collect::<Vec<_>>()).prop_shuffle()) {
            let pairs: Vec<_> = places.into_iter().enumerate().collect();
            let run = in_order(&pairs);
            prop_assert!(run.is_sorted_by_key(|pair| pair.0) && run.is_sorted_by_key(|pair| pair.1));
            let longest = (0..1u32 << pairs.len())
                .map(|set| {
                    let chosen = (0..pairs.len()).filter(|i| set >> i & 1 == 1);
                    chosen.map(|i| pairs[i].1).collect::<Vec<_>>()
                })
                .filter(|run| run.is_sorted())
                .map(|run| run.len())
                .max();
            prop_assert_eq!(Some(run.len()), longest);
        }
    }
}
