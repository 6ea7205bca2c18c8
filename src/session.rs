//! The words of the domain and the rules between them: pure, without I/O and without a clock.
//!
//! A *session* is the conversation of one buffer; a *request* is one submitted prompt with its
//! anchor; a request's life is the [`State`] machine below. Every submit is routed by
//! [`should_process_in_background`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names one submitted prompt for ever. UUID version 7, so ids sort by the time they were made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub struct RequestId(pub String);

/// Names the conversation of one buffer. UUID version 7.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub struct SessionId(pub String);

impl RequestId {
    /// A new id, later than every id that this machine made before.
    #[must_use]
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }
}

impl SessionId {
    /// A new id, later than every id that this machine made before.
    #[must_use]
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a prompt wants: an answer to read, or a change to the code at its anchor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Intent {
    /// An answer to read.
    #[default]
    Ask,
    /// A proposal that changes the code.
    Edit,
}

/// What the user said about where a submit should run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Mode {
    /// Backchat decides: see [`should_process_in_background`].
    #[default]
    Auto,
    /// Streamed at once, before everything in the background.
    Foreground,
    /// Queued; the user is told when it is done.
    Background,
}

/// The two priorities of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Lane {
    /// Someone is watching: claimed first, with a slot that only this lane may take.
    Foreground,
    /// Claimed when no foreground request waits.
    Background,
}

/// How the server took a submit: the answer that an editor shows at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Disposition {
    /// Stored and queued; a notification comes when it is done.
    BackgroundSubmitted,
    /// Stored and about to stream.
    Streaming,
}

impl From<Lane> for Disposition {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Foreground => Self::Streaming,
            Lane::Background => Self::BackgroundSubmitted,
        }
    }
}

/// Where a request is in its life: `queued → running → done | failed | cancelled`, and
/// `running → queued` when an attempt ended in a fault that a retry can mend or its worker died.
///
/// `Held` is how a queued request is shown while the queue waits for something it can name: it is
/// derived from the hold of a request, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum State {
    /// Waits for a worker.
    Queued,
    /// A worker streams its response.
    Running,
    /// Waits for something that it names: a rate limit, a retry, a network.
    Held,
    /// The whole response is stored.
    Done,
    /// Ended in an error; the text that had streamed is kept.
    Failed,
    /// Ended by the user; the text that had streamed is kept.
    Cancelled,
}

impl State {
    /// The state's name on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Held => "held",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will change the state any more but an explicit retry.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// Whether the state machine has an edge from `self` to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use State::{Cancelled, Done, Failed, Held, Queued, Running};
        matches!(
            (self, next),
            (Queued, Running | Held | Cancelled | Failed)
                | (Held, Queued | Running | Cancelled | Failed)
                | (Running, Queued | Held | Done | Failed | Cancelled)
                // An explicit retry, by the user.
                | (Failed | Cancelled, Queued)
        )
    }
}

/// Whether a submit goes to the background queue.
///
/// An explicit mode wins. [`Mode::Auto`] goes to the background when the buffer is not in front,
/// where no one would watch it stream, or when its session is busy, where it could not start.
#[must_use]
pub const fn should_process_in_background(mode: Mode, in_front: bool, session_busy: bool) -> bool {
    match mode {
        Mode::Foreground => false,
        Mode::Background => true,
        Mode::Auto => !in_front || session_busy,
    }
}

/// The longest title of a session, in characters.
const TITLE_CHARS: usize = 60;

/// A session's title: the first line of its first prompt that says something, cut at a word.
#[must_use]
pub fn title_from_prompt(prompt: &str) -> String {
    let line = prompt
        .lines()
        .map(|line| line.trim().trim_start_matches(['#', '>', '-', '*']).trim())
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= TITLE_CHARS {
        return words;
    }
    let cut: String = words.chars().take(TITLE_CHARS - 1).collect();
    let cut = match cut.rfind(' ') {
        Some(space) if space > TITLE_CHARS / 2 => &cut[..space],
        _ => cut.as_str(),
    };
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::explicit_background_wins(Mode::Background, true, false, true)]
    #[case::explicit_background_wins_when_busy(Mode::Background, false, true, true)]
    #[case::explicit_foreground_wins(Mode::Foreground, false, true, false)]
    #[case::explicit_foreground_wins_in_front(Mode::Foreground, true, false, false)]
    #[case::auto_in_front_and_idle_streams(Mode::Auto, true, false, false)]
    #[case::auto_in_front_but_busy(Mode::Auto, true, true, true)]
    #[case::auto_not_in_front(Mode::Auto, false, false, true)]
    #[case::auto_not_in_front_and_busy(Mode::Auto, false, true, true)]
    fn every_submit_is_routed(
        #[case] mode: Mode,
        #[case] in_front: bool,
        #[case] busy: bool,
        #[case] background: bool,
    ) {
        assert_eq!(
            should_process_in_background(mode, in_front, busy),
            background
        );
    }

    #[test]
    fn final_states_change_only_by_a_retry() {
        use State::{Cancelled, Done, Failed, Held, Queued, Running};
        let all = [Queued, Running, Held, Done, Failed, Cancelled];
        for state in all {
            for next in all {
                if state.is_final() && state.may_become(next) {
                    assert_eq!(next, Queued);
                    assert_ne!(state, Done, "an answer is never thrown away by a retry");
                }
            }
        }
    }

    #[rstest]
    #[case("why is this slow?", "why is this slow?")]
    #[case("\n\n  ## Explain  this\nplease", "Explain this")]
    #[case("", "")]
    fn titles_are_the_first_line(#[case] prompt: &str, #[case] title: &str) {
        assert_eq!(title_from_prompt(prompt), title);
    }

    #[test]
    fn long_titles_are_cut_at_a_word() {
        let title = title_from_prompt(&"word ".repeat(40));
        assert!(title.ends_with("word…"), "{title}");
        assert!(title.chars().count() <= TITLE_CHARS);
    }
}
