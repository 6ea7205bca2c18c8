//! The open buffers, and the anchors in them.
//!
//! Everything here is synchronous: text changes under its lock before anything could be awaited, so
//! changes are applied in the order in which they were sent.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use dashmap::mapref::one::RefMut;
use tower_lsp::ls_types::{Range, TextDocumentContentChangeEvent};

use super::document::{Document, FoundAnchor, Key, Snapshot, Tracked};
use super::lookup::Lookup;
use super::offers::{Offered, Offers};
use super::ranges::span_of;
use super::unsaved::{Closed, Identity, Unsaved};
use crate::buffer_name;
use crate::protocol::{AnchorInfo, OpenedDocument};
use crate::session::RequestId;
use crate::store::StoredAnchor;
use crate::text::{Buffer, Encoding, LineEnds, OutOfBounds, Quote, Span};

/// The open buffers of one client, by what they are called in the store: see [`Documents::name_of`].
#[derive(Default)]
pub(super) struct Documents {
    open: DashMap<String, Document>,
    unsaved: Unsaved,
    /// Buffers that are open in the client and whose text is not known any more, as the client and the server
    /// do not agree on it.
    lost: DashMap<String, Document>,
    /// Numbers openings and pending anchors.
    counter: AtomicU64,
}

/// The anchor of a submit that is not stored yet.
#[must_use]
pub(super) struct PendingAnchor {
    uri: String,
    number: u64,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// The text is another one, and anchors may have moved.
    Text { moved: bool },
    /// The text is known again.
    Found,
}

/// Why a change could not be applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    #[error("the buffer {0} is not open")]
    NotOpen(String),
    #[error("the text of {0} is not known since an earlier change")]
    Lost(String),
    /// From here on its text is not known.
    #[error("{reason}")]
    OutOfBounds {
        reason: OutOfBounds,
        /// Where the anchors were before.
        anchors: Vec<(RequestId, StoredAnchor)>,
    },
}

impl Documents {
    /// What the buffer that now has this URI is called in the store: a file by the canonical spelling of its URI,
    /// a buffer without a file by a name of its own.
    pub fn name_of(&self, uri: &str) -> String {
        if buffer_name::is_unsaved(uri) {
            self.unsaved.name_of(uri)
        } else {
            buffer_name::canonical(uri)
        }
    }

    /// The buffers that have no file.
    pub fn unsaved(&self) -> &Unsaved {
        &self.unsaved
    }

    /// A buffer was opened: its text replaces what was known of it. Gives back what it is called.
    pub fn open(&self, opened: &OpenedDocument, identity: Identity<'_>, ends: LineEnds) -> String {
        let uri = opened.uri.as_str();
        let name = if buffer_name::is_unsaved(uri) {
            self.unsaved.open(uri, identity, &opened.text)
        } else {
            buffer_name::canonical(uri)
        };
        let buffer = Buffer::with_line_ends(&opened.text, ends);
        self.put(&name, uri, &opened.language_id, opened.version, buffer);
        name
    }

    /// The buffer of this name has this text from here on.
    fn put(&self, name: &str, uri: &str, language: &str, version: i32, buffer: Buffer) {
        self.lost.remove(name);
        self.open.insert(
            name.to_owned(),
            Document {
                opening: self.counter.fetch_add(1, Ordering::Relaxed),
                opened_at: Instant::now(),
                uri: uri.to_owned(),
                language: language.to_owned(),
                version,
                buffer,
                anchors: Vec::new(),
                order: Arc::default(),
                lookup: Lookup::default(),
                moved: false,
                offers: Offers::default(),
            },
        );
    }

    /// Applies changes in their order. After one that is out of bounds the text is not known any more, until
    /// the buffer is opened anew or its whole text is sent.
    pub fn change(
        &self,
        uri: &str,
        version: i32,
        changes: &[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> Result<Changed, SyncError> {
        let name = self.name_of(uri);
        let Some(document) = self.open.get_mut(&name) else {
            return self.find(uri, version, changes, encoding);
        };
        match apply(document, version, changes, encoding) {
            Ok(moved) => Ok(Changed::Text { moved }),
            Err(reason) => {
                let lost = self.open.remove(&name);
                let anchors = lost.map(|(uri, mut document)| {
                    let anchors = document.take_moved();
                    self.lost.insert(uri, document);
                    anchors
                });
                Err(SyncError::OutOfBounds {
                    reason,
                    anchors: anchors.unwrap_or_default(),
                })
            }
        }
    }

    /// Takes the whole text of a buffer whose text is not known, if it is among the changes.
    fn find(
        &self,
        uri: &str,
        version: i32,
        changes: &[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> Result<Changed, SyncError> {
        let name = self.name_of(uri);
        let Some((_, document)) = self.lost.remove(&name) else {
            return Err(SyncError::NotOpen(uri.to_owned()));
        };
        let whole = changes.iter().rposition(|change| change.range.is_none());
        let Some(whole) = whole else {
            self.lost.insert(name, document);
            return Err(SyncError::Lost(uri.to_owned()));
        };
        let buffer = Buffer::with_line_ends(&changes[whole].text, document.buffer.line_ends());
        self.put(&name, uri, &document.language, version, buffer);
        let rest = &changes[whole + 1..];
        if !rest.is_empty() {
            self.change(uri, version, rest, encoding)?;
        }
        Ok(Changed::Found)
    }

    /// Whether a buffer, by its name, is open in the client and its text is not known.
    pub fn is_lost(&self, name: &str) -> bool {
        self.lost.contains_key(name)
    }

    /// A buffer was closed: gives back where its anchors were, and what is left of one that has no file.
    pub fn close(&self, uri: &str) -> (Vec<(RequestId, StoredAnchor)>, Option<Closed>) {
        let name = self.name_of(uri);
        let lost = self.lost.remove(&name);
        let Some((_, mut document)) = self.open.remove(&name).or(lost) else {
            return (Vec::new(), None);
        };
        let anchors = document.take_moved();
        let closed = buffer_name::is_unsaved(uri).then(|| self.unsaved.close(uri, document.buffer));
        (anchors, closed)
    }

    /// The buffer that now has this URI, as it is now.
    pub fn snapshot(&self, uri: &str) -> Option<Snapshot> {
        self.snapshot_named(&self.name_of(uri))
    }

    /// The open buffer that is called so in the store, as it is now.
    pub fn snapshot_named(&self, name: &str) -> Option<Snapshot> {
        self.open.get(name).map(|document| document.snapshot(name))
    }

    /// The files that were opened a moment ago, with their texts.
    pub fn files_opened_within(&self, moment: Duration) -> Vec<(String, Buffer)> {
        self.open
            .iter()
            .filter(|document| document.opened_at.elapsed() < moment)
            .filter(|document| buffer_name::path(document.key()).is_some())
            .map(|document| (document.key().clone(), document.buffer.clone()))
            .collect()
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

    /// Begins to track the anchor of a submit, before anything is awaited, so that no edit is missed
    /// while it is stored.
    pub fn track_pending(&self, snapshot: &Snapshot, span: Span) -> PendingAnchor {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        if let Some(mut document) = self.open.get_mut(&snapshot.uri) {
            let original = Quote::take(&document.buffer, span);
            let anchor = Tracked::new(Key::Pending(number), span, original, false);
            document.anchors.push(anchor);
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
            document.lookup.ask();
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

    /// Whether the stored anchors of an open buffer, by its name, have still to be looked up.
    pub fn wants_anchors(&self, name: &str) -> Option<Snapshot> {
        let document = self.open.get(name)?;
        document.lookup.is_due().then(|| document.snapshot(name))
    }

    /// The anchors of every open buffer are to be looked up again: the buffers' names.
    pub fn reload_anchors(&self) -> Vec<String> {
        let reload =
            |mut document: dashmap::mapref::multiple::RefMutMulti<'_, String, Document>| {
                document.lookup.ask();
                document.key().clone()
            };
        self.open.iter_mut().map(reload).collect()
    }

    /// The anchors of this buffer, by its name, are to be looked up again, if it is open.
    pub fn reload_anchors_of(&self, uri: &str) {
        if let Some(mut document) = self.open.get_mut(uri) {
            document.lookup.ask();
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
        let Some(edits) = document.lookup.end(snapshot.lookup) else {
            return;
        };
        for anchor in found {
            let key = Key::Request(anchor.id);
            if document.anchors.iter().any(|tracked| tracked.key == key) {
                continue;
            }
            let mut span = anchor.span;
            for edit in &edits {
                span.follow(edit);
            }
            let anchor = Tracked::new(key, span, anchor.original, anchor.ambiguous);
            document.anchors.push(anchor);
        }
    }

    /// Where a request is now, in an open buffer; the client is about to be told so.
    pub fn tell(&self, uri: &str, id: &RequestId, encoding: Encoding) -> Option<AnchorInfo> {
        self.open.get_mut(uri)?.tell(id, encoding)
    }

    /// Where the requests of an open buffer are now, by its name.
    pub fn anchors_of(&self, uri: &str, encoding: Encoding) -> Vec<(RequestId, AnchorInfo)> {
        let document = self.open.get(uri);
        document.map_or_else(Vec::new, |document| document.infos(encoding))
    }

    /// The requests of open buffers of which the client does not know where they are now.
    pub fn news(&self, encoding: Encoding) -> Vec<RequestId> {
        let documents = self.open.iter();
        documents
            .flat_map(|document| document.news(encoding))
            .collect()
    }

    /// The URI that the client has for an open buffer, by its name.
    pub fn spelling(&self, uri: &str) -> Option<String> {
        self.open.get(uri).map(|document| document.uri.clone())
    }

    /// Whether a buffer is open, by its name.
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

/// Applies changes to an open buffer; gives back whether anchors have moved.
fn apply(
    mut document: RefMut<'_, String, Document>,
    version: i32,
    changes: &[TextDocumentContentChangeEvent],
    encoding: Encoding,
) -> Result<bool, OutOfBounds> {
    for change in changes {
        let edits = match change.range {
            None => document.buffer.replace_all(&change.text),
            Some(range) => {
                let span = span_of(&document.buffer, range, encoding)?;
                document.buffer.replace(span, &change.text)
            }
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
    Ok(document.moved)
}
