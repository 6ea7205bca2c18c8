//! Files that were moved or renamed outside of every editor.
//!
//! When a file is opened that has no session, the session of a file that is gone from the disk becomes its
//! own, if exactly one fits:
//!
//! 1. one that was asked about when its file had the very text of this one, which must not be trivial;
//! 2. else one whose file had the same name or lay in the same folder, most lines of which are in this
//!    file, and all of whose anchors are found in it.
//!
//! When several fit, none is taken. A file that is still on disk was not moved but copied, and keeps its
//! session.

use std::path::Path;

use super::{Coordinator, Result};
use crate::buffer_name;
use crate::text::{Buffer, Fit, LineChange, Quote};

/// A text of fewer bytes is the same in many files.
const TRIVIAL: usize = 40;

/// Longer texts are not compared.
const LONGEST: usize = 1024 * 1024;

/// The most files that are compared with one that was opened.
const MOST_COMPARED: usize = 20;

/// What part of the longer text's lines must be in both, in percent.
const ALIKE: usize = 60;

impl Coordinator {
    /// Gives a file that has no session the one that it had under another name, if it was moved; whether it
    /// was. Reads the disk. `is_open` tells, by their URIs, which files are open in this editor: they were
    /// not moved, whatever the disk says.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn follow_moved_file<F>(&self, uri: &str, buffer: &Buffer, is_open: F) -> Result<bool>
    where
        F: Fn(&str) -> bool,
    {
        let Some(path) = buffer_name::path(uri) else {
            return Ok(false);
        };
        if buffer.len_bytes() > LONGEST {
            return Ok(false);
        }
        let text = buffer.text();
        if text.trim().len() < TRIVIAL {
            return Ok(false);
        }
        let Some(candidates) = self.store().move_candidates(uri, &text).await? else {
            return Ok(false);
        };
        let recent = candidates.recent;
        let looked = tokio::task::spawn_blocking(move || {
            let is_near = |uri: &String| {
                buffer_name::path(uri).is_some_and(|other| {
                    other.file_name() == path.file_name() || other.parent() == path.parent()
                })
            };
            let mut near = recent;
            near.retain(|uri| is_near(uri) && is_gone(uri));
            let mut same = candidates.same_text;
            same.retain(|uri| is_gone(uri));
            (path.is_file(), same, near)
        });
        let Ok((true, mut same, mut near)) = looked.await else {
            return Ok(false);
        };
        same.retain(|uri| !is_open(uri));
        near.retain(|uri| !is_open(uri));
        let fitting = if same.is_empty() {
            self.those_alike(near, text, buffer).await?
        } else {
            same
        };
        match fitting.as_slice() {
            [old] => {
                tracing::info!("a session goes along with a file that was moved");
                Ok(self.rename(old, uri).await? > 0)
            }
            [] => Ok(false),
            several => {
                tracing::info!(
                    count = several.len(),
                    "a file may be any of several that are gone"
                );
                Ok(false)
            }
        }
    }

    /// The files among `gone` that the text may have been before.
    async fn those_alike(
        &self,
        gone: Vec<String>,
        text: String,
        buffer: &Buffer,
    ) -> Result<Vec<String>> {
        let mut compared = Vec::new();
        for uri in gone.into_iter().take(MOST_COMPARED) {
            if let Some(before) = self.store().latest_text(&uri).await? {
                let anchors = self.store().anchors_of(&uri).await?;
                compared.push((uri, before, anchors));
            }
        }
        let buffer = buffer.clone();
        let fitting = tokio::task::spawn_blocking(move || {
            compared.retain(|(_, before, anchors)| {
                let quotes = anchors
                    .iter()
                    .map(|(_, anchor)| anchor.seen.as_ref().unwrap_or(&anchor.original));
                are_alike(before, &text)
                    && Quote::find_all(quotes, &buffer)
                        .iter()
                        .all(|found| found.fit != Fit::Gone)
            });
            compared.into_iter().map(|(uri, ..)| uri).collect()
        });
        // The comparison is pure; if it panicked, nothing is known to fit.
        Ok(fitting.await.unwrap_or_default())
    }
}

/// Whether there is nothing on disk under this name: not even a link that leads nowhere.
fn is_gone(uri: &str) -> bool {
    let nothing = |path: &Path| {
        std::fs::symlink_metadata(path)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    buffer_name::path(uri).is_some_and(|path| nothing(&path))
}

fn are_alike(before: &str, now: &str) -> bool {
    if before.len() > LONGEST {
        return false;
    }
    let change = LineChange::between(before, now);
    let (old, new) = (before.lines().count(), now.lines().count());
    let kept = old.saturating_sub(change.removed as usize);
    kept * 100 >= old.max(new) * ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::same("a\nb\nc\nd\ne\n", "a\nb\nc\nd\ne\n", true)]
    #[case::a_line_changed("a\nb\nc\nd\ne\n", "a\nB\nc\nd\ne\n", true)]
    #[case::much_added("a\nb\n", "a\nb\nc\nd\ne\nf\n", false)]
    #[case::much_removed("a\nb\nc\nd\ne\n", "a\nb\n", false)]
    #[case::another("a\nb\nc\n", "x\ny\nz\n", false)]
    fn texts_are_alike_when_most_lines_are_the_same(
        #[case] before: &str,
        #[case] now: &str,
        #[case] alike: bool,
    ) {
        assert_eq!(are_alike(before, now), alike);
    }
}
