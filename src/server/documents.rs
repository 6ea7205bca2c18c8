//! The open buffers, and the anchors in them.
//!
//! Everything here is synchronous: text changes under its lock before anything could be awaited, so
//! changes are applied in the order in which they were sent.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use tower_lsp::ls_types::{Range, TextDocumentContentChangeEvent};

use super::document::{Document, FoundAnchor, Key, Snapshot, Tracked, span_of};
use crate::buffer_name;
use super::offers::{Offered, Offers};
use crate::protocol::AnchorInfo;
use crate::session::RequestId;
use crate::store::StoredAnchor;
use crate::text::{Buffer, Encoding, OutOfBounds, Quote, Span};

/// The open buffers of one client, by their canonical URI.
#[derive(Default)]
pub(super) struct Documents {
    open: DashMap<String, Document>,
    /// Numbers openings and pending anchors.
    counter: AtomicU64,
}

/// The anchor of a submit that is not stored yet.
#[must_use]
pub(super) struct PendingAnchor {
    uri: String,
    number: u64,
}

/// Why a change could not be applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    #[error("the buffer {0} is not open")]
    NotOpen(String),
    #[error("{0}")]
    OutOfBounds(#[from] OutOfBounds),
}

impl Documents {
    /// A buffer was opened: its text replaces what was known of it.
    pub fn open(&self, uri: &str, language: &str, version: i32, text: &str) {
        self.open.insert(
            buffer_name::canonical(uri),
            Document {
                opening: self.counter.fetch_add(1, Ordering::Relaxed),
                uri: uri.to_owned(),
                language: language.to_owned(),
                version,
                buffer: Buffer::new(text),
                anchors: Vec::new(),
                order: Arc::default(),
                since_load: Some(Vec::new()),
                moved: false,
            },
        );
    }

    /// Applies changes in their order. One that is out of bounds is left out, with an error; the
    /// others are applied.
    pub fn change(
        &self,
        uri: &str,
        version: i32,
        changes: &[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> Result<bool, SyncError> {
        let mut document = self
            .open
            .get_mut(&buffer_name::canonical(uri))
            .ok_or_else(|| SyncError::NotOpen(uri.to_owned()))?;
        let mut result = Ok(());
        for change in changes {
            let edits = match change.range {
                None => document.buffer.replace_all(&change.text),
                Some(range) => match span_of(&document.buffer, range, encoding) {
                    Ok(span) => document.buffer.replace(span, &change.text),
                    Err(error) => {
                        result = Err(error.into());
                offers: Offers::default(),
                        continue;
                    }
                },
            };
            document.follow(&edits);
        }
        if version <= document.version {
            // The order of arrival is the order in which the client changed its text.
            tracing::warn!(
                from = document.version,
                to = version,
                "the version of a buffer goes backwards"
            );
        }
        document.version = version;
        result.map(|()| document.moved)
    }

    /// A buffer was closed: gives back where its anchors were.
    pub fn close(&self, uri: &str) -> Vec<(RequestId, StoredAnchor)> {
        match self.open.remove(&buffer_name::canonical(uri)) {
            Some((_, mut document)) => document.take_moved(),
            None => Vec::new(),
        }
    }

    /// The buffer as it is now.
    pub fn snapshot(&self, uri: &str) -> Option<Snapshot> {
        let canonical = buffer_name::canonical(uri);
        self.open
            .get(&canonical)
            .map(|document| document.snapshot(&canonical))
    }

    /// The span of a range that is of the buffer as it is now.
    pub fn span(
        &self,
        snapshot: &Snapshot,
        range: Range,
        encoding: Encoding,
    ) -> Result<Span, OutOfBounds> {
        span_of(&snapshot.buffer, range, encoding)
    }

    /// Begins to track the anchor of a submit, before anything is awaited, so that no edit is missed
    /// while it is stored.
    pub fn track_pending(&self, snapshot: &Snapshot, span: Span) -> PendingAnchor {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        if let Some(mut document) = self.open.get_mut(&snapshot.uri) {
            let original = Quote::take(&document.buffer, span);
            document.anchors.push(Tracked {
                key: Key::Pending(number),
                span,
                original,
                ambiguous: false,
            });
        }
        PendingAnchor {
            uri: snapshot.uri.clone(),
            number,
        }
    }

    /// The submit was stored: the anchor is the request's from here on.
    pub fn confirm(&self, pending: &PendingAnchor, id: &RequestId) {
        let Some(mut document) = self.open.get_mut(&pending.uri) else {
            return;
        };
        let (pending, request) = (Key::Pending(pending.number), Key::Request(id.clone()));
        let is_known = document.anchors.iter().any(|anchor| anchor.key == request);
        if is_known {
            // A repeated submit, or the look-up of stored anchors was faster.
            document.anchors.retain(|anchor| anchor.key != pending);
        } else if let Some(anchor) = document
            .anchors
            .iter_mut()
            .find(|anchor| anchor.key == pending)
        {
            anchor.key = request;
            document.moved = true;
        } else {
            // The buffer was closed and opened again meanwhile: what is stored is looked up again.
            document.since_load.get_or_insert_default();
        }
    /// Something is offered for the text of a snapshot.
    pub fn offer(&self, snapshot: &Snapshot) -> Offered {
        if let Some(mut document) = self.open.get_mut(&snapshot.uri) {
            document.offers.remember(snapshot.version, &snapshot.buffer);
        }
        Offered {
            opening: snapshot.opening,
            version: snapshot.version,
        }
    }

    /// Where a range of the text that something was offered for is in the buffer as it is now. `None` when that
    /// is not known, or nothing is left of it.
    pub fn carried(
        &self,
        snapshot: &Snapshot,
        offered: Offered,
        range: Range,
        encoding: Encoding,
    ) -> Option<Span> {
        let document = self.open.get(&snapshot.uri)?;
        let is_same = document.opening == offered.opening && snapshot.opening == offered.opening;
        is_same
            .then(|| document.offers.carried(offered.version, range, encoding))
            .flatten()
    }

    }

    /// The submit was refused: its anchor is forgotten.
    pub fn forget(&self, pending: &PendingAnchor) {
        if let Some(mut document) = self.open.get_mut(&pending.uri) {
            document
                .anchors
                .retain(|anchor| anchor.key != Key::Pending(pending.number));
        }
    }

    /// Whether the stored anchors of an open buffer have still to be looked up.
    pub fn wants_anchors(&self, uri: &str) -> Option<Snapshot> {
        let canonical = buffer_name::canonical(uri);
        let document = self.open.get(&canonical)?;
        document
            .since_load
            .is_some()
            .then(|| document.snapshot(&canonical))
    }

    /// The anchors of every open buffer are to be looked up again: the buffers' canonical URIs.
    pub fn reload_anchors(&self) -> Vec<String> {
        let reload =
            |mut document: dashmap::mapref::multiple::RefMutMulti<'_, String, Document>| {
                document.since_load.get_or_insert_default();
                document.key().clone()
            };
        self.open.iter_mut().map(reload).collect()
    }

    /// The anchors of this buffer, by its canonical URI, are to be looked up again, if it is open.
    pub fn reload_anchors_of(&self, uri: &str) {
        if let Some(mut document) = self.open.get_mut(uri) {
            document.since_load.get_or_insert_default();
        }
    }

    /// Puts the stored anchors into an open buffer, found in `snapshot` and carried across the edits
    /// that came since.
    pub fn put_anchors(&self, snapshot: &Snapshot, found: Vec<FoundAnchor>) {
        let Some(mut document) = self.open.get_mut(&snapshot.uri) else {
            return;
        };
        if document.opening != snapshot.opening {
            return;
        }
        let Some(edits) = document.since_load.take() else {
            return;
        };
        for anchor in found {
            let key = Key::Request(anchor.id);
            if document.anchors.iter().any(|tracked| tracked.key == key) {
                continue;
            }
            let mut span = anchor.span;
            for edit in edits.iter().skip(snapshot.edits) {
                span.follow(edit);
            }
            document.anchors.push(Tracked {
                key,
                span,
                original: anchor.original,
                ambiguous: anchor.ambiguous,
            });
        }
    }

    /// Where a request is now, in an open buffer.
    pub fn anchor(&self, uri: &str, id: &RequestId, encoding: Encoding) -> Option<AnchorInfo> {
        let document = self.open.get(uri)?;
        let anchor = document
            .anchors
            .iter()
            .find(|anchor| matches!(&anchor.key, Key::Request(known) if known == id))?;
        Some(document.info(anchor, encoding))
    }

    /// Where the requests of an open buffer are now, by its canonical URI.
    pub fn anchors_of(&self, uri: &str, encoding: Encoding) -> Vec<(RequestId, AnchorInfo)> {
        let document = self.open.get(uri);
        document.map_or_else(Vec::new, |document| document.infos(encoding))
    }

    /// Where the requests of all open buffers are now.
    pub fn anchors(&self, encoding: Encoding) -> Vec<(RequestId, AnchorInfo)> {
        let documents = self.open.iter();
        documents
            .flat_map(|document| document.infos(encoding))
            .collect()
    }

    /// The URI of an open buffer as its client spells it.
    pub fn spelling(&self, uri: &str) -> Option<String> {
        self.open.get(uri).map(|document| document.uri.clone())
    }

    /// Whether a buffer is open, by its canonical URI.
    pub fn is_open(&self, uri: &str) -> bool {
        self.open.contains_key(uri)
    }

    /// The requests whose anchors are in open buffers.
    pub fn tracked(&self) -> HashSet<RequestId> {
        self.open
            .iter()
            .flat_map(|document| document.ids().collect::<Vec<_>>())
            .collect()
    }

    /// The anchors that have moved since the last call, as they are to be stored.
    pub fn take_moved(&self) -> Vec<(RequestId, StoredAnchor)> {
        self.open
            .iter_mut()
            .flat_map(|mut document| document.take_moved())
            .collect()
    }
}
