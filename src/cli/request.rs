//! `backchat cancel`, `retry`, `allow` and `dismiss`: what can be done to one request.

use std::process::ExitCode;

use clap::Args;

use super::inbox::{self, short};
use super::output::{BOLD, paint, print, print_json, remark};
use super::problem::EXIT_CODES;
use super::{identify, read};
use crate::clock;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Ends it; what has streamed is kept.
    Cancel,
    /// Queues it again.
    Retry,
    /// Lets its secrets be sent.
    Allow,
    /// Takes it out of its buffer's margin.
    Dismiss,
}

/// Arguments of these commands.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Request {
    /// The request's id, or its first or last characters.
    #[arg(value_name = "REQUEST")]
    id: String,
    /// Print JSON: the request as it is afterwards.
    #[arg(long)]
    json: bool,
}

impl Request {
    pub(super) async fn run(self, action: Action) -> anyhow::Result<ExitCode> {
        let coordinator = inbox::open().await?;
        let id = identify::request(coordinator.store(), &self.id).await?;
        let advice = match action {
            Action::Cancel => {
                coordinator.cancel(&id).await?;
                None
            }
            Action::Retry => {
                coordinator.retry(&id).await?;
                inbox::leave_to_detached_worker(&coordinator)
            }
            Action::Allow => {
                coordinator.allow(&id).await?;
                inbox::leave_to_detached_worker(&coordinator)
            }
            Action::Dismiss => {
                coordinator.dismiss(&id).await?;
                None
            }
        };
        let request = inbox::request(&coordinator, &id).await?;
        if self.json {
            print_json(&request)?;
        } else {
            let dismissed = if request.dismissed { ", dismissed" } else { "" };
            print(&format!(
                "{}  {}  {}{dismissed}\n",
                paint(BOLD, short(&request.id.0)),
                inbox::place(&request),
                read::standing(&request, clock::now()),
            ))?;
        }
        if let Some(advice) = advice {
            remark(advice);
        }
        Ok(ExitCode::SUCCESS)
    }
}
