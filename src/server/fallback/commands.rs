//! `workspace/executeCommand`: each custom method as a command, and what needs the editor to show
//! something.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{ExecuteCommandParams, TextDocumentIdentifier};

use super::super::offers::Offered;
use super::super::{Server, chat, errors};
use super::{apply, command, show};
use crate::coordinator;
use crate::protocol::{ProposalParams, RequestParams, SubmitParams};
use crate::session::{RequestId, SessionId};
use crate::store::SessionFilter;

/// Arguments of `backchat.submit`.
#[derive(Deserialize)]
struct SubmitArguments {
    #[serde(flatten)]
    submit: SubmitParams,
    /// The text that the range is of, when it is that of a code action.
    offered: Option<Offered>,
}

/// Arguments of `backchat.transcript`: one of the two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TranscriptArguments {
    text_document: Option<TextDocumentIdentifier>,
    session_id: Option<SessionId>,
}

/// Answers `workspace/executeCommand`. What needs an answer of the client is done after the command was
/// answered.
pub(crate) async fn execute(
    server: &Arc<Server>,
    params: ExecuteCommandParams,
) -> Result<Option<Value>> {
    let name = params.command.clone();
    match name.as_str() {
        command::SUBMIT => {
            let SubmitArguments { submit, offered } = argument(params)?;
            json(chat::submit_offered(server, submit, offered).await?)
        }
        command::CANCEL => json(chat::cancel(server, argument(params)?).await?),
        command::RETRY => json(chat::retry(server, argument(params)?).await?),
        command::ALLOW => json(chat::allow(server, argument(params)?).await?),
        command::DISMISS => json(chat::dismiss(server, argument(params)?).await?),
        command::SELECT_MODEL => json(chat::select_model(server, argument(params)?).await?),
        command::APPLY => {
            let proposal: ProposalParams = argument(params)?;
            tokio::spawn(apply::apply(Arc::clone(server), proposal));
            Ok(None)
        }
        command::READ => {
            let request: RequestParams = argument(params)?;
            read(server, request.request_id).await.map(|()| None)
        }
        command::TRANSCRIPT => transcript(server, argument(params)?).await.map(|()| None),
        command::SESSIONS => sessions(server).await.map(|()| None),
        unknown => Err(errors::invalid(
            format!(
                "there is no command {unknown:?}; there are: {}",
                command::ALL.join(", ")
            ),
            "unknownCommand",
        )),
    }
}

/// The first argument of a command.
fn argument<T: DeserializeOwned>(params: ExecuteCommandParams) -> Result<T> {
    let argument = params.arguments.into_iter().next().unwrap_or_default();
    serde_json::from_value(argument).map_err(|error| {
        errors::invalid(
            format!("the argument of {}: {error}", params.command),
            "invalidParams",
        )
    })
}

fn json(result: impl Serialize) -> Result<Option<Value>> {
    serde_json::to_value(result)
        .map(Some)
        .map_err(|error| errors::invalid(error.to_string(), "internal"))
}

fn failed(error: impl Into<coordinator::Error>) -> tower_lsp::jsonrpc::Error {
    errors::from_use_case(&error.into())
}

async fn read(server: &Arc<Server>, id: RequestId) -> Result<()> {
    let coordinator = server.coordinator().await?.clone();
    let turn = coordinator.store().turn(&id).await.map_err(failed)?;
    let server = Arc::clone(server);
    tokio::spawn(async move {
        if show::document(&server, &turn.request.id.0, show::turn(&turn)).await
            && let Err(error) = coordinator.take_request(&id).await
        {
            tracing::warn!(%error, "a response could not be marked as read");
        }
    });
    Ok(())
}

async fn transcript(server: &Arc<Server>, arguments: TranscriptArguments) -> Result<()> {
    let coordinator = server.coordinator().await?.clone();
    let filter = SessionFilter {
        uri: arguments
            .text_document
            .map(|document| server.documents.name_of(document.uri.as_str())),
        id: arguments.session_id,
        ..SessionFilter::default()
    };
    if filter.uri.is_none() && filter.id.is_none() {
        return Err(errors::invalid(
            "transcript wants a textDocument or a sessionId",
            "invalidParams",
        ));
    }
    let page = coordinator.sessions(filter).await.map_err(failed)?;
    let Some(session) = page.sessions.into_iter().next() else {
        return Err(errors::invalid(
            "nothing was asked about this buffer yet",
            "unknownSession",
        ));
    };
    let turns = coordinator
        .store()
        .transcript(&session.id)
        .await
        .map_err(failed)?;
    let server = Arc::clone(server);
    tokio::spawn(async move {
        if show::document(&server, &session.id.0, show::transcript(&session, &turns)).await
            && let Err(error) = coordinator.take_session(&session.id).await
        {
            tracing::warn!(%error, "a session could not be marked as read");
        }
    });
    Ok(())
}

async fn sessions(server: &Arc<Server>) -> Result<()> {
    let coordinator = server.coordinator().await?;
    let page = coordinator
        .sessions(SessionFilter::default())
        .await
        .map_err(failed)?;
    let server = Arc::clone(server);
    tokio::spawn(async move {
        show::document(&server, "sessions", show::sessions(&page.sessions)).await;
    });
    Ok(())
}
