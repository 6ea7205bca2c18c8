//! What is to be said of a response beside its text: that there is none, that it was cut, what the model was not
//! shown. The one place for these sentences; every surface shows them as they are.

use crate::session::State;
use crate::store::{LeftOut, ShownLines, TurnRecord};

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
    let end = if is_without_answer(turn) {
        let why = why_nothing(finish.unwrap_or("stop"), has_thought);
        Some(format!("There is no answer: {why}"))
    } else {
        finish.and_then(why_not_all)
    };
    let unseen = response
        .and_then(|response| response.left_out.as_ref())
        .and_then(not_shown);
    let sentences: Vec<String> = [end, unseen].into_iter().flatten().collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What of the prompt's material found no room in it.
fn not_shown(left_out: &LeftOut) -> Option<String> {
    let LeftOut {
        file,
        selection,
        turns,
        rules,
    } = left_out;
    let file = file.map(|ShownLines { first, last, of }| match (first, of) {
        (0, 1) => "no word of the file's one line".to_owned(),
        (0, of) => format!("none of the file's {} lines", grouped(of)),
        (first, of) => format!(
            "lines {} to {} of the file's {}",
            grouped(first),
            grouped(last),
            grouped(of)
        ),
    });
    let selection = selection.map(|part| {
        format!(
            "{} of the {} bytes that were selected",
            grouped(part.shown),
            grouped(part.of)
        )
    });
    let turns = turns.map(|part| format!("{} of {} earlier turns", part.shown, part.of));
    let rules = rules.map(|part| {
        format!(
            "{} of the {} bytes of the project's rules",
            grouped(part.shown),
            grouped(part.of)
        )
    });
    let shown: Vec<String> = [file, selection, turns, rules]
        .into_iter()
        .flatten()
        .collect();
    let (last, others) = shown.split_last()?;
    let shown = if others.is_empty() {
        last.clone()
    } else {
        format!("{} and {last}", others.join(", "))
    };
    Some(format!(
        "The model was shown {shown}: more has no room in its window. Ask about fewer lines, or set \
         `context_tokens` of the model if its window is larger."
    ))
}

/// A number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ShownPart;

    #[test]
    fn what_was_not_shown_is_told_with_its_numbers() {
        let mut left_out = LeftOut {
            file: Some(ShownLines {
                first: 120,
                last: 480,
                of: 90_000,
            }),
            ..LeftOut::default()
        };
        let said = not_shown(&left_out).unwrap();
        assert!(
            said.starts_with("The model was shown lines 120 to 480 of the file's 90,000: more"),
            "{said}"
        );
        left_out.turns = Some(ShownPart { shown: 2, of: 5 });
        let said = not_shown(&left_out).unwrap();
        assert!(
            said.contains("90,000 and 2 of 5 earlier turns: more"),
            "{said}"
        );
        assert_eq!(not_shown(&LeftOut::default()), None);
    }
}
