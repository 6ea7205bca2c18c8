//! Which secrets are in what would be sent, and where the user finds each of them.

use std::path::Path;

use super::{Finding, KeyFile, scan};
use crate::digest::sha256_hex;
use crate::llm::Prompt;
use crate::store::HistoryTurn;

/// What a prompt was made from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What was asked.
    pub prompt: &'a str,
    /// The buffer's text at submit; `None` when the user allows everything in it.
    pub buffer: Option<&'a str>,
    /// The buffer's file.
    pub path: Option<&'a Path>,
    /// The rules of the project.
    pub rules: Option<&'a str>,
    /// The earlier turns.
    pub history: &'a [HistoryTurn],
}

/// A part of a secret that is this long tells too much of it.
const TELLING: usize = 16;

/// The secrets in `sent`, each once, where it was found first. Reads the `.gitignore` files above the buffer.
///
/// The sources are searched and not what was made of them, because that may begin in the middle of a key: a
/// secret counts when one whole line of it is sent.
#[must_use]
pub fn survey(sources: &Sources<'_>, sent: &Prompt) -> Vec<Finding> {
    let mut survey = Survey {
        sent: whole(sent),
        findings: Vec::new(),
    };
    survey.look(sources.prompt, |_| ("the prompt".to_owned(), None));
    if let Some(buffer) = sources.buffer {
        survey.look_at_file(sources.path, buffer);
        survey.look(buffer, |at| {
            let line = line_of(buffer, at);
            (format!("line {line}"), Some(line))
        });
    }
    if let Some(rules) = sources.rules {
        survey.look(rules, |at| (rules_file(rules, at), None));
    }
    for turn in sources.history {
        let earlier = |_| ("an earlier turn".to_owned(), None);
        survey.look(&turn.prompt, earlier);
        survey.look(&turn.response, earlier);
        // The earlier code is of the same buffer.
        if sources.buffer.is_some() {
            survey.look(&turn.code, earlier);
        }
    }
    survey.findings
}

struct Survey {
    sent: String,
    findings: Vec<Finding>,
}

impl Survey {
    fn look(&mut self, source: &str, place: impl Fn(usize) -> (String, Option<u32>)) {
        for found in scan(source) {
            let secret = &source[found.span.clone()];
            if self.is_sent(secret) {
                let (place, line) = place(found.span.start);
                self.add(found.kind.to_owned(), place, line, secret);
            }
        }
    }

    /// Looks at a buffer that may be a file of secrets as a whole.
    fn look_at_file(&mut self, path: Option<&Path>, text: &str) {
        let Some((path, what)) = path.and_then(|path| Some((path, KeyFile::of(path)?))) else {
            return;
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| match what {
                KeyFile::Environment => has_value(line),
                KeyFile::Credentials => !line.trim().is_empty(),
            })
            .filter(|line| self.sent.contains(line.trim()))
            .collect();
        if lines.is_empty() {
            return;
        }
        let kind = match what {
            KeyFile::Environment => "values of an environment file",
            KeyFile::Credentials => "a file of credentials",
        };
        self.add(kind.to_owned(), name.into_owned(), None, &lines.join("\n"));
    }

    fn is_sent(&self, secret: &str) -> bool {
        self.sent.contains(secret)
            || secret
                .lines()
                // The first line of a private key says only what it is.
                .filter(|line| !line.starts_with("-----"))
                .map(str::trim)
                .any(|line| line.len() >= TELLING && self.sent.contains(line))
    }

    fn add(&mut self, kind: String, place: String, line: Option<u32>, secret: &str) {
        let fingerprint = sha256_hex(format!("{kind}\0{secret}"));
        if !self
            .findings
            .iter()
            .any(|known| known.fingerprint == fingerprint)
        {
            self.findings.push(Finding {
                kind,
                place,
                line,
                fingerprint,
            });
        }
    }
}

/// Whether a line of an environment file sets something that may be a secret: not a flag, a number or a word.
fn has_value(line: &str) -> bool {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split_once('=').is_some_and(|(name, value)| {
        let value = value.trim().trim_matches(['"', '\'']);
        !name.starts_with('#') && value.len() >= 8 && !value.starts_with("${")
    })
}

/// The file that this place of the rules is from: each file's text is below a line that names it.
fn rules_file(rules: &str, at: usize) -> String {
    let before = rules.get(..at).unwrap_or_default();
    before
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("From ")?.strip_suffix(':'))
        .unwrap_or("the rules of the project")
        .to_owned()
}

fn line_of(text: &str, at: usize) -> u32 {
    let breaks = memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count();
    u32::try_from(breaks + 1).unwrap_or(u32::MAX)
}

fn whole(sent: &Prompt) -> String {
    let mut whole = sent.system.clone();
    for turn in &sent.turns {
        whole.push('\n');
        whole.push_str(&turn.text);
    }
    whole
}
