//! The model of the demonstration: the user's own, else a small one on this machine.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::run::Run;
use crate::cli::local_model::{Script, Served, directory_in};
use crate::cli::output::{BOLD, DIM, paint, print};
use crate::cli::visible;
use crate::config::Model;
use crate::llm;
use crate::models::Models;

/// The small model's window.
const CONTEXT_TOKENS: u32 = 2_048;

/// As much of it is used: on one core, reading takes longer than answering.
const USED_TOKENS: u32 = 640;

/// The longest answer of the small model.
const ANSWER_TOKENS: u32 = 120;

/// A model that answers.
pub(super) struct Found {
    /// Whether it is the small one.
    pub is_small: bool,
    configuration: Option<PathBuf>,
    /// The small model's server, which ends with this.
    _served: Option<Served>,
}

impl Found {
    /// Lets a server ask this model.
    pub(super) fn configure(&self, command: &mut Command) {
        if let Some(path) = &self.configuration {
            command
                .env("BACKCHAT_CONFIG", path)
                .env_remove("BACKCHAT_MODEL");
        }
    }
}

/// Finds a model, and says which. Sets the small one up when there is no other.
///
/// # Errors
///
/// When there is none, and none can be set up here.
pub(super) async fn find(cache: &Path, run: &Run) -> anyhow::Result<Found> {
    let client = llm::Client::new();
    let models = Models::load(client.clone());
    models.discover_local().await;
    match own(&client, &models).await {
        Ok(model) => {
            print(&format!(
                "   {}  {} at {}\n   {}\n",
                paint(BOLD, visible::line(&model.name)),
                visible::line(&model.model),
                visible::line(&model.base_url),
                paint(DIM, visible::line(&model.origin)),
            ))?;
            Ok(Found {
                is_small: false,
                configuration: None,
                _served: None,
            })
        }
        Err(why) => {
            print(&format!(
                "   {}, so a small one is used that runs on this machine.\n",
                visible::line(&why)
            ))?;
            small(cache, run).await
        }
    }
}

/// The user's own model, when it answers; else why not.
async fn own(client: &llm::Client, models: &Models) -> Result<Model, String> {
    let catalog = models.catalog();
    if let Some(problem) = &catalog.problem {
        return Err(format!("The configuration is wrong ({problem})"));
    }
    let default = catalog.config.default_model.as_ref();
    let named = default.and_then(|name| models.get(&name.value));
    let Some(model) = named.or_else(|| catalog.models.first().cloned()) else {
        return Err("No model is configured and none was found".to_owned());
    };
    if let Some(problem) = models.problem_of(&model) {
        return Err(format!("{} cannot be asked: {problem}", model.name));
    }
    let sentence = |why: &str| {
        format!(
            "{} does not answer: {}",
            model.name,
            why.trim_end_matches('.')
        )
    };
    let key = models.key(&model).await;
    let key = key.map_err(|error| sentence(&error.to_string()))?;
    let probed = client.probe(&model, key.as_ref()).await;
    probed.map_err(|error| sentence(&error.message))?;
    Ok(model)
}

async fn small(cache: &Path, run: &Run) -> anyhow::Result<Found> {
    let script = Script::write(cache)?;
    let directory = directory_in(cache);
    script
        .set_up(&directory, |line| {
            // A reader that has gone is noticed by what is printed next.
            let _ = print(&format!("   {}\n", paint(DIM, line)));
        })
        .await?;
    let served = script.serve(&directory, 0, CONTEXT_TOKENS).await?;
    print(&format!(
        "   {}  SmolLM2-135M at {}\n",
        paint(BOLD, visible::line(&served.model)),
        visible::line(&served.base_url)
    ))?;
    let table = served.configuration(USED_TOKENS, ANSWER_TOKENS);
    let configuration = format!("drain_on_close = false\n\n{table}temperature = 0.0\n");
    Ok(Found {
        is_small: true,
        configuration: Some(run.write("config.toml", &configuration)?),
        _served: Some(served),
    })
}
