//! What the doctor found.

use crate::cli::output::{BAD, BOLD, DIM, GOOD, paint};
use crate::cli::results::Section;
pub(super) use crate::cli::results::{Finding, Report};
use crate::cli::visible;

impl Finding {
    /// Something that is as it should be.
    pub(super) fn good(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            origin: None,
            problem: false,
            remedy: None,
        }
    }

    /// Something that is not, and what helps. Without a remedy the value says it already.
    pub(super) fn bad(
        name: impl Into<String>,
        value: impl Into<String>,
        remedy: Option<String>,
    ) -> Self {
        Self {
            problem: true,
            remedy,
            ..Self::good(name, value)
        }
    }

    /// The same, with where it comes from.
    pub(super) fn from(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }
}

impl Report {
    /// Adds a group of findings.
    pub(super) fn add(&mut self, title: &str, findings: Vec<Finding>) {
        self.problems += findings.iter().filter(|finding| finding.problem).count();
        self.sections.push(Section {
            title: title.to_owned(),
            findings,
        });
    }

    /// The report for people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for section in &self.sections {
            text.push_str(&format!("{}\n", paint(BOLD, &section.title)));
            for finding in &section.findings {
                let mark = if finding.problem {
                    paint(BAD, "✗")
                } else {
                    paint(GOOD, "✓")
                };
                let name = visible::line(&finding.name);
                let value = visible::line(&finding.value);
                text.push_str(&format!("  {mark} {name}: {value}"));
                if let Some(origin) = &finding.origin {
                    let origin = format!("({})", visible::line(origin));
                    text.push_str(&format!(" {}", paint(DIM, origin)));
                }
                text.push('\n');
                if let Some(remedy) = &finding.remedy {
                    text.push_str(&format!("    what helps: {}\n", visible::line(remedy)));
                }
            }
            text.push('\n');
        }
        text.push_str(&match self.problems {
            0 => paint(GOOD, "no problem was found"),
            1 => paint(BAD, "1 problem was found"),
            problems => paint(BAD, format!("{problems} problems were found")),
        });
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_counted_and_shown_with_what_helps() {
        let mut report = Report::default();
        report.add(
            "Store",
            vec![
                Finding::good("path", "/state").from("$BACKCHAT_STATE_DIR"),
                Finding::bad(
                    "integrity",
                    "page 3 is\nbroken",
                    Some("move it away".to_owned()),
                ),
            ],
        );
        assert_eq!(report.problems, 1);
        insta::assert_snapshot!(anstream::adapter::strip_str(&report.text()).to_string(), @"
        Store
          ✓ path: /state ($BACKCHAT_STATE_DIR)
          ✗ integrity: page 3 is broken
            what helps: move it away

        1 problem was found
        ");
    }
}
