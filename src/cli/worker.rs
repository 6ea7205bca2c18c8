//! `backchat worker`: runs requests without an editor.

use std::process::ExitCode;
use std::time::Duration;

use super::problem::EXIT_CODES;
use clap::Args;

use super::{environment, logging};
use crate::config::paths;
use crate::coordinator::{Coordinator, DrainLock, read_keys};
use crate::llm;
use crate::models::Models;
use crate::signals;
use crate::store::Store;

/// How often a draining worker looks whether the queue is empty, beside being told.
const LOOK: Duration = Duration::from_secs(5);

/// How long, and how often, a draining worker tries to become the one that drains.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
const LOCK_AGAIN: Duration = Duration::from_millis(100);

/// Arguments of `backchat worker`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Work {
    /// Exit when nothing waits or runs any more.
    #[arg(long)]
    drain: bool,
    /// Read keys from standard input first, a line `NAME=KEY` each.
    #[arg(long, hide = true)]
    keys_from_stdin: bool,
    /// Write prompts, code and answers to the log as well, to find a fault. Never keys.
    #[arg(long)]
    log_content: bool,
}

impl Work {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let state = paths::state_dir(&environment)?;
        let _log = logging::to_file(&state, self.log_content);
        let keys = if self.keys_from_stdin {
            read_keys(std::io::stdin().lock())?
        } else {
            Vec::new()
        };
        let store = Store::open(&state)?;
        let lock = if self.drain {
            match lock(&state).await? {
                Some(lock) => Some(lock),
                None => {
                    tracing::info!("another worker drains the queue already");
                    return Ok(ExitCode::SUCCESS);
                }
            }
        } else {
            None
        };
        let client = llm::Client::new();
        let models = Models::load(client.clone());
        for (name, key) in keys {
            models.provide_key(&name, Some(key));
        }
        models.discover_local().await;
        tracing::info!(
            drain = self.drain,
            pid = std::process::id(),
            "the worker starts"
        );
        let coordinator = Coordinator::start(store, models, client).await?;
        let mut feed = coordinator.subscribe();
        let ended = async {
            loop {
                if self.drain && !coordinator.has_work_here().await? {
                    return anyhow::Ok(());
                }
                tokio::select! {
                    _ = feed.recv() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        };
        tokio::select! {
            ended = ended => ended?,
            () = signals::asked_to_end() => tracing::info!("interrupted"),
        }
        coordinator.stop().await;
        drop(lock);
        coordinator.store().close().await;
        tracing::info!("the worker ends");
        Ok(ExitCode::SUCCESS)
    }
}

/// Becomes the one worker that drains. One that found the queue empty, and is about to end, does not
/// see what was queued since and has the lock for a moment still; one that has it for longer does.
async fn lock(state: &std::path::Path) -> std::io::Result<Option<DrainLock>> {
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        let lock = DrainLock::take(state)?;
        if lock.is_some() || tokio::time::Instant::now() >= deadline {
            return Ok(lock);
        }
        tokio::time::sleep(LOCK_AGAIN).await;
    }
}
