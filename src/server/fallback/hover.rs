//! Hover: the response at the code that it is about.

use std::sync::Arc;

use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};

use super::super::Server;
use super::{harmless, here, one_line};
use crate::session::State;
use crate::store::TurnRecord;
use crate::view;

/// What is said below a response that is unread.
const UNREAD: &str = "*📬 It stays unread until you read it: by the code action “Backchat: read the answer”, or by its lens.*";

/// Answers `textDocument/hover`. It takes no 📬: editors ask it by themselves as well, wherever the cursor
/// rests, and whether anybody has looked is not known.
pub(crate) async fn hover(server: &Arc<Server>, params: HoverParams) -> Result<Option<Hover>> {
    let at = params.text_document_position_params.position;
    let uri = params.text_document_position_params.text_document.uri;
    let name = server.documents.name_of(uri.as_str());
    let turns = here::requests(server, &name, at.line, at.line).await?;
    let parts: Vec<String> = turns.iter().map(|(turn, _)| part(turn)).collect();
    Ok(turns.last().map(|(_, range)| Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: parts.join("\n\n---\n\n"),
        }),
        range: Some(*range),
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
        State::Held => {
            let reason = request.hold_reason.as_deref().unwrap_or_default();
            format!(" — held: {}", one_line(reason, 200))
        }
        state => format!(" — {}", state.name()),
    };
    let said = response.map_or("", |response| response.text.as_str());
    let notice = view::notice(turn).map(|notice| format!("*{}*", harmless::markdown(&notice)));
    let unread = request.unread.then(|| UNREAD.to_owned());
    let parts: Vec<String> = [Some(harmless::markdown(said)), notice, unread]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    format!(
        "**Backchat: {}**{}\n\n{}",
        harmless::markdown(&asked),
        harmless::markdown(&state),
        parts.join("\n\n")
    )
}
