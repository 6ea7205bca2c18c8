//! `backchat/prompts`, and what a prompt of the library makes of a submit.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use tower_lsp::jsonrpc::Result;

use super::chat::spawned;
use super::{Server, errors, workspace};
use crate::buffer_name;
use crate::coordinator::Submit;
use crate::library::{Library, WORKSPACE_FOLDER, Workspace};
use crate::protocol::{PromptsParams, PromptsResult};
use crate::session::Intent;
use crate::view;

pub(super) async fn prompts(server: &Arc<Server>, params: PromptsParams) -> Result<PromptsResult> {
    let server = Arc::clone(server);
    spawned(async move {
        let uri = params.text_document.map(|document| document.uri);
        let library = library_for(&server, uri.as_ref().map(|uri| uri.as_str())).await?;
        Ok(view::prompts(library))
    })
    .await
}

/// The library as it is on disk now, with the prompts of the workspace folder that the buffer lies in.
pub(super) async fn library_for(server: &Arc<Server>, uri: Option<&str>) -> Result<Library> {
    let workspace = uri
        .and_then(buffer_name::path)
        .and_then(|path| workspace_of(server, &path));
    let library = server.coordinator().await?.library(workspace).await;
    library.map_err(|error| errors::from_use_case(&error))
}

/// Puts a prompt of the library before what was typed. Its intent and model hold where the submit says
/// nothing of them.
pub(super) async fn prepend(
    server: &Arc<Server>,
    name: &str,
    intent: Option<Intent>,
    submit: &mut Submit,
) -> Result<()> {
    let library = library_for(server, Some(&submit.uri)).await?;
    let prompt = library
        .require(name)
        .map_err(|error| errors::from_use_case(&error.into()))?;
    submit.begin_with(prompt);
    submit.intent = intent.unwrap_or(submit.intent);
    Ok(())
}

/// The folder of the workspace that a file lies in, the innermost one.
fn workspace_of(server: &Server, file: &Path) -> Option<Workspace> {
    let root = workspace::root_of(server, file)?;
    let trust = server.trust.lock().unwrap_or_else(PoisonError::into_inner);
    Some(Workspace {
        trusted: trust.covers(&root.join(WORKSPACE_FOLDER)),
        root,
    })
}
