//! The quoted text itself, of which no more is kept than finds it.

use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;

/// Quotes longer than this many bytes are kept as their ends and a hash of the whole.
const LONGEST: usize = 16 * 1024;
/// How many bytes of each end of a longer quote are kept, at most.
const LONGEST_END: usize = 4 * 1024;

/// The text of a quote, with line feeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Core {
    Whole(String),
    Long {
        head: String,
        tail: String,
        len: usize,
        sha256: String,
    },
}

impl Core {
    /// Keeps a text that has line feeds.
    pub(super) fn new(text: String) -> Self {
        if text.len() <= LONGEST {
            return Self::Whole(text);
        }
        let boundary = |from: usize| (0..=from).rfind(|&i| text.is_char_boundary(i));
        let head = &text[..boundary(LONGEST_END).unwrap_or(0)];
        let head = head.rfind('\n').map_or(head, |i| &head[..=i]);
        let tail = &text[boundary(text.len() - LONGEST_END).unwrap_or(0)..];
        let tail = tail[..tail.len() - 1]
            .find('\n')
            .map_or(tail, |i| &tail[i + 1..]);
        Self::Long {
            head: head.to_owned(),
            tail: tail.to_owned(),
            len: text.len(),
            sha256: sha256_hex(&text),
        }
    }

    /// The length in bytes, with line feeds.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Whole(text) => text.len(),
            Self::Long { len, .. } => *len,
        }
    }

    /// Whether it is this text, given with line feeds.
    pub(super) fn is(&self, text: &str) -> bool {
        match self {
            Self::Whole(core) => core == text,
            Self::Long {
                head,
                tail,
                len,
                sha256,
            } => {
                *len == text.len()
                    && text.starts_with(head)
                    && text.ends_with(tail)
                    && *sha256 == sha256_hex(text)
            }
        }
    }
}
