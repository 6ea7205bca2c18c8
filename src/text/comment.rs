//! Prompts that are written into the code: a comment that starts with `@backchat`.

use super::{Buffer, Span};

/// What makes a comment a prompt.
const MARK: &str = "@backchat";

/// A comment that is a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptComment {
    /// The lines of the comment, without the last line's break.
    pub span: Span,
    /// What it asks.
    pub prompt: String,
}

impl PromptComment {
    /// The prompt comment that has a part of itself on one of the lines from `first` to `last`,
    /// counted from 0.
    ///
    /// A comment goes on over the lines below that start with the same sign (`//`, `#`, `--`, `;`, `%`,
    /// `*`) at the same indentation.
    #[must_use]
    pub fn find(buffer: &Buffer, first: usize, last: usize) -> Option<Self> {
        // The cursor may be on a later line of the comment: its first line is looked for upwards.
        (0..=last.min(buffer.len_lines().saturating_sub(1)))
            .rev()
            .map_while(|line| Some((line, buffer.line(line)?)))
            .take_while(|(line, text)| *line >= first || !sign(text).is_empty())
            .find_map(|(line, text)| Self::starting_at(buffer, line, &text))
            .filter(|comment| {
                let end = buffer
                    .position(comment.span.end, super::Encoding::Utf8)
                    .line as usize;
                end >= first
            })
    }

    fn starting_at(buffer: &Buffer, line: usize, text: &str) -> Option<Self> {
        let lead = sign(text);
        let asked = text
            .trim_start()
            .strip_prefix(lead)?
            .trim_start()
            .strip_prefix(MARK)?;
        // `@backchatter` is another word.
        if lead.is_empty() || asked.starts_with(|next: char| next.is_alphanumeric() || next == '_')
        {
            return None;
        }
        let indentation = |text: &str| text.len() - text.trim_start().len();
        let mut words = vec![without_end(asked.trim_start_matches(':')).to_owned()];
        let mut last = line;
        while let Some(next) = buffer.line(last + 1) {
            let same = sign(&next) == lead && indentation(&next) == indentation(text);
            let said = next
                .trim_start()
                .strip_prefix(lead)
                .unwrap_or_default()
                .trim();
            if !same || said.starts_with(MARK) {
                break;
            }
            words.push(without_end(said).to_owned());
            last += 1;
        }
        let prompt = words.join("\n").trim().to_owned();
        (!prompt.is_empty()).then(|| Self {
            span: Span::new(buffer.line_span(line).start, buffer.line_span(last).end),
            prompt,
        })
    }
}

/// The sign that a line's comment starts with; empty when the line is no comment.
fn sign(line: &str) -> &'static str {
    let line = line.trim_start();
    [
        "///", "//!", "//", "##", "#", "--", ";;", ";", "%", "/**", "/*", "<!--", "\"\"\"", "*",
    ]
    .into_iter()
    .find(|sign| line.starts_with(sign))
    .unwrap_or("")
}

/// The text of a comment's line without what closes a block comment.
fn without_end(text: &str) -> &str {
    let text = text.trim();
    text.strip_suffix("*/")
        .or_else(|| text.strip_suffix("-->"))
        .or_else(|| text.strip_suffix("\"\"\""))
        .unwrap_or(text)
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::rust(
        "fn a() {}\n// @backchat why is this empty?\nfn b() {}\n",
        1,
        Some("why is this empty?")
    )]
    #[case::python("# @backchat: explain\nx = 1\n", 0, Some("explain"))]
    #[case::lua("  -- @backchat one\n  -- two\nx = 1\n", 1, Some("one\ntwo"))]
    #[case::block("/* @backchat shorten this */\n", 0, Some("shorten this"))]
    #[case::html("<!-- @backchat is it valid? -->\n", 0, Some("is it valid?"))]
    #[case::two("// @backchat one\n// @backchat two\n", 0, Some("one"))]
    #[case::elsewhere("// @backchat one\nfn a() {}\n", 1, None)]
    #[case::another_word("// @backchatter one\n", 0, None)]
    #[case::no_comment("let x = \"@backchat\";\n", 0, None)]
    #[case::nothing_asked("// @backchat\nfn a() {}\n", 0, None)]
    fn a_comment_is_a_prompt(
        #[case] text: &str,
        #[case] line: usize,
        #[case] prompt: Option<&str>,
    ) {
        let found = PromptComment::find(&Buffer::new(text), line, line);
        assert_eq!(found.map(|comment| comment.prompt).as_deref(), prompt);
    }

    #[test]
    fn the_span_is_the_comments_lines() {
        let buffer = Buffer::new("a\n// @backchat one\n// two\nb\n");
        let found = PromptComment::find(&buffer, 1, 2).unwrap();
        assert_eq!(buffer.slice(found.span), "// @backchat one\n// two");
    }
}
