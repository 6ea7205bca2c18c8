//! One open buffer, and the anchors in it.

use std::sync::Arc;
use std::time::Instant;

use tower_lsp::ls_types::Range;

use super::lookup::{Begun, Lookup};
use super::offers::Offers;
use super::ranges::range_of;
use crate::coordinator::place;
use crate::protocol::{AnchorInfo, AnchorStatus};
use crate::session::RequestId;
use crate::store::StoredAnchor;
use crate::text::{Buffer, Edit, Encoding, Fit, Quote, Span};

/// One open buffer.
pub(super) struct Document {
    /// Which opening this is: a buffer that was closed and opened again is another one.
    pub opening: u64,
    pub opened_at: Instant,
    /// The URI as the client spells it.
    pub uri: String,
    pub language: String,
    pub version: i32,
    pub buffer: Buffer,
    pub anchors: Vec<Tracked>,
    /// See [`Snapshot::order`].
    pub order: Arc<tokio::sync::Mutex<()>>,
    /// Whether the stored anchors are in place.
    pub lookup: Lookup,
    /// Whether the anchors have moved since they were last stored.
    pub moved: bool,
    pub offers: Offers,
}

/// An anchor in an open buffer.
pub(super) struct Tracked {
    pub key: Key,
    pub span: Span,
    /// The code that was asked about.
    pub original: Quote,
    /// Several places fitted equally well when it was looked up.
    pub ambiguous: bool,
    /// What the client was told last of it.
    pub told: Option<(Range, AnchorStatus)>,
    /// Text at one of its ends was removed since: the client's own mark may have gone with it, and does not
    /// come back with the text.
    pub is_displaced: bool,
}

impl Tracked {
    pub const fn new(key: Key, span: Span, original: Quote, ambiguous: bool) -> Self {
        Self {
            key,
            span,
            original,
            ambiguous,
            told: None,
            is_displaced: false,
        }
    }

    /// Whether the client is to be told where it is now.
    fn is_news(&self, now: &AnchorInfo) -> bool {
        self.is_displaced || self.told != Some((now.range, now.status))
    }
}

/// Whose anchor it is: a request that is being stored has no id yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Pending(u64),
    Request(RequestId),
}

/// A buffer as it was at one moment.
pub(super) struct Snapshot {
    /// What the buffer is called in the store.
    pub uri: String,
    pub language: String,
    pub version: i32,
    pub buffer: Buffer,
    /// Held while a submit is stored: those of one buffer are stored in the order in which they came.
    pub order: Arc<tokio::sync::Mutex<()>>,
    pub opening: u64,
    /// The look-up of stored anchors that would begin with it.
    pub lookup: Begun,
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
    pub fn snapshot(&self, uri: &str) -> Snapshot {
        Snapshot {
            uri: uri.to_owned(),
            language: self.language.clone(),
            version: self.version,
            buffer: self.buffer.clone(),
            order: Arc::clone(&self.order),
            opening: self.opening,
            lookup: self.lookup.begin(),
        }
    }

    pub fn follow(&mut self, edits: &[Edit]) {
        self.offers.follow(edits);
        for edit in edits {
            for anchor in &mut self.anchors {
                // A change below an anchor leaves it as it is; all others may move or alter it.
                self.moved |= edit.start <= anchor.span.end;
                let (start, end) = (anchor.span.start, anchor.span.end);
                anchor.is_displaced |= (edit.start <= start && start < edit.old_end)
                    || (edit.start < end && end <= edit.old_end);
                anchor.span.follow(edit);
            }
            self.lookup.follow(edit);
        }
    }

    pub fn ids(&self) -> impl Iterator<Item = RequestId> + '_ {
        self.anchors.iter().filter_map(|anchor| match &anchor.key {
            Key::Request(id) => Some(id.clone()),
            Key::Pending(_) => None,
        })
    }

    /// Where the requests are now.
    pub fn infos(&self, encoding: Encoding) -> Vec<(RequestId, AnchorInfo)> {
        let of_request = |anchor: &Tracked| match &anchor.key {
            Key::Request(id) => Some((id.clone(), self.info(anchor, encoding))),
            Key::Pending(_) => None,
        };
        self.anchors.iter().filter_map(of_request).collect()
    }

    /// The requests of which the client does not know where they are now.
    pub fn news(&self, encoding: Encoding) -> Vec<RequestId> {
        let is_news = |anchor: &&Tracked| anchor.is_news(&self.info(anchor, encoding));
        let news = self.anchors.iter().filter(is_news);
        news.filter_map(|anchor| match &anchor.key {
            Key::Request(id) => Some(id.clone()),
            Key::Pending(_) => None,
        })
        .collect()
    }

    /// Where a request is now, which the client is about to be told.
    pub fn tell(&mut self, id: &RequestId, encoding: Encoding) -> Option<AnchorInfo> {
        let is_it = |anchor: &Tracked| matches!(&anchor.key, Key::Request(known) if known == id);
        let index = self.anchors.iter().position(is_it)?;
        let (span, status) = self.settle(&self.anchors[index]);
        let info = self.info(&self.anchors[index], encoding);
        let anchor = &mut self.anchors[index];
        anchor.told = Some((info.range, info.status));
        anchor.is_displaced = false;
        if matches!(status, AnchorStatus::Exact | AnchorStatus::Moved) {
            // From here on it follows the edits at the place where the client has it.
            anchor.span = span;
        }
        Some(info)
    }

    pub fn info(&self, anchor: &Tracked, encoding: Encoding) -> AnchorInfo {
        let (span, status) = self.settle(anchor);
        AnchorInfo {
            range: range_of(&self.buffer, span, encoding),
            version: Some(self.version),
            status,
            original: None,
        }
    }

    /// Where an anchor is, and how sure that is, seen from the text that is there now.
    pub fn settle(&self, anchor: &Tracked) -> (Span, AnchorStatus) {
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

    pub fn take_moved(&mut self) -> Vec<(RequestId, StoredAnchor)> {
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
