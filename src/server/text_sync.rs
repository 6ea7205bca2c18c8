//! Text synchronisation: not async, so that the order of the changes is the order in which they came.

use std::sync::Arc;

use tower_lsp::ls_types::{DidChangeTextDocumentParams, DidCloseTextDocumentParams};

use super::document::FoundAnchor;
use super::unsaved::{self, Identity};
use super::{Server, outbox};
use crate::protocol::{DidFocusParams, DidOpenParams};

pub(super) fn did_open(server: &Arc<Server>, params: &DidOpenParams) {
    let document = &params.text_document;
    let knows_us = server.features.get().is_some_and(|it| it.custom_methods);
    let identity = Identity::of(document.identity.as_deref(), knows_us);
    let name = server.documents.open(document, identity);
    let server = Arc::clone(server);
    tokio::spawn(async move {
        unsaved::follow_opened(&server, &name).await;
        load_anchors(&server, &name).await;
    });
}

pub(super) fn did_change(server: &Server, params: DidChangeTextDocumentParams) {
    let document = params.text_document;
    let changed = server.documents.change(
        document.uri.as_str(),
        document.version,
        &params.content_changes,
        server.encoding(),
    );
    match changed {
        Ok(true) => server.anchors_moved.notify_one(),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(version = document.version, %error, "a change could not be applied")
        }
    }
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
