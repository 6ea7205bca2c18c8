//! Fenced code blocks, as CommonMark has them and as models write them.

use super::Undecodable;

/// The code between two fences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CodeBlock {
    /// The first word after the opening fence: a language, as a rule.
    language: String,
    /// The lines between the fences, each with a line feed.
    pub(super) code: String,
}

impl CodeBlock {
    /// Whether it is a unified diff.
    pub(super) fn is_diff(&self) -> bool {
        let named = ["diff", "patch", "udiff"].contains(&self.language.as_str());
        named && self.code.lines().any(|line| line.starts_with(['+', '-']))
            || self.code.lines().any(|line| line.starts_with("@@ "))
    }
}

/// A line that opens or closes a block.
#[derive(Clone, Copy)]
struct Fence<'a> {
    mark: char,
    length: usize,
    indent: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn new(line: &'a str) -> Option<Self> {
        let fence = line.trim_start();
        let mark = fence.chars().next().filter(|c| ['`', '~'].contains(c))?;
        let info = fence.trim_start_matches(mark);
        let length = fence.len() - info.len();
        (length >= 3 && !info.contains('`')).then_some(Self {
            mark,
            length,
            indent: line.len() - fence.len(),
            info: info.trim(),
        })
    }

    fn closes(&self, open: &Fence<'_>) -> bool {
        self.info.is_empty() && self.mark == open.mark && self.length >= open.length
    }

    fn language(&self) -> String {
        let word = self.info.split([' ', ',', '{', ':']).next();
        word.unwrap_or_default().to_lowercase()
    }
}

/// The code blocks of a response.
///
/// A block may hold others: a fence with a language opens an inner one. In a block of Markdown, where
/// inner blocks often have no language, the last fence of the response is the end.
///
/// # Errors
///
/// When the last block is not closed.
pub(super) fn code_blocks(response: &str) -> Result<Vec<CodeBlock>, Undecodable> {
    let lines: Vec<_> = response.lines().collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some(open) = Fence::new(lines[at]) {
            let end = end_of_block(&open, &lines[at + 1..]).ok_or(Undecodable::CutOff)?;
            let inner = &lines[at + 1..at + 1 + end];
            let code = inner
                .iter()
                .flat_map(|line| [outdented(line, open.indent), "\n"]);
            blocks.push(CodeBlock {
                language: open.language(),
                code: code.collect(),
            });
            at += 1 + end;
        }
        at += 1;
    }
    Ok(blocks)
}

/// The index of the line that closes the block.
fn end_of_block(open: &Fence<'_>, lines: &[&str]) -> Option<usize> {
    let fences = lines
        .iter()
        .enumerate()
        .filter_map(|(i, line)| Some((i, Fence::new(line)?)));
    if ["markdown", "md", "mdx"].contains(&open.language().as_str()) {
        let fences: Vec<_> = fences.collect();
        let (last, fence) = fences.last()?;
        // An even number of fences inside are inner blocks that are all closed.
        return (fence.closes(open) && fences.len() % 2 == 1).then_some(*last);
    }
    let mut nested = vec![*open];
    for (i, fence) in fences {
        if nested.last().is_some_and(|open| fence.closes(open)) {
            nested.pop();
        } else if !fence.info.is_empty() {
            nested.push(fence);
        }
        if nested.is_empty() {
            return Some(i);
        }
    }
    None
}

/// The line without as much of its indentation as its fence had.
fn outdented(line: &str, indent: usize) -> &str {
    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
    &line[blank.min(indent)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(response: &str) -> Option<Vec<String>> {
        let blocks = code_blocks(response).ok()?;
        Some(blocks.into_iter().map(|block| block.code).collect())
    }

    #[test]
    fn blocks_by_example() {
        let one = |code: &str| Some(vec![code.to_owned()]);
        assert_eq!(codes("No code."), Some(vec![]));
        assert_eq!(codes("Text\n```rust\na\n```\nmore"), one("a\n"));
        assert_eq!(codes("~~~\na\n```\n~~~"), one("a\n```\n"));
        assert_eq!(codes("````\n```\na\n```\n````"), one("```\na\n```\n"));
        assert_eq!(
            codes("```js\na\n```js\nb\n```\nc\n```"),
            one("a\n```js\nb\n```\nc\n")
        );
        assert_eq!(
            codes("1. Do:\n   ```\n   a\n     b\n   ```"),
            one("a\n  b\n")
        );
        assert_eq!(
            codes("```md\n# T\n```\nx\n```\n\n```\ny\n```\nend\n```"),
            one("# T\n```\nx\n```\n\n```\ny\n```\nend\n")
        );
        assert_eq!(codes("```rust\na\n"), None);
        assert_eq!(codes("```\na\n```\n```\nb"), None);
        assert_eq!(codes("```\n```"), one(""));
        assert_eq!(codes("Use ```x``` here"), Some(vec![]));
    }
}
