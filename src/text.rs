//! Text as an editor sees it: buffers, positions, and anchors that follow the typing.
//!
//! This layer is pure: no I/O, no clock, no LSP types, nothing async. It holds two of Backchat's
//! guarantees: an answer is found where it was asked, and what the user typed wins.
//!
//! - [`Buffer`] holds a text and maps between byte offsets and [`Position`]s in any [`Encoding`].
//! - [`Edit`] says what a change did; [`Span::follow`] carries an anchor across it.
//! - [`merge()`] brings what was typed and what was proposed together.
//! - [`decode`] makes a change of what a model wrote.
//! - [`Quote`] finds the code of an anchor again when no edit told where it went.
//!
//! A line ends with `\n`, `\r\n` or `\r`, and with nothing else, as in LSP; only the positions of a
//! client that counts otherwise are of other lines ([`LineEnds`]). Offsets are bytes of UTF-8 and lie on the
//! boundary of a character.

mod align;
mod anchor;
mod block;
mod buffer;
mod changes;
mod comment;
mod line_ends;
mod lines;
mod merge;
mod position;
mod proposal;
mod quote;
mod unified;

pub use anchor::{Edit, Span};
pub use buffer::Buffer;
pub use comment::PromptComment;
pub use line_ends::LineEnds;
pub use merge::{Conflict, Merge, MergeStatus, Replacement, merge};
pub use position::{Encoding, OutOfBounds, Position};
pub use proposal::{Proposed, Undecodable, decode};
pub use quote::{Fit, Found, Quote};
pub use unified::LineChange;

/// How the properties of this layer are tested: so many cases, and a failure is printed rather than
/// written beside the source.
#[cfg(test)]
fn cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases,
        failure_persistence: None,
        ..Default::default()
    }
}
