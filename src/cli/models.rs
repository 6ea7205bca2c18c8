//! `backchat models`: which there are, and which is asked.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::{BAD, BOLD, DIM, GOOD, paint, print, print_json};
use super::problem::EXIT_CODES;
use super::{inbox, visible};
use crate::coordinator::Coordinator;
use crate::protocol::ModelsResult;
use crate::view;

/// Arguments of `backchat models`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Models {
    #[command(subcommand)]
    action: Option<Action>,
    /// Print JSON: the result of `backchat/models`.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Action {
    /// Ask this model from now on, in every editor window.
    Select {
        /// Its name; without it the configuration's default again.
        name: Option<String>,
    },
}

impl Models {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let coordinator = inbox::open().await?;
        coordinator.models().discover_local().await;
        if let Some(Action::Select { name }) = self.action {
            coordinator.select_model(name).await?;
        }
        let result = models(&coordinator).await?;
        if self.json {
            print_json(&result)?;
        } else {
            print(&list(&result))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Every model that is configured or was found.
///
/// # Errors
///
/// When the store cannot be read.
pub(super) async fn models(coordinator: &Coordinator) -> anyhow::Result<ModelsResult> {
    let selected = coordinator.selected_model().await?;
    Ok(view::models(coordinator.models(), selected.as_ref()))
}

fn list(result: &ModelsResult) -> String {
    let mut text = String::new();
    for model in &result.models {
        let selected = result.selected.as_ref() == Some(&model.name);
        let (mark, name) = if selected {
            (paint(GOOD, "*"), paint(BOLD, visible::line(&model.name)))
        } else {
            (" ".to_owned(), visible::line(&model.name))
        };
        let what = format!("{}, {} at {}", model.model, model.format, model.base_url);
        text.push_str(&format!("{mark} {name}  {}\n", visible::line(&what)));
        let origin = visible::line(&model.origin);
        text.push_str(&format!("    {}\n", paint(DIM, origin)));
        if let Some(problem) = &model.problem {
            text.push_str(&format!("    {}\n", paint(BAD, visible::line(problem))));
        }
    }
    if let Some(problem) = &result.problem {
        text.push_str(&format!("{}\n", paint(BAD, visible::line(problem))));
    }
    text
}
