//! Text synchronisation: not async, so that the order of the changes is the order in which they came.

use std::sync::Arc;

use tower_lsp::ls_types::{DidChangeTextDocumentParams, DidCloseTextDocumentParams, MessageType};

use super::document::FoundAnchor;
use super::documents::{Changed, SyncError};
use super::unsaved::{self, Identity};
use super::{Server, outbox};
use crate::buffer_name;
use crate::protocol::{BufferLost, BufferLostParams, DidFocusParams, DidOpenParams};
use crate::text::OutOfBounds;

pub(super) fn did_open(server: &Arc<Server>, params: &DidOpenParams) {
    let document = &params.text_document;
    let knows_us = server.features.get().is_some_and(|it| it.custom_methods);
    let identity = Identity::of(document.identity.as_deref(), knows_us);
    let name = server
        .documents
        .open(document, identity, server.line_ends());
    let server = Arc::clone(server);
    tokio::spawn(async move {
        unsaved::follow_opened(&server, &name).await;
        load_anchors(&server, &name).await;
    });
}

pub(super) fn did_change(server: &Arc<Server>, params: DidChangeTextDocumentParams) {
    let document = params.text_document;
    let changed = server.documents.change(
        document.uri.as_str(),
        document.version,
        &params.content_changes,
        server.encoding(),
    );
    match changed {
        Ok(Changed::Text { moved: true }) => server.anchors_moved.notify_one(),
        Ok(Changed::Text { moved: false }) => {}
        Ok(Changed::Found) => {
            let (server, uri) = (Arc::clone(server), document.uri.as_str().to_owned());
            tokio::spawn(async move { load_anchors(&server, &uri).await });
        }
        Err(SyncError::OutOfBounds { reason, anchors }) => {
            tracing::warn!(version = document.version, %reason, "a change does not fit, so the buffer is lost");
            let (server, uri) = (Arc::clone(server), document.uri.as_str().to_owned());
            tokio::spawn(async move {
                outbox::save(&server, anchors).await;
                tell_lost(&server, uri, reason).await;
            });
        }
        Err(error) => {
            tracing::warn!(version = document.version, %error, "a change could not be applied")
        }
    }
}

/// Tells the client that the text of one of its buffers is not known any more.
async fn tell_lost(server: &Server, uri: String, reason: OutOfBounds) {
    let speaks = server
        .features
        .get()
        .is_some_and(|features| features.custom_methods);
    if speaks {
        let reason = reason.to_string();
        let lost = BufferLostParams { uri, reason };
        server.client.send_notification::<BufferLost>(lost).await;
        return;
    }
    let name = buffer_name::short(&uri);
    let message = format!(
        "Backchat: the text of {name} is not known any more, because the editor has changed a line that it should \
         not have ({reason}). Close the file and open it again to ask about it. If this comes back, the editor \
         counts lines in its own way: see lineEnds in Backchat's PROTOCOL.md."
    );
    server
        .client
        .show_message(MessageType::WARNING, message)
        .await;
}

pub(super) fn did_close(server: &Arc<Server>, params: DidCloseTextDocumentParams) {
    let (anchors, closed) = server.documents.close(params.text_document.uri.as_str());
    if anchors.is_empty() && closed.is_none() {
        return;
    }
    let server = Arc::clone(server);
    tokio::spawn(async move {
        outbox::save(&server, anchors).await;
        if let Some(closed) = closed {
            unsaved::follow_closed(&server, &closed).await;
        }
    });
}

pub(super) fn did_focus(server: &Server, params: DidFocusParams) {
    let front = params
        .text_document
        .map(|document| document.uri.as_str().to_owned());
    tracing::debug!(
        watched = front.is_some(),
        "the client told what is in front"
    );
    *server
        .in_front
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(front);
}

/// Finds the stored anchors of an open buffer, by its name, if that was not done yet.
pub(super) async fn load_anchors(server: &Arc<Server>, name: &str) {
    let Some(snapshot) = server.documents.wants_anchors(name) else {
        return;
    };
    let Ok(coordinator) = server.coordinator().await else {
        return;
    };
    let is_open = |uri: &str| server.documents.is_open(uri);
    let moved = coordinator
        .follow_moved_file(&snapshot.uri, &snapshot.buffer, is_open)
        .await;
    if let Err(error) = moved {
        tracing::warn!(%error, "a file's session could not be looked for under other names");
    }
    let stored = coordinator.store().anchors_of(&snapshot.uri).await;
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => {
            tracing::warn!(%error, "the anchors of a buffer could not be read");
            return;
        }
    };
    let found = tokio::task::spawn_blocking(move || {
        let found = FoundAnchor::find_all(stored, &snapshot.buffer);
        (snapshot, found)
    });
    // The search is pure; if it panicked, the requests are shown where they were last seen.
    if let Ok((snapshot, found)) = found.await {
        server.documents.put_anchors(&snapshot, found);
        server.anchors_moved.notify_one();
    }
}
