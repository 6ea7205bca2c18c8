//! An answer below the code that it is about, as an editor shows it.

use super::scene::Part;
use crate::cli::output::{BOLD, DIM, TYPED, paint};
use crate::cli::{columns, output, visible};
use crate::protocol::TakenResponse;

/// The most lines of code that are shown.
const LINES: usize = 8;

/// The widest that prose is easy to read.
const WIDEST: usize = 96;

/// The code at the request's anchor now, and the answer below it.
#[must_use]
pub(super) fn shown(part: &Part, taken: &TakenResponse) -> String {
    let mut text = format!("   {}\n", paint(BOLD, part.name));
    let range = taken
        .request
        .anchor
        .as_ref()
        .map_or(part.range, |it| it.range);
    let first = range.start.line as usize;
    let count = (range.end.line as usize + 1).saturating_sub(first);
    let width = output::width().unwrap_or(WIDEST).min(WIDEST);
    let code = part
        .text
        .lines()
        .enumerate()
        .skip(first)
        .take(count.min(LINES));
    for (number, line) in code {
        let line = visible::block(line).replace('\t', "    ");
        let number = paint(DIM, format!("{:>6} │", number + 1));
        let line = columns::cut(&line, width.saturating_sub(9));
        text.push_str(&format!("{number} {line}\n"));
    }
    if count > LINES {
        text.push_str(&format!("{}\n", paint(DIM, "       ┆")));
    }
    let question = paint(TYPED, visible::line(&taken.request.prompt));
    text.push_str(&format!("       ╰ {question}\n"));
    let answer = visible::block(taken.response.text.trim());
    for row in columns::wrap(&answer, width.saturating_sub(9)) {
        text.push_str(format!("         {row}").trim_end());
        text.push('\n');
    }
    if let Some(notice) = &taken.request.notice {
        for row in columns::wrap(&visible::line(notice), width.saturating_sub(9)) {
            text.push_str(&format!("         {}\n", paint(DIM, row.trim_end())));
        }
    }
    text.push('\n');
    text
}
