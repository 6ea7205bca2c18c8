//! Hover: the response at the code that it is about.

use std::sync::Arc;

use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    Hover, HoverContents, HoverParams, MarkupContent, MarkupKind, Position, Range,
};

use super::super::{Server, errors, look};
use super::{harmless, one_line};
use crate::coordinator;
use crate::protocol::{RequestInfo, RequestsParams};
use crate::session::State;

/// Answers `textDocument/hover`. A response that is shown so is read.
pub(crate) async fn hover(server: &Arc<Server>, params: HoverParams) -> Result<Option<Hover>> {
    let at = params.text_document_position_params.position;
    let text_document = params.text_document_position_params.text_document;
    let requests = look::requests(server, RequestsParams { text_document })
        .await?
        .requests;
    let coordinator = server.coordinator().await?;
    let mut parts = Vec::new();
    let mut shown_range = None;
    for request in &requests {
        let Some(anchor) = request
            .anchor
            .as_ref()
            .filter(|anchor| contains(anchor.range, at))
        else {
            continue;
        };
        let turn = coordinator.store().turn(&request.id).await;
        let turn = turn.map_err(|error| errors::from_use_case(&error.into()))?;
        let text = turn
            .response
            .map(|response| response.text)
            .unwrap_or_default();
        parts.push(part(request, &text));
        shown_range = Some(anchor.range);
        if request.unread {
            let taken: coordinator::Result<_> = coordinator.take_request(&request.id).await;
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

fn part(request: &RequestInfo, text: &str) -> String {
    let asked = one_line(&request.prompt, 80);
    let state = match request.state {
        State::Done => String::new(),
        State::Failed => {
            let message = request
                .failure
                .as_ref()
                .map_or("", |failure| failure.message.as_str());
            format!(" — failed: {}", one_line(message, 200))
        }
        state => format!(" — {}", state.name()),
    };
    format!(
        "**Backchat: {}**{state}\n\n{}",
        harmless::markdown(&asked),
        harmless::markdown(text)
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
