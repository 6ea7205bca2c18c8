//! Whether the code that is to be changed fits into the model's window.

use super::edit_form::EditForm;
use super::{BYTES_PER_TOKEN, Question, has_selection, selection};
use crate::text::Span;

/// A change of more code was asked for than the model's window has room for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sizes())]
pub struct TooLong {
    /// Whether lines were selected, rather than the whole file.
    pub is_selection: bool,
    /// The bytes of the code.
    pub bytes: usize,
    /// Its lines.
    pub lines: usize,
    /// How many bytes would fit.
    pub room: usize,
    /// How many of its lines, from the first, would fit.
    pub fitting_lines: usize,
    /// The model's window, in tokens.
    pub context_tokens: u32,
    /// What of it is kept free for the answer.
    pub max_output_tokens: u32,
}

impl TooLong {
    fn sizes(&self) -> String {
        let what = if self.is_selection {
            "selected code"
        } else {
            "file"
        };
        let fitting = match self.fitting_lines {
            0 => "not even its first line".to_owned(),
            1 => "only its first line".to_owned(),
            lines => format!("the first {lines} lines of it"),
        };
        format!(
            "the {what} is too long for the model's window, and a model deletes what it is not shown: it has {} \
             lines with {} bytes; beside the prompt there is room for {} bytes ({fitting}) in {} tokens, of which \
             {} are kept for the answer",
            self.lines, self.bytes, self.room, self.context_tokens, self.max_output_tokens
        )
    }

    /// What the user can do.
    #[must_use]
    pub fn remedy(&self) -> String {
        let select = if self.is_selection {
            "select fewer lines"
        } else {
            "select the lines that are to be changed"
        };
        format!(
            "{select}, or choose a model with a larger window; if the window of this one is larger, say so with \
             context_tokens in its configuration"
        )
    }
}

/// How many bytes of code must go along whole: the selection, or the file, of which a change is wanted. None
/// for a question, and for a change at a mere place of a large file.
///
/// # Errors
///
/// When there are more than `room`.
pub(super) fn required(
    question: &Question<'_>,
    form: Option<EditForm>,
    room: usize,
) -> Result<usize, TooLong> {
    let (start, end) = question.span;
    let is_place = start == end;
    let code = match form {
        None => "",
        Some(EditForm::Selection) => selection(question),
        Some(EditForm::Blocks) if is_place => "",
        Some(EditForm::WholeFile | EditForm::Blocks) => question.text,
    };
    if code.len() <= room {
        return Ok(code.len());
    }
    let mut used = 0;
    let fitting = code.split_inclusive('\n').take_while(|line| {
        used += line.len();
        used <= room
    });
    Err(TooLong {
        is_selection: has_selection(question),
        bytes: code.len(),
        lines: code.lines().count(),
        room,
        fitting_lines: fitting.count(),
        context_tokens: question.context_tokens,
        max_output_tokens: question.max_output_tokens.min(question.context_tokens / 2),
    })
}

/// The part of the text that a prompt of the first release has surely shown. It did not write that down, cut a
/// selection that was longer than three fifths of the room, and gave earlier turns what they wanted of the rest.
///
/// `question` has no history and no rules; `history` is the length of the earlier turns.
#[must_use]
pub fn surely_shown(question: &Question<'_>, history: usize) -> Span {
    // What the system prompt and the instruction take, generously.
    const FRAME: usize = 2_000;
    let output = question.max_output_tokens.min(question.context_tokens / 2);
    let budget = (question.context_tokens - output) as usize * BYTES_PER_TOKEN;
    let room = (budget - budget / 4).saturating_sub(FRAME + question.prompt.len());
    let (start, end) = question.span;
    let selected = selection(question).len();
    if selected + question.text.len() + history <= room {
        Span::new(0, question.text.len())
    } else if has_selection(question) && selected <= room * 3 / 5 {
        Span::new(start, end)
    } else {
        Span::new(start, start)
    }
}
