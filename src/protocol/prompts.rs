//! The prompt library: parameters and results, and how a client says which folders are trusted.

use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::TextDocumentIdentifier;

use crate::session::Intent;

/// What Backchat reads of `initializationOptions`, and of the `settings` of
/// `workspace/didChangeConfiguration` (there also under the key `backchat`). An absent field changes
/// nothing; a present one replaces what was said before.
///
/// A workspace may bring prompts along. They are read only where the user trusts it: because the client
/// says so here, or because `trusted_folders` of the user's own configuration names the folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ClientOptions {
    /// Whether the user trusts every folder of the workspace. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_trusted: Option<bool>,
    /// The URIs of folders that the user trusts, with all that is below them. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_folders: Option<Vec<String>>,
    /// What ends a line in the client's buffers, and so in its positions: `"\n"`, which always does, `"\r\n"`,
    /// `"\r"`, `"\u000b"`, `"\u000c"`, `"\u0085"`, `"\u2028"`, `"\u2029"`. A `\r` that is not named is a
    /// character of its line, before a `\n` too. Only in `initializationOptions`. Default: what LSP says, `"\n"`,
    /// `"\r\n"` and `"\r"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_ends: Option<Vec<String>>,
}

/// Parameters of `backchat/prompts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct PromptsParams {
    /// The buffer that is to be asked about: the prompts of the workspace folder that it lies in are
    /// listed too. Without it only the user's own.
    #[cfg_attr(test, ts(optional, type = "TextDocumentIdentifier"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_document: Option<TextDocumentIdentifier>,
}

/// Result of `backchat/prompts`: the prompt library, as it is on disk now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct PromptsResult {
    /// What `libraryPrompt` of `backchat/submit` may name: the user's own, then the workspace's, each
    /// sorted by name.
    pub prompts: Vec<PromptInfo>,
    /// What is wrong with files that are not listed, or was ignored in files that are.
    pub problems: Vec<PromptProblem>,
    /// The URI of the folder for the user's own prompts, whether it exists or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The URI of the workspace's folder of prompts, when there is one that is not read because the
    /// workspace is not trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untrusted_folder: Option<String>,
}

/// A prompt of the library.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct PromptInfo {
    /// By which it is chosen; a title for people. One line.
    pub name: String,
    /// What it is for. One line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What a submit with it wants, when the submit does not say.
    pub intent: Intent,
    /// The model that it chooses, when the submit names none. Absent also for the model of a
    /// workspace's prompt that `workspace_prompt_models` of the configuration does not allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whose it is.
    pub source: PromptSource,
    /// The URI of its file, to be opened and edited.
    pub uri: String,
}

/// Whose a prompt of the library is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PromptSource {
    /// The user's own.
    User,
    /// One that the workspace brought.
    Workspace,
}

/// What is wrong with a file of the library.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct PromptProblem {
    /// The URI of the file or the folder.
    pub uri: String,
    /// The line, from 0 as in a position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is wrong, with the file and the line, for people.
    pub message: String,
}
