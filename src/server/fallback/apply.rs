//! Applying a proposal through `workspace/applyEdit`, and making sure that it was.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tower_lsp::ls_types::{
    DocumentChanges, MessageType, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit,
    Uri, WorkspaceEdit,
};

use super::super::{Server, proposal};
use super::PATIENCE;
use crate::digest::sha256_hex;
use crate::protocol::{ProposalParams, ProposalResult, ProposalStatus};

/// How often a proposal is merged again because the buffer has changed in between.
const TRIES: usize = 3;

/// How long the client's `didChange` may follow its answer.
const CONFIRMATION: Duration = Duration::from_secs(2);

/// Merges and applies a proposal; tells the user when that could not be done, and why.
pub(super) async fn apply(server: Arc<Server>, params: ProposalParams) {
    if let Err(why) = try_apply(&server, &params).await {
        server.client.show_message(MessageType::WARNING, why).await;
    }
}

async fn try_apply(server: &Arc<Server>, params: &ProposalParams) -> Result<(), String> {
    for _ in 0..TRIES {
        let proposal = proposal::make(server, &params.request_id, params.hunks.clone()).await;
        let proposal = proposal.map_err(|error| error.message.into_owned())?;
        match proposal.status {
            ProposalStatus::None => {
                let reason = proposal.reason.unwrap_or_default();
                return Err(format!(
                    "Nothing can be applied: {reason}. Read the response instead."
                ));
            }
            ProposalStatus::Conflict => {
                return Err(format!(
                    "Not applied: {} of the proposed changes conflict with what was typed meanwhile. Read the \
                     response and merge by hand.",
                    proposal.conflicts.len()
                ));
            }
            ProposalStatus::Clean | ProposalStatus::Moved => {}
        }
        if proposal.edits.is_empty() {
            return Err("The buffer has the proposed change already.".to_owned());
        }
        if !has_text(server, &proposal) {
            continue;
        }
        if send(server, &proposal).await? {
            return Ok(());
        }
    }
    Err("Not applied: the buffer kept changing meanwhile. Try again.".to_owned())
}

/// Sends the edit; `false` when the buffer was not the one that the edit is of any more.
async fn send(server: &Arc<Server>, proposal: &ProposalResult) -> Result<bool, String> {
    let uri: Uri = proposal
        .uri
        .parse()
        .map_err(|_| "The buffer has no address.".to_owned())?;
    let answered = tokio::time::timeout(
        PATIENCE,
        server.client.apply_edit(edit(server, uri, proposal)),
    )
    .await;
    match answered {
        Err(_) => {
            return Err(
                "The editor did not answer; look at the buffer before you try again.".to_owned(),
            );
        }
        Ok(Err(error)) => return Err(format!("The editor cannot apply edits: {}", error.message)),
        Ok(Ok(response)) if !response.applied => {
            if has_version(server, proposal) {
                let reason = response
                    .failure_reason
                    .unwrap_or_else(|| "it gave no reason".to_owned());
                return Err(format!("The editor did not apply the change: {reason}"));
            }
            return Ok(false);
        }
        Ok(Ok(_)) => {}
    }
    // Some editors say that they applied an edit and did not: only the text itself tells.
    let confirmed = async {
        while let Some(now) = server.documents.snapshot(&proposal.uri) {
            if now.buffer.text() == proposal.merged {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    };
    match tokio::time::timeout(CONFIRMATION, confirmed).await {
        Ok(true) => Ok(true),
        Err(_) if has_version(server, proposal) => Ok(false),
        // It has changed, and more was typed at once.
        Err(_) => Ok(true),
        Ok(false) => Err(
            "The file was closed, or its text is not known any more, while the change was applied: look at it, and \
             undo what is wrong."
                .to_owned(),
        ),
    }
}

/// Whether the text that the edits are to replace is still the buffer's.
fn has_text(server: &Server, proposal: &ProposalResult) -> bool {
    server
        .documents
        .snapshot(&proposal.uri)
        .is_some_and(|now| sha256_hex(now.buffer.text()) == proposal.digest)
}

/// Whether the buffer is still the one that the proposal was merged into.
fn has_version(server: &Server, proposal: &ProposalResult) -> bool {
    server
        .documents
        .snapshot(&proposal.uri)
        .is_some_and(|now| now.version == proposal.version)
}

fn edit(server: &Server, uri: Uri, proposal: &ProposalResult) -> WorkspaceEdit {
    let versioned = server
        .features
        .get()
        .is_some_and(|features| features.versioned_edits);
    if versioned {
        WorkspaceEdit {
            document_changes: Some(DocumentChanges::Edits(vec![TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier {
                    uri,
                    version: Some(proposal.version),
                },
                edits: proposal.edits.iter().cloned().map(OneOf::Left).collect(),
            }])),
            ..WorkspaceEdit::default()
        }
    } else {
        WorkspaceEdit {
            changes: Some(HashMap::from([(uri, proposal.edits.clone())])),
            ..WorkspaceEdit::default()
        }
    }
}
