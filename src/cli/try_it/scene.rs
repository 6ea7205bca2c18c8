//! The two files and the two questions.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tower_lsp::ls_types::{Position, Range};

use super::run::Run;
use crate::cli::location;

/// What is typed at the top of the first file.
pub(super) const TYPED: &str = "// Typed while the model reads the question:\n// the answer will be shown where the question went.\n\n";

/// A file with a question about some of its lines.
#[derive(Debug)]
pub(super) struct Part {
    /// Its path, as it is shown.
    pub name: &'static str,
    /// Its URI.
    pub uri: String,
    /// The buffer's text now.
    pub text: String,
    /// The buffer's version.
    pub version: i32,
    /// The lines that the question is about, when it was asked.
    pub range: Range,
    /// The question.
    pub prompt: &'static str,
}

/// Where a question is to be found.
struct Question {
    /// The file, from the root of the repository.
    name: &'static str,
    /// The file as this program was built from it.
    embedded: &'static str,
    /// How the first line begins that it is about; the last is the brace that closes it.
    begins: &'static str,
    prompt: &'static str,
}

const QUESTIONS: [Question; 2] = [
    Question {
        name: "src/session.rs",
        embedded: include_str!("../../session.rs"),
        begins: "pub const fn should_process_in_background(",
        prompt: "In one sentence: when is a prompt run in the background?",
    },
    Question {
        name: "src/text/anchor.rs",
        embedded: include_str!("../../text/anchor.rs"),
        begins: "    fn shift(&self, offset: usize)",
        prompt: "In one sentence: what does this function compute?",
    },
];

/// The files of this repository when it is run within it, else those that it was built from.
///
/// # Errors
///
/// When they cannot be written down.
pub(super) fn load(run: &Run) -> anyhow::Result<[Part; 2]> {
    let root = repository();
    let [first, second] = &QUESTIONS;
    Ok([
        first.part(root.as_deref(), run)?,
        second.part(root.as_deref(), run)?,
    ])
}

impl Question {
    fn part(&self, root: Option<&Path>, run: &Run) -> anyhow::Result<Part> {
        let real = root.and_then(|root| {
            let path = root.join(self.name);
            let text = std::fs::read_to_string(&path).ok()?;
            Some((path, block(&text, self.begins)?, text))
        });
        let (path, range, text) = match real {
            Some(real) => real,
            None => {
                let path = run.write(self.name, self.embedded)?;
                let range = block(self.embedded, self.begins)
                    .with_context(|| format!("{} is not in {}", self.begins, self.name))?;
                (path, range, self.embedded.to_owned())
            }
        };
        Ok(Part {
            name: self.name,
            uri: location::uri(&path)?,
            text,
            version: 1,
            range,
            prompt: self.prompt,
        })
    }
}

impl Part {
    /// Types above everything.
    pub(super) fn type_above(&mut self) {
        self.text.insert_str(0, TYPED);
        self.version += 1;
    }
}

/// The root of this repository, when the current directory is in it.
fn repository() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find(|directory| {
            std::fs::read_to_string(directory.join("Cargo.toml"))
                .is_ok_and(|text| text.contains("name = \"backchat\""))
        })
        .map(Path::to_owned)
}

/// The lines from the one that begins so to the brace that closes it.
fn block(text: &str, begins: &str) -> Option<Range> {
    let mut lines = text.lines().enumerate();
    let (first, line) = lines.find(|(_, line)| line.starts_with(begins))?;
    let indent = &line[..line.len() - line.trim_start().len()];
    let closing = format!("{indent}}}");
    let (last, _) = lines.find(|(_, line)| **line == closing)?;
    let position = |line: usize, character: usize| {
        Some(Position {
            line: u32::try_from(line).ok()?,
            character: u32::try_from(character).ok()?,
        })
    };
    Some(Range {
        start: position(first, 0)?,
        end: position(last, closing.len())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever moves this code must move the questions along.
    #[test]
    fn every_question_is_about_some_lines() {
        for question in &QUESTIONS {
            let range = block(question.embedded, question.begins);
            let range = range.unwrap_or_else(|| panic!("{} is gone", question.begins));
            assert!(range.end.line > range.start.line, "{}", question.name);
        }
    }
}
