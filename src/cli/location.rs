//! `FILE[:FIRST-LAST]`: the code that a question is about.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::buffer_name;
use crate::coordinator::LONGEST_BUFFER;
use crate::text::{Buffer, Span};

/// A file and the lines of it that were named, from 1, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// The file, as it was written.
    pub path: PathBuf,
    /// The first and the last line.
    pub lines: Option<(usize, usize)>,
}

impl Location {
    /// Reads the argument. `exists` tells which files there are: a file whose name has a colon is
    /// that file.
    ///
    /// # Errors
    ///
    /// For lines that cannot be.
    pub(super) fn parse(argument: &str, exists: impl Fn(&Path) -> bool) -> anyhow::Result<Self> {
        let whole = Self {
            path: argument.into(),
            lines: None,
        };
        if exists(&whole.path) {
            return Ok(whole);
        }
        let Some((path, numbers)) = argument.rsplit_once(':') else {
            return Ok(whole);
        };
        let Some((first, last)) = line_numbers(numbers) else {
            return Ok(whole);
        };
        // Compilers and grep write FILE:LINE:COLUMN.
        if !exists(path.as_ref())
            && let Some((file, line)) = path.rsplit_once(':')
            && let Ok(line) = line.parse()
            && exists(file.as_ref())
        {
            return Self::lines(file, line, line);
        }
        Self::lines(path, first, last)
    }

    fn lines(path: &str, first: usize, last: usize) -> anyhow::Result<Self> {
        if first == 0 {
            bail!("there is no line 0 in {path}: lines are counted from 1");
        }
        if last < first {
            bail!("the lines {first}-{last} end before they begin: write {last}-{first}");
        }
        Ok(Self {
            path: path.into(),
            lines: Some((first, last)),
        })
    }

    /// The file's text.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is no text.
    pub(super) fn read(&self) -> anyhow::Result<Buffer> {
        let path = self.path.display();
        let mut bytes = Vec::new();
        // A device has no end.
        std::fs::File::open(&self.path)
            .and_then(|file| file.take(LONGEST_BUFFER as u64 + 1).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read {path}: check its name, the lines after it (FILE:FIRST-LAST) and its permissions"))?;
        if bytes.len() > LONGEST_BUFFER {
            bail!(
                "{path} has more than {LONGEST_BUFFER} bytes, or no end: ask about a smaller file"
            );
        }
        let text = String::from_utf8(bytes)
            .ok()
            .with_context(|| format!("{path} is not a text in UTF-8: ask about another file"))?;
        // Editors do not count a byte order mark as part of the text either.
        Ok(Buffer::new(text.strip_prefix('\u{feff}').unwrap_or(&text)))
    }

    /// The named lines in the file's text; `None` for all of it.
    ///
    /// # Errors
    ///
    /// When there are not so many lines.
    pub(super) fn span(&self, buffer: &Buffer) -> anyhow::Result<Option<Span>> {
        let Some((first, last)) = self.lines else {
            return Ok(None);
        };
        let mut lines = buffer.len_lines();
        if lines > 1 && buffer.line_span(lines - 1).is_empty() {
            lines -= 1;
        }
        if last > lines {
            bail!(
                "there is no line {} in {}, which has {lines}: name lines between 1 and {lines}",
                first.max(lines + 1),
                self.path.display()
            );
        }
        let start = buffer.line_span(first - 1).start;
        Ok(Some(Span::new(start, buffer.line_span(last - 1).end)))
    }
}

/// `12` or `12-20`.
fn line_numbers(numbers: &str) -> Option<(usize, usize)> {
    let number = |text: &str| text.parse::<usize>().ok();
    match numbers.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)),
        None => number(numbers).map(|line| (line, line)),
    }
}

/// The URI of a file, in the spelling that editors' sessions have.
///
/// # Errors
///
/// When there is no name, or the current directory is gone.
pub(super) fn uri(path: &Path) -> anyhow::Result<String> {
    if path.as_os_str().is_empty() {
        bail!("the name is empty: name a file, or an id as `backchat sessions` shows it");
    }
    let absolute = std::path::absolute(path)
        .with_context(|| format!("cannot tell where {} is", path.display()))?;
    let uri = url::Url::from_file_path(&absolute)
        .ok()
        .with_context(|| format!("{} cannot be written as a URI", absolute.display()))?;
    Ok(buffer_name::canonical(uri.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(argument: &str) -> anyhow::Result<Location> {
        Location::parse(argument, |path| {
            ["a.rs", "b:3", "c:d.rs"].contains(&path.to_str().unwrap())
        })
    }

    #[rstest::rstest]
    #[case("a.rs", "a.rs", None)]
    #[case("a.rs:12", "a.rs", Some((12, 12)))]
    #[case("a.rs:12-20", "a.rs", Some((12, 20)))]
    #[case::of_a_compiler("a.rs:12:7", "a.rs", Some((12, 12)))]
    #[case::a_file_of_this_name("b:3", "b:3", None)]
    #[case::lines_of_a_file_with_a_colon("c:d.rs:4", "c:d.rs", Some((4, 4)))]
    #[case::lines_of_a_file_that_ends_like_lines("b:3:5", "b:3", Some((5, 5)))]
    #[case::no_lines("gone.rs:x-y", "gone.rs:x-y", None)]
    #[case::a_missing_file("gone.rs:2", "gone.rs", Some((2, 2)))]
    fn a_location_is_read(
        #[case] argument: &str,
        #[case] path: &str,
        #[case] lines: Option<(usize, usize)>,
    ) {
        let location = parse(argument).unwrap();
        assert_eq!(location.path, Path::new(path));
        assert_eq!(location.lines, lines);
    }

    #[rstest::rstest]
    #[case("a.rs:0", "counted from 1")]
    #[case("a.rs:9-3", "3-9")]
    fn lines_that_cannot_be_are_refused(#[case] argument: &str, #[case] said: &str) {
        let error = parse(argument).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }

    #[test]
    fn lines_are_found_in_the_text() {
        let buffer = Buffer::new("one\ntwo\nthree\n");
        let span = |argument: &str| parse(argument).unwrap().span(&buffer);
        let text = |argument| buffer.slice(span(argument).unwrap().unwrap());
        assert_eq!(text("a.rs:2"), "two");
        assert_eq!(text("a.rs:2-3"), "two\nthree");
        assert_eq!(span("a.rs").unwrap(), None);
        let error = span("a.rs:2-4").unwrap_err().to_string();
        assert!(
            error.contains("no line 4") && error.contains("has 3"),
            "{error}"
        );
    }

    #[test]
    fn a_file_has_one_uri() {
        assert_eq!(
            uri(Path::new("/a/./b/../c d.rs")).unwrap(),
            "file:///a/c%20d.rs"
        );
    }
}
