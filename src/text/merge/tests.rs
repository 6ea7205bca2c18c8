//! The policy of the merge by example, and what holds of every merge.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::text::cases;

/// Lines named by letters: `"a b c"` is three lines that end with a line feed.
fn text(words: &str) -> String {
    words
        .split(' ')
        .filter(|w| !w.is_empty())
        .map(|w| format!("{w}\n"))
        .collect()
}

#[rstest]
#[case::nothing_changed("a b c", "a b c", "a b c", "a b c", MergeStatus::Clean)]
#[case::only_theirs("a b c", "a b c", "a X c", "a X c", MergeStatus::Clean)]
#[case::only_ours("a b c", "a X c", "a b c", "a X c", MergeStatus::Clean)]
#[case::the_same_change("a b c", "a X c", "a X c", "a X c", MergeStatus::Clean)]
#[case::the_same_insertion("a b", "a X b", "a X b", "a X b", MergeStatus::Clean)]
#[case::one_line_between("a b c d e", "a X c d e", "a b c Y e", "a X c Y e", MergeStatus::Clean)]
#[case::typed_above("a b c", "N M a b c", "a b Y", "N M a b Y", MergeStatus::Moved)]
#[case::typed_below("a b c", "a b c N", "Y b c", "Y b c N", MergeStatus::Clean)]
#[case::deleted_above("a b c d", "c d", "a b c Y", "c Y", MergeStatus::Moved)]
#[case::touching_lines("a b c d", "a X c d", "a b Y d", "a X c d", MergeStatus::Conflict)]
#[case::the_same_line("a b c", "a X c", "a Y c", "a X c", MergeStatus::Conflict)]
#[case::insertions_at_one_place("a b", "a X b", "a Y b", "a X b", MergeStatus::Conflict)]
#[case::insertion_beside_a_change("a b c", "a X b c", "a Y c", "a X b c", MergeStatus::Conflict)]
#[case::changed_and_deleted("a b c", "a X c", "a c", "a X c", MergeStatus::Conflict)]
#[case::one_conflict_one_change(
    "a b c d e",
    "a X c d e",
    "a Y c d Z",
    "a X c d Z",
    MergeStatus::Conflict
)]
#[case::everything_deleted("a b", "a b", "", "", MergeStatus::Clean)]
#[case::from_nothing("", "", "a", "a", MergeStatus::Clean)]
fn the_policy(
    #[case] base: &str,
    #[case] ours: &str,
    #[case] theirs: &str,
    #[case] merged: &str,
    #[case] status: MergeStatus,
) {
    let merge = merge(&text(base), &text(ours), &text(theirs));
    assert_eq!(
        (merge.text.as_str(), merge.status),
        (text(merged).as_str(), status)
    );
}

#[rstest]
#[case::kept_without("a\nb", "a\nb", "a\nX", "a\nX")]
#[case::dropped_by_ours("a\nb\n", "a\nb", "X\nb\n", "X\nb")]
#[case::dropped_by_theirs("a\nb\n", "X\nb\n", "a\nb", "X\nb")]
#[case::added_by_theirs("a\nb", "X\nb", "a\nb\n", "X\nb\n")]
#[case::ours_appends("a", "a\nb", "a\n", "a\nb\n")]
#[case::theirs_appends("a", "a", "a\nb", "a\nb")]
#[case::theirs_removes_the_last("a\nb", "a\nb", "a", "a")]
#[case::blank_lines_at_the_end("a\n\n", "a\n\n", "a\n", "a\n")]
fn the_last_line_break(
    #[case] base: &str,
    #[case] ours: &str,
    #[case] theirs: &str,
    #[case] merged: &str,
) {
    let merge = merge(base, ours, theirs);
    assert_eq!(merge.text, merged);
    assert_eq!(merge.conflicts, []);
    assert_eq!(applied(ours, &merge), merged);
}

#[test]
fn ours_keeps_its_line_breaks() {
    let merge = merge("a\nb\nc\n", "a\r\nb\r\nc\r\nd", "a\nX\nY\nc\n");
    assert_eq!(merge.text, "a\r\nX\r\nY\r\nc\r\nd");
    assert_eq!(merge.status, MergeStatus::Clean);
}

#[test]
fn edits_are_small() {
    let merge = merge(&text("a b c d e"), &text("a b c d e"), &text("a X c d e f"));
    let edit = |start, end, text: &str| Replacement {
        span: Span::new(start, end),
        text: text.to_owned(),
    };
    assert_eq!(merge.edits, [edit(2, 4, "X\n"), edit(10, 10, "f\n")]);
}

#[test]
fn a_conflict_names_all_three_texts() {
    let (base, ours, theirs) = (text("a b c"), text("N a X c"), text("a Y Z c"));
    let merge = merge(&base, &ours, &theirs);
    let conflict = &merge.conflicts[0];
    assert_eq!(&ours[conflict.ours.start..conflict.ours.end], "X\n");
    assert_eq!(
        &merge.text[conflict.merged.start..conflict.merged.end],
        "X\n"
    );
    assert_eq!(
        (conflict.base.as_str(), conflict.theirs.as_str()),
        ("b\n", "Y\nZ\n")
    );
    assert_eq!(
        merge.with_markers("typed", "proposed"),
        "N\na\n<<<<<<< typed\nX\n=======\nY\nZ\n>>>>>>> proposed\nc\n"
    );
}

#[test]
fn markers_stand_on_lines_of_their_own() {
    let merge = merge("a", "X", "Y");
    let marked = merge.with_markers("typed", "proposed");
    assert_eq!(marked, "<<<<<<< typed\nX\n=======\nY\n>>>>>>> proposed\n");
    let merge = super::merge("a\r\nb\r\n", "a\r\n", "a\r\nY\r\n");
    let marked = merge.with_markers("typed", "proposed");
    assert_eq!(
        marked,
        "a\r\n<<<<<<< typed\r\n=======\r\nY\r\n>>>>>>> proposed\r\n"
    );
}

/// Ours with the edits of a merge.
fn applied(ours: &str, merge: &Merge) -> String {
    let mut text = ours.to_owned();
    for edit in merge.edits.iter().rev() {
        text.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    text
}

/// Where to edit, how many lines to remove, how many to write.
type LineEdit = (usize, usize, usize);

fn line_edits() -> impl Strategy<Value = Vec<LineEdit>> {
    proptest::collection::vec((0..20usize, 0..4usize, 0..4usize), 0..4)
}

/// Makes the edits; each line that is written is unlike all others.
fn edit(base: &[String], edits: &[LineEdit], side: &str) -> Vec<String> {
    let mut lines = base.to_vec();
    for (n, &(at, removed, added)) in edits.iter().enumerate() {
        let at = at % (lines.len() + 1);
        let to = (at + removed).min(lines.len());
        lines.splice(at..to, (0..added).map(|i| format!("{side} {n} {i}\n")));
    }
    lines
}

/// A base of lines of which every `kinds`th is the same; with 0 there are none the same.
fn document(lines: usize, kinds: usize) -> Vec<String> {
    let name = |i: usize| i.checked_rem(kinds).unwrap_or(i);
    (0..lines).map(|i| format!("line {}\n", name(i))).collect()
}

fn any_text() -> impl Strategy<Value = String> {
    "([abc]|é|🦀|\t|\n|\n|\r|\r\n){0,24}"
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn what_one_side_made_is_the_merge(base in any_text(), new in any_text()) {
        let typed = merge(&base, &new, &base);
        prop_assert_eq!(&typed.text, &new);
        prop_assert_eq!((typed.status, typed.edits.len()), (MergeStatus::Clean, 0));

        let both = merge(&base, &new, &new);
        prop_assert_eq!(both.text, new.as_str());
        prop_assert_eq!((both.status, both.edits.len()), (MergeStatus::Clean, 0));

        let (base, new) = (base.replace('\r', ""), new.replace('\r', ""));
        let proposed = merge(&base, &base, &new);
        prop_assert_eq!(&proposed.text, &new);
        prop_assert_eq!(proposed.status, MergeStatus::Clean);
    }

    #[test]
    fn the_edits_make_the_merged_text(base in any_text(), ours in any_text(), theirs in any_text()) {
        let merge = merge(&base, &ours, &theirs);
        prop_assert_eq!(applied(&ours, &merge), merge.text.as_str());
        let mut end = 0;
        for edit in &merge.edits {
            prop_assert!(end <= edit.span.start);
            prop_assert!(edit.text != ours[edit.span.start..edit.span.end]);
            end = edit.span.end;
        }
        let conflict = merge.status == MergeStatus::Conflict;
        prop_assert_eq!(conflict, !merge.conflicts.is_empty());
        for conflict in &merge.conflicts {
            let kept = &ours[conflict.ours.start..conflict.ours.end];
            let merged = &merge.text[conflict.merged.start..conflict.merged.end];
            prop_assert_eq!(kept.trim_end(), merged.trim_end());
        }
    }

    #[test]
    fn sides_may_be_swapped(
        lines in 0..16usize,
        kinds in 0..6usize,
        ours in line_edits(),
        theirs in line_edits(),
    ) {
        let base = document(lines, kinds);
        let ours = edit(&base, &ours, "ours").concat();
        let theirs = edit(&base, &theirs, "theirs").concat();
        let base = base.concat();
        let (one, other) = (merge(&base, &ours, &theirs), merge(&base, &theirs, &ours));
        prop_assert_eq!(one.conflicts.len(), other.conflicts.len());
        if one.conflicts.is_empty() {
            prop_assert_eq!(one.text, other.text);
        }
    }

    /// Every line that was typed is in the merged text, in order and once, whatever the status; and
    /// when there is no conflict, every line that was proposed.
    #[test]
    fn nothing_that_was_typed_is_lost(
        lines in 0..16usize,
        kinds in 0..6usize,
        ours in line_edits(),
        theirs in line_edits(),
    ) {
        let base = document(lines, kinds);
        let ours = edit(&base, &ours, "ours");
        let theirs = edit(&base, &theirs, "theirs");
        let merge = merge(&base.concat(), &ours.concat(), &theirs.concat());
        let of = |lines: &[String], side: &str| -> Vec<String> {
            lines.iter().filter(|line| line.starts_with(side)).cloned().collect()
        };
        let merged: Vec<_> = lines_of(&merge.text);
        prop_assert_eq!(of(&merged, "ours"), of(&ours, "ours"));
        if merge.status != MergeStatus::Conflict {
            prop_assert_eq!(of(&merged, "theirs"), of(&theirs, "theirs"));
        }
    }

    /// Lines that were deleted do not come back.
    #[test]
    fn what_was_deleted_stays_deleted(
        lines in 0..16usize,
        ours in line_edits(),
        theirs in line_edits(),
    ) {
        let base = document(lines, 0);
        let ours = edit(&base, &ours, "ours");
        let theirs = edit(&base, &theirs, "theirs");
        let merge = merge(&base.concat(), &ours.concat(), &theirs.concat());
        let merged = lines_of(&merge.text);
        for line in &base {
            let deleted = !ours.contains(line);
            prop_assert!(!deleted || !merged.contains(line), "{} came back", line);
        }
    }
}

fn lines_of(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}
