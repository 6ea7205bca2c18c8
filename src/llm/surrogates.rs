//! Characters that arrive in two halves.
//!
//! JSON may write a character outside of the basic plane as two escapes, `\ud83c\udf89`. A server that cuts its text by
//! UTF-16 units sends the two in two events, and no parser of JSON takes half a character for a string. So each half
//! is replaced by a mark before the JSON is parsed, and the marks are joined again in the text that was decoded. A
//! half that stays alone becomes the replacement character.

use std::collections::VecDeque;
use std::iter;

use super::Event;

/// Stands before the four hexadecimal digits of a code unit. It is a noncharacter, for which no text has a use; a text
/// that has it all the same gets a mark for it, so that nothing else can be taken for one.
const MARK: char = '\u{fdd0}';

/// The code unit of [`MARK`].
const MARK_UNIT: u16 = 0xfdd0;

/// The JSON with marks in place of the escapes of halves. `None` when it has no such escape, as nearly all have none.
pub(super) fn mark(json: &str) -> Option<String> {
    if !escapes(json).any(|(_, unit)| unit != MARK_UNIT) {
        return None;
    }
    let own_mark = format!("{MARK}{MARK_UNIT:04x}");
    let mut marked = String::with_capacity(json.len() + 8);
    let mut done = 0;
    for (at, unit) in escapes(json) {
        marked.push_str(&json[done..at].replace(MARK, &own_mark));
        marked.push_str(&format!("{MARK}{unit:04x}"));
        done = at + ESCAPE_BYTES;
    }
    marked.push_str(&json[done..].replace(MARK, &own_mark));
    Some(marked)
}

/// A text of a marked JSON with the replacement character in place of every half: for texts that nothing follows.
pub(super) fn replaced(text: &str) -> String {
    let mut joiner = Joiner::default();
    let mut replaced = joiner.join(text, true);
    replaced.extend(joiner.rest());
    replaced
}

/// The bytes of an escape, `\ud83c`.
const ESCAPE_BYTES: usize = 6;

/// The escapes of halves without their other half beside them, and of [`MARK`]: where each begins, and its code unit.
fn escapes(json: &str) -> impl Iterator<Item = (usize, u16)> + '_ {
    let bytes = json.as_bytes();
    let mut at = 0;
    iter::from_fn(move || {
        loop {
            let start = at + memchr::memchr(b'\\', bytes.get(at..)?)?;
            let unit = escaped_unit(bytes, start);
            // Every other escape is the backslash and one character: `\\` hides the `u` that follows it.
            at = start + if unit.is_some() { ESCAPE_BYTES } else { 2 };
            match unit {
                Some(0xd800..=0xdbff)
                    if matches!(escaped_unit(bytes, at), Some(0xdc00..=0xdfff)) =>
                {
                    at += ESCAPE_BYTES;
                }
                Some(unit @ (0xd800..=0xdfff | MARK_UNIT)) => return Some((start, unit)),
                _ => {}
            }
        }
    })
}

/// The code unit of the escape `\uXXXX` that begins at `at`.
fn escaped_unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + ESCAPE_BYTES)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = u16::try_from(char::from(*digit).to_digit(16)?).ok()?;
        Some(unit << 4 | digit)
    })
}

/// The halves of a response that wait for their other half: one in what the model says, one in what it thinks, as each
/// is shown as one text.
#[derive(Debug, Default)]
pub(super) struct Halves {
    text: Joiner,
    reasoning: Joiner,
}

impl Halves {
    /// Whether a half waits: its event says nothing yet.
    pub fn any(&self) -> bool {
        self.text.high.is_some() || self.reasoning.high.is_some()
    }

    /// Joins the halves in the events of a piece of JSON. `is_marked` when [`mark`] has changed it.
    pub fn join(&mut self, events: &mut VecDeque<Event>, is_marked: bool) {
        if !is_marked && !self.any() {
            return;
        }
        for event in std::mem::take(events) {
            match event {
                Event::Text(text) => {
                    let text = self.text.join(&text, is_marked);
                    events.extend((!text.is_empty()).then_some(Event::Text(text)));
                }
                Event::Reasoning(text) => {
                    let text = self.reasoning.join(&text, is_marked);
                    events.extend((!text.is_empty()).then_some(Event::Reasoning(text)));
                }
                Event::Finished(finish) => {
                    let reasoning = self.reasoning.rest().map(String::from);
                    events.extend(reasoning.map(Event::Reasoning));
                    events.extend(self.text.rest().map(String::from).map(Event::Text));
                    events.push_back(Event::Finished(finish));
                }
                other => events.push_back(other),
            }
        }
    }
}

/// Joins the marks of one text that arrives in pieces.
#[derive(Debug, Default)]
struct Joiner {
    /// The first half of a character whose second half is to come.
    high: Option<u16>,
}

impl Joiner {
    fn join(&mut self, text: &str, is_marked: bool) -> String {
        let mut joined = String::with_capacity(text.len());
        let mut rest = text;
        while is_marked && let Some((before, behind)) = rest.split_once(MARK) {
            self.whole(before, &mut joined);
            let unit = behind.get(..4);
            let unit = unit.and_then(|digits| u16::from_str_radix(digits, 16).ok());
            // Every mark has its digits; without them it would be text.
            match unit {
                Some(unit) => {
                    self.unit(unit, &mut joined);
                    rest = &behind[4..];
                }
                None => {
                    joined.push(MARK);
                    rest = behind;
                }
            }
        }
        self.whole(rest, &mut joined);
        joined
    }

    /// The replacement for a half that nothing follows.
    fn rest(&mut self) -> Option<char> {
        self.high.take().map(|_| char::REPLACEMENT_CHARACTER)
    }

    fn whole(&mut self, text: &str, joined: &mut String) {
        if !text.is_empty() {
            joined.extend(self.rest());
            joined.push_str(text);
        }
    }

    fn unit(&mut self, unit: u16, joined: &mut String) {
        if let (Some(high), 0xdc00..=0xdfff) = (self.high, unit) {
            self.high = None;
            joined.extend(char::decode_utf16([high, unit]).flatten());
            return;
        }
        joined.extend(self.rest());
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            MARK_UNIT => joined.push(MARK),
            _ => joined.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    /// What strings of JSON, each of an event of its own, say together.
    fn said(strings: &[&str]) -> String {
        let mut halves = Halves::default();
        let mut events = VecDeque::new();
        let mut said = String::new();
        for string in strings {
            let json = format!("\"{string}\"");
            let marked = mark(&json);
            let text: String = serde_json::from_str(marked.as_deref().unwrap_or(&json)).unwrap();
            events.push_back(Event::Text(text));
            halves.join(&mut events, marked.is_some());
            said.extend(events.drain(..).map(|event| match event {
                Event::Text(text) => text,
                other => panic!("{other:?}"),
            }));
        }
        events.push_back(Event::Finished(super::super::Finish::Stop));
        halves.join(&mut events, false);
        if let Some(Event::Text(rest)) = events.front() {
            said.push_str(rest);
        }
        said
    }

    #[rstest]
    #[case::in_one(&[r"a\ud83c\udf89b"], "a🎉b")]
    #[case::over_two(&[r"a\ud83c", r"\udf89b"], "a🎉b")]
    #[case::upper_case(&[r"\uD83C", r"\uDF89"], "🎉")]
    #[case::several(&[r"\ud83c", r"\udf89\ud83d", r"\udcec"], "🎉📬")]
    #[case::first_half_alone(&[r"a\ud83cb"], "a\u{fffd}b")]
    #[case::second_half_alone(&[r"\udf89b"], "\u{fffd}b")]
    #[case::never_followed(&["a", r"\ud83c"], "a\u{fffd}")]
    #[case::followed_by_another(&[r"\ud83c", "b"], "\u{fffd}b")]
    #[case::two_first_halves(&[r"\ud83c\ud83c", r"\udf89"], "\u{fffd}🎉")]
    #[case::no_escape(&[r"\\ud83c", r"\\\ud83c"], "\\ud83c\\\u{fffd}")]
    #[case::the_mark_itself(&["\u{fdd0}d83c", "\\ufdd0\u{fdd0}\\ud83c"], "\u{fdd0}d83c\u{fdd0}\u{fdd0}\u{fffd}")]
    #[case::nothing_special(&[r"\u00e4\n", "ö"], "ä\nö")]
    fn halves_are_joined_over_events(#[case] strings: &[&str], #[case] text: &str) {
        assert_eq!(said(strings), text);
    }

    #[test]
    fn a_text_that_nothing_follows_is_replaced() {
        let marked = mark(r#""a\ud83c""#).unwrap();
        let text: String = serde_json::from_str(&marked).unwrap();
        assert_eq!(replaced(&text), "a\u{fffd}");
    }

    proptest! {
        /// However a text is cut into units of UTF-16, it arrives whole.
        #[test]
        fn a_text_arrives_whole_however_it_is_cut(
            text in any::<String>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let units: Vec<u16> = text.encode_utf16().collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(units.len() + 1)).collect();
            cuts.push(units.len());
            cuts.sort_unstable();
            let mut start = 0;
            let strings: Vec<String> = cuts
                .into_iter()
                .map(|cut| {
                    let piece = &units[start..cut];
                    start = cut;
                    piece.iter().map(|unit| format!("\\u{unit:04x}")).collect()
                })
                .collect();
            let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
            prop_assert_eq!(said(&strings), text);
        }

        #[test]
        fn nothing_that_is_escaped_otherwise_is_touched(json in "(\\\\[\\\\\"/bfnrtu]|[a-f0-9d8]|🎉){0,24}") {
            if let Some(marked) = mark(&json) {
                prop_assert!(marked.contains(MARK));
            }
        }
    }
}
