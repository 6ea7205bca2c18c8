//! Text from elsewhere, made safe for a terminal and for an editor that draws it as it is.
//!
//! What a model, a file name or a provider says may hold escape sequences that would move the
//! cursor, change the clipboard or hide text. Every control character is shown as a sign instead:
//! `␛[31m` rather than red. Marks that turn the direction of text around or that nobody sees are shown by their
//! number.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with its lines and tabs, every other control character made visible.
#[must_use]
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| is_unsafe(c) && c != '\n' && c != '\t') {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => safe.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            c => push(&mut safe, c),
        }
    }
    Cow::Owned(safe)
}

/// The text on one line: line breaks and tabs become blanks.
#[must_use]
pub(crate) fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !safe.is_empty() {
            safe.push(' ');
        }
        for c in word.chars() {
            push(&mut safe, c);
        }
    }
    safe
}

/// JSON with the characters escaped that a terminal may obey: JSON's own rules leave those above
/// ASCII as they are. They can only be inside of strings, where an escape means the same.
#[must_use]
pub(crate) fn json(json: &str) -> Cow<'_, str> {
    if !json.contains(|c: char| !c.is_ascii() && is_unsafe(c)) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if !c.is_ascii() && is_unsafe(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

fn push(safe: &mut String, c: char) {
    match u32::from(c) {
        number @ 0..=0x1f => safe.extend(char::from_u32(0x2400 + number)),
        0x7f => safe.push('\u{2421}'),
        number if is_unsafe(c) => {
            let _ = write!(safe, "\\u{{{number:x}}}");
        }
        _ => safe.push(c),
    }
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Direction, and what has no width; joiners are part of many scripts and stay.
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            // Tags: letters that nobody sees and a model reads.
            | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("plain\n\ttext é 📬", "plain\n\ttext é 📬")]
    #[case("\u{1b}[31mred\u{1b}[0m", "␛[31mred␛[0m")]
    #[case("\u{1b}]52;c;aGk=\u{7}", "␛]52;c;aGk=␇")]
    #[case("one\r\ntwo\rover", "one\ntwo␍over")]
    #[case("\u{9b}2J\u{7f}", "\\u{9b}2J␡")]
    #[case("a\u{202e}b", "a\\u{202e}b")]
    #[case("a\u{200b}\u{feff}b\u{e0041}", "a\\u{200b}\\u{feff}b\\u{e0041}")]
    #[case("👩\u{200d}💻", "👩\u{200d}💻")]
    fn what_a_terminal_would_obey_is_shown(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(block(text), shown);
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line(" a\n b\t\u{1b}[2J c\r\n"), "a b ␛[2J c");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"text": "\u{1b}[31m \u{9b}2J é \u{e0041}"});
        let text = value.to_string();
        let shown = json(&text);
        assert!(!shown.contains(is_unsafe), "{shown}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            value
        );
    }
}
