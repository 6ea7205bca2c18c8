//! `backchat purge`: removes what is old, when it is asked to.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::{Span, Timestamp, tz::TimeZone};

use super::inbox;
use super::output::{print, print_json, remark};
use super::problem::EXIT_CODES;
use crate::store::{Purged, Remains};

/// Arguments of `backchat purge`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Purge {
    /// Only what ended longer ago than this: `90d`, `12 weeks`, `1y`.
    #[arg(long, value_name = "AGE")]
    older_than: String,
    /// Also answers that nobody has read.
    #[arg(long)]
    with_unread: bool,
    /// Only tell what would be removed.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON: `purge` of src/cli/results.schema.json in the sources.
    #[arg(long)]
    json: bool,
}

impl Purge {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let before = before(&self.older_than, Timestamp::now())?;
        let coordinator = inbox::open().await?;
        let purged = coordinator
            .store()
            .purge(before.as_millisecond(), self.with_unread, self.dry_run)
            .await
            .context("nothing was removed")?;
        if self.json {
            print_json(&purged)?;
        } else {
            print(&told(&purged, self.dry_run))?;
        }
        if purged.remains.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        remark(&what_remains(&purged.remains));
        Ok(ExitCode::FAILURE)
    }
}

/// The moment that was so long ago.
fn before(age: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let span: Span = age
        .parse()
        .ok()
        .with_context(|| format!("{age:?} is no age: write 90d, 12 weeks or 1y"))?;
    if !span.is_positive() {
        bail!("{age:?} is not in the past: write how old it must be, such as 90d");
    }
    // Months and years have no length of their own, so they are counted back from today.
    let then = now.to_zoned(TimeZone::UTC).checked_sub(span);
    Ok(then
        .with_context(|| format!("{age:?} is too long ago: write less"))?
        .timestamp())
}

fn told(purged: &Purged, dry_run: bool) -> String {
    let verb = if dry_run { "would remove" } else { "removed" };
    let count = |count: usize, one: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {one}{plural}")
    };
    let unread = match purged.unread {
        0 => String::new(),
        unread => format!(" ({unread} unread)"),
    };
    format!(
        "{verb} {}{unread} and {}\n",
        count(purged.requests, "request"),
        count(purged.sessions, "session"),
    )
}

/// Where text of what was removed can still be read, and what helps.
fn what_remains(remains: &[Remains]) -> String {
    let mut told = "backchat: text of what was removed may still be in these files:\n".to_owned();
    for Remains { path, reason } in remains {
        told.push_str(&format!("  {}: {reason}\n", path.display()));
    }
    told.push_str(
        "When that is mended run this command again. Backchat itself tries it, too, whenever an editor, a command or a \
         worker of it ends.",
    );
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("90d", "2026-01-30T00:00:00Z")]
    #[case("12 weeks", "2026-02-05T00:00:00Z")]
    #[case("1y", "2025-04-30T00:00:00Z")]
    #[case("2mo", "2026-02-28T00:00:00Z")]
    fn an_age_is_counted_back(#[case] age: &str, #[case] moment: &str) {
        let now = "2026-04-30T00:00:00Z".parse().unwrap();
        assert_eq!(before(age, now).unwrap(), moment.parse().unwrap());
    }

    #[rstest::rstest]
    #[case("soon")]
    #[case("90")]
    #[case("-3d")]
    #[case("0d")]
    #[case("99999y")]
    fn what_is_no_age_is_refused(#[case] age: &str) {
        assert!(before(age, Timestamp::now()).is_err());
    }
}
