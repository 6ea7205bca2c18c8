//! What is to be said of a response beside its text: that there is none, that it was cut, and why. The one place for
//! these sentences; every surface shows them as they are.

use crate::session::State;
use crate::store::TurnRecord;

/// Whether a request is done and the model has said nothing that could be read.
#[must_use]
pub fn is_without_answer(turn: &TurnRecord) -> bool {
    let text = turn.response.as_ref().map_or("", |response| &response.text);
    turn.request.state == State::Done && text.trim().is_empty()
}

/// What is to be said of a request's response beside its text; `None` for one that is simply an answer.
#[must_use]
pub fn notice(turn: &TurnRecord) -> Option<String> {
    if turn.request.state != State::Done {
        return None;
    }
    let response = turn.response.as_ref();
    let finish = response.and_then(|response| response.finish.as_deref());
    let has_thought = response.is_some_and(|response| !response.reasoning.trim().is_empty());
    if is_without_answer(turn) {
        let why = why_nothing(finish.unwrap_or("stop"), has_thought);
        Some(format!("There is no answer: {why}"))
    } else {
        why_not_all(finish?)
    }
}

/// Why there is no answer, and what helps.
fn why_nothing(finish: &str, has_thought: bool) -> String {
    let why = match finish {
        "stop" if has_thought => {
            "the model thought, and then said nothing. Ask again, or choose another model."
        }
        "stop" => "the model said nothing. Ask again, or choose another model.",
        "length" if has_thought => {
            "the limit on answers was reached while the model was still thinking. Raise `max_output_tokens` of the \
             model, or ask for less."
        }
        "length" => {
            "the limit on answers was reached before the first word. Raise `max_output_tokens` of the model."
        }
        "contextFull" => {
            "the model's window was full. Ask about fewer lines, or choose a model with a larger window."
        }
        "refusal" => {
            "the model, or a filter of its provider, refused without a word. Ask otherwise, or choose another model."
        }
        "toolCall" | "tool_calls" | "tool_use" => {
            "the model only wanted to call a tool, and Backchat offers none. Ask for an answer in words, or choose \
             another model."
        }
        "incomplete" => {
            "the provider ended it before the first word, and gave no reason. Ask again."
        }
        other => {
            return format!(
                "the provider ended it before the first word, with the reason “{other}”. Ask again."
            );
        }
    };
    why.to_owned()
}

/// Why an answer is not whole; `None` for one that is.
fn why_not_all(finish: &str) -> Option<String> {
    let why = match finish {
        "stop" => return None,
        "length" => {
            "The answer is cut: the limit on answers was reached. Raise `max_output_tokens` of the model, or ask for \
             less."
        }
        "contextFull" => "The answer is cut: the model's window is full. Ask about fewer lines.",
        "refusal" => "The model, or a filter of its provider, refused.",
        "toolCall" | "tool_calls" | "tool_use" => {
            "The model stopped to call a tool, and Backchat offers none: the answer may not be whole."
        }
        "incomplete" => "The answer is cut: the provider ended it, and gave no reason.",
        other => {
            return Some(format!(
                "The provider ended the answer with the reason “{other}”: it may not be whole."
            ));
        }
    };
    Some(why.to_owned())
}
