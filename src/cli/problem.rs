//! Why a command did not do what it was asked: as a sentence, as JSON, as an exit code.

use serde::Serialize;

/// The model has answered, and said nothing that could be read.
pub(super) const NO_ANSWER: u8 = 3;

/// What went wrong, as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    /// What happened, to what, and what to do.
    pub message: String,
    /// The exit code of the command.
    pub exit_code: u8,
}

impl Problem {
    /// The problem with exit code 1.
    pub(super) fn failure(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 1,
        }
    }
}
