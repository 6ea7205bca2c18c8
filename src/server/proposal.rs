//! `backchat/proposal`.

use std::sync::{Arc, PoisonError};

use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::TextEdit;

use super::chat::spawned;
use super::ranges::range_of;
use super::{Server, errors};
use crate::coordinator::Proposal;
use crate::protocol::{ConflictInfo, HunkInfo, ProposalParams, ProposalResult, ProposalStatus};
use crate::session::RequestId;
use crate::text::{Buffer, Encoding, MergeStatus, Replacement};

pub(super) async fn proposal(
    server: &Arc<Server>,
    params: ProposalParams,
) -> Result<ProposalResult> {
    let server = Arc::clone(server);
    spawned(async move { make(&server, &params.request_id, params.hunks).await }).await
}

/// Merges the proposal of a request into its buffer as it is now, which must be open.
pub(super) async fn make(
    server: &Arc<Server>,
    id: &RequestId,
    hunks: Option<Vec<u32>>,
) -> Result<ProposalResult> {
    let coordinator = server.coordinator().await?;
    let failed = |error: &_| errors::from_use_case(error);
    let request = coordinator.store().request(id).await;
    let request = request.map_err(|error| failed(&error.into()))?;
    let Some(snapshot) = server.documents.snapshot_named(&request.uri) else {
        return Err(server.not_open(&request.uri));
    };
    let roots = server
        .roots
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let proposal = coordinator
        .proposal(id, snapshot.buffer.text(), hunks, roots)
        .await
        .map_err(|error| failed(&error))?;
    let uri = server
        .documents
        .spelling(&request.uri)
        .unwrap_or(request.uri);
    Ok(shown(
        id,
        uri,
        snapshot.version,
        &snapshot.buffer,
        proposal,
        server.encoding(),
    ))
}

fn shown(
    id: &RequestId,
    uri: String,
    version: i32,
    buffer: &Buffer,
    proposal: Proposal,
    encoding: Encoding,
) -> ProposalResult {
    let text_edits = |edits: Vec<Replacement>| {
        let edits = edits.into_iter().map(|edit| TextEdit {
            range: range_of(buffer, edit.span, encoding),
            new_text: edit.text,
        });
        edits.collect::<Vec<_>>()
    };
    let (status, reason, hunks, conflicts) = match proposal.merge {
        Err(reason) => (ProposalStatus::None, Some(reason), Vec::new(), Vec::new()),
        Ok(merge) => {
            let status = match merge.status {
                MergeStatus::Clean => ProposalStatus::Clean,
                MergeStatus::Moved => ProposalStatus::Moved,
                MergeStatus::Conflict => ProposalStatus::Conflict,
            };
            let hunks = (0..).zip(&merge.edits).map(|(index, edit)| HunkInfo {
                index,
                range: range_of(buffer, edit.span, encoding),
                old_text: proposal.ours[edit.span.start..edit.span.end].to_owned(),
                new_text: edit.text.clone(),
            });
            let hunks = hunks.collect();
            let conflicts = merge.conflicts.into_iter().map(|conflict| ConflictInfo {
                range: range_of(buffer, conflict.ours, encoding),
                base: conflict.base,
                theirs: conflict.theirs,
            });
            (status, None, hunks, conflicts.collect())
        }
    };
    let (marked, marked_edits) = proposal
        .marked
        .map(|marked| (marked.text, text_edits(marked.edits)))
        .unzip();
    ProposalResult {
        request_id: id.clone(),
        uri,
        status,
        reason,
        version,
        digest: proposal.digest,
        edits: text_edits(proposal.edits),
        hunks,
        conflicts,
        added: proposal.change.added,
        removed: proposal.change.removed,
        preview: proposal.change.unified,
        merged: proposal.merged,
        marked,
        marked_edits,
    }
}
