//! The requests at a place in a buffer, with what the model said, for what plain editors show there.

use std::collections::HashMap;
use std::sync::Arc;

use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::Range;

use super::super::{Server, errors, text_sync};
use crate::session::RequestId;
use crate::store::TurnRecord;
use crate::text::{Buffer, Encoding, PromptComment};

/// The requests that are about a line from `first` to `last`, in the order in which they were asked, each with
/// where it is.
///
/// Editors ask this all the time, and mostly where nothing was asked: what the buffer's anchors already
/// say costs no look at the store.
pub(super) async fn requests(
    server: &Arc<Server>,
    name: &str,
    first: u32,
    last: u32,
) -> Result<Vec<(TurnRecord, Range)>> {
    text_sync::load_anchors(server, name).await;
    let Some(snapshot) = server.documents.snapshot_named(name) else {
        return Ok(Vec::new());
    };
    let is_here = |range: Range| {
        let end = end_of_code(&snapshot.buffer, range);
        range.start.line <= last && first <= end
    };
    let here = server.documents.anchors_of(name, server.encoding());
    let here: HashMap<RequestId, Range> = here
        .into_iter()
        .map(|(id, anchor)| (id, anchor.range))
        .filter(|(_, range)| is_here(*range))
        .collect();
    if here.is_empty() {
        return Ok(Vec::new());
    }
    let coordinator = server.coordinator().await?;
    let turns = coordinator.store().turns(here.keys().cloned().collect());
    let mut turns = turns
        .await
        .map_err(|error| errors::from_use_case(&error.into()))?;
    turns.retain(|turn| !turn.request.dismissed);
    turns.sort_by_key(|turn| turn.request.seq);
    let with_range = |turn: TurnRecord| {
        let range = *here.get(&turn.request.id)?;
        Some((turn, range))
    };
    Ok(turns.into_iter().filter_map(with_range).collect())
}

/// The last line of what was asked about. A comment that was a prompt is about the code right below it.
fn end_of_code(buffer: &Buffer, range: Range) -> u32 {
    let mut last = range.end.line;
    if range.end.character == 0 && last > range.start.line {
        last -= 1;
    }
    let comment = PromptComment::find(buffer, range.start.line as usize, last as usize);
    match comment.and_then(|comment| comment.code) {
        Some(code) => buffer.position(code.end, Encoding::Utf8).line.max(last),
        None => last,
    }
}

#[cfg(test)]
mod tests {
    use tower_lsp::ls_types::Position;

    use super::*;

    #[rstest::rstest]
    #[case::comment("// @backchat why?\nfn a() {\n    1\n}\n\nfn b() {}\n", (0, 0, 17), 3)]
    #[case::comment_of_lines("x\n# @backchat why\n# so?\ny\n\nz\n", (1, 2, 5), 3)]
    #[case::blank_line_between("// @backchat why?\n\nfn a() {}\n", (0, 0, 17), 2)]
    #[case::comment_at_the_end("// @backchat why?", (0, 0, 17), 0)]
    #[case::code("fn a() {\n    1\n}\nfn b() {}\n", (0, 3, 0), 2)]
    #[case::code_above_a_comment("fn a() {}\n// @backchat why?\nfn b() {}\n", (0, 1, 0), 0)]
    fn what_was_asked_about_ends_here(
        #[case] text: &str,
        #[case] (first, last, character): (u32, u32, u32),
        #[case] end: u32,
    ) {
        let range = Range::new(Position::new(first, 0), Position::new(last, character));
        assert_eq!(end_of_code(&Buffer::new(text), range), end);
    }
}
