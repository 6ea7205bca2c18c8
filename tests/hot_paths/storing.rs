//! The life of a request in the store.

use std::path::Path;

use backchat::session::{Intent, Lane, RequestId};
use backchat::store::{
    AttemptEnd, ClaimLimits, NewRequest, Piece, Place, SessionFilter, Store, StoredAnchor,
    UsageRecord,
};
use backchat::text::{Buffer, Quote, Span};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::code::code;

/// A store of its own, and requests in it, each in its own session.
pub struct Storing {
    // Dropped in this order: the store's threads end before its folder goes.
    store: Store,
    runtime: Runtime,
    submitted: usize,
    text: String,
    anchor: StoredAnchor,
    _folder: TempDir,
}

impl Storing {
    /// An empty store in a folder below `parent`.
    pub fn open(parent: &Path) -> Self {
        let folder = TempDir::new_in(parent).expect("a folder can be made");
        let text = code(200);
        let anchor = StoredAnchor {
            place: Place::default(),
            original: Quote::take(&Buffer::new(&text), Span::new(0, 200)),
            seen: None,
        };
        Self {
            store: Store::open(&folder.path().join("state")).expect("the store can be opened"),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime can be made"),
            submitted: 0,
            text,
            anchor,
            _folder: folder,
        }
    }

    /// Stores a request about a buffer that had none.
    pub fn submit(&mut self) -> RequestId {
        self.submitted += 1;
        let new = NewRequest {
            uri: format!("file:///measured/{}.rs", self.submitted),
            prompt: "What does this do?".to_owned(),
            intent: Intent::Ask,
            model: "m".to_owned(),
            endpoint: "http://127.0.0.1:1".to_owned(),
            language: "rust".to_owned(),
            text: self.text.clone(),
            span: (0, 200),
            anchor: self.anchor.clone(),
            rules: None,
            idempotency_key: None,
        };
        let submitted = self.store.submit(new, 1, |_| Lane::Background);
        let accepted = self.runtime.block_on(submitted).expect("it is stored");
        assert!(!accepted.repeated);
        accepted.request.id
    }

    /// Claims the requests that wait, so many at most. There has to be one.
    pub fn claim(&self, most: usize) -> Vec<RequestId> {
        let limits = ClaimLimits {
            lease_ms: 30_000,
            models: vec![("m".to_owned(), u32::MAX - 1)],
            default_limit: 1,
            most,
        };
        let claimed = self.runtime.block_on(self.store.claim(limits, 2));
        let claimed = claimed.expect("the store can be written");
        assert!(!claimed.is_empty());
        claimed
            .into_iter()
            .map(|claimed| claimed.request.id)
            .collect()
    }

    /// Adds a piece of streamed text.
    pub fn append(&self, id: &RequestId) {
        let piece = Piece::from("A few words of it. ");
        self.runtime
            .block_on(self.store.append(id, 1, piece))
            .expect("the attempt runs");
    }

    /// Ends the attempt.
    pub fn finish(&self, id: &RequestId) {
        let end = AttemptEnd::Done {
            finish: "stop".to_owned(),
            usage: UsageRecord::default(),
        };
        let finished = self
            .runtime
            .block_on(self.store.finish(id, 1, None, end, 3));
        finished.expect("the attempt runs");
    }

    /// Reads the first page of the sessions.
    pub fn page(&self) {
        let filter = SessionFilter {
            limit: Some(100),
            ..SessionFilter::default()
        };
        let page = self.runtime.block_on(self.store.sessions(filter));
        let page = page.expect("the store can be read");
        assert_eq!(page.sessions.len(), self.submitted.min(100));
    }
}
