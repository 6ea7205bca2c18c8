//! The change that an `edit` response proposes, merged with what was typed meanwhile.

use serde::{Deserialize, Serialize};
use tower_lsp::ls_types::{Range, TextEdit};

use crate::session::RequestId;

/// Parameters of `backchat/proposal`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ProposalParams {
    /// A request that is done.
    pub request_id: RequestId,
    /// Only these hunks, by their `index`; without it all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hunks: Option<Vec<u32>>,
}

/// Result of `backchat/proposal`: the three-way merge of the text at submit, the buffer now and the
/// proposal. It is made anew at each call and changes nothing.
///
/// To apply it, check that the buffer's version is still `version` and the digest of its text `digest`, and
/// apply `edits` as one undo step. Ask again when the version is another one; open the buffer anew before that
/// when the version is the same and the digest is not, as the server has another text then.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ProposalResult {
    /// Which request.
    pub request_id: RequestId,
    /// The URI of the buffer.
    pub uri: String,
    /// How the proposal and the buffer go together.
    pub status: ProposalStatus,
    /// Why there is nothing to apply; only when `status` is `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The version of the buffer that ranges and edits are of.
    pub version: i32,
    /// The SHA-256 of the whole text that ranges and edits are of, in UTF-8, as 64 hexadecimal digits.
    #[serde(default)]
    pub digest: String,
    /// What leads from the buffer to the merged text: disjoint, in order. Empty when the buffer has the
    /// proposal already. Conflicting regions are left as they are.
    #[cfg_attr(test, ts(type = "TextEdit[]"))]
    pub edits: Vec<TextEdit>,
    /// The changes one by one, whether chosen or not.
    pub hunks: Vec<HunkInfo>,
    /// Where the same lines were typed over.
    pub conflicts: Vec<ConflictInfo>,
    /// Lines that the edits add.
    pub added: u32,
    /// Lines that the edits remove.
    pub removed: u32,
    /// The edits as a unified diff.
    pub preview: String,
    /// The whole buffer with the edits in it.
    pub merged: String,
    /// The whole buffer with the edits in it and each conflict between markers, as git writes them;
    /// only when `status` is `conflict`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked: Option<String>,
    /// What leads from the buffer to `marked`: disjoint, in order; present when `marked` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "TextEdit[]"))]
    pub marked_edits: Option<Vec<TextEdit>>,
}

/// How a proposal and a buffer go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ProposalStatus {
    /// It can be applied where it was made for.
    Clean,
    /// It can be applied; its lines have moved meanwhile.
    Moved,
    /// Some of its lines were typed over meanwhile.
    Conflict,
    /// The response holds nothing that could be applied.
    None,
}

/// One change of a proposal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HunkInfo {
    /// Its number, from 0.
    pub index: u32,
    /// What it replaces, in the buffer now.
    #[cfg_attr(test, ts(type = "Range"))]
    pub range: Range,
    /// What is there.
    pub old_text: String,
    /// What it puts there.
    pub new_text: String,
}

/// Lines that were changed by the user and by the proposal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConflictInfo {
    /// The user's lines, in the buffer now.
    #[cfg_attr(test, ts(type = "Range"))]
    pub range: Range,
    /// What the lines were at submit.
    pub base: String,
    /// What the proposal makes of them.
    pub theirs: String,
}
