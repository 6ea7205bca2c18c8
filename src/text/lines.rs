//! Splitting a text into lines: the one definition that all of `text` shares.

use std::borrow::Cow;

/// The lines of a text, each with its break. A break is `\n`, `\r\n` or `\r`; an empty text has no
/// line, and after a break at the very end no further, empty line is counted.
pub(super) struct Lines<'a> {
    rest: &'a str,
}

/// The lines of `text`, breaks included.
pub(super) fn lines(text: &str) -> Lines<'_> {
    Lines { rest: text }
}

/// The text with each of its breaks as `\n`.
pub(super) fn with_lf(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let bytes = self.rest.as_bytes();
        let end = match bytes.iter().position(|&b| b == b'\n' || b == b'\r') {
            None => bytes.len(),
            Some(i) if bytes[i..].starts_with(b"\r\n") => i + 2,
            Some(i) => i + 1,
        };
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_are_those_of_lsp() {
        let text = "a\nb\r\nc\rd\n\re\u{2028}f\u{b}g\r\n\r\n";
        let all: Vec<_> = lines(text).collect();
        assert_eq!(
            all,
            [
                "a\n",
                "b\r\n",
                "c\r",
                "d\n",
                "\r",
                "e\u{2028}f\u{b}g\r\n",
                "\r\n"
            ]
        );
        assert_eq!(all.concat(), text);
    }

    #[test]
    fn every_break_becomes_a_line_feed() {
        assert_eq!(with_lf("a\r\n\rb\n\r\r\n"), "a\n\nb\n\n\n");
        assert!(matches!(with_lf("a\nb"), Cow::Borrowed("a\nb")));
    }

    #[test]
    fn an_empty_text_has_no_line() {
        assert_eq!(lines("").count(), 0);
        assert_eq!(lines("x").collect::<Vec<_>>(), ["x"]);
    }
}
