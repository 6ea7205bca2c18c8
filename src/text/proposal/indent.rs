//! Indentation that a run of lines has in common, and moving the run to another.

/// The white space that all lines begin with which are not blank.
pub(super) fn common<'a>(lines: impl IntoIterator<Item = &'a str>) -> &'a str {
    let mut solid = lines.into_iter().filter(|line| !line.trim().is_empty());
    let Some(first) = solid.next() else {
        return "";
    };
    let mut common = of(first);
    for line in solid {
        let same = common.bytes().zip(line.bytes()).take_while(|(a, b)| a == b);
        common = &common[..same.count()];
    }
    common
}

/// The indentation of a line.
pub(super) fn of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// The line as it stands in a run whose common indentation is `to` rather than `from`. A line with
/// less than `from` loses what it has.
pub(super) fn moved(line: &str, from: &str, to: &str) -> String {
    if line.trim().is_empty() {
        return String::new();
    }
    if let Some(more) = to.strip_prefix(from) {
        return format!("{more}{line}");
    }
    let (less, to) = match from.strip_prefix(to) {
        Some(less) => (less.len(), ""),
        None => (from.len(), to),
    };
    format!("{to}{}", &line[of(line).len().min(less)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_indentation_ignores_blank_lines() {
        assert_eq!(common(["    a", "", "      b", "  "]), "    ");
        assert_eq!(common(["\ta", "    b"]), "");
        assert_eq!(common(["", " "]), "");
    }

    #[test]
    fn lines_move_as_a_run() {
        assert_eq!(moved("  a", "", "    "), "      a");
        assert_eq!(moved("      a", "    ", "  "), "    a");
        assert_eq!(moved(" a", "    ", ""), "a");
        assert_eq!(moved("    a", "  ", "\t"), "\t  a");
        assert_eq!(moved("   ", "", "    "), "");
    }
}
