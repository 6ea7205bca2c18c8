//! `backchat prompts`: the prompt library.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::output::{BAD, BOLD, DIM, WARN, paint, print, print_json, remark};
use super::problem::EXIT_CODES;
use super::{environment, visible};
use crate::config::Config;
use crate::library::{Library, LibraryPrompt, Workspace};
use crate::rules;
use crate::session::Intent;
use crate::view;

/// Arguments of `backchat prompts`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Prompts {
    /// List also what the repository of this file or folder brings along.
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Print JSON: the result of `backchat/prompts`.
    #[arg(long)]
    json: bool,
}

impl Prompts {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let path = std::path::absolute(&self.path)?;
        let folder = if path.is_dir() {
            Some(path.as_path())
        } else {
            path.parent()
        };
        let config = Config::load(&environment)?;
        let library = read(&config, folder);
        if self.json {
            print_json(&view::prompts(library))?;
        } else if library.prompts.is_empty() && library.problems.is_empty() {
            remark(&nothing(&config, &library));
        } else {
            print(&list(&library))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The user's prompts, and those of the repository that a folder lies in, if the configuration trusts it.
pub(super) fn read(config: &Config, folder: Option<&Path>) -> Library {
    let workspace = folder.map(|folder| Workspace {
        root: rules::repository_of(folder).to_owned(),
        trusted: false,
    });
    Library::read(config, workspace.as_ref())
}

fn list(library: &Library) -> String {
    let mut text = String::new();
    for prompt in &library.prompts {
        text.push_str(&shown(prompt));
    }
    for problem in &library.problems {
        let problem = visible::line(&problem.to_string());
        text.push_str(&format!("{}\n", paint(BAD, problem)));
    }
    if let Some(remark) = untrusted(library) {
        text.push_str(&format!("{}\n", paint(WARN, remark)));
    }
    text
}

fn shown(prompt: &LibraryPrompt) -> String {
    let name = paint(BOLD, visible::line(&prompt.name));
    let description = prompt.description.as_deref().unwrap_or_default();
    let mut origin = prompt.label();
    if prompt.intent == Some(Intent::Edit) {
        origin.push_str(", edits");
    }
    if let Some(model) = &prompt.model {
        origin.push_str(&format!(", asks {model}"));
    }
    format!(
        "{}\n    {}\n",
        format!("{name}  {}", visible::line(description)).trim_end(),
        paint(DIM, visible::line(&origin))
    )
}

fn nothing(config: &Config, library: &Library) -> String {
    untrusted(library).unwrap_or_else(|| {
        let folder = config.path.with_file_name("prompts");
        format!(
            "there are no prompts: write a Markdown file into {}",
            visible::line(&folder.display().to_string())
        )
    })
}

fn untrusted(library: &Library) -> Option<String> {
    let folder = library.untrusted.as_ref()?;
    Some(visible::line(&format!(
        "{} is not read: name the repository in trusted_folders of the configuration if you trust it",
        folder.display()
    )))
}
