//! Which lines of code belong together, seen from their indentation alone, as in every language.

use super::{Buffer, Span};

/// Words that go on with a block on the indentation of its first line.
const GOES_ON: [&str; 9] = [
    "else", "elif", "elseif", "except", "finally", "catch", "rescue", "ensure", "when",
];

/// Words that end a block on the indentation of its first line.
const ENDS: [&str; 4] = ["end", "fi", "done", "esac"];

/// The block of code that begins with the first line at or below `line` that is not blank: that line, what is
/// indented more, and what closes it; of lines of the same indentation as many as no blank line divides. Without
/// the last line's break. `None` when there is no line, or when the first one is indented less than `indent`.
pub(super) fn below(buffer: &Buffer, line: usize, indent: usize) -> Option<Span> {
    let solid = |from: usize| {
        let mut lines = (from..buffer.len_lines()).filter_map(|at| Some((at, buffer.line(at)?)));
        lines.find(|(_, text)| !text.trim().is_empty())
    };
    let (first, text) = solid(line)?;
    let depth = depth_of(&text);
    if depth < indent {
        return None;
    }
    let (mut last, mut has_body) = (first, false);
    while let Some((next, text)) = solid(last + 1) {
        let is_after_blank = next > last + 1;
        let text_depth = depth_of(&text);
        let belongs = match () {
            () if text_depth != depth => text_depth > depth,
            () if has_body => closes(&text) || begins_with(&text, &GOES_ON),
            () => !is_after_blank,
        };
        if !belongs {
            break;
        }
        last = next;
        has_body |= text_depth > depth;
        if text_depth == depth && closes(&text) && !opens(&text) {
            break;
        }
    }
    Some(Span::new(
        buffer.line_span(first).start,
        buffer.line_span(last).end,
    ))
}

/// How far a line is indented.
pub(super) fn depth_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn closes(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['}', ')', ']']) || line.starts_with("</") || begins_with(line, &ENDS)
}

fn opens(line: &str) -> bool {
    line.trim_end().ends_with(['{', '(', '[', ':'])
}

fn begins_with(line: &str, words: &[&str]) -> bool {
    let line = line.trim_start();
    words.iter().any(|word| {
        let rest = line.strip_prefix(word);
        rest.is_some_and(|rest| {
            !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::a_function("fn a() {\n    1\n}\n\nfn b() {}\n", "fn a() {\n    1\n}")]
    #[case::with_its_attributes(
        "#[test]\nfn a() {\n\n    1\n}\nfn b() {}\n",
        "#[test]\nfn a() {\n\n    1\n}"
    )]
    #[case::with_its_signature(
        "fn a(\n    x: u8,\n) -> u8 {\n    x\n}\nlet y;\n",
        "fn a(\n    x: u8,\n) -> u8 {\n    x\n}"
    )]
    #[case::a_brace_below("void f()\n{\n    x();\n}\nvoid g();\n", "void f()\n{\n    x();\n}")]
    #[case::python(
        "def f(x):\n    a = x\n\n    return a\n\ny = 2\n",
        "def f(x):\n    a = x\n\n    return a"
    )]
    #[case::an_alternative(
        "if x:\n    a()\nelse:\n    b()\nc()\n",
        "if x:\n    a()\nelse:\n    b()"
    )]
    #[case::braces_of_it(
        "if x {\n    a()\n} else {\n    b()\n}\nc()\n",
        "if x {\n    a()\n} else {\n    b()\n}"
    )]
    #[case::lua(
        "local function f()\n  return 1\nend\nlocal x\n",
        "local function f()\n  return 1\nend"
    )]
    #[case::html("<p>\n  text\n</p>\n<p>\n", "<p>\n  text\n</p>")]
    #[case::statements("a = 1\nb = 2\n\nc = 3\n", "a = 1\nb = 2")]
    #[case::blank_lines_before("\n\na = 1\n", "a = 1")]
    #[case::to_the_end("def f():\n    pass", "def f():\n    pass")]
    fn a_block_ends_where_its_indentation_says(#[case] text: &str, #[case] block: &str) {
        let buffer = Buffer::new(text);
        let found = below(&buffer, 0, 0).map(|span| buffer.slice(span));
        assert_eq!(found.as_deref(), Some(block));
    }

    #[test]
    fn what_is_indented_less_is_not_below() {
        let buffer = Buffer::new("    // here\n}\n");
        assert_eq!(below(&buffer, 1, 4), None);
        assert_eq!(below(&buffer, 2, 0), None);
    }
}
