//! What a use case can refuse, and what the user can do about it.

use crate::config::ConfigError;
use crate::library::UnknownPrompt;
use crate::models::HOW_TO_GET_A_MODEL;
use crate::prompt::TooLong;
use crate::store::StoreError;

/// Why a use case did not happen. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A prompt without a word.
    #[error("the prompt is empty; write what you want to know")]
    EmptyPrompt,
    /// A prompt that no model could read.
    #[error("the prompt has {bytes} bytes, more than the {limit} that are allowed; shorten it")]
    PromptTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A buffer that is too large to be stored with each request.
    #[error(
        "the buffer has {bytes} bytes, more than the {limit} that are allowed; ask about a smaller file"
    )]
    BufferTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// More code is to be changed than the model would be shown.
    #[error("{}; {}", .0, .0.remedy())]
    CodeTooLong(TooLong),
    /// No model has this name.
    #[error("there is no model {name:?}; {}", known_models(.known))]
    UnknownModel {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The library has no prompt of this name.
    #[error(transparent)]
    UnknownPrompt(#[from] UnknownPrompt),
    /// The prompt files could not be read: Backchat itself failed.
    #[error("the prompt library could not be read; see the log")]
    Library,
    /// There is no model at all.
    #[error("no model is configured and none was found: {}", HOW_TO_GET_A_MODEL)]
    NoModel,
    /// There is no model, because the configuration is wrong.
    #[error("the configuration is wrong, so there is no model: {0}")]
    Configuration(ConfigError),
    /// The model cannot be called as it is configured.
    #[error("{0}")]
    ModelNotReady(String),
    /// The request has no change to show.
    #[error("the request has no proposal: {0}")]
    NoProposal(&'static str),
    /// A proposal has no such change.
    #[error("there is no hunk {index}; the proposal has {count}, counted from 0")]
    UnknownHunk {
        /// What was asked for.
        index: u32,
        /// How many there are.
        count: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// A stable word for programs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::EmptyPrompt => "emptyPrompt",
            Self::PromptTooLong { .. } => "promptTooLong",
            Self::BufferTooLong { .. } => "bufferTooLong",
            Self::CodeTooLong(_) => "codeTooLong",
            Self::UnknownModel { .. } => "unknownModel",
            Self::UnknownPrompt(_) => "unknownPrompt",
            Self::Library => "internal",
            Self::NoModel => "noModel",
            Self::Configuration(_) => "configuration",
            Self::ModelNotReady(_) => "modelNotReady",
            Self::NoProposal(_) => "noProposal",
            Self::UnknownHunk { .. } => "unknownHunk",
            Self::Store(StoreError::UnknownRequest(_)) => "unknownRequest",
            Self::Store(StoreError::UnknownSession(_)) => "unknownSession",
            Self::Store(StoreError::WrongState { .. }) => "wrongState",
            Self::Store(_) => "store",
        }
    }

    /// Whether the caller gave something wrong, rather than something being wrong here.
    #[must_use]
    pub const fn is_callers(&self) -> bool {
        matches!(
            self,
            Self::EmptyPrompt
                | Self::PromptTooLong { .. }
                | Self::BufferTooLong { .. }
                | Self::CodeTooLong(_)
                | Self::UnknownModel { .. }
                | Self::UnknownPrompt(_)
                | Self::NoProposal(_)
                | Self::UnknownHunk { .. }
                | Self::Store(
                    StoreError::UnknownRequest(_)
                        | StoreError::UnknownSession(_)
                        | StoreError::WrongState { .. }
                )
        )
    }
}

fn known_models(names: &[String]) -> String {
    if names.is_empty() {
        format!("there is none at all: {HOW_TO_GET_A_MODEL}")
    } else {
        format!("there are: {}", names.join(", "))
    }
}
