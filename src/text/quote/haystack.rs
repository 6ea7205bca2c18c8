//! A buffer made ready for finding quotes in it. What only some searches need is made once and when
//! it is first asked for, so that a thousand quotes cost little more than one.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::clip;
use crate::text::lines::with_lf;
use crate::text::{Buffer, Span};

pub(super) struct Haystack {
    buffer: Buffer,
    /// The text with line feeds; all offsets here are into it.
    text: String,
    /// Where each line starts. There is one more line than there are line feeds.
    starts: Vec<usize>,
    squeezed: OnceCell<Squeezed>,
    solid: OnceCell<Solid>,
}

/// The text without its white space.
pub(super) struct Squeezed {
    pub(super) text: String,
    /// How much of it comes before each line.
    starts: Vec<usize>,
}

impl Squeezed {
    /// Where a line starts.
    pub(super) fn start(&self, line: usize) -> usize {
        self.starts[line]
    }
}

/// The lines that are not blank.
pub(super) struct Solid {
    /// Their numbers.
    pub(super) lines: Vec<usize>,
    /// The [`key`] of each.
    pub(super) keys: Vec<u64>,
    /// Where among them each key is found.
    pub(super) places: HashMap<u64, Vec<usize>>,
}

impl Haystack {
    pub(super) fn new(buffer: &Buffer) -> Self {
        let text = buffer.text();
        let text = with_lf(&text).into_owned();
        let breaks = text.match_indices('\n').map(|(i, _)| i + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        Self {
            buffer: buffer.in_lsp_lines(),
            text,
            starts,
            squeezed: OnceCell::new(),
            solid: OnceCell::new(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn len_lines(&self) -> usize {
        self.starts.len()
    }

    /// The line that an offset is on.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset) - 1
    }

    pub(super) fn line_start(&self, line: usize) -> usize {
        self.starts[line]
    }

    /// A line without its break.
    pub(super) fn line(&self, line: usize) -> &str {
        let end = match self.starts.get(line + 1) {
            Some(next) => next - 1,
            None => self.text.len(),
        };
        &self.text[self.starts[line]..end]
    }

    /// The offset of a place, if it is there.
    pub(super) fn offset(&self, line: usize, column: usize) -> Option<usize> {
        (line < self.len_lines() && self.line(line).is_char_boundary(column))
            .then(|| self.starts[line] + column)
    }

    /// The same place in the buffer, whose line breaks may be longer.
    pub(super) fn in_buffer(&self, span: Span) -> Span {
        let offset = |offset| {
            let line = self.line_of(offset);
            self.buffer.line_span(line).start + offset - self.starts[line]
        };
        Span::new(offset(span.start), offset(span.end))
    }

    pub(super) fn squeezed(&self) -> &Squeezed {
        self.squeezed.get_or_init(|| {
            let mut text = String::with_capacity(self.text.len());
            let mut starts = Vec::with_capacity(self.len_lines());
            for line in 0..self.len_lines() {
                starts.push(text.len());
                text.extend(self.line(line).chars().filter(|c| !c.is_whitespace()));
            }
            Squeezed { text, starts }
        })
    }

    /// The offset at which a character begins that begins at `squeezed` in the squeezed text.
    pub(super) fn unsqueezed(&self, squeezed: usize) -> usize {
        let starts = &self.squeezed().starts;
        let line = starts.partition_point(|&start| start <= squeezed) - 1;
        let mut left = squeezed - starts[line];
        let solid = self.line(line).char_indices();
        for (i, c) in solid.filter(|(_, c)| !c.is_whitespace()) {
            if left == 0 {
                return self.starts[line] + i;
            }
            left -= c.len_utf8();
        }
        self.text.len()
    }

    pub(super) fn solid(&self) -> &Solid {
        self.solid.get_or_init(|| {
            let mut solid = Solid {
                lines: Vec::new(),
                keys: Vec::new(),
                places: HashMap::new(),
            };
            for line in 0..self.len_lines() {
                let text = self.line(line);
                if text.trim().is_empty() {
                    continue;
                }
                let key = key(text);
                let place = solid.lines.len();
                solid.places.entry(key).or_default().push(place);
                solid.lines.push(line);
                solid.keys.push(key);
            }
            solid
        })
    }
}

/// What a line is compared by: the FNV-1a hash of what is kept of it, but for white space.
pub(super) fn key(line: &str) -> u64 {
    clip(line.trim())
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
