//! Text in columns that fit a terminal, measured as terminals measure it.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How many columns a text takes.
#[must_use]
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to so many columns; a cut is shown by `…`.
#[must_use]
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The text, cut at its beginning: the end of a path says more than its beginning.
#[must_use]
pub(super) fn cut_start(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut used = 1;
    for c in text.chars().rev() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept.into_iter().rev().collect()
}

/// The text with blanks after it, to so many columns.
#[must_use]
pub(super) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(blanks))
}

/// The text in rows of at most so many columns, broken between words where there are some.
#[must_use]
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut rows = Vec::new();
    for line in text.lines() {
        let mut row = String::new();
        for word in line.split_inclusive(' ') {
            if !row.is_empty() && row.width() + word.trim_end().width() > columns {
                rows.push(std::mem::take(&mut row));
            }
            for c in word.chars() {
                if row.width() + c.width().unwrap_or(0) > columns && c != ' ' {
                    rows.push(std::mem::take(&mut row));
                }
                row.push(c);
            }
        }
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("short", 10, "short")]
    #[case("exactly", 7, "exactly")]
    #[case("too long", 5, "too …")]
    #[case("📬📬📬", 4, "📬…")]
    #[case("a", 0, "")]
    fn a_cut_text_fits(#[case] text: &str, #[case] columns: usize, #[case] shown: &str) {
        assert_eq!(cut(text, columns), shown);
    }

    #[test]
    fn a_path_keeps_its_end() {
        assert_eq!(cut_start("project/src/main.rs", 10), "…c/main.rs");
    }

    #[test]
    fn padding_counts_columns_and_not_characters() {
        assert_eq!(pad("📬", 4), "📬  ");
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(
            wrap("one two three\n\nfour", 8),
            ["one two ", "three", "", "four"]
        );
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    proptest::proptest! {
        #[test]
        fn no_row_is_wider_than_asked(text in "\\PC{0,80}", columns in 2_usize..30) {
            for row in wrap(&text, columns) {
                proptest::prop_assert!(row.trim_end().width() <= columns, "{row:?}");
            }
            proptest::prop_assert!(cut(&text, columns).width() <= columns);
            proptest::prop_assert!(cut_start(&text, columns).width() <= columns);
        }
    }
}
