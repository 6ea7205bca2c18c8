//! Text from elsewhere, made fit for a message: no control characters, not endless.

/// The most characters of a provider's text that a message shows.
pub(super) const MOST_CHARS: usize = 200;

/// The text on one line: every run of blanks and control characters is one space. A terminal or an editor
/// can show it as it is.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut gap = false;
    for c in text.chars() {
        if c.is_control() || c.is_whitespace() || is_invisible(c) {
            gap = !line.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            line.push(' ');
        }
        line.push(c);
    }
    line
}

/// The first [`MOST_CHARS`] characters of a text, and `…` where there are more.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// Marks that turn the direction of text around, and others that have no width.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_line_without_control_characters() {
        assert_eq!(
            one_line("\u{1b}[31m a\r\n\tb\u{0}\u{202e}c \n"),
            "[31m a b c"
        );
    }

    #[test]
    fn text_is_cut_by_characters() {
        let line = cut(&"é".repeat(2 * MOST_CHARS));
        assert_eq!(line.chars().count(), MOST_CHARS + 1);
        assert!(line.ends_with('…'));
        assert_eq!(cut("short"), "short");
    }
}
