//! Code lenses: the state of each request above its code, and what can be done with it.

use std::sync::Arc;

use serde_json::json;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    CodeLens, CodeLensParams, Command, Position, Range, TextDocumentIdentifier,
};

use super::super::{Server, look};
use super::{command, one_line};
use crate::protocol::{RequestInfo, RequestsParams};
use crate::session::{Intent, State};

/// Answers `textDocument/codeLens`.
pub(crate) async fn code_lenses(
    server: &Arc<Server>,
    params: CodeLensParams,
) -> Result<Vec<CodeLens>> {
    let text_document = TextDocumentIdentifier {
        uri: params.text_document.uri,
    };
    let requests = look::requests(server, RequestsParams { text_document })
        .await?
        .requests;
    Ok(requests.iter().flat_map(lenses).collect())
}

fn lenses(request: &RequestInfo) -> Vec<CodeLens> {
    let Some(anchor) = &request.anchor else {
        return Vec::new();
    };
    let start = Position::new(anchor.range.start.line, 0);
    offers(request)
        .into_iter()
        .map(|(title, command)| CodeLens {
            range: Range::new(start, start),
            command: Some(Command {
                title,
                command: command.to_owned(),
                arguments: Some(vec![json!({ "requestId": request.id })]),
            }),
            data: None,
        })
        .collect()
}

/// What is offered at a request: titles and commands.
pub(super) fn offers(request: &RequestInfo) -> Vec<(String, &'static str)> {
    let asked = one_line(&request.prompt, 30);
    match request.state {
        State::Queued => {
            let place = request
                .place
                .map_or_else(String::new, |place| format!(" ({place} in the queue)"));
            vec![(format!("⏳ {asked}{place} · Cancel"), command::CANCEL)]
        }
        State::Running => vec![(format!("✍ {asked} · Cancel"), command::CANCEL)],
        State::Held => {
            let hold = request.hold.as_ref();
            let reason = hold.map_or("", |hold| hold.reason.as_str());
            let waits_for_user = hold.is_some_and(|hold| hold.secrets.is_some());
            let (length, offer, command) = if waits_for_user {
                (120, "Allow", command::ALLOW)
            } else {
                (60, "Retry now", command::RETRY)
            };
            vec![
                (format!("⏸ {} · {offer}", one_line(reason, length)), command),
                ("Cancel".to_owned(), command::CANCEL),
            ]
        }
        State::Failed => {
            let message = request
                .failure
                .as_ref()
                .map_or("", |failure| failure.message.as_str());
            vec![
                (
                    format!("⚠ {} · Retry", one_line(message, 60)),
                    command::RETRY,
                ),
                ("Dismiss".to_owned(), command::DISMISS),
            ]
        }
        State::Cancelled => vec![
            (format!("⊘ {asked} · Retry"), command::RETRY),
            ("Dismiss".to_owned(), command::DISMISS),
        ],
        State::Done => {
            let mark = if request.unread { "📬" } else { "💬" };
            let mut offers = vec![(format!("{mark} {asked} · Read"), command::READ)];
            if request.intent == Intent::Edit {
                offers.push(("Apply".to_owned(), command::APPLY));
            }
            offers.push(("Dismiss".to_owned(), command::DISMISS));
            offers
        }
    }
}
