//! Buffers without a file.
//!
//! Editors use their URIs again: when `untitled:Untitled-1` was closed, the next new buffer is
//! `untitled:Untitled-1` as well, and so is one in another window. What was asked about the one must neither be
//! shown in the other nor be sent with its questions. In the store such a buffer therefore has a name of its
//! own, for as long as it lives: its URI with its identity. When it was saved, its session is its file's.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dashmap::DashMap;

use super::{Server, workspace};
use crate::buffer_name;
use crate::session::SessionId;
use crate::text::Buffer;

/// So many closed buffers are remembered.
const REMEMBERED: usize = 16;

/// A file that takes the place of a buffer is opened within so long before or after the buffer is closed.
const SAVED_WITHIN: Duration = Duration::from_secs(60);

/// The longest identity that a client may give to a buffer, in bytes.
const LONGEST_IDENTITY: usize = 128;

/// Which of the buffers that have its URI a buffer is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity<'a> {
    /// The client says so.
    Told(&'a str),
    /// The URI alone tells: the client uses none of them again.
    Uri,
    /// Another one at each opening, as the client says nothing.
    New,
}

impl<'a> Identity<'a> {
    /// What a client says at `textDocument/didOpen`; one that `knows_us` and says nothing uses no URI again.
    pub fn of(told: Option<&'a str>, knows_us: bool) -> Self {
        let is_fit = |identity: &&str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            (1..=LONGEST_IDENTITY).contains(&identity.len()) && identity.bytes().all(is_plain)
        };
        match told {
            Some(identity) if is_fit(&identity) => Self::Told(identity),
            Some(_) => {
                tracing::warn!(
                    "the identity of a buffer is to be of letters, digits, - _ and ., at most {LONGEST_IDENTITY} of them"
                );
                Self::New
            }
            None if knows_us => Self::Uri,
            None => Self::New,
        }
    }
}

/// The buffers of one client that have no file.
#[derive(Default)]
pub(super) struct Unsaved {
    /// The names of the open ones, by their URIs.
    names: DashMap<String, String>,
    /// Those that were closed, the latest last.
    closed: Mutex<VecDeque<Closed>>,
}

/// A buffer that was closed.
#[derive(Clone)]
pub(super) struct Closed {
    uri: String,
    /// What it is called in the store.
    pub name: String,
    text: Buffer,
    at: Instant,
}

impl Unsaved {
    /// What the buffer that now has this URI is called in the store.
    pub fn name_of(&self, uri: &str) -> String {
        self.names
            .get(uri)
            .map_or_else(|| uri.to_owned(), |name| name.clone())
    }

    /// A buffer is opened with this text: what it is called from here on.
    ///
    /// Without an identity, one that was closed a moment ago with this very text lives on: so an editor changes a
    /// buffer's language.
    pub fn open(&self, uri: &str, identity: Identity<'_>, text: &str) -> String {
        let name = match identity {
            Identity::Uri => uri.to_owned(),
            Identity::Told(identity) => buffer_name::unsaved(uri, identity),
            Identity::New => self
                .closed_last(uri)
                .filter(|closed| !text.is_empty() && closed.text.text() == text)
                .map_or_else(
                    || buffer_name::unsaved(uri, &SessionId::generate().0),
                    |closed| closed.name,
                ),
        };
        self.names.insert(uri.to_owned(), name.clone());
        name
    }

    /// A buffer was closed with this text.
    pub fn close(&self, uri: &str, text: Buffer) -> Closed {
        let name = self.names.remove(uri);
        let closed = Closed {
            name: name.map_or_else(|| uri.to_owned(), |(_, name)| name),
            uri: uri.to_owned(),
            text,
            at: Instant::now(),
        };
        let mut all = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(closed.clone());
        if all.len() > REMEMBERED {
            all.pop_front();
        }
        closed
    }

    fn closed_last(&self, uri: &str) -> Option<Closed> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.iter().rev().find(|one| one.uri == uri).cloned()
    }

    /// Those that were closed a moment ago with the text that a file has now.
    fn closed_with(&self, text: &Buffer) -> Vec<String> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed
            .iter()
            .filter(|one| one.at.elapsed() < SAVED_WITHIN && is_same_but_for_space(&one.text, text))
            .map(|one| one.name.clone())
            .collect()
    }
}

/// A buffer without a file was closed. It may have been saved: then a file with its text was opened in its place.
pub(super) async fn follow_closed(server: &Arc<Server>, closed: &Closed) {
    let files = server.documents.files_opened_within(SAVED_WITHIN);
    let same = |(_, text): &(String, Buffer)| is_same_but_for_space(&closed.text, text);
    let mut files = files.into_iter().filter(same);
    if let (Some((file, _)), None) = (files.next(), files.next()) {
        tracing::info!("the session of a buffer without a file goes along to the file");
        workspace::move_sessions(server, vec![(closed.name.clone(), file)]).await;
    }
}

/// A buffer was opened. If it is a file, it may be what a buffer without a file, which was closed before, was saved as.
pub(super) async fn follow_opened(server: &Arc<Server>, file: &str) {
    if buffer_name::path(file).is_none() {
        return;
    }
    let Some(snapshot) = server.documents.snapshot_named(file) else {
        return;
    };
    let closed = server.documents.unsaved().closed_with(&snapshot.buffer);
    if let [buffer] = closed.as_slice() {
        tracing::info!("the session of a buffer without a file goes along to the file");
        workspace::move_sessions(server, vec![(buffer.clone(), file.to_owned())]).await;
    }
}

/// Whether two texts, which are not empty, differ in white space alone: what a formatter does on saving.
fn is_same_but_for_space(left: &Buffer, right: &Buffer) -> bool {
    let (left, right) = (left.text(), right.text());
    let visible = |text: &str| text.chars().any(|char| !char.is_whitespace());
    let chars = |char: &char| !char.is_whitespace();
    visible(&left) && left.chars().filter(chars).eq(right.chars().filter(chars))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "untitled:Untitled-1";

    #[test]
    fn the_next_buffer_of_a_name_is_another_one() {
        let unsaved = Unsaved::default();
        let first = unsaved.open(URI, Identity::New, "");
        assert_eq!(unsaved.name_of(URI), first);
        unsaved.close(URI, Buffer::new("a question\n"));
        let second = unsaved.open(URI, Identity::New, "");
        assert_ne!(first, second);
        assert_eq!(unsaved.name_of(URI), second);
        assert_eq!(unsaved.name_of(&first), first);
    }

    #[test]
    fn a_buffer_that_is_opened_again_with_its_text_is_the_same() {
        let unsaved = Unsaved::default();
        let first = unsaved.open(URI, Identity::New, "");
        unsaved.close(URI, Buffer::new("text\n"));
        assert_eq!(unsaved.open(URI, Identity::New, "text\n"), first);
        unsaved.close(URI, Buffer::new(""));
        assert_ne!(unsaved.open(URI, Identity::New, ""), first);
    }

    #[test]
    fn a_client_says_which_buffer_it_is() {
        let unsaved = Unsaved::default();
        let first = unsaved.open(URI, Identity::of(Some("a-1"), true), "");
        unsaved.close(URI, Buffer::new("other\n"));
        assert_ne!(unsaved.open(URI, Identity::of(Some("b"), true), ""), first);
        unsaved.close(URI, Buffer::new(""));
        assert_eq!(
            unsaved.open(URI, Identity::of(Some("a-1"), true), ""),
            first
        );
        assert_eq!(unsaved.open(URI, Identity::of(None, true), ""), URI);
    }

    #[rstest::rstest]
    #[case("")]
    #[case("a/b")]
    #[case("a#b")]
    #[case(&"a".repeat(LONGEST_IDENTITY + 1))]
    fn what_is_no_identity_is_none(#[case] told: &str) {
        assert!(matches!(Identity::of(Some(told), true), Identity::New));
    }

    #[rstest::rstest]
    #[case("a b\n", "a  b\r\n", true)]
    #[case("a", "a\n", true)]
    #[case("a", "b", false)]
    #[case(" \n", "", false)]
    fn formatting_on_save_makes_no_other_text(
        #[case] before: &str,
        #[case] saved: &str,
        #[case] same: bool,
    ) {
        assert_eq!(
            is_same_but_for_space(&Buffer::new(before), &Buffer::new(saved)),
            same
        );
    }
}
