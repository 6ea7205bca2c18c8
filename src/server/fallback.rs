//! The same service for editors without a plugin of ours, through standard LSP alone: code actions,
//! commands, code lenses, hover, progress, `window/showDocument` and `workspace/applyEdit`.
//!
//! A client that announces the custom methods gets none of this. A client that lacks one of the standard
//! capabilities gets the next best.

pub(super) mod actions;
pub(super) mod commands;
pub(super) mod hover;
pub(super) mod lenses;
pub(super) mod tell;

mod apply;
mod harmless;
mod here;
mod show;

use std::time::Duration;

use crate::visible;

/// The names of the commands of `workspace/executeCommand`.
pub(super) mod command {
    /// Takes the parameters of `backchat/submit`.
    pub const SUBMIT: &str = "backchat.submit";
    /// Takes `{requestId}`: shows the response and clears its 📬.
    pub const READ: &str = "backchat.read";
    /// Takes the parameters of `backchat/proposal`: merges the proposal and applies it.
    pub const APPLY: &str = "backchat.apply";
    /// Takes `{requestId}`.
    pub const CANCEL: &str = "backchat.cancel";
    /// Takes `{requestId}`.
    pub const RETRY: &str = "backchat.retry";
    /// Takes `{requestId}`.
    pub const ALLOW: &str = "backchat.allow";
    /// Takes `{requestId}`.
    pub const DISMISS: &str = "backchat.dismiss";
    /// Takes `{textDocument}` or `{sessionId}`: shows the transcript.
    pub const TRANSCRIPT: &str = "backchat.transcript";
    /// Takes nothing: shows the list of sessions.
    pub const SESSIONS: &str = "backchat.sessions";
    /// Takes the parameters of `backchat/selectModel`.
    pub const SELECT_MODEL: &str = "backchat.selectModel";

    /// All of them.
    pub const ALL: [&str; 10] = [
        SUBMIT,
        READ,
        APPLY,
        CANCEL,
        RETRY,
        ALLOW,
        DISMISS,
        TRANSCRIPT,
        SESSIONS,
        SELECT_MODEL,
    ];
}

/// How long a request to the client may take before it is given up. Nothing waits for it but the task
/// that made it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Text of a model or a user in one line, fit for a title: what would let it show something else than it is
/// is made visible.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let line = visible::line(text);
    match line.char_indices().nth(longest) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_title_is_one_line_and_shows_what_it_is() {
        assert_eq!(
            super::one_line("a\n  b\u{202e}c\u{1b}[31m", 40),
            "a b\\u{202e}c␛[31m"
        );
        assert_eq!(super::one_line("abcdef", 3), "abc…");
    }
}
