//! What is piped into `backchat ask`: it goes along with the question.

use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::fs::{FileType, fstat};

use crate::cli::output::remark;
use crate::coordinator::LONGEST_PROMPT;
use crate::prompt;

/// After so long without its end it is said that standard input is read.
const PATIENCE: Duration = Duration::from_secs(2);

/// All of standard input where a pipe or a file is there; `None` where nothing is piped in, or nothing but blanks.
///
/// # Errors
///
/// When it cannot be read, is too long, or is no text.
pub(super) fn piped() -> anyhow::Result<Option<String>> {
    let kind = fstat(io::stdin().as_fd()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    if !matches!(kind, Ok(FileType::Fifo | FileType::RegularFile)) {
        return Ok(None);
    }
    let text = read()?;
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

/// All of standard input, as text.
///
/// # Errors
///
/// When it cannot be read, is too long, or is no text.
pub(super) fn read() -> anyhow::Result<String> {
    let (sender, whole) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let most = LONGEST_PROMPT as u64 + 1;
        let read = io::stdin().take(most).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| bytes));
    });
    let read = match whole.recv_timeout(PATIENCE) {
        Err(mpsc::RecvTimeoutError::Timeout) => {
            remark(
                "backchat: reading standard input, which goes along; `< /dev/null` sends nothing",
            );
            whole.recv()?
        }
        read => read?,
    };
    let bytes = read.context("cannot read standard input")?;
    if bytes.len() > LONGEST_PROMPT {
        bail!(
            "standard input has more than {LONGEST_PROMPT} bytes, which no model reads: pipe in less of it"
        );
    }
    String::from_utf8(bytes)
        .ok()
        .context("standard input is not a text in UTF-8")
}

/// The question, and below it what was piped in.
pub(super) fn below(question: &str, input: &str) -> String {
    let mut text = format!("{}\n\nFrom standard input:\n\n", question.trim());
    prompt::fence(&mut text, input, "");
    text
}
