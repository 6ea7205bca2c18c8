//! What is in the store, as the wire and `--json` show it.

mod notice;

use std::path::Path;

use tower_lsp::ls_types::{Position, Range};

use crate::config::{KeySource, Model};
use crate::coordinator::Status;
use crate::library::{Library, Problem, Source};
use crate::models::{HOW_TO_GET_A_MODEL, Models};
use crate::protocol::{
    AnchorInfo, AnchorStatus, Failure, HeldSecret, Hold, ModelInfo, ModelsResult, PROTOCOL_VERSION,
    PromptInfo, PromptProblem, PromptSource, PromptsResult, RequestInfo, ResponseInfo, SessionInfo,
    StatusInfo, TurnInfo, Usage,
};
use crate::session::State;
use crate::store::{
    Place, PlacePosition, ResponseRecord, SecretRecord, SessionRecord, StoredAnchor, TurnRecord,
    UsageRecord,
};
use crate::text::Encoding;

pub use notice::{is_without_answer, notice};

/// The longest preview of a response, in characters.
const PREVIEW_CHARS: usize = 200;

/// A request. `place` is its place in the queue, `anchor` where it is now.
#[must_use]
pub fn request(turn: &TurnRecord, place: Option<u32>, anchor: Option<AnchorInfo>) -> RequestInfo {
    let request = &turn.request;
    let response = turn.response.as_ref();
    RequestInfo {
        id: request.id.clone(),
        session_id: request.session_id.clone(),
        uri: request.uri.clone(),
        prompt: request.prompt.clone(),
        intent: request.intent,
        lane: request.lane,
        model: request.model.clone(),
        state: request.state,
        attempt: request.attempt,
        place: place.filter(|_| request.state == State::Queued),
        hold: request
            .hold_reason
            .clone()
            .filter(|_| request.state == State::Held)
            .map(|reason| Hold {
                reason,
                until: Some(request.not_before).filter(|until| *until > 0),
                secrets: held_secrets(&request.secrets),
            }),
        failure: request
            .failure
            .clone()
            .filter(|_| request.state == State::Failed)
            .map(|failure| Failure {
                kind: failure.kind,
                message: failure.message,
                remedy: failure.remedy,
            }),
        anchor,
        preview: response
            .map(|response| preview(&response.text))
            .filter(|preview| !preview.is_empty()),
        notice: notice(turn),
        unread: request.unread,
        dismissed: request.dismissed,
        usage: response.and_then(|response| usage(response.usage)),
        created_at: request.created_at,
        started_at: request.started_at,
        finished_at: request.finished_at,
    }
}

fn held_secrets(secrets: &[SecretRecord]) -> Option<Vec<HeldSecret>> {
    let told = secrets.iter().map(|secret| HeldSecret {
        kind: secret.kind.clone(),
        place: secret.place.clone(),
        line: secret.line,
    });
    (!secrets.is_empty()).then(|| told.collect())
}

/// A turn of a transcript.
#[must_use]
pub fn turn(record: &TurnRecord, place: Option<u32>, anchor: Option<AnchorInfo>) -> TurnInfo {
    TurnInfo {
        request: request(record, place, anchor),
        response: record
            .response
            .as_ref()
            .map(|said| response(said, record.request.state)),
    }
}

/// What the model said to a request that is in `state`.
#[must_use]
pub fn response(record: &ResponseRecord, state: State) -> ResponseInfo {
    ResponseInfo {
        text: record.text.clone(),
        reasoning: Some(record.reasoning.clone()).filter(|reasoning| !reasoning.is_empty()),
        partial: state != State::Done,
        finish: record.finish.clone(),
        attempt: record.attempt,
        next_seq: record.chunk_count,
    }
}

/// A session.
#[must_use]
pub fn session(record: SessionRecord) -> SessionInfo {
    SessionInfo {
        id: record.id,
        uri: record.uri,
        title: record.title,
        unread: record.unread,
        requests: record.requests,
        queued: record.queued,
        running: record.running,
        held: record.held,
        failed: record.failed,
        state: record.state,
        updated_at: record.updated_at,
        created_at: record.created_at,
    }
}

/// Every model that is configured or was found, and the one that a submit without a model uses.
#[must_use]
pub fn models(models: &Models, selected: Option<&Model>) -> ModelsResult {
    let catalog = models.catalog();
    ModelsResult {
        models: catalog
            .models
            .iter()
            .map(|model| ModelInfo {
                name: model.name.clone(),
                format: model.format.name().to_owned(),
                model: model.model.clone(),
                base_url: model.base_url.clone(),
                origin: model.origin.clone(),
                key_name: match &model.key {
                    KeySource::Env(name) => Some(name.clone()),
                    _ => None,
                },
                problem: models.problem_of(model),
            })
            .collect(),
        selected: selected.map(|model| model.name.clone()),
        problem: match &catalog.problem {
            Some(problem) => Some(format!("the configuration is wrong: {problem}")),
            None if catalog.models.is_empty() => Some(format!("no model: {HOW_TO_GET_A_MODEL}")),
            None => None,
        },
    }
}

/// The prompt library.
#[must_use]
pub fn prompts(library: Library) -> PromptsResult {
    let uri = |path: &Path| {
        url::Url::from_file_path(path).map_or_else(|()| path.display().to_string(), String::from)
    };
    PromptsResult {
        folder: library.folder.as_deref().map(uri),
        untrusted_folder: library.untrusted.as_deref().map(uri),
        problems: library
            .problems
            .iter()
            .map(|problem: &Problem| PromptProblem {
                uri: uri(&problem.path),
                line: problem
                    .line
                    .and_then(|line| u32::try_from(line.saturating_sub(1)).ok()),
                message: problem.to_string(),
            })
            .collect(),
        prompts: library
            .prompts
            .into_iter()
            .map(|prompt| PromptInfo {
                uri: uri(&prompt.path),
                name: prompt.name,
                description: prompt.description,
                intent: prompt.intent.unwrap_or_default(),
                model: prompt.model,
                source: match prompt.source {
                    Source::User => PromptSource::User,
                    Source::Workspace => PromptSource::Workspace,
                },
            })
            .collect(),
    }
}

/// The state of the inbox.
#[must_use]
pub fn status(status: Status) -> StatusInfo {
    StatusInfo {
        queued: status.inbox.queued,
        running: status.inbox.running,
        held: status.inbox.held,
        hold: status.inbox.hold.map(|(reason, until)| Hold {
            reason,
            until: Some(until).filter(|until| *until > 0),
            secrets: None,
        }),
        unread: status.inbox.unread,
        model: status.model,
        problem: status.problem,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol_version: PROTOCOL_VERSION,
    }
}

/// Where a request was when its buffer was last seen, for a buffer that is not open.
#[must_use]
pub fn stored_anchor(anchor: &StoredAnchor, encoding: Encoding) -> AnchorInfo {
    AnchorInfo {
        range: range(anchor.place, encoding),
        version: None,
        status: if anchor.seen.is_some() {
            AnchorStatus::Moved
        } else {
            AnchorStatus::Exact
        },
        original: None,
    }
}

/// A stored place as an LSP range.
#[must_use]
pub fn range(place: Place, encoding: Encoding) -> Range {
    let position = |position: PlacePosition| Position {
        line: position.line,
        character: match encoding {
            Encoding::Utf8 => position.utf8,
            Encoding::Utf16 | Encoding::Utf32 => position.utf16,
        },
    };
    Range {
        start: position(place.start),
        end: position(place.end),
    }
}

fn usage(usage: UsageRecord) -> Option<Usage> {
    (usage.input_tokens.is_some() || usage.output_tokens.is_some()).then_some(Usage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
    })
}

/// The first lines that say something, cut at the limit.
fn preview(text: &str) -> String {
    let text = text.trim_start();
    match text.char_indices().nth(PREVIEW_CHARS) {
        Some((cut, _)) => format!("{}…", text[..cut].trim_end()),
        None => text.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_cut_at_its_limit() {
        assert_eq!(preview("\n  short \n"), "short");
        let long = preview(&"é".repeat(PREVIEW_CHARS + 5));
        assert_eq!(long.chars().count(), PREVIEW_CHARS + 1);
        assert!(long.ends_with('…'));
    }
}
