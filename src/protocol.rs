//! The wire contract: every custom method with its name, its parameters and its result.
//!
//! The types here are the source of two generated files, `PROTOCOL.md` and
//! `editors/vscode/src/protocol.ts`; a test in [`generate`] fails when they drift
//! (`UPDATE_GENERATED=1 cargo test generated` writes them anew).
//!
//! All names on the wire are camelCase. Instants are milliseconds since the Unix epoch. Positions
//! and ranges are those of LSP, in the position encoding that `initialize` negotiated.

#[cfg(test)]
mod generate;
mod models;
mod notifications;
mod prompts;
mod proposal;
mod requests;
mod views;

pub use models::*;
pub use notifications::*;
pub use prompts::*;
pub use proposal::*;
pub use requests::*;
pub use views::*;

/// The version of the contract, announced as
/// `capabilities.experimental.backchat.protocolVersion` in the result of `initialize`.
///
/// A client that wants the custom methods announces the same key in its own
/// `capabilities.experimental.backchat`. It is raised when an existing client would break.
pub const PROTOCOL_VERSION: u32 = 1;

/// The names of the custom methods.
pub mod method {
    /// Client → server, request.
    pub const SUBMIT: &str = "backchat/submit";
    /// Client → server, request.
    pub const SESSIONS: &str = "backchat/sessions";
    /// Client → server, request.
    pub const SESSION: &str = "backchat/session";
    /// Client → server, request.
    pub const REQUESTS: &str = "backchat/requests";
    /// Client → server, request.
    pub const TAKE: &str = "backchat/take";
    /// Client → server, request.
    pub const CANCEL: &str = "backchat/cancel";
    /// Client → server, request.
    pub const RETRY: &str = "backchat/retry";
    /// Client → server, request.
    pub const ALLOW: &str = "backchat/allow";
    /// Client → server, request.
    pub const DISMISS: &str = "backchat/dismiss";
    /// Client → server, request.
    pub const PROPOSAL: &str = "backchat/proposal";
    /// Client → server, request.
    pub const PROMPTS: &str = "backchat/prompts";
    /// Client → server, request.
    pub const MODELS: &str = "backchat/models";
    /// Client → server, request.
    pub const SELECT_MODEL: &str = "backchat/selectModel";
    /// Client → server, request.
    pub const PROVIDE_KEY: &str = "backchat/provideKey";
    /// Client → server, request.
    pub const STATUS: &str = "backchat/status";
    /// Client → server, notification.
    pub const DID_FOCUS: &str = "backchat/didFocus";
    /// Server → client, notification.
    pub const REQUEST_DID_CHANGE: &str = "backchat/requestDidChange";
    /// Server → client, notification.
    pub const RESPONSE_DELTA: &str = "backchat/responseDelta";
    /// Server → client, notification.
    pub const RESPONSE_READY: &str = "backchat/responseReady";
    /// Server → client, notification.
    pub const STATUS_DID_CHANGE: &str = "backchat/statusDidChange";
    /// Server → client, notification.
    pub const BUFFER_LOST: &str = "backchat/bufferLost";
}
