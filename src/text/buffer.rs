//! The text of one buffer, kept as a rope.

use std::borrow::Cow;

use ropey::Rope;

use super::changes::changes;
use super::line_ends::{LineEnds, LineStarts};
use super::{Edit, Encoding, OutOfBounds, Position, Span};

/// The text of one buffer. A clone takes constant time and shares the text: it is a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buffer {
    rope: Rope,
    /// Its lines as LSP counts them.
    of_lsp: LineStarts,
    /// Its lines as its client counts them, when that is another way.
    of_client: Option<LineStarts>,
}

impl Buffer {
    /// A buffer with this text, whose lines are LSP's.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::with_line_ends(text, LineEnds::LSP)
    }

    /// A buffer with this text, of a client that counts lines in its own way.
    #[must_use]
    pub fn with_line_ends(text: &str, ends: LineEnds) -> Self {
        Self {
            rope: Rope::from_str(text),
            of_lsp: LineStarts::new(LineEnds::LSP, text),
            of_client: (ends != LineEnds::LSP).then(|| LineStarts::new(ends, text)),
        }
    }

    /// The same buffer with LSP's lines, which are the same for all clients.
    #[must_use]
    pub(super) fn in_lsp_lines(&self) -> Self {
        Self {
            of_client: None,
            ..self.clone()
        }
    }

    /// What ends the lines that positions are of.
    #[must_use]
    pub fn line_ends(&self) -> LineEnds {
        self.lines().ends()
    }

    /// The lines that positions are of.
    fn lines(&self) -> &LineStarts {
        self.of_client.as_ref().unwrap_or(&self.of_lsp)
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from(&self.rope)
    }

    /// The length in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.rope.len_bytes()
    }

    /// The number of lines, at least 1. After a line break at the end there is one more, empty line.
    #[must_use]
    pub fn len_lines(&self) -> usize {
        self.lines().len_lines(&self.rope)
    }

    /// The text of a span, which is first brought within the buffer as by [`Self::replace`].
    #[must_use]
    pub fn slice(&self, span: Span) -> String {
        let span = self.within(span);
        String::from(self.rope.byte_slice(span.start..span.end))
    }

    /// A line without its break, counted from 0; `None` when there are not so many.
    #[must_use]
    pub fn line(&self, line: usize) -> Option<String> {
        (line < self.len_lines()).then(|| {
            let span = self.line_content(line);
            String::from(self.rope.byte_slice(span.start..span.end))
        })
    }

    /// The span of a line without its break, counted from 0; of the end of the text when there are
    /// not so many lines.
    #[must_use]
    pub fn line_span(&self, line: usize) -> Span {
        if line < self.len_lines() {
            self.line_content(line)
        } else {
            Span::new(self.len_bytes(), self.len_bytes())
        }
    }

    /// The offset of a position.
    ///
    /// A character past the end of its line is the end of the line, before its break, as LSP says.
    /// A position inside a character (the second half of a surrogate pair) is the character's start.
    /// Character 0 of the line after the last is the end of the text.
    ///
    /// # Errors
    ///
    /// Any other position on a line that the text does not have.
    pub fn offset(&self, position: Position, encoding: Encoding) -> Result<usize, OutOfBounds> {
        let line = position.line as usize;
        if line >= self.len_lines() {
            if line == self.len_lines() && position.character == 0 {
                return Ok(self.len_bytes());
            }
            return Err(OutOfBounds {
                line: position.line,
                lines: self.len_lines(),
            });
        }
        let span = self.line_content(line);
        let content = self.rope.byte_slice(span.start..span.end);
        let character = position.character as usize;
        let chars = match encoding {
            Encoding::Utf8 => content.byte_to_char(character.min(content.len_bytes())),
            Encoding::Utf16 => content.utf16_cu_to_char(character.min(content.len_utf16_cu())),
            Encoding::Utf32 => character.min(content.len_chars()),
        };
        Ok(span.start + content.char_to_byte(chars))
    }

    /// The position of an offset.
    ///
    /// An offset past the end is taken as the end, one inside a character as the character's start,
    /// and one inside a `\r\n` as the end of the line before it.
    #[must_use]
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let offset = offset.min(self.len_bytes());
        let line = self.lines().line_of(&self.rope, offset);
        let span = self.line_content(line);
        let content = self.rope.byte_slice(span.start..span.end);
        let chars = content.byte_to_char(offset.min(span.end) - span.start);
        let character = match encoding {
            Encoding::Utf8 => content.char_to_byte(chars),
            Encoding::Utf16 => content.char_to_utf16_cu(chars),
            Encoding::Utf32 => chars,
        };
        Position {
            line: saturate(line),
            character: saturate(character),
        }
    }

    /// The span between two positions, in whichever order they come.
    ///
    /// # Errors
    ///
    /// As [`Self::offset`].
    pub fn span(
        &self,
        start: Position,
        end: Position,
        encoding: Encoding,
    ) -> Result<Span, OutOfBounds> {
        let a = self.offset(start, encoding)?;
        // Where a key is typed both are the same.
        let b = if end == start {
            a
        } else {
            self.offset(end, encoding)?
        };
        Ok(Span::new(a.min(b), a.max(b)))
    }

    /// Puts `text` in place of a span: one incremental change. Returns what it did, for anchors to
    /// [`follow`](Span::follow): in order, each edit relative to the text after those before it.
    ///
    /// This is one edit, exactly as given, unless several lines take the place of several lines;
    /// those are compared, so that a formatter that rewrites a function leaves the anchors in it on
    /// their lines. It is no edit when nothing is replaced by nothing.
    ///
    /// A span that reaches past the end is cut, and an end inside a character moves to its start.
    pub fn replace(&mut self, span: Span, text: &str) -> Vec<Edit> {
        let span = self.within(span);
        if has_break(text) {
            let old = Cow::from(self.rope.byte_slice(span.start..span.end));
            if has_break(&old) {
                let old = old.into_owned();
                return self.rewrite(span.start, &old, text);
            }
        }
        if span.is_empty() && text.is_empty() {
            return Vec::new();
        }
        vec![self.splice(span, text)]
    }

    /// Replaces the whole text, as a client does that sends whole documents. The edits are those
    /// that lead from the old text to the new one by lines, as for [`Self::replace`].
    pub fn replace_all(&mut self, text: &str) -> Vec<Edit> {
        let old = self.text();
        self.rewrite(0, &old, text)
    }

    /// Makes `new` of `old`, which starts at offset `start`, by as many edits as differ.
    fn rewrite(&mut self, start: usize, old: &str, new: &str) -> Vec<Edit> {
        let mut edits = Vec::new();
        for change in changes(old, new) {
            // What is before the change is new already, so it begins where it does in `new`.
            let at = start + change.new.start;
            let span = Span::new(at, at + change.old.len());
            edits.push(self.splice(span, &new[change.new]));
        }
        edits
    }

    /// Puts `text` in place of a span that is within the buffer.
    fn splice(&mut self, span: Span, text: &str) -> Edit {
        let start = self.rope.byte_to_char(span.start);
        if !span.is_empty() {
            let end = self.rope.byte_to_char(span.end);
            self.rope.remove(start..end);
        }
        if !text.is_empty() {
            self.rope.insert(start, text);
        }
        let edit = Edit {
            start: span.start,
            old_end: span.end,
            new_end: span.start + text.len(),
        };
        self.of_lsp.follow(&self.rope, &edit);
        if let Some(lines) = &mut self.of_client {
            lines.follow(&self.rope, &edit);
        }
        edit
    }

    /// Brings a span within the text and onto the boundaries of characters.
    fn within(&self, span: Span) -> Span {
        let floor = |offset: usize| {
            let mut offset = offset.min(self.len_bytes());
            let (chunk, chunk_start, ..) = self.rope.chunk_at_byte(offset);
            while !chunk.is_char_boundary(offset - chunk_start) {
                offset -= 1;
            }
            offset
        };
        let start = floor(span.start);
        if span.is_empty() {
            return Span::new(start, start);
        }
        Span::new(start, floor(span.end).max(start))
    }

    /// The span of a line that the text has, without its break.
    fn line_content(&self, line: usize) -> Span {
        let lines = self.lines();
        let start = lines.start(&self.rope, line);
        let end = lines.start(&self.rope, line + 1);
        let mut last = [0; 3];
        let known = last.len().min(end - start);
        for (back, byte) in last[3 - known..].iter_mut().rev().enumerate() {
            *byte = self.rope.byte(end - 1 - back);
        }
        let is_last = line + 1 == self.len_lines();
        let len = if is_last {
            0
        } else {
            lines.ends().len_of_last(&last[3 - known..])
        };
        Span::new(start, end - len)
    }
}

/// Whether a text has a line break.
fn has_break(text: &str) -> bool {
    text.bytes().any(|b| b == b'\n' || b == b'\r')
}

/// LSP counts in 32 bits; a text beyond that is cut rather than wrapped around.
fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
