//! Hover: the response at the code that it is about.

use std::collections::HashMap;
use std::sync::Arc;

use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    Hover, HoverContents, HoverParams, MarkupContent, MarkupKind, Position, Range,
};

use super::super::{Server, errors, text_sync};
use super::{harmless, one_line};
use crate::session::{RequestId, State};
use crate::store::TurnRecord;
use crate::view;

/// Answers `textDocument/hover`. A response that is shown so is read.
///
/// Editors ask this all the time, and mostly where nothing was asked: what the buffer's anchors already
/// say costs no look at the store.
pub(crate) async fn hover(server: &Arc<Server>, params: HoverParams) -> Result<Option<Hover>> {
    let at = params.text_document_position_params.position;
    let uri = params.text_document_position_params.text_document.uri;
    let uri = server.documents.name_of(uri.as_str());
    text_sync::load_anchors(server, &uri).await;
    let here = server.documents.anchors_of(&uri, server.encoding());
    let mut here: HashMap<RequestId, Range> = here
        .into_iter()
        .filter(|(_, anchor)| contains(anchor.range, at))
        .map(|(id, anchor)| (id, anchor.range))
        .collect();
    if here.is_empty() {
        return Ok(None);
    }
    let coordinator = server.coordinator().await?;
    let turns = coordinator.store().turns(here.keys().cloned().collect());
    let mut turns = turns
        .await
        .map_err(|error| errors::from_use_case(&error.into()))?;
    turns.retain(|turn| !turn.request.dismissed);
    turns.sort_by_key(|turn| turn.request.seq);
    let mut parts = Vec::new();
    let mut shown_range = None;
    for turn in &turns {
        parts.push(part(turn));
        shown_range = here.remove(&turn.request.id);
        if turn.request.unread {
            let taken = coordinator.take_request(&turn.request.id).await;
            taken.map_err(|error| errors::from_use_case(&error))?;
        }
    }
    Ok((!parts.is_empty()).then(|| Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: parts.join("\n\n---\n\n"),
        }),
        range: shown_range,
    }))
}

fn part(turn: &TurnRecord) -> String {
    let (request, response) = (&turn.request, turn.response.as_ref());
    let asked = one_line(&request.prompt, 80);
    let state = match request.state {
        State::Done => String::new(),
        State::Failed => {
            let failure = request.failure.as_ref();
            let message = failure.map_or("", |failure| failure.message.as_str());
            format!(" — failed: {}", one_line(message, 200))
        }
        state => format!(" — {}", state.name()),
    };
    let text = harmless::markdown(response.map_or("", |response| response.text.as_str()));
    let notice = view::notice(turn).map(|notice| format!("*{}*", harmless::markdown(&notice)));
    let said: Vec<String> = [Some(text), notice].into_iter().flatten().collect();
    format!(
        "**Backchat: {}**{state}\n\n{}",
        harmless::markdown(&asked),
        said.join("\n\n").trim_start()
    )
}

/// Whether a position is on one of the lines of a range.
fn contains(range: Range, at: Position) -> bool {
    let last = if range.end.character == 0 && range.end.line > range.start.line {
        range.end.line - 1
    } else {
        range.end.line
    };
    (range.start.line..=last).contains(&at.line)
}
