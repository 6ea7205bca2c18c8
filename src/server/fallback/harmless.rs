//! Markdown of a model, for an editor that renders it: the same words and code, with nothing that loads or
//! deceives.
//!
//! A renderer may fetch the images that it is shown, which would tell a stranger what was asked, and may
//! take raw HTML. Both are shown as text. Links stay links: nothing follows one but the user.

use std::fmt::Write as _;

use crate::visible;

/// The Markdown with images and HTML as text, and what nobody would see made visible. Fenced code is left as
/// it is.
pub(super) fn markdown(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    let mut fence: Option<(char, usize)> = None;
    for line in visible::block(text).split_inclusive('\n') {
        match (fence, fence_of(line)) {
            (None, Some(opening)) => {
                fence = Some((opening.mark, opening.length));
                harmless.push_str(line);
            }
            (Some((mark, length)), Some(closing))
                if closing.is_bare && closing.mark == mark && closing.length >= length =>
            {
                fence = None;
                harmless.push_str(line);
            }
            (Some(_), _) => harmless.push_str(line),
            (None, None) => push_text(&mut harmless, line),
        }
    }
    harmless
}

struct Fence {
    mark: char,
    length: usize,
    /// Nothing stands behind it, so that it may close a block.
    is_bare: bool,
}

/// The fence that a line is. Source: <https://spec.commonmark.org/0.31.2/#fenced-code-blocks>.
fn fence_of(line: &str) -> Option<Fence> {
    let rest = line.trim_start_matches(' ');
    let mark = rest
        .chars()
        .next()
        .filter(|mark| matches!(mark, '`' | '~'))?;
    let length = rest.chars().take_while(|c| *c == mark).count();
    let info = rest[length..].trim();
    let is_fence =
        line.len() - rest.len() < 4 && length >= 3 && !(mark == '`' && info.contains('`'));
    is_fence.then_some(Fence {
        mark,
        length,
        is_bare: info.is_empty(),
    })
}

fn push_text(harmless: &mut String, line: &str) {
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\\' => c.len_utf8() + rest[1..].chars().next().map_or(0, char::len_utf8),
            '`' => {
                let run = rest.chars().take_while(|c| *c == '`').count();
                match closing_run(&rest[run..], run) {
                    Some(end) => run + end,
                    None => {
                        // Without its partner here it might find one in another line.
                        let _ = write!(harmless, "{}", "\\`".repeat(run));
                        rest = &rest[run..];
                        continue;
                    }
                }
            }
            '!' if rest.starts_with("![") => {
                harmless.push('\\');
                1
            }
            '<' => {
                harmless.push('\\');
                1
            }
            c => c.len_utf8(),
        };
        harmless.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
}

/// Where the run of so many backticks ends that closes a code span.
fn closing_run(text: &str, length: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].chars().take_while(|c| *c == '`').count();
        if run == length {
            return Some(start + run);
        }
        at = start + run;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::markdown;

    #[rstest::rstest]
    #[case(
        "plain *words* [link](https://e.org)\n",
        "plain *words* [link](https://e.org)\n"
    )]
    #[case("![](https://e.org/?q=1)", "\\![](https://e.org/?q=1)")]
    #[case("<img src=x>", "\\<img src=x>")]
    #[case("`![x](y) <b>`", "`![x](y) <b>`")]
    #[case("\\`![x](y)`", "\\`\\![x](y)\\`")]
    #[case("`one\n![x](y)`", "\\`one\n\\![x](y)\\`")]
    #[case(
        "```rust\n#![allow(x)]\n```\n![x](y)",
        "```rust\n#![allow(x)]\n```\n\\![x](y)"
    )]
    #[case("````\n```\n![x](y)\n````\n", "````\n```\n![x](y)\n````\n")]
    #[case("    ```\n![x](y)", "    \\`\\`\\`\n\\![x](y)")]
    #[case("> ```\n![x](y)", "> \\`\\`\\`\n\\![x](y)")]
    #[case("a\u{1b}[31m\u{202e}b", "a␛[31m\\u{202e}b")]
    fn nothing_is_loaded_and_nothing_is_hidden(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(markdown(text), shown);
    }
}
