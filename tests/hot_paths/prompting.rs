//! What a prompt goes through before it is sent, and a proposal before it is shown.

use backchat::llm::Prompt;
use backchat::prompt::{Question, build};
use backchat::secrets::{Sources, scan, survey};
use backchat::session::Intent;
use backchat::store::HistoryTurn;
use backchat::text::{Buffer, MergeStatus, Span, decode, merge};

use super::code::code;

/// A question about a function in the middle of a file, with a conversation before it.
pub struct Asking {
    text: String,
    span: Span,
    history: Vec<HistoryTurn>,
}

impl Asking {
    /// In a file of so many lines.
    pub fn in_lines(lines: usize) -> Self {
        let text = code(lines);
        let span = function(&text, lines / 2);
        let turn = HistoryTurn {
            prompt: "What does this do?".to_owned(),
            code: text[span.start..span.end].to_owned(),
            response: "It computes a value. ".repeat(50),
        };
        Self {
            text,
            span,
            history: vec![turn; 4],
        }
    }

    /// Builds the prompt.
    pub fn build(&self) -> Prompt {
        let built = build(&Question {
            prompt: "And why?",
            intent: Intent::Ask,
            path: "src/measured.rs",
            language: "rust",
            text: &self.text,
            span: (self.span.start, self.span.end),
            rules: None,
            history: &self.history,
            context_tokens: 200_000,
            max_output_tokens: 8_000,
        });
        let prompt = built.expect("a question fits into any window").prompt;
        assert!(prompt.turns.len() > 1);
        prompt
    }

    /// Looks for secrets in everything that the prompt was made from.
    pub fn survey(&self, prompt: &Prompt) {
        let sources = Sources {
            prompt: "And why?",
            buffer: Some(&self.text),
            path: None,
            rules: None,
            history: &self.history,
        };
        assert_eq!(survey(&sources, prompt), []);
    }
}

/// Looks for secrets in a text that has one at its end.
pub fn find_secret(text: &str) {
    let found = scan(text);
    assert_eq!(found.len(), 1);
}

/// Code with a made-up key at its end.
pub fn code_with_secret(lines: usize) -> String {
    let key = "q8Zr2mT5vX1cLw9bNk4dHs7fJg3pYt6eUa0K";
    format!("{}// ghp_{key}\n", code(lines))
}

/// A proposal for a function in the middle of a file in which was typed meanwhile.
pub struct Proposing {
    base: String,
    ours: String,
    anchor: Span,
    response: String,
}

impl Proposing {
    /// In a file of so many lines.
    pub fn in_lines(lines: usize) -> Self {
        let base = code(lines);
        let anchor = function(&base, lines / 2);
        let changed = base[anchor.start..anchor.end].replace("value_3", "third");
        Self {
            ours: base.replacen("value_2", "second", 1),
            response: format!("Here it is:\n```rust\n{changed}\n```\n"),
            base,
            anchor,
        }
    }

    /// Finds in the response what it changes, and merges that with what was typed.
    pub fn run(&self) {
        let proposed = decode(&self.response, &self.base, self.anchor, whole(&self.base))
            .expect("the response has a block of code");
        let merged = merge(&self.base, &self.ours, &proposed.text);
        assert_eq!(merged.status, MergeStatus::Clean);
    }
}

/// The model was shown all of it.
fn whole(base: &str) -> Span {
    Span::new(0, base.len())
}

/// The function that begins at a line.
fn function(text: &str, line: usize) -> Span {
    let buffer = Buffer::new(text);
    let first = line - line % 10;
    Span::new(
        buffer.line_span(first).start,
        buffer.line_span(first + 8).end,
    )
}
