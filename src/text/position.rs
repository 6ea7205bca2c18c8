//! Positions by line and character, in the units that a client counts in.

/// The unit in which the characters of a line are counted, as negotiated with the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Code units of UTF-16, of which an emoji takes two: the default of LSP.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

/// A place in a text by line and character, both counted from 0, as in LSP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from 0.
    pub line: u32,
    /// Code units of the [`Encoding`] in use, between the line's start and the place.
    pub character: u32,
}

impl Position {
    /// The place on `line` with `character` code units before it.
    #[must_use]
    pub fn new(line: u32, character: u32) -> Self {
        Self { line, character }
    }
}

/// A position on a line that the text does not have: the client's text and ours have come apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is past the end: the text has {lines} lines, counted from 0")]
pub struct OutOfBounds {
    /// The line that was asked for, counted from 0.
    pub line: u32,
    /// How many lines there are.
    pub lines: usize,
}
