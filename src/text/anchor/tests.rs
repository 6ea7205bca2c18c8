//! Anchors against a slow, obvious model: every character carries a mark that says whether the
//! anchor covers it.

use proptest::prelude::*;

use super::*;
use crate::text::cases;

/// The characters of a text, true where the anchor covers them.
type Marks = Vec<bool>;

/// Where the marks are, and whether there are any.
fn covered(marks: &Marks) -> Option<Span> {
    let start = marks.iter().position(|&m| m)?;
    let end = marks.iter().rposition(|&m| m)? + 1;
    Some(Span::new(start, end))
}

/// Makes the edit on the marks. New text is covered when the edit lies within the anchor and is
/// more than an insertion at one of its ends.
fn edit_marks(marks: &mut Marks, edit: &Edit) {
    let inside = covered(marks).is_some_and(|span| {
        let at_an_end = edit.start == edit.old_end && [span.start, span.end].contains(&edit.start);
        span.start <= edit.start && edit.old_end <= span.end && !at_an_end
    });
    let new = vec![inside; edit.new_end - edit.start];
    marks.splice(edit.start..edit.old_end, new);
}

/// Reduces arbitrary numbers to an edit of a text of `len` bytes.
fn edit_of((start, removed, inserted): (usize, usize, usize), len: usize) -> Edit {
    let start = start % (len + 1);
    let removed = removed.min(len - start);
    Edit {
        start,
        old_end: start + removed,
        new_end: start + inserted,
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn anchors_follow_like_marked_characters(
        before in 0..8usize,
        inside in 1..8usize,
        after in 0..8usize,
        edits in proptest::collection::vec((0..64usize, 0..6usize, 0..4usize), 1..12),
    ) {
        let mut marks = [vec![false; before], vec![true; inside], vec![false; after]].concat();
        let mut anchor = Span::new(before, before + inside);
        for numbers in edits {
            let edit = edit_of(numbers, marks.len());
            edit_marks(&mut marks, &edit);
            anchor.follow(&edit);
            let Some(expected) = covered(&marks) else {
                // All of it was removed, and the place is where the edit was.
                prop_assert!(anchor.is_empty());
                prop_assert_eq!(anchor.start, edit.start);
                break;
            };
            prop_assert_eq!(anchor, expected, "{:?}", edit);
        }
    }

    /// A place is before one character: it goes where that character goes.
    #[test]
    fn a_place_goes_with_the_text_after_it(
        place in 0..8usize,
        after in 0..8usize,
        numbers in (0..64usize, 0..6usize, 0..4usize),
    ) {
        let edit = edit_of(numbers, place + after);
        let mut anchor = Span::new(place, place);
        anchor.follow(&edit);
        let expected = if edit.old_end <= place {
            place - edit.old_end + edit.new_end
        } else if edit.start < place {
            edit.start
        } else {
            place
        };
        prop_assert_eq!(anchor, Span::new(expected, expected));
    }

    /// The end of the text moves as the text grows: no anchor is ever left beyond it.
    #[test]
    fn an_anchor_stays_within_the_text(
        mut len in 0..12usize,
        span in (0..64usize, 0..64usize),
        edits in proptest::collection::vec((0..64usize, 0..6usize, 0..4usize), 1..12),
    ) {
        let start = span.0 % (len + 1);
        let mut anchor = Span::new(start, start + span.1 % (len - start + 1));
        for numbers in edits {
            let edit = edit_of(numbers, len);
            len = len - edit.old_end + edit.new_end;
            anchor.follow(&edit);
            prop_assert!(anchor.start <= anchor.end && anchor.end <= len);
        }
    }
}

#[rstest::rstest]
#[case::typed_before("ab[cd]ef", (1, 1, "XY"), "aXYb[cd]ef")]
#[case::typed_at_the_start("ab[cd]ef", (2, 2, "X"), "abX[cd]ef")]
#[case::typed_inside("ab[cd]ef", (3, 3, "X"), "ab[cXd]ef")]
#[case::typed_at_the_end("ab[cd]ef", (4, 4, "X"), "ab[cd]Xef")]
#[case::replaced_exactly("ab[cd]ef", (2, 4, "XYZ"), "ab[XYZ]ef")]
#[case::first_character_replaced("ab[cd]ef", (2, 3, "XY"), "ab[XYd]ef")]
#[case::last_character_replaced("ab[cd]ef", (3, 4, "XY"), "ab[cXY]ef")]
#[case::cut_at_the_start("ab[cd]ef", (1, 3, "X"), "aX[d]ef")]
#[case::cut_at_the_end("ab[cd]ef", (3, 5, "X"), "ab[c]Xf")]
#[case::deleted_exactly("ab[cd]ef", (2, 4, ""), "ab[]ef")]
#[case::deleted_with_what_is_around("ab[cd]ef", (1, 5, "X"), "a[]Xf")]
#[case::replaced_up_to_the_start("ab[cd]ef", (1, 2, "XY"), "aXY[cd]ef")]
#[case::replaced_from_the_end("ab[cd]ef", (4, 5, "XY"), "ab[cd]XYf")]
fn anchors_by_example(
    #[case] before: &str,
    #[case] (start, end, new): (usize, usize, &str),
    #[case] after: &str,
) {
    let (mut text, mut anchor) = parse(before);
    text.replace_range(start..end, new);
    anchor.follow(&Edit {
        start,
        old_end: end,
        new_end: start + new.len(),
    });
    assert_eq!((text, anchor), parse(after));
}

/// A text in which `[` and `]` stand around the anchor.
fn parse(marked: &str) -> (String, Span) {
    let start = marked.find('[').unwrap();
    let end = marked.find(']').unwrap() - 1;
    (marked.replace(['[', ']'], ""), Span::new(start, end))
}
