//! Proposals: decoding what a model wrote into a change of the text that it was asked about.
//!
//! Models are asked for one of three forms, and write what they like. Decoded are:
//!
//! - search/replace blocks (`<<<<<<< SEARCH`, `=======`, `>>>>>>> REPLACE`), and the hunks of a
//!   unified diff, for changes in several places;
//! - one fenced code block that replaces the code at the anchor, or is the whole file;
//! - bare code, when it is plainly a version of the code at the anchor.
//!
//! # Lenient where it is safe
//!
//! Prose around the code, language tags, nested fences, line endings, trailing white space, code
//! that is indented as a whole by more or less than it was, lines of the surroundings that are
//! repeated around the code at the anchor, a whole line for a part of it.
//!
//! # Strict where it must be
//!
//! Nothing is made of an answer that was cut off, or that leaves code out with a remark such as
//! `// ... rest unchanged`. The text to be searched must be there, once, or once within or nearest
//! to the anchor. A block that holds a part of the code at the anchor, or more than one block that
//! could be meant, is refused.
//!
//! A response changes no text that the model was not shown: it is decoded against the part that it has
//! seen, as if there were no other, and a block never stands for code that it has not seen whole.
//! What cannot be decoded is still an answer to be read.

mod blocks;
mod elision;
mod fences;
mod hunks;
mod indent;
mod locate;
mod region;
mod resemblance;

use self::fences::CodeBlock;
use super::lines::with_lf;
use super::{Replacement, Span, merge};

/// A change that was decoded from a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// The whole base with the change in it: `theirs` for [`merge`].
    pub text: String,
    /// What leads from the base to `text`: disjoint, in order, all spans those of the base. Empty
    /// when the response repeats the code as it is.
    pub hunks: Vec<Replacement>,
}

/// Why no change could be decoded from a response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// There is prose, but no code that could be meant for the anchor.
    #[error("the response has no code that belongs to the selection")]
    NoCode,
    /// The response ends inside a code block or a search/replace block.
    #[error("the response was cut off inside a code block")]
    CutOff,
    /// A search/replace block lacks one of its parts.
    #[error("a search/replace block has no {missing}")]
    Malformed {
        /// What is missing.
        missing: &'static str,
    },
    /// The response leaves code out.
    #[error("the response leaves code out (“{line}”)")]
    Elided {
        /// The line that stands for what was left out.
        line: String,
    },
    /// Text that is to be replaced is not in the base.
    #[error("the code to be replaced is not in the file (“{line}”)")]
    NotFound {
        /// Its first line.
        line: String,
    },
    /// Text that is to be replaced is in the base several times, none of them nearest to the anchor.
    #[error("the code to be replaced is in the file {count} times (“{line}”)")]
    Ambiguous {
        /// Its first line.
        line: String,
        /// How often it is there.
        count: usize,
    },
    /// Two changes are for the same lines.
    #[error("two changes of the response overlap (“{line}”)")]
    Overlapping {
        /// The first line of the second one.
        line: String,
    },
    /// There are several code blocks, and no telling which is meant.
    #[error("the response has {count} code blocks, and it is not clear which one is meant")]
    SeveralBlocks {
        /// How many.
        count: usize,
    },
    /// The code block is not the whole of what it would replace.
    #[error("the code block holds only a part of the code that it would replace")]
    Partial,
    /// The model has not seen the whole of what it would replace.
    #[error(
        "the model was shown only a part of the code that it would replace; ask again about fewer lines"
    )]
    NotShown,
}

/// Decodes a response to a request to change `base` at `anchor`, by a model that was shown the part `shown`
/// of it. The spans are those of `base`. What was not shown is in the changed text as it was.
///
/// # Errors
///
/// When it is not certain what the response changes, or into what.
pub fn decode(
    response: &str,
    base: &str,
    anchor: Span,
    shown: Span,
) -> Result<Proposed, Undecodable> {
    let response = with_lf(response);
    let response = without_thoughts(&response);
    let boundary = |offset: usize| {
        let boundary = (0..=offset.min(base.len())).rfind(|&i| base.is_char_boundary(i));
        boundary.unwrap_or(0)
    };
    let (first, end) = (boundary(shown.start), boundary(shown.end));
    let (above, seen, below) = (&base[..first], &base[first..end], &base[end..]);
    let text = with_lf(seen);
    let offset = |offset: usize| with_lf(&base[first..boundary(offset).clamp(first, end)]).len();
    let (start, stop) = (offset(anchor.start), offset(anchor.end));
    let is_shown = first <= boundary(anchor.start) && boundary(anchor.end) <= end;
    let new = change(response, &text, Span::new(start, stop), is_shown)?;
    let new = [&with_lf(above), new.as_str(), &with_lf(below)].concat();
    // Merging into the base itself keeps its line breaks and finds the hunks.
    let merged = merge(base, base, &new);
    Ok(Proposed {
        text: merged.text,
        hunks: merged.edits,
    })
}

/// The text with the change in it. All texts have line feeds. Unless the anchor `is_shown`, that is the whole of
/// it is in the text, only what the response names is changed.
fn change(response: &str, text: &str, anchor: Span, is_shown: bool) -> Result<String, Undecodable> {
    if blocks::are_in(response) {
        return hunks::apply(blocks::parse(response)?, text, anchor);
    }
    let found = fences::code_blocks(response)?;
    if found.is_empty() {
        let code = response.trim_matches('\n');
        if !resemblance::is_version_of(code, region::text(text, anchor)) {
            return Err(Undecodable::NoCode);
        }
        if !is_shown {
            return Err(Undecodable::NotShown);
        }
        return region::replace(text, anchor, code);
    }
    let diffs: Vec<_> = found.iter().filter(|block| block.is_diff()).collect();
    if !diffs.is_empty() {
        let parsed = diffs
            .iter()
            .flat_map(|block| blocks::parse_diff(&block.code));
        return hunks::apply(parsed.collect(), text, anchor);
    }
    if !is_shown {
        return Err(Undecodable::NotShown);
    }
    let code = choose(found, region::text(text, anchor))?;
    region::replace(text, anchor, &code)
}

/// The block that is meant: the only one; or the only one besides a quotation of the code as it was;
/// or the only one that looks like the code at the anchor.
fn choose(mut blocks: Vec<CodeBlock>, region: &str) -> Result<String, Undecodable> {
    if blocks.len() > 1 {
        blocks.retain(|block| !resemblance::is_same(&block.code, region));
    }
    if blocks.len() > 1 {
        let versions: Vec<_> = blocks
            .iter()
            .filter(|block| resemblance::is_version_of(&block.code, region))
            .cloned()
            .collect();
        let count = blocks.len();
        blocks = versions;
        if blocks.len() != 1 {
            return Err(Undecodable::SeveralBlocks { count });
        }
    }
    // When all that is left were quotations, the code stays as it is.
    let block = blocks.pop();
    Ok(block.map_or_else(|| region.to_owned(), |block| block.code))
}

/// What follows the thoughts that some models write before their answer.
fn without_thoughts(response: &str) -> &str {
    let start = response.trim_start();
    match (start.starts_with("<think>"), start.split_once("</think>")) {
        (true, Some((_, answer))) => answer,
        (true, None) => "",
        (false, _) => response,
    }
}

/// What is shown of a line in an error.
fn shown(line: &str) -> String {
    const WIDTH: usize = 60;
    let line = line.trim();
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests;
