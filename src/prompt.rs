//! What is sent to the model: the code that was asked about, its surroundings, the conversation so
//! far and the question, within the model's window. Pure.
//!
//! The question and the selected code always go along. What is left of the window is shared between
//! the earlier turns, of which the oldest are dropped first, and the rest of the file, of which the
//! lines nearest to the selection are kept.
//!
//! Code that is asked to be changed is sent whole or not at all: what the model has not seen it would
//! delete. Which part of the text went along is part of what [`build`] returns, and the answer is
//! decoded as a change of that part alone ([`crate::text::decode`]).

mod edit_form;
mod room;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use edit_form::{EDIT_SYSTEM, EditForm};
use room::required;
pub use room::{TooLong, surely_shown};

use crate::llm::{Prompt, Role, Turn};
use crate::session::Intent;
use crate::store::{HistoryTurn, LeftOut, ShownLines, ShownPart};
use crate::text::Span;

/// Everything that a prompt is made from.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// What was asked.
    pub prompt: &'a str,
    /// An answer or a change.
    pub intent: Intent,
    /// The buffer's name for the model.
    pub path: &'a str,
    /// The buffer's language id.
    pub language: &'a str,
    /// The buffer's text at submit.
    pub text: &'a str,
    /// The part that was asked about, in bytes; the whole text when nothing was selected.
    pub span: (usize, usize),
    /// The rules of the project, for the model to follow.
    pub rules: Option<&'a str>,
    /// The turns that were answered before, oldest first.
    pub history: &'a [HistoryTurn],
    /// The model's window in tokens.
    pub context_tokens: u32,
    /// What of it is kept free for the answer.
    pub max_output_tokens: u32,
}

/// Code takes about a token for every three to four bytes; the lower figure leaves a margin.
const BYTES_PER_TOKEN: usize = 3;

/// What a turn costs beside its text, in bytes.
const TURN_OVERHEAD: usize = 8 * BYTES_PER_TOKEN;

const SYSTEM: &str = "You answer a programmer's question about the code in their editor. The answer is shown beside the \
code, so begin with the point and be brief. Write Markdown; put code into fenced blocks with their language.";

/// A prompt, what of the text it shows, and what found no room in it.
#[derive(Clone, Debug)]
pub struct Built {
    /// What is sent.
    pub prompt: Prompt,
    /// The part of the text that is in the prompt without a gap. Only for a change.
    pub shown: Option<Span>,
    /// What is not sent.
    pub left_out: LeftOut,
}

/// What is the same in a prompt whatever is asked about: the beginning of what [`build`] does.
struct Frame {
    system: String,
    ask: String,
    form: Option<EditForm>,
    /// The bytes that are left for code and earlier turns.
    room: usize,
    /// The bytes that the project's rules may take.
    for_rules: usize,
}

impl Frame {
    fn of(question: &Question<'_>) -> Self {
        let output = question.max_output_tokens.min(question.context_tokens / 2);
        let budget = (question.context_tokens - output) as usize * BYTES_PER_TOKEN;
        let of_intent = match question.intent {
            Intent::Ask => SYSTEM,
            Intent::Edit => EDIT_SYSTEM,
        };
        let for_rules = budget / 4;
        let system = with_rules(of_intent, question.rules, for_rules);
        let mut ask = question.prompt.trim().to_owned();
        let fixed = system.len() + ask.len() + question.path.len() + 4 * TURN_OVERHEAD;
        let mut room = budget.saturating_sub(fixed);
        let form = (question.intent == Intent::Edit).then(|| EditForm::of(question, room));
        if let Some(form) = form {
            let instruction = form.instruction();
            let _ = write!(ask, "\n\n{instruction}");
            room = room.saturating_sub(instruction.len() + 2);
        }
        Self {
            system,
            ask,
            form,
            room,
            for_rules,
        }
    }
}

/// Checks that a question can be asked, whatever the earlier turns are.
///
/// # Errors
///
/// When the code that is to be changed does not fit into the window.
pub fn check(question: &Question<'_>) -> Result<(), TooLong> {
    let frame = Frame::of(question);
    required(question, frame.form, frame.room).map(|_| ())
}

/// Builds the prompt for a question.
///
/// # Errors
///
/// When the code that is to be changed does not fit into the window.
pub fn build(question: &Question<'_>) -> Result<Built, TooLong> {
    let Frame {
        system,
        ask,
        form,
        room,
        for_rules,
    } = Frame::of(question);
    let required = required(question, form, room)?;
    let mut left = room;
    let most_selected = match question.intent {
        Intent::Ask => left * 3 / 5,
        // Code that is to be changed is sent whole, or the prompt is refused.
        Intent::Edit => usize::MAX,
    };
    let selected = trim_middle(selection(question), most_selected);
    left = left.saturating_sub(selected.len());

    let rest = question.text.len() - selection(question).len();
    let for_rest = rest
        .min(left / 2)
        .max(required.saturating_sub(selected.len()));
    let history = newest_that_fit(question.history, left.saturating_sub(for_rest));
    left = left.saturating_sub(history.iter().map(cost).sum());
    let around = surroundings(question.text, question.span, left);
    let left_out = LeftOut {
        file: shown_lines(question.text, &around),
        selection: shown_part(selection(question).len(), most_selected),
        turns: shown_part(question.history.len(), history.len()),
        rules: shown_part(question.rules.map_or(0, str::len), for_rules),
    };

    let mut turns = Vec::with_capacity(history.len() * 2 + 1);
    for turn in history {
        // A provider refuses a turn without a word, which a refusal may have left.
        if turn.response.trim().is_empty() {
            continue;
        }
        turns.push(Turn {
            role: Role::User,
            text: with_code(&turn.prompt, &turn.code, question.language),
        });
        turns.push(Turn {
            role: Role::Assistant,
            text: turn.response.clone(),
        });
    }
    let around = surroundings(question.text, question.span, left);
    turns.push(Turn {
        role: Role::User,
        text: last_turn(question, &ask, &selected, &around),
    });
    Ok(Built {
        prompt: Prompt { system, turns },
        shown: form.map(|_| shown(question, &around)),
        left_out,
    })
}

/// So much of so much, where it is not all.
fn shown_part(of: usize, most: usize) -> Option<ShownPart> {
    (of > most).then_some(ShownPart { shown: most, of })
}

/// The lines of a text that go along, where they are not all.
fn shown_lines(text: &str, around: &Surroundings<'_>) -> Option<ShownLines> {
    if around.is_whole {
        return None;
    }
    let is_any = !around.text.is_empty();
    Some(ShownLines {
        first: if is_any { around.first_line } else { 0 },
        last: if is_any { around.last_line } else { 0 },
        of: line_of(text, text.len().max(1) - 1),
    })
}

/// The part of the text that is in the prompt of a change without a gap.
fn shown(question: &Question<'_>, around: &Surroundings<'_>) -> Span {
    let (start, end) = question.span;
    let around = Span::new(around.start, around.start + around.text.len());
    if !has_selection(question) {
        around
    } else if around.start <= start && start <= around.end {
        Span::new(around.start, around.end.max(end))
    } else {
        Span::new(start, end)
    }
}

/// What the model is told of its task, with the project's rules as far as they fit into `bytes`.
fn with_rules(system: &str, rules: Option<&str>, bytes: usize) -> String {
    match rules {
        None => system.to_owned(),
        Some(rules) => {
            let end = floor_boundary(rules, rules.len().min(bytes));
            format!(
                "{system}\n\nFollow the rules of the project:\n\n{}",
                rules[..end].trim_end()
            )
        }
    }
}

/// Whether a part of the buffer was selected, rather than all or none of it.
fn has_selection(question: &Question<'_>) -> bool {
    let (start, end) = question.span;
    start < end && (start > 0 || end < question.text.len())
}

fn selection<'a>(question: &Question<'a>) -> &'a str {
    if has_selection(question) {
        question
            .text
            .get(question.span.0..question.span.1)
            .unwrap_or_default()
    } else {
        ""
    }
}

fn last_turn(
    question: &Question<'_>,
    ask: &str,
    selected: &str,
    surroundings: &Surroundings<'_>,
) -> String {
    let mut text = String::new();
    if !surroundings.text.trim().is_empty() {
        let part = if surroundings.is_whole {
            String::new()
        } else {
            format!(
                ", lines {} to {}",
                surroundings.first_line, surroundings.last_line
            )
        };
        let _ = write!(text, "File `{}`{part}:\n\n", question.path);
        fence(&mut text, surroundings.text, question.language);
        text.push('\n');
    }
    if !selected.is_empty() {
        let first = line_of(question.text, question.span.0);
        let last = line_of(question.text, question.span.1.max(1) - 1);
        let _ = write!(
            text,
            "The question is about lines {first} to {last} of it:\n\n"
        );
        fence(&mut text, selected, question.language);
        text.push('\n');
    }
    text.push_str(ask);
    text
}

struct Surroundings<'a> {
    text: &'a str,
    /// Where it starts in the whole text.
    start: usize,
    first_line: usize,
    last_line: usize,
    is_whole: bool,
}

/// As many whole lines around `span` as fit into `bytes`, growing on both sides alike.
fn surroundings(text: &str, span: (usize, usize), bytes: usize) -> Surroundings<'_> {
    let (mut start, mut end) = if text.len() <= bytes {
        (0, text.len())
    } else {
        let middle = span.0.min(text.len());
        let line_start = text[..middle].rfind('\n').map_or(0, |at| at + 1);
        (line_start, line_start)
    };
    if text.len() > bytes {
        loop {
            let next = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
            let previous = text[..start.saturating_sub(1)]
                .rfind('\n')
                .map_or(0, |at| at + 1);
            let grows_down = next > end && next - start <= bytes;
            if grows_down {
                end = next;
            }
            let grows_up = previous < start && end - previous <= bytes;
            if grows_up {
                start = previous;
            }
            if !grows_down && !grows_up {
                break;
            }
        }
    }
    let is_whole = start == 0 && end == text.len();
    if !is_whole && text[start..end].trim().is_empty() {
        // Blank lines alone are not sent.
        end = start;
    }
    Surroundings {
        text: &text[start..end],
        start,
        first_line: line_of(text, start),
        last_line: line_of(text, end.max(1) - 1),
        is_whole,
    }
}

/// The 1-based number of the line that holds the byte at `offset`.
fn line_of(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    memchr::memchr_iter(b'\n', before).count() + 1
}

/// The text, or its two ends with a note between them when it is longer than `bytes`.
fn trim_middle(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let head = floor_boundary(text, bytes / 2);
    let tail = floor_boundary(text, text.len() - bytes / 2);
    format!(
        "{}\n[… {} bytes left out …]\n{}",
        &text[..head],
        tail - head,
        &text[tail..]
    )
}

fn floor_boundary(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn newest_that_fit(history: &[HistoryTurn], bytes: usize) -> &[HistoryTurn] {
    let mut used = 0;
    let kept = history
        .iter()
        .rev()
        .take_while(|turn| {
            used += cost(turn);
            used <= bytes
        })
        .count();
    &history[history.len() - kept..]
}

fn cost(turn: &HistoryTurn) -> usize {
    turn.prompt.len() + turn.code.len() + turn.response.len() + 2 * TURN_OVERHEAD
}

fn with_code(prompt: &str, code: &str, language: &str) -> String {
    let mut text = String::new();
    if !code.is_empty() {
        text.push_str("About this code:\n\n");
        fence(&mut text, code, language);
        text.push('\n');
    }
    text.push_str(prompt.trim());
    text
}

/// Adds a fenced block, with a fence that the code itself does not contain.
pub(crate) fn fence(text: &mut String, code: &str, language: &str) {
    let (mut longest, mut run, mut run_end) = (0, 0, 0);
    for at in memchr::memchr_iter(b'`', code.as_bytes()) {
        run = if at == run_end { run + 1 } else { 1 };
        run_end = at + 1;
        longest = longest.max(run);
    }
    let marks = "`".repeat(longest.max(2) + 1);
    let end = if code.ends_with('\n') { "" } else { "\n" };
    let _ = writeln!(text, "{marks}{language}\n{code}{end}{marks}");
}
