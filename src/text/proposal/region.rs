//! Putting one piece of code in place of the code at the anchor.

use std::collections::HashSet;
use std::ops::Range;

use super::{Undecodable, elision, indent, resemblance, shown};
use crate::text::Span;
use crate::text::align::{Piece, align_lines};

/// How many lines of the surroundings may be repeated on each side.
const ECHO: usize = 10;

/// The code at the anchor, as lines of the text.
struct Region<'a> {
    text: &'a str,
    anchor: Span,
    /// All lines of the text, each with its line feed.
    lines: Vec<&'a str>,
    /// The offset at which each line starts, and the one at which the last ends.
    starts: Vec<usize>,
    /// The lines that the anchor touches.
    touched: Range<usize>,
}

/// The lines that the anchor touches.
pub(super) fn text(text: &str, anchor: Span) -> &str {
    let region = Region::new(text, anchor);
    &text[region.starts[region.touched.start]..region.starts[region.touched.end]]
}

/// The text with `code` in place of what is at the anchor.
///
/// # Errors
///
/// When the code leaves something out, or is not the whole of what it would replace.
pub(super) fn replace(text: &str, anchor: Span, code: &str) -> Result<String, Undecodable> {
    if let Some(line) = elision::find(code.lines(), text) {
        return Err(Undecodable::Elided { line: shown(line) });
    }
    let region = Region::new(text, anchor);
    let code = without_margins(code.lines().collect());
    if region.is_whole_file(&code) {
        if code.is_empty() {
            return Err(Undecodable::NoCode);
        }
        region.check_whole(&code, 0..region.lines.len())?;
        return Ok(region.with_lines(0..region.lines.len(), &code));
    }
    let inner = region.without_echo(&code);
    if inner.len() == code.len() {
        region.check_outside(&code)?;
        if let Some(new) = region.with_part(&code)? {
            return Ok(new);
        }
    }
    region.check_whole(inner, region.touched.clone())?;
    Ok(region.with_lines(region.touched.clone(), inner))
}

impl<'a> Region<'a> {
    fn new(text: &'a str, anchor: Span) -> Self {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let mut offset = 0;
        let ends = lines.iter().map(|line| {
            offset += line.len();
            offset
        });
        let starts: Vec<_> = std::iter::once(0).chain(ends).collect();
        let line_of = |offset: usize| starts.partition_point(|&s| s <= offset).max(1) - 1;
        let first = line_of(anchor.start).min(lines.len());
        // An anchor that ends after a line feed does not touch the line that begins there.
        let last = if anchor.is_empty() {
            first
        } else {
            line_of(anchor.end - 1)
        };
        let end = (last + 1).min(lines.len());
        Self {
            text,
            anchor,
            touched: first..end,
            lines,
            starts,
        }
    }

    /// What stands on the first line before the anchor.
    fn lead(&self) -> &'a str {
        &self.text[self.starts[self.touched.start]..self.anchor.start]
    }

    /// What stands on the last line after the anchor.
    fn trail(&self) -> &'a str {
        let end = self.starts[self.touched.end].max(self.anchor.end);
        self.text[self.anchor.end..end].trim_end_matches('\n')
    }

    /// Whether the code is a version of the whole text rather than of the region: nearly all that is
    /// around the region is there too.
    fn is_whole_file(&self, code: &[&str]) -> bool {
        let around = self.lines[..self.touched.start]
            .iter()
            .chain(&self.lines[self.touched.end..]);
        let around: Vec<_> = around
            .map(|line| line.trim())
            .filter(|l| !l.is_empty())
            .collect();
        if around.is_empty() {
            return self.lead().trim().is_empty() && self.trail().trim().is_empty();
        }
        let telling: Vec<_> = around.into_iter().filter(|line| is_telling(line)).collect();
        let code: HashSet<_> = code.iter().map(|line| line.trim()).collect();
        let there = telling.iter().filter(|line| code.contains(*line)).count();
        telling.len() >= 2 && 10 * there >= 9 * telling.len()
    }

    /// The code without lines of the surroundings that are repeated above and below it.
    fn without_echo<'c>(&self, code: &'c [&'c str]) -> &'c [&'c str] {
        let same = |a: &[&str], b: &[&str]| {
            a.iter().zip(b).all(|(a, b)| a.trim() == b.trim())
                && a.iter().any(|line| is_telling(line.trim()))
        };
        let inside = &self.lines[self.touched.clone()];
        let own = |line: Option<&&str>, other: Option<&&str>| {
            line.is_some_and(|line| other.is_some_and(|other| line.trim() == other.trim()))
        };
        let mut rest = code;
        if !own(code.first(), inside.first()) {
            let most = ECHO.min(self.touched.start).min(rest.len());
            let echo = (1..=most).rev().find(|n| {
                same(
                    &rest[..*n],
                    &self.lines[self.touched.start - n..self.touched.start],
                )
            });
            rest = &rest[echo.unwrap_or(0)..];
        }
        if !own(code.last(), inside.last()) {
            let most = ECHO
                .min(self.lines.len() - self.touched.end)
                .min(rest.len());
            let echo = (1..=most).rev().find(|n| {
                let below = &self.lines[self.touched.end..self.touched.end + n];
                same(&rest[rest.len() - n..], below)
            });
            rest = &rest[..rest.len() - echo.unwrap_or(0)];
        }
        rest
    }

    /// Refuses code that is mostly of other places than the region.
    fn check_outside(&self, code: &[&str]) -> Result<(), Undecodable> {
        let solid: Vec<_> = code
            .iter()
            .map(|l| l.trim())
            .filter(|l| is_telling(l))
            .collect();
        // Which of them are where: the text has many more lines than the code.
        let wanted: HashSet<_> = solid.iter().copied().collect();
        let found = |lines: &[&'a str]| -> HashSet<&'a str> {
            let lines = lines.iter().map(|line| line.trim());
            lines.filter(|line| wanted.contains(line)).collect()
        };
        let inside = found(&self.lines[self.touched.clone()]);
        let mut outside = found(&self.lines[..self.touched.start]);
        outside.extend(found(&self.lines[self.touched.end..]));
        let strays = solid
            .iter()
            .filter(|line| outside.contains(*line) && !inside.contains(*line))
            .count();
        let mostly = strays >= 3 && 3 * strays >= solid.len();
        if mostly {
            Err(Undecodable::Partial)
        } else {
            Ok(())
        }
    }

    /// Where the anchor is a part of its lines: the text with the code in place of that part alone,
    /// unless the code has the rest of the lines too. `None` when whole lines are to be replaced.
    fn with_part(&self, code: &[&str]) -> Result<Option<String>, Undecodable> {
        let (lead, trail) = (self.lead().trim(), self.trail().trim());
        if lead.is_empty() && trail.is_empty() {
            return Ok(None);
        }
        let first = code.first().map_or("", |line| line.trim());
        let last = code.last().map_or("", |line| line.trim());
        let whole_start = lead.is_empty() || first.starts_with(lead);
        let whole_end = trail.is_empty() || last.ends_with(trail);
        if whole_start && whole_end {
            return Ok(None);
        }
        if self.text[self.anchor.start..self.anchor.end]
            .trim()
            .is_empty()
        {
            // A place in a line says nothing about what is to be replaced; the line itself must be
            // recognised in the code.
            let line = &self.text[self.starts[self.touched.start]..self.starts[self.touched.end]];
            return if resemblance::is_version_of(&code.join("\n"), line) {
                Ok(None)
            } else {
                Err(Undecodable::NoCode)
            };
        }
        let start = if whole_start {
            self.starts[self.touched.start] + indent::of(self.lines[self.touched.start]).len()
        } else {
            self.anchor.start
        };
        let end = if whole_end {
            self.anchor.end + self.trail().len()
        } else {
            self.anchor.end
        };
        let code = code.join("\n");
        let blank_end = &self.text[start..end][self.text[start..end].trim_end().len()..];
        let kept = if whole_end { "" } else { blank_end };
        let new = [&self.text[..start], code.trim(), kept, &self.text[end..]].concat();
        Ok(Some(new))
    }

    /// Refuses code that is a piece of the lines it would replace: made of some of them, with many
    /// above or below not there at all.
    fn check_whole(&self, code: &[&str], lines: Range<usize>) -> Result<(), Undecodable> {
        let solid = |lines: &[&'a str]| -> Vec<&'a str> {
            lines
                .iter()
                .map(|line| line.trim())
                .filter(|line| !line.is_empty())
                .collect()
        };
        let old = solid(&self.lines[lines]);
        let new: Vec<_> = code
            .iter()
            .map(|l| l.trim())
            .filter(|l| !l.is_empty())
            .collect();
        let mut same: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        for piece in align_lines(&old, &new) {
            if let Piece::Same(before, after) = piece {
                same.push((before, after));
            }
        }
        slide_up(&mut same, &old);
        let (Some(first), Some(last)) = (same.first(), same.last()) else {
            return Ok(());
        };
        let known: usize = same.iter().map(|(before, _)| before.len()).sum();
        let missing = first.0.start + (old.len() - last.0.end);
        // New code above the first known line or below the last may be what became of the missing.
        let written = first.1.start + (new.len() - last.1.end);
        let partial =
            2 * known >= new.len() && missing >= 3.max(old.len() / 3) && written * 3 < missing;
        if partial {
            Err(Undecodable::Partial)
        } else {
            Ok(())
        }
    }

    /// The text with the code in place of whole lines, indented as they are. Lines that differ in
    /// white space at their end alone stay as they were.
    fn with_lines(&self, lines: Range<usize>, code: &[&str]) -> String {
        let old = &self.lines[lines.clone()];
        let code = indented_like(old, code);
        let trimmed =
            |lines: &[&'a str]| -> Vec<&'a str> { lines.iter().map(|l| l.trim_end()).collect() };
        let old_ends = trimmed(old);
        let new_ends: Vec<_> = code.iter().map(|line| line.trim_end()).collect();
        let mut new: Vec<String> = code.iter().map(|line| format!("{line}\n")).collect();
        for piece in align_lines(&old_ends, &new_ends) {
            if let Piece::Same(before, after) = piece {
                for (before, after) in before.zip(after) {
                    new[after] = format!("{}\n", old[before].trim_end_matches('\n'));
                }
            }
        }
        // Blank lines at the ends of the region are not the model's to remove.
        let blank = |line: &&&str| line.trim().is_empty();
        let above = old.iter().take_while(blank).count();
        let below = old.iter().rev().take_while(blank).count();
        let (mut head, mut tail) = (String::new(), String::new());
        if above < old.len() {
            head = old[..above].concat();
            tail = old[old.len() - below..].concat();
        }
        let mut with = new.concat();
        let (start, end) = (self.starts[lines.start], self.starts[lines.end]);
        let unended = end == self.text.len() && !self.text.ends_with('\n');
        if unended && !self.text.is_empty() && tail.is_empty() {
            with.pop();
        }
        [&self.text[..start], &head, &with, &tail, &self.text[end..]].concat()
    }
}

/// Where the last lines that are the same could as well be right after those before them, they are:
/// a closing bracket at the end of a piece is not that of the whole.
fn slide_up(same: &mut Vec<(Range<usize>, Range<usize>)>, old: &[&str]) {
    while let [.., (before, after), (last_before, last_after)] = same.as_slice() {
        let adjacent = after.end == last_after.start;
        let len = last_before.len();
        let there = old.get(before.end..before.end + len);
        let slides = adjacent
            && there == old.get(last_before.clone())
            && old[last_before.clone()]
                .iter()
                .all(|line| !is_telling(line));
        if !slides {
            break;
        }
        let joined = (before.start..before.end + len, after.start..last_after.end);
        same.truncate(same.len() - 2);
        same.push(joined);
    }
}

/// The code, moved as a whole to the indentation of the lines it replaces.
fn indented_like(old: &[&str], code: &[&str]) -> Vec<String> {
    let to = indent::common(old.iter().copied());
    let from = indent::common(code.iter().copied());
    let all = || -> Vec<String> { code.iter().map(|l| indent::moved(l, from, to)).collect() };
    if old.iter().all(|line| line.trim().is_empty()) {
        return code.iter().map(|&line| line.to_owned()).collect();
    }
    let Some((first, rest)) = code.split_first() else {
        return Vec::new();
    };
    // The selection began after the indentation of its first line, and so does the code.
    let rest_indent = indent::common(rest.iter().copied());
    if !to.is_empty() && indent::of(first).is_empty() && rest_indent.starts_with(to) {
        let only_first: Vec<_> = std::iter::once(format!("{to}{first}"))
            .chain(rest.iter().map(|&line| line.to_owned()))
            .collect();
        let known = |lines: &[String]| {
            let known = |line: &&String| old.iter().any(|o| o.trim_end() == line.trim_end());
            lines.iter().filter(known).count()
        };
        let all = all();
        let closes = |line: &&str| line.trim().starts_with(['}', ')', ']']) || line.trim() == "end";
        let closed = rest
            .iter()
            .any(|line| indent::of(line) == to && closes(line));
        let (as_is, moved) = (known(&only_first), known(&all));
        return if as_is > moved || (as_is == moved && closed) {
            only_first
        } else {
            all
        };
    }
    all()
}

/// Without the blank lines at both ends.
fn without_margins(mut lines: Vec<&str>) -> Vec<&str> {
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let above = lines
        .iter()
        .take_while(|line| line.trim().is_empty())
        .count();
    lines.split_off(above)
}

/// Whether a line is more than brackets.
fn is_telling(line: &str) -> bool {
    line.chars()
        .filter(|c| c.is_alphanumeric())
        .nth(2)
        .is_some()
}
