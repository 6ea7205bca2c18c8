//! Takes quotations of what was sent out of what a provider says about it.
//!
//! Errors repeat their request: a validator shows the input that it refuses, a gateway the whole body. What
//! a provider says goes into the log, the store and every window, and prompts and code belong into none of
//! these messages.
//!
//! Both texts are compared without that which quoting changes: blanks, quotation marks, and the escapes of
//! JSON, HTML and URLs, however often they were applied.

use std::collections::HashMap;
use std::ops::Range;

use super::plain_text;

/// What stands in the place of a quotation.
pub(super) const MARK: &str = "[…]";

/// How many bytes a quotation has at least, without blanks and quotation marks. Shorter ones are words that
/// both texts happen to have.
pub(super) const SHORTEST: usize = 16;

/// A quotation of so many bytes is taken out as well if it is written exactly as in the source, with its blanks
/// and escapes, or with one blank for several.
const SHORTEST_AS_WRITTEN: usize = 24;

/// Texts are compared by windows of so many bytes.
const WINDOW: usize = 8;

/// What stands between two quotations and is no longer than this goes with them: it is a piece of a longer
/// quotation that was changed at both its ends.
const SHORTEST_BETWEEN: usize = 6;

/// The text with `mark` in the place of everything that it has in common with one of the `sources`, if that
/// is at least `shortest` bytes long.
///
/// Takes time in proportion to the sources. Where several sources have parts of a passage, the passage
/// counts as one quotation: rather too much is taken out than too little.
pub(super) fn without(text: &str, sources: &[&str], shortest: usize, mark: &str) -> String {
    let meant = |text| Signs::of(text);
    let text = taken_out(text, sources, meant, shortest, mark);
    let longest = SHORTEST_AS_WRITTEN.max(shortest);
    taken_out(&text, sources, as_written, longest, mark)
}

/// The same for texts that are compared by the bytes that `of` finds in them, each with where it is written.
fn taken_out<'a, S>(
    text: &'a str,
    sources: &[&'a str],
    of: impl Fn(&'a str) -> S,
    shortest: usize,
    mark: &str,
) -> String
where
    S: Iterator<Item = (u8, Range<usize>)>,
{
    let bytes: Vec<(u8, Range<usize>)> = of(text).collect();
    let window_at = |at: usize| {
        let window = bytes[at..at + WINDOW].iter();
        window.fold(0, |window, (byte, _)| push(window, *byte))
    };
    let starts = (bytes.len() + 1).saturating_sub(WINDOW);
    let mut windows: HashMap<u64, bool> = (0..starts).map(|at| (window_at(at), false)).collect();
    if windows.is_empty() {
        return text.to_owned();
    }
    for source in sources {
        let mut window = 0;
        for (count, (byte, _)) in (1..).zip(of(source)) {
            window = push(window, byte);
            if count >= WINDOW
                && let Some(is_common) = windows.get_mut(&window)
            {
                *is_common = true;
            }
        }
    }
    let is_common = |at: usize| windows.get(&window_at(at)).copied().unwrap_or_default();
    let mut quotations: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < starts {
        let first = at;
        while at < starts && is_common(at) {
            at += 1;
        }
        if at == first {
            at += 1;
            continue;
        }
        // The last window that is common begins one byte before this one.
        let end = at - 1 + WINDOW;
        if end - first < shortest {
            continue;
        }
        let written = bytes[first].1.start..bytes[end - 1].1.end;
        match quotations.last_mut() {
            Some(earlier) if written.start <= earlier.end + SHORTEST_BETWEEN => {
                earlier.end = earlier.end.max(written.end);
            }
            _ => quotations.push(written),
        }
    }
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    for quotation in quotations {
        kept.push_str(&text[end..quotation.start]);
        kept.push_str(mark);
        end = quotation.end;
    }
    kept.push_str(&text[end..]);
    kept
}

/// The bytes of a text as it is written, with one blank for several.
fn as_written(text: &str) -> impl Iterator<Item = (u8, Range<usize>)> {
    let mut after_blank = false;
    text.char_indices().flat_map(move |(at, character)| {
        let is_blank = character.is_whitespace() || character.is_control();
        let is_left_out = is_blank && after_blank;
        after_blank = is_blank;
        let mut bytes = [0; 4];
        let shown = if is_blank { ' ' } else { character };
        let count = shown.encode_utf8(&mut bytes).len();
        let written = at..at + character.len_utf8();
        let count = if is_left_out { 0 } else { count };
        (0..count).map(move |index| (bytes[index], written.clone()))
    })
}

const fn push(window: u64, byte: u8) -> u64 {
    window << 8 | byte as u64
}

/// The bytes of a text that quoting leaves as they are, each with where it is written.
///
/// Both a text and its escaped form have the same ones, so escapes are undone in texts that hold none too.
struct Signs<'a> {
    text: &'a str,
    at: usize,
    /// Of a character that has several.
    waiting: Vec<u8>,
    written: Range<usize>,
}

impl<'a> Signs<'a> {
    const fn of(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            waiting: Vec::new(),
            written: 0..0,
        }
    }

    /// Takes `count` bytes that mean `meant`.
    fn take(&mut self, count: usize, meant: Meant) {
        self.written = self.at..self.at + count;
        self.at += count;
        match meant {
            Meant::Character(character) if is_sign(character) => {
                let mut bytes = [0; 4];
                let bytes = character.encode_utf8(&mut bytes).bytes();
                self.waiting.extend(bytes.rev());
            }
            Meant::Byte(byte) if !byte.is_ascii() || is_sign(char::from(byte)) => {
                self.waiting.push(byte);
            }
            _ => {}
        }
    }
}

impl Iterator for Signs<'_> {
    type Item = (u8, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(byte) = self.waiting.pop() {
                return Some((byte, self.written.clone()));
            }
            let rest = &self.text[self.at..];
            let first = rest.chars().next()?;
            let (count, meant) = match first {
                '\\' => backslash(rest),
                '&' => entity(rest),
                '%' => percent(rest),
                other => (other.len_utf8(), Meant::Character(other)),
            };
            self.take(count, meant);
        }
    }
}

/// What a piece of text means, escaped or not.
#[derive(Clone, Copy)]
enum Meant {
    Nothing,
    Character(char),
    /// A byte of a character in UTF-8.
    Byte(u8),
}

/// Whether a character is compared. Quoting adds, drops and changes the others.
fn is_sign(character: char) -> bool {
    let is_mark = matches!(character, '\\' | '"' | '\'' | '`' | '“' | '”' | '‘' | '’');
    let is_blank = character.is_whitespace() || character.is_control();
    !is_mark && !is_blank && !plain_text::is_invisible(character)
}

/// Backslashes and what they escape: how many bytes that is, and what it means.
fn backslash(text: &str) -> (usize, Meant) {
    let behind = text.trim_start_matches('\\');
    let count = text.len() - behind.len();
    match behind.as_bytes().first() {
        Some(b'n' | b'r' | b't' | b'b' | b'f' | b'0') => (count + 1, Meant::Nothing),
        Some(b'u') => match unit(&behind[1..]) {
            Some((digits, unit)) => unicode(text, count + 1 + digits, unit),
            None => (count, Meant::Nothing),
        },
        Some(b'x') => match hexadecimal(&behind[1..], 2).and_then(|it| u8::try_from(it).ok()) {
            Some(byte) => (count + 3, Meant::Byte(byte)),
            None => (count, Meant::Nothing),
        },
        _ => (count, Meant::Nothing),
    }
}

/// The value of `1f4ec` in `\u{1f4ec}`, or of `d83c` in `\ud83c`, and how many bytes it is written in.
fn unit(text: &str) -> Option<(usize, u32)> {
    match text.strip_prefix('{') {
        Some(braced) => {
            let digits = braced.bytes().take(7).position(|byte| byte == b'}')?;
            Some((digits + 2, hexadecimal(braced, digits)?))
        }
        None => Some((4, hexadecimal(text, 4)?)),
    }
}

/// The character of a unit that ends at `end`, together with the second half of a pair behind it.
fn unicode(text: &str, end: usize, unit: u32) -> (usize, Meant) {
    if let Some(character) = char::from_u32(unit) {
        return (end, Meant::Character(character));
    }
    let behind = text[end..].trim_start_matches('\\');
    let second = behind
        .strip_prefix('u')
        .and_then(|digits| hexadecimal(digits, 4))
        .filter(|second| (0xdc00..0xe000).contains(second) && unit < 0xdc00);
    let pair = second
        .and_then(|second| char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (second - 0xdc00)));
    match pair {
        Some(character) => (text.len() - behind.len() + 5, Meant::Character(character)),
        None => (end, Meant::Nothing),
    }
}

/// An ampersand, or the character that an entity of HTML stands for.
fn entity(text: &str) -> (usize, Meant) {
    let mut name = &text[1..];
    while let Some(again) = name.strip_prefix("amp;") {
        name = again;
    }
    let alone = (text.len() - name.len(), Meant::Character('&'));
    let Some(end) = name.bytes().take(9).position(|byte| byte == b';') else {
        return alone;
    };
    let meant = match &name[..end] {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        number => number.strip_prefix('#').and_then(|number| {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }),
    };
    match meant {
        Some(character) => (
            text.len() - name.len() + end + 1,
            Meant::Character(character),
        ),
        None => alone,
    }
}

/// A percent sign, or the byte that it stands for in a URL.
fn percent(text: &str) -> (usize, Meant) {
    let mut digits = &text[1..];
    while let Some(again) = digits.strip_prefix("25")
        && hexadecimal(again, 2).is_some()
    {
        digits = again;
    }
    let start = text.len() - digits.len();
    match hexadecimal(digits, 2).and_then(|it| u8::try_from(it).ok()) {
        Some(byte) => (start + 2, Meant::Byte(byte)),
        None => (start, Meant::Character('%')),
    }
}

/// The value of the first `count` characters, all of them hexadecimal digits.
fn hexadecimal(text: &str, count: usize) -> Option<u32> {
    let digits = text.get(..count)?;
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_digits
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests;
