//! `backchat doctor`: looks at everything that must be right, and says what helps where it is not.

mod disk;
mod examine;
mod report;

use std::process::ExitCode;

use clap::Args;

use super::output::{print, print_json};

/// Arguments of `backchat doctor`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 when everything is well; 1 when there is a problem; 2 when the arguments are not understood."
)]
pub(super) struct Doctor {
    /// Ask no endpoint and run no command for a key.
    #[arg(long)]
    offline: bool,
    /// Print JSON: `doctor` of src/cli/results.schema.json in the sources.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let report = examine::everything(self.offline).await;
        if self.json {
            print_json(&report)?;
        } else {
            print(&report.text())?;
        }
        Ok(if report.problems == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
