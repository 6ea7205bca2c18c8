//! The open buffers, and the anchors in them.
//!
//! Everything here is synchronous: text changes under its lock before anything could be awaited, so
//! changes are applied in the order in which they were sent.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use tower_lsp::ls_types::{Position as LspPosition, Range, TextDocumentContentChangeEvent};

use crate::buffer_name;
use crate::coordinator::place;
use crate::protocol::{AnchorInfo, AnchorStatus};
use crate::session::RequestId;
use crate::store::StoredAnchor;
use crate::text::{Buffer, Edit, Encoding, Fit, OutOfBounds, Position, Quote, Span};

/// The open buffers of one client, by their canonical URI.
#[derive(Default)]
pub(super) struct Documents {
    open: DashMap<String, Document>,
    /// Numbers openings and pending anchors.
    counter: AtomicU64,
}

/// One open buffer.
struct Document {
    /// Which opening this is: a buffer that was closed and opened again is another one.
    opening: u64,
    /// The URI as the client spells it.
    uri: String,
    language: String,
    version: i32,
    buffer: Buffer,
    anchors: Vec<Tracked>,
    /// Edits since the stored anchors began to be looked up; `None` when they are in place.
    since_load: Option<Vec<Edit>>,
    /// Whether the anchors have moved since they were last stored.
    moved: bool,
}

/// An anchor in an open buffer.
struct Tracked {
    key: Key,
    span: Span,
    /// The code that was asked about.
    original: Quote,
    /// Several places fitted equally well when it was looked up.
    ambiguous: bool,
}

/// Whose anchor it is: a request that is being stored has no id yet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Pending(u64),
    Request(RequestId),
}

/// The anchor of a submit that is not stored yet.
#[must_use]
pub(super) struct PendingAnchor {
    uri: String,
    number: u64,
}

/// A buffer as it was at one moment.
pub(super) struct Snapshot {
    /// Canonical.
    pub uri: String,
    pub language: String,
    pub buffer: Buffer,
    opening: u64,
    /// How many of the edits since the opening are in it, while stored anchors are looked up.
    edits: usize,
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
                        continue;
                    }
                },
            };
            document.follow(&edits);
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

    /// Where the requests of all open buffers are now.
    pub fn anchors(&self, encoding: Encoding) -> Vec<(RequestId, AnchorInfo)> {
        let mut anchors = Vec::new();
        for document in &self.open {
            for anchor in &document.anchors {
                if let Key::Request(id) = &anchor.key {
                    anchors.push((id.clone(), document.info(anchor, encoding)));
                }
            }
        }
        anchors
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

/// An anchor of the store, found again in a buffer.
pub(super) struct FoundAnchor {
    pub id: RequestId,
    pub span: Span,
    pub original: Quote,
    pub ambiguous: bool,
}

impl FoundAnchor {
    /// Looks for stored anchors: first for the code as it was last seen. Takes time in a large
    /// buffer.
    pub fn find_all(stored: Vec<(RequestId, StoredAnchor)>, buffer: &Buffer) -> Vec<Self> {
        let quotes = stored
            .iter()
            .map(|(_, anchor)| anchor.seen.as_ref().unwrap_or(&anchor.original));
        let found = Quote::find_all(quotes, buffer);
        stored
            .into_iter()
            .zip(found)
            .map(|((id, anchor), found)| Self {
                id,
                span: found.span,
                original: anchor.original,
                ambiguous: found.fit == Fit::Ambiguous,
            })
            .collect()
    }
}

impl Document {
    fn snapshot(&self, uri: &str) -> Snapshot {
        Snapshot {
            uri: uri.to_owned(),
            language: self.language.clone(),
            buffer: self.buffer.clone(),
            opening: self.opening,
            edits: self.since_load.as_ref().map_or(0, Vec::len),
        }
    }

    fn follow(&mut self, edits: &[Edit]) {
        for edit in edits {
            for anchor in &mut self.anchors {
                // A change below an anchor leaves it as it is; all others may move or alter it.
                self.moved |= edit.start <= anchor.span.end;
                anchor.span.follow(edit);
            }
            if let Some(since_load) = &mut self.since_load {
                since_load.push(*edit);
            }
        }
    }

    fn ids(&self) -> impl Iterator<Item = RequestId> + '_ {
        self.anchors.iter().filter_map(|anchor| match &anchor.key {
            Key::Request(id) => Some(id.clone()),
            Key::Pending(_) => None,
        })
    }

    fn info(&self, anchor: &Tracked, encoding: Encoding) -> AnchorInfo {
        let (span, status) = self.settle(anchor);
        AnchorInfo {
            range: range_of(&self.buffer, span, encoding),
            version: Some(self.version),
            status,
            original: None,
        }
    }

    /// Where an anchor is, and how sure that is, seen from the text that is there now.
    fn settle(&self, anchor: &Tracked) -> (Span, AnchorStatus) {
        let found = anchor.original.settle(&self.buffer, anchor.span);
        let status = match found.fit {
            Fit::Exact | Fit::Moved | Fit::Changed if anchor.ambiguous => AnchorStatus::Ambiguous,
            Fit::Exact => AnchorStatus::Exact,
            Fit::Moved => AnchorStatus::Moved,
            Fit::Changed => AnchorStatus::Changed,
            Fit::Gone => AnchorStatus::Gone,
            Fit::Ambiguous => AnchorStatus::Ambiguous,
        };
        (found.span, status)
    }

    fn take_moved(&mut self) -> Vec<(RequestId, StoredAnchor)> {
        if !std::mem::take(&mut self.moved) {
            return Vec::new();
        }
        let stored = self.anchors.iter().filter_map(|anchor| {
            let Key::Request(id) = &anchor.key else {
                return None;
            };
            let (span, status) = self.settle(anchor);
            // What cannot be found now may be found again, by what it was: it is left as it is.
            if matches!(status, AnchorStatus::Gone | AnchorStatus::Ambiguous) {
                return None;
            }
            Some((
                id.clone(),
                StoredAnchor {
                    place: place(&self.buffer, span),
                    original: anchor.original.clone(),
                    seen: (status != AnchorStatus::Exact).then(|| Quote::take(&self.buffer, span)),
                },
            ))
        });
        stored.collect()
    }
}

fn span_of(buffer: &Buffer, range: Range, encoding: Encoding) -> Result<Span, OutOfBounds> {
    let position = |position: LspPosition| Position::new(position.line, position.character);
    buffer.span(position(range.start), position(range.end), encoding)
}

fn range_of(buffer: &Buffer, span: Span, encoding: Encoding) -> Range {
    let position = |offset| {
        let position = buffer.position(offset, encoding);
        LspPosition {
            line: position.line,
            character: position.character,
        }
    };
    Range {
        start: position(span.start),
        end: position(span.end),
    }
}
