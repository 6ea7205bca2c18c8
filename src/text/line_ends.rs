//! Which characters end a line. LSP says `\n`, `\r\n` and `\r`; editors have rules of their own, and a
//! position means nothing to someone who counts lines in another way.

use std::sync::Arc;

use ropey::Rope;

use super::Edit;

/// The ends of lines that a client counts. `\n` is always one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineEnds(u8);

impl Default for LineEnds {
    fn default() -> Self {
        Self::LSP
    }
}

const CRLF: u8 = 1;
const CR: u8 = 1 << 1;
const VT: u8 = 1 << 2;
const FF: u8 = 1 << 3;
const NEL: u8 = 1 << 4;
const LS: u8 = 1 << 5;
const PS: u8 = 1 << 6;

impl LineEnds {
    /// What LSP says: `\n`, `\r\n` and `\r`.
    pub const LSP: Self = Self(CRLF | CR);

    /// `\n` alone: a `\r` is a character like others, before a `\n` too.
    pub const LF: Self = Self(0);

    /// The ends that are named by the very characters; the first that is none is given back as an error.
    ///
    /// # Errors
    ///
    /// When one of them ends no line anywhere.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut ends = Self::LF;
        for name in names {
            ends.0 |= match name {
                "\n" => 0,
                "\r\n" => CRLF,
                // Who ends a line at each `\r` does not end another one at the `\n` behind it.
                "\r" => CR | CRLF,
                "\u{b}" => VT,
                "\u{c}" => FF,
                "\u{85}" => NEL,
                "\u{2028}" => LS,
                "\u{2029}" => PS,
                _ => return Err(name),
            };
        }
        Ok(ends)
    }

    /// The length in bytes of the end of a line that ends with these bytes, if it has one.
    pub(super) fn len_of_last(self, line: &[u8]) -> usize {
        match line {
            [.., b'\r', b'\n'] if self.0 & CRLF != 0 => 2,
            [.., b'\n'] => 1,
            [.., b'\r'] if self.0 & CR != 0 => 1,
            [.., 0x0b] if self.0 & VT != 0 => 1,
            [.., 0x0c] if self.0 & FF != 0 => 1,
            [.., 0xc2, 0x85] if self.0 & NEL != 0 => 2,
            [.., 0xe2, 0x80, 0xa8] if self.0 & LS != 0 => 3,
            [.., 0xe2, 0x80, 0xa9] if self.0 & PS != 0 => 3,
            _ => 0,
        }
    }

    /// Where lines start in a text behind another end than `\n`.
    fn starts(self, text: &str) -> Vec<usize> {
        let bytes = text.as_bytes();
        let is_start = |end: usize| {
            let cut = bytes[end - 1] == b'\r' && bytes.get(end) == Some(&b'\n');
            (!cut && self.len_of_last(&bytes[end.saturating_sub(3)..end]) > 0).then_some(end)
        };
        if self.0 & !(CRLF | CR) == 0 {
            let all = memchr::memchr_iter(b'\r', bytes);
            return all.filter_map(|at| is_start(at + 1)).collect();
        }
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte != b'\n');
        ends.filter_map(|(at, _)| is_start(at + 1)).collect()
    }
}

/// Where the lines of a rope start, whose own count knows `\n` alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineStarts {
    ends: LineEnds,
    /// The starts of lines behind another end than `\n`, in order. As a rule there are none.
    others: Arc<Vec<usize>>,
}

impl LineStarts {
    pub(super) fn new(ends: LineEnds, text: &str) -> Self {
        let others = match ends {
            LineEnds::LF => Vec::new(),
            ends => ends.starts(text),
        };
        Self {
            ends,
            others: Arc::new(others),
        }
    }

    pub(super) const fn ends(&self) -> LineEnds {
        self.ends
    }

    /// Follows an edit. `rope` is the text after it.
    pub(super) fn follow(&mut self, rope: &Rope, edit: &Edit) {
        if self.ends.0 & !CRLF == 0 {
            return;
        }
        // Whether a line starts right where the edit does depends on what stands behind a `\r` there.
        let first = self.others.partition_point(|&start| start < edit.start);
        let last = self.others.partition_point(|&start| start <= edit.old_end);
        let found = self.between(rope, edit.start, edit.new_end);
        let is_shifted = edit.old_end != edit.new_end && last < self.others.len();
        if first == last && found.is_empty() && !is_shifted {
            return;
        }
        let others = Arc::make_mut(&mut self.others);
        for start in &mut others[last..] {
            *start = *start - edit.old_end + edit.new_end;
        }
        others.splice(first..last, found);
    }

    /// The starts behind another end than `\n`, from one offset up to another, both included.
    fn between(&self, rope: &Rope, first: usize, last: usize) -> Vec<usize> {
        let from = rope.char_to_byte(rope.byte_to_char(first.saturating_sub(1)));
        // With the `\n` that may follow a `\r`.
        let to = rope.char_to_byte((rope.byte_to_char(last) + 1).min(rope.len_chars()));
        let text = rope.byte_slice(from..to);
        let text: std::borrow::Cow<'_, str> = text.into();
        let starts = self
            .ends
            .starts(&text)
            .into_iter()
            .map(|start| start + from);
        starts
            .filter(|start| (first..=last).contains(start))
            .collect()
    }

    /// The number of lines, at least 1.
    pub(super) fn len_lines(&self, rope: &Rope) -> usize {
        rope.len_lines() + self.others.len()
    }

    /// The line that an offset is on.
    pub(super) fn line_of(&self, rope: &Rope, offset: usize) -> usize {
        rope.byte_to_line(offset) + self.others.partition_point(|&start| start <= offset)
    }

    /// The offset at which a line starts; the end of the text for the one after the last.
    pub(super) fn start(&self, rope: &Rope, line: usize) -> usize {
        if self.others.is_empty() {
            return rope.line_to_byte(line);
        }
        // How many of the other starts are at or before this line.
        let (mut before, mut end) = (0, self.others.len());
        while before < end {
            let middle = before + (end - before) / 2;
            if self.line_of(rope, self.others[middle]) <= line {
                before = middle + 1;
            } else {
                end = middle;
            }
        }
        if let Some(last) = before.checked_sub(1)
            && self.line_of(rope, self.others[last]) == line
        {
            return self.others[last];
        }
        rope.line_to_byte(line - before)
    }
}
