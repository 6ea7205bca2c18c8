//! `backchat log`: what servers and workers have written down.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::output::{print, remark};
use super::problem::EXIT_CODES;
use super::{environment, visible};
use crate::config::paths;
use crate::store::Store;

/// How often the log is looked at while it is followed.
const LOOK: Duration = Duration::from_millis(250);

/// Arguments of `backchat log`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Log {
    /// Go on with what is written from now on.
    #[arg(long, short)]
    follow: bool,
    /// How many lines of the end.
    #[arg(long, short = 'n', default_value_t = 50)]
    lines: usize,
    /// Only print where the latest log is.
    #[arg(long)]
    path: bool,
}

impl Log {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let directory = directory(&paths::state_dir(&environment)?);
        let Some(mut path) = latest(&directory) else {
            remark(&format!(
                "there is no log in {} yet: an editor or a worker writes one",
                directory.display()
            ));
            return Ok(ExitCode::SUCCESS);
        };
        if self.path {
            print(&format!("{}\n", path.display()))?;
            return Ok(ExitCode::SUCCESS);
        }
        remark(&path.display().to_string());
        let (text, mut position) = read_from(&path, 0)?;
        print(&visible::block(last_lines(&text, self.lines)))?;
        if !self.follow {
            return Ok(ExitCode::SUCCESS);
        }
        loop {
            tokio::time::sleep(LOOK).await;
            let (text, end) = read_from(&path, position)?;
            print(&visible::block(&text))?;
            position = end;
            // The log of a new day is a new file.
            if let Some(newer) = latest(&directory).filter(|newer| *newer != path) {
                (path, position) = (newer, 0);
            }
        }
    }
}

/// Where the logs of a state directory are.
#[must_use]
pub(super) fn directory(state: &Path) -> PathBuf {
    state.join(Store::LOGS)
}

/// The latest log: the days are in the names.
#[must_use]
pub(super) fn latest(directory: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).ok()?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .max()
}

/// The whole lines from a position on, and where they end.
fn read_from(path: &Path, position: u64) -> anyhow::Result<(String, u64)> {
    let failed = || format!("cannot read the log {}", path.display());
    let mut file = std::fs::File::open(path).with_context(failed)?;
    // A purge takes lines out of it.
    let position = position.min(file.metadata().with_context(failed)?.len());
    file.seek(SeekFrom::Start(position)).with_context(failed)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).with_context(failed)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    bytes.truncate(whole);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok((text, position + whole as u64))
}

fn last_lines(text: &str, lines: usize) -> &str {
    let mut starts = text.rmatch_indices('\n').map(|(at, _)| at + 1);
    // The first match is the end of the last line.
    starts.nth(lines).map_or(text, |start| &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(0, "")]
    #[case(1, "three\n")]
    #[case(2, "two\nthree\n")]
    #[case(9, "one\ntwo\nthree\n")]
    fn the_end_has_so_many_lines(#[case] lines: usize, #[case] end: &str) {
        assert_eq!(last_lines("one\ntwo\nthree\n", lines), end);
    }

    #[test]
    fn a_line_that_is_being_written_is_left_for_later() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backchat.2026-01-01.log");
        std::fs::write(&path, "one\ntw").unwrap();
        assert_eq!(latest(directory.path()), Some(path.clone()));
        assert_eq!(read_from(&path, 0).unwrap(), ("one\n".to_owned(), 4));
        std::fs::write(&path, "one\ntwo\n").unwrap();
        assert_eq!(read_from(&path, 4).unwrap(), ("two\n".to_owned(), 8));
    }
}
