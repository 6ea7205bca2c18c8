//! Where commands write: answers to standard output, remarks to standard error.
//!
//! Styles are taken out when the reader is not a terminal or `NO_COLOR` is set. A reader that goes
//! away, as `head` does, ends the program without a word.

use std::io::{IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::visible;

/// Titles.
pub(super) const BOLD: Style = Style::new().bold();
/// What is there but seldom read.
pub(super) const DIM: Style = Style::new().dimmed();
/// What is well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default();
/// What waits, or wants to be looked at.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
/// What can be typed.
pub(super) const TYPED: Style = AnsiColor::Cyan.on_default();

/// The reader of standard output has gone; there is no one to tell.
#[derive(Debug, thiserror::Error)]
#[error("the reader of standard output has gone")]
pub(super) struct ReaderGone;

/// The text in a style.
#[must_use]
pub(super) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Writes to standard output, at once.
///
/// # Errors
///
/// [`ReaderGone`], or why it could not be written.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        written => Ok(written?),
    }
}

/// Writes a value as indented JSON to standard output.
///
/// # Errors
///
/// As [`print`].
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(value)?;
    print(&format!("{}\n", visible::json(&json)))
}

/// Writes a remark to standard error. Nothing depends on it, so it never fails.
pub(super) fn remark(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// The text as it may be drawn on standard output: without styles, where they are not wanted.
///
/// What is printed needs no such care; what `indicatif` draws does.
#[must_use]
pub(super) fn drawn(text: String) -> String {
    match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
        _ => text,
    }
}

/// The columns of the terminal that standard output is; `None` when it is none.
#[must_use]
pub(super) fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let columns = super::environment("COLUMNS").and_then(|columns| columns.parse().ok());
    columns
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .filter(|columns| *columns > 0)
        .or(Some(80))
}

/// What failed and what helps, as one sentence after the other.
#[must_use]
pub(super) fn sentence(message: &str, remedy: Option<&str>) -> String {
    match remedy {
        None => message.to_owned(),
        Some(remedy) if message.ends_with(['.', '!', '?']) => format!("{message} {remedy}"),
        Some(remedy) => format!("{message}: {remedy}"),
    }
}
