//! Ranges of the protocol and spans of a buffer, from the one to the other.

use tower_lsp::ls_types::{Position as LspPosition, Range};

use crate::text::{Buffer, Encoding, OutOfBounds, Position, Span};

/// The part of a buffer that a range of the protocol means.
///
/// # Errors
///
/// When the buffer has no such place.
pub(super) fn span_of(
    buffer: &Buffer,
    range: Range,
    encoding: Encoding,
) -> Result<Span, OutOfBounds> {
    let position = |position: LspPosition| Position::new(position.line, position.character);
    buffer.span(position(range.start), position(range.end), encoding)
}

/// The range of the protocol that means a part of a buffer.
pub(super) fn range_of(buffer: &Buffer, span: Span, encoding: Encoding) -> Range {
    let position = |offset| {
        let position = buffer.position(offset, encoding);
        LspPosition {
            line: position.line,
            character: position.character,
        }
    };
    Range {
        start: position(span.start),
        end: position(span.end),
    }
}
