//! `backchat serve`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{environment, logging};
use crate::config::paths;
use crate::server::{self, Options};

/// Arguments of `backchat serve`.
#[derive(Args, Default)]
#[command(
    after_help = "Exit codes: 0 when the editor has shut it down first; 1 when its messages ended otherwise; 2 when the arguments are not understood."
)]
pub(super) struct Serve {
    /// Accepted and ignored: some editors pass it to say what the server does anyway.
    #[arg(long, hide = true)]
    stdio: bool,
    /// Write prompts, code and answers to the log as well, to find a fault. Never keys.
    #[arg(long)]
    log_content: bool,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let state_dir = paths::state_dir(&environment)?;
        let _log = logging::to_file(&state_dir, self.log_content);
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            pid = std::process::id(),
            "the server starts"
        );
        let code = server::serve(Options {
            state_dir,
            parent_gone: CancellationToken::new(),
            warning: self.log_content.then_some(logging::CONTENT_WARNING),
        })
        .await
        .context("the server's threads could not be started")?;
        tracing::info!(?code, "the server ends");
        Ok(code)
    }
}
