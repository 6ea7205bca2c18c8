//! A change as a unified diff, for people.

use imara_diff::{Algorithm, BasicLineDiffPrinter, Diff, InternedInput, UnifiedDiffConfig};

/// A change of a text by lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineChange {
    /// Lines that are new.
    pub added: u32,
    /// Lines that are gone.
    pub removed: u32,
    /// The change as a unified diff without file names; empty when there is none.
    pub unified: String,
}

impl LineChange {
    /// Compares two texts by lines.
    #[must_use]
    pub fn between(before: &str, after: &str) -> Self {
        let input = InternedInput::new(before, after);
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        let printer = BasicLineDiffPrinter(&input.interner);
        Self {
            added: diff.count_additions(),
            removed: diff.count_removals(),
            unified: diff
                .unified_diff(&printer, UnifiedDiffConfig::default(), &input)
                .to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_counted_and_shown() {
        let change = LineChange::between("a\nb\nc\n", "a\nB\nc\nd\n");
        assert_eq!((change.added, change.removed), (2, 1));
        insta::assert_snapshot!(change.unified, @r"
        @@ -1,3 +1,4 @@
         a
        -b
        +B
         c
        +d
        ");
    }

    #[test]
    fn no_change_is_empty() {
        assert_eq!(LineChange::between("a\n", "a\n"), LineChange::default());
    }
}
