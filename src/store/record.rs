//! The rows of the store as the rest of the program sees them.

use rusqlite::Row;
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};

use crate::session::{Intent, Lane, RequestId, SessionId, State};
use crate::text::Quote;

/// A position that is ready for clients of both encodings without the text at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacePosition {
    /// 0-based.
    pub line: u32,
    /// UTF-8 code units from the beginning of the line.
    pub utf8: u32,
    /// UTF-16 code units from the beginning of the line.
    pub utf16: u32,
}

/// Where a request belonged when its buffer was last seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// First position.
    pub start: PlacePosition,
    /// The position after the last.
    pub end: PlacePosition,
}

/// A request's anchor: where it was last seen, and what to look for when the buffer has changed
/// behind our back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnchor {
    /// Where it was last seen.
    pub place: Place,
    /// The code that was asked about.
    pub original: Quote,
    /// The code as it was last seen, when it had moved or changed by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Quote>,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// A stable word for programs.
    pub kind: String,
    /// For people.
    pub message: String,
    /// What the user can do.
    pub remedy: Option<String>,
}

/// A secret that a request is held for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRecord {
    /// What it is, never itself.
    pub kind: String,
    /// Where it is, for people.
    pub place: String,
    /// Its line in the buffer at submit, counted from 1.
    pub line: Option<u32>,
    /// Tells it from other secrets.
    pub fingerprint: String,
}

/// Tokens of an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageRecord {
    /// Of the prompt.
    pub input_tokens: Option<u32>,
    /// Of the response.
    pub output_tokens: Option<u32>,
}

/// One submitted prompt.
#[derive(Clone, Debug)]
pub struct RequestRecord {
    /// The order of acceptance.
    pub seq: i64,
    /// Its id.
    pub id: RequestId,
    /// Its session.
    pub session_id: SessionId,
    /// The URI of its buffer.
    pub uri: String,
    /// What was asked.
    pub prompt: String,
    /// Answer or change.
    pub intent: Intent,
    /// Its priority.
    pub lane: Lane,
    /// Its model's name.
    pub model: String,
    /// What limits are counted by.
    pub endpoint: String,
    /// The language id of the buffer at submit.
    pub language: String,
    /// The text that was asked about: the key of its snapshot.
    pub snapshot: String,
    /// The part of the snapshot that was asked about, in bytes.
    pub span: (usize, usize),
    /// Where it is now.
    pub anchor: StoredAnchor,
    /// As stored, or [`State::Held`] when it is queued with a hold.
    pub state: State,
    /// Not to be claimed before; 0 for at once.
    pub not_before: i64,
    /// What it waits for.
    pub hold_reason: Option<String>,
    /// The secrets that it is held for; empty when it is not, or for another reason.
    pub secrets: Vec<SecretRecord>,
    /// Attempts begun.
    pub attempt: u32,
    /// Attempts in a row that ended in a fault.
    pub faults: u32,
    /// Why it failed.
    pub failure: Option<FailureRecord>,
    /// Done and not yet shown.
    pub unread: bool,
    /// Taken out of the margin.
    pub dismissed: bool,
    /// When it was accepted.
    pub created_at: i64,
    /// When its latest attempt began.
    pub started_at: Option<i64>,
    /// When it came to its end.
    pub finished_at: Option<i64>,
}

/// What the model has said to a request: the finished text, or the longest partial one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseRecord {
    /// The attempt that the text is of.
    pub attempt: u32,
    /// Markdown.
    pub text: String,
    /// What the model thought.
    pub reasoning: String,
    /// Why the model stopped; absent while it runs or when it was cut.
    pub finish: Option<String>,
    /// Chunks that are part of `text`.
    pub chunk_count: u32,
    /// Tokens.
    pub usage: UsageRecord,
    /// The part of the snapshot, in bytes, that the model was shown without a gap. Absent for a question, and
    /// where the first release asked for a change.
    pub shown: Option<(usize, usize)>,
    /// What found no room in the prompt; `None` when everything did.
    pub left_out: Option<LeftOut>,
}

/// What found no room in the prompt of an attempt. Each part is absent where all of it went along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOut {
    /// The lines of the file that went along, beside what was selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<ShownLines>,
    /// Bytes of the selection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selection: Option<ShownPart>,
    /// Earlier turns, the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<ShownPart>,
    /// Bytes of the project's rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<ShownPart>,
}

/// The lines of a file that went along, counted from 1; both are 0 where none did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownLines {
    /// The first of them.
    pub first: usize,
    /// The last of them.
    pub last: usize,
    /// How many the file has.
    pub of: usize,
}

/// How much of something went along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPart {
    /// So much of it.
    pub shown: usize,
    /// How much it is.
    pub of: usize,
}

/// The conversation of one buffer, with its counts.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// The URI of its buffer.
    pub uri: String,
    /// Made from the first prompt.
    pub title: String,
    /// Its beginning.
    pub created_at: i64,
    /// The latest change.
    pub updated_at: i64,
    /// Unread responses.
    pub unread: u32,
    /// Requests in all.
    pub requests: u32,
    /// Requests that wait, held ones included.
    pub queued: u32,
    /// Requests that run.
    pub running: u32,
    /// Requests that wait for something they name.
    pub held: u32,
    /// Failed requests that were not dismissed.
    pub failed: u32,
    /// The state of the latest request.
    pub state: State,
}

/// The columns that [`RequestRecord::from_row`] reads, in its order, of `requests r` joined with
/// `sessions s`.
pub(super) const REQUEST_COLUMNS: &str = "r.seq, r.id, r.session_id, s.uri, r.prompt, r.intent, r.lane, r.model,
    r.endpoint, r.language, r.snapshot, r.span_start, r.span_end, r.anchor, r.state, r.not_before,
    r.hold_reason, r.attempt, r.faults, r.failure, r.unread, r.dismissed, r.created_at, r.started_at,
    r.finished_at, r.secrets";

impl RequestRecord {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let hold_reason: Option<String> = row.get(16)?;
        let stored = state_from(row, 14)?;
        let state = match stored {
            State::Queued if hold_reason.is_some() => State::Held,
            state => state,
        };
        let failure: Option<String> = row.get(19)?;
        let secrets: Option<String> = row.get(25)?;
        Ok(Self {
            seq: row.get(0)?,
            id: RequestId(row.get(1)?),
            session_id: SessionId(row.get(2)?),
            uri: row.get(3)?,
            prompt: row.get(4)?,
            intent: intent_from(row, 5)?,
            lane: lane_from(row, 6)?,
            model: row.get(7)?,
            endpoint: row.get(8)?,
            language: row.get(9)?,
            snapshot: row.get(10)?,
            span: (row.get(11)?, row.get(12)?),
            anchor: json_from(13, &row.get::<_, String>(13)?)?,
            state,
            not_before: row.get(15)?,
            hold_reason,
            secrets: secrets
                .map(|json| json_from(25, &json))
                .transpose()?
                .unwrap_or_default(),
            attempt: row.get(17)?,
            faults: row.get(18)?,
            failure: failure.map(|json| json_from(19, &json)).transpose()?,
            unread: row.get(20)?,
            dismissed: row.get(21)?,
            created_at: row.get(22)?,
            started_at: row.get(23)?,
            finished_at: row.get(24)?,
        })
    }
}

pub(super) const fn lane_number(lane: Lane) -> i64 {
    match lane {
        Lane::Foreground => 0,
        Lane::Background => 1,
    }
}

pub(super) const fn intent_name(intent: Intent) -> &'static str {
    match intent {
        Intent::Ask => "ask",
        Intent::Edit => "edit",
    }
}

fn lane_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Lane> {
    match row.get::<_, i64>(column)? {
        0 => Ok(Lane::Foreground),
        1 => Ok(Lane::Background),
        other => Err(unknown(column, &format!("the lane {other}"))),
    }
}

fn intent_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Intent> {
    match row.get_ref(column)?.as_str()? {
        "ask" => Ok(Intent::Ask),
        "edit" => Ok(Intent::Edit),
        other => Err(unknown(column, &format!("the intent {other}"))),
    }
}

pub(super) fn state_from(row: &Row<'_>, column: usize) -> rusqlite::Result<State> {
    let name = row.get_ref(column)?.as_str()?;
    [
        State::Queued,
        State::Running,
        State::Held,
        State::Done,
        State::Failed,
        State::Cancelled,
    ]
    .into_iter()
    .find(|state| state.name() == name)
    .ok_or_else(|| unknown(column, &format!("the state {name}")))
}

pub(super) fn json_from<T: serde::de::DeserializeOwned>(
    column: usize,
    json: &str,
) -> rusqlite::Result<T> {
    serde_json::from_str(json).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

fn unknown(column: usize, what: &str) -> rusqlite::Error {
    let message = format!("{what} is not known to this program");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, message.into())
}
