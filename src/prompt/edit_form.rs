//! In what form a change is asked for.

use super::{Question, has_selection};

/// What a model is told that is to change code. [`crate::text::decode`] reads its answer.
pub(super) const EDIT_SYSTEM: &str = "You change the code in a programmer's editor as they ask. The change is merged into what they \
typed meanwhile, so keep every line that need not change exactly as it is, with its indentation. Never leave code out \
with a remark such as \"rest unchanged\".";

/// A file up to this many bytes is rewritten as a whole when no part of it was selected.
const SMALL_FILE: usize = 4 * 1024;

/// In what form a change is asked for: the one that fits what was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EditForm {
    /// One block that replaces the selected lines.
    Selection,
    /// One block that is the whole new file.
    WholeFile,
    /// A search/replace block for each place.
    Blocks,
}

impl EditForm {
    /// The form for a question with `room` bytes for code and instruction.
    pub fn of(question: &Question<'_>, room: usize) -> Self {
        let room = room.saturating_sub(Self::WholeFile.instruction().len() + 2);
        if has_selection(question) {
            Self::Selection
        } else if question.text.len() <= SMALL_FILE.min(room) {
            Self::WholeFile
        } else {
            Self::Blocks
        }
    }

    pub const fn instruction(self) -> &'static str {
        match self {
            Self::Selection => {
                "Answer with one fenced code block that holds the whole new text of the selected lines and nothing else."
            }
            Self::WholeFile => {
                "Answer with one fenced code block that holds the whole new text of the file."
            }
            Self::Blocks => {
                "Answer with a block of this form for each place that changes, where the first part is copied exactly \
from the file, with enough lines to be unique:\n\n<<<<<<< SEARCH\nold lines\n=======\nnew lines\n>>>>>>> REPLACE"
            }
        }
    }
}
