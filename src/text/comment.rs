//! Prompts that are written into the code: a comment that starts with `@backchat`.

use super::{Buffer, Encoding, Span, block};

/// What makes a comment a prompt.
const MARK: &str = "@backchat";

/// More lines than this are no prompt.
const LONGEST: usize = 200;

/// A comment that is a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptComment {
    /// The lines of the comment, without the last line's break.
    pub span: Span,
    /// What it asks.
    pub prompt: String,
    /// The code that it is about: the block below it, without the last line's break. `None` when there is none.
    pub code: Option<Span>,
    /// What is left out when the comment is taken out of the code: its lines, with their breaks. `None` when
    /// there is code on them, or when they do not end the comment.
    pub lines: Option<Span>,
}

/// The lines of a comment.
struct Extent {
    /// What is said on each.
    words: Vec<String>,
    /// The last one of the prompt.
    last: usize,
    /// The line behind the whole comment, of which the prompt may be a part.
    next: usize,
    /// Whether nothing but the comment is on the lines of the prompt.
    is_alone: bool,
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
                let end = buffer.position(comment.span.end, Encoding::Utf8).line as usize;
                end >= first
            })
    }

    /// The prompt comment that is about this code: right above it, but for blank lines.
    #[must_use]
    pub fn about(buffer: &Buffer, code: Span) -> Option<Self> {
        let first = buffer.position(code.start, Encoding::Utf8).line as usize;
        let mut above = (0..first).rev();
        let line = above.find(|line| buffer.line(*line).is_some_and(|it| !it.trim().is_empty()))?;
        // The prompt may be followed by the end of a larger comment.
        let lines = (0..=line).rev().take(LONGEST);
        lines
            .filter_map(|line| Self::starting_at(buffer, line, &buffer.line(line)?))
            .find(|comment| comment.code == Some(code))
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
        let asked = asked.trim_start_matches(':');
        let extent = match closing(lead) {
            Some(closing) => Extent::up_to(closing, buffer, line, asked),
            None => Extent::of_lines(lead, buffer, line, asked),
        };
        let prompt = extent.words.join("\n").trim().to_owned();
        // Within a larger comment a line is indented by one more than the code.
        let indent = block::depth_of(text).saturating_sub(usize::from(lead == "*"));
        let start = buffer.line_span(line).start;
        let lines = Span::new(start, buffer.line_span(extent.last + 1).start);
        (!prompt.is_empty()).then(|| Self {
            span: Span::new(start, buffer.line_span(extent.last).end),
            prompt,
            code: block::below(buffer, extent.next, indent),
            lines: extent.is_alone.then_some(lines),
        })
    }
}

impl Extent {
    /// A comment of lines that start with the same sign at the same indentation.
    fn of_lines(lead: &str, buffer: &Buffer, line: usize, asked: &str) -> Self {
        let depth = buffer.line(line).map_or(0, |text| block::depth_of(&text));
        let mut words = vec![without_end(asked).to_owned()];
        let mut last = line;
        while let Some(next) = buffer.line(last + 1) {
            let same = sign(&next) == lead && block::depth_of(&next) == depth;
            let said = next.trim_start().strip_prefix(lead);
            let said = said.unwrap_or_default().trim();
            let ends = lead == "*" && next.trim_start().starts_with("*/");
            if !same || ends || said.starts_with(MARK) {
                break;
            }
            words.push(without_end(said).to_owned());
            last += 1;
        }
        let mut next = last + 1;
        let mut is_alone = true;
        if lead == "*" {
            // It stands within a larger comment.
            let has_end = |at: &usize| buffer.line(*at).is_some_and(|text| text.contains("*/"));
            is_alone = !(line..=last).any(|at| has_end(&at));
            next = (line..buffer.len_lines())
                .find(has_end)
                .map_or(next, |end| end + 1);
        }
        Self {
            words,
            last,
            next,
            is_alone,
        }
    }

    /// A comment that goes on up to what closes it.
    fn up_to(closing: &str, buffer: &Buffer, line: usize, asked: &str) -> Self {
        let mut words = Vec::new();
        let mut text = asked.to_owned();
        for last in line..(line + LONGEST).min(buffer.len_lines()) {
            let (said, rest) = match text.split_once(closing) {
                Some((said, rest)) => (said, Some(rest)),
                None => (text.as_str(), None),
            };
            let said = said.trim();
            words.push(said.strip_prefix("* ").unwrap_or(said).to_owned());
            if let Some(rest) = rest {
                let is_alone = rest.trim().is_empty();
                return Self {
                    words,
                    last,
                    next: last + 1,
                    is_alone,
                };
            }
            text = buffer.line(last + 1).unwrap_or_default();
        }
        // It has no end: its first line is all that is sure.
        words.truncate(1);
        Self {
            words,
            last: line,
            next: line + 1,
            is_alone: false,
        }
    }
}

/// What closes a comment that is no comment of lines.
fn closing(lead: &str) -> Option<&'static str> {
    match lead {
        "/*" | "/**" => Some("*/"),
        "<!--" => Some("-->"),
        "\"\"\"" => Some("\"\"\""),
        _ => None,
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

    #[rstest::rstest]
    #[case::lines(
        "// @backchat go\n// on\nfn a() {\n}\nfn b() {}\n",
        "go\non",
        "fn a() {\n}",
        Some("// @backchat go\n// on\n")
    )]
    #[case::a_blank_line(
        "# @backchat go\n\ndef a():\n  pass\nb\n",
        "go",
        "def a():\n  pass",
        Some("# @backchat go\n")
    )]
    #[case::indented(
        "{\n  // @backchat go\n  a();\n  b();\n}\n",
        "go",
        "a();\n  b();",
        Some("  // @backchat go\n")
    )]
    #[case::block(
        "/* @backchat go\n * on\n */\nint a;\n",
        "go\non",
        "int a;",
        Some("/* @backchat go\n * on\n */\n")
    )]
    #[case::dos(
        "<!-- @backchat go -->\r\n<p>\r\n</p>\r\n",
        "go",
        "<p>\r\n</p>",
        Some("<!-- @backchat go -->\r\n")
    )]
    #[case::code_behind("/* @backchat go */ int a;\nint b;\n", "go", "int b;", None)]
    #[case::without_end("/* @backchat go\nint b;\n", "go", "int b;", None)]
    #[case::within_a_comment(
        "/**\n * Text.\n * @backchat go\n */\nint a;\n",
        "go",
        "int a;",
        Some(" * @backchat go\n")
    )]
    fn it_is_about_the_code_below(
        #[case] text: &str,
        #[case] prompt: &str,
        #[case] code: &str,
        #[case] lines: Option<&str>,
    ) {
        let buffer = Buffer::new(text);
        let line = text.lines().position(|line| line.contains(MARK)).unwrap();
        let found = PromptComment::find(&buffer, line, line).unwrap();
        let slice = |span: Option<Span>| span.map(|span| buffer.slice(span));
        assert_eq!(found.prompt, prompt);
        assert_eq!(slice(found.code).unwrap().trim_start(), code);
        assert_eq!(slice(found.lines).as_deref(), lines);
        let again = PromptComment::about(&buffer, found.code.unwrap());
        assert_eq!(again, Some(found));
    }

    #[test]
    fn nothing_below_is_no_code() {
        for text in ["// @backchat go\n", "{\n    // @backchat go\n}\n"] {
            let buffer = Buffer::new(text);
            let line = buffer.len_lines() - 2;
            let found = (0..=line).find_map(|line| PromptComment::find(&buffer, line, line));
            assert_eq!(found.unwrap().code, None);
        }
    }

    #[test]
    fn the_span_is_the_comments_lines() {
        let buffer = Buffer::new("a\n// @backchat one\n// two\nb\n");
        let found = PromptComment::find(&buffer, 1, 2).unwrap();
        assert_eq!(buffer.slice(found.span), "// @backchat one\n// two");
    }
}
