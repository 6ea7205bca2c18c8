//! `backchat config`: the reference of every setting, or the values in force.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::output::{BAD, BOLD, DIM, paint, print, print_json};
use super::problem::EXIT_CODES;
use super::results::{self, Setting};
use super::{environment, visible};
use crate::config::{self, Config, Model, REFERENCE, paths};
use crate::llm::key;

/// Arguments of `backchat config`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Configuration {
    /// Print where the configuration file is, or would be.
    #[arg(long, conflicts_with = "effective")]
    path: bool,
    /// Print the values in force, each with where it came from.
    #[arg(long)]
    effective: bool,
    /// Print the values in force as JSON: `config` of src/cli/results.schema.json in the sources.
    #[arg(long)]
    json: bool,
}

impl Configuration {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        if self.json {
            print_json(&Effective::of(&Config::load(&environment)?).result())?;
        } else if self.path {
            print(&format!(
                "{}\n",
                paths::config_file(&environment)?.display()
            ))?;
        } else if self.effective {
            print(&Effective::of(&Config::load(&environment)?).text())?;
        } else {
            print(REFERENCE)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The values in force, in the order in which they are shown. Never holds a key.
pub(super) struct Effective {
    path: String,
    exists: bool,
    /// Everything but models.
    pub(super) settings: Vec<Setting>,
    models: Vec<ModelValues>,
}

struct ModelValues {
    name: String,
    origin: String,
    settings: Vec<(&'static str, serde_json::Value)>,
}

impl Effective {
    /// The values of a configuration.
    pub(super) fn of(config: &Config) -> Self {
        let none = Setting {
            name: "default_model".to_owned(),
            value: serde_json::Value::Null,
            origin: "default: the first model".to_owned(),
        };
        Self {
            path: config.path.display().to_string(),
            exists: config.modified.is_some(),
            settings: vec![
                config
                    .default_model
                    .as_ref()
                    .map_or(none, |setting| value("default_model", setting)),
                value("max_concurrent", &config.max_concurrent),
                value("max_attempts", &config.max_attempts),
                value("drain_on_close", &config.drain_on_close),
                value("log", &config.log),
                value("trusted_folders", &config.trusted_folders),
                value("workspace_prompt_models", &config.workspace_prompt_models),
                value("hold_secrets", &config.hold_secrets),
                value("secrets_allowed_in", &config.secrets_allowed_in),
            ],
            models: config.models.iter().map(ModelValues::of).collect(),
        }
    }

    fn result(self) -> results::Configuration {
        let models = self.models.into_iter().map(|model| results::ModelSettings {
            name: model.name,
            origin: model.origin,
            settings: model
                .settings
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        });
        results::Configuration {
            path: self.path,
            exists: self.exists,
            settings: self.settings,
            models: models.collect(),
        }
    }

    fn text(&self) -> String {
        let missing = if self.exists { "" } else { " (does not exist)" };
        let mut text = format!("{}{missing}\n", visible::line(&self.path));
        for setting in &self.settings {
            let line = format!("{} = {}", setting.name, setting.value);
            text.push_str(&format!(
                "{}  {}\n",
                visible::line(&line),
                paint(DIM, format!("# {}", visible::line(&setting.origin)))
            ));
        }
        for model in &self.models {
            let head = paint(BOLD, format!("[models.{}]", visible::line(&model.name)));
            let origin = paint(DIM, format!("# {}", visible::line(&model.origin)));
            text.push_str(&format!("\n{head}  {origin}\n"));
            for (name, value) in &model.settings {
                text.push_str(&visible::line(&format!("{name} = {value}")));
                text.push('\n');
            }
        }
        if self.models.is_empty() {
            let note = "no model is configured; `backchat models` tells which was found";
            text.push_str(&format!("{}\n", paint(BAD, note)));
        }
        text
    }
}

impl ModelValues {
    fn of(model: &Model) -> Self {
        // Headers may hold keys, so only their names are told.
        let headers: Vec<String> = model.headers.keys().cloned().collect();
        Self {
            name: model.name.clone(),
            origin: model.origin.clone(),
            settings: vec![
                ("format", model.format.name().into()),
                ("model", model.model.clone().into()),
                ("base_url", model.base_url.clone().into()),
                ("key", key::place(&model.key).into()),
                ("max_output_tokens", model.max_output_tokens.into()),
                ("context_tokens", model.context_tokens.into()),
                ("temperature", model.temperature.into()),
                ("read_timeout", model.read_timeout.as_secs_f64().into()),
                (
                    "connect_timeout",
                    model.connect_timeout.as_secs_f64().into(),
                ),
                ("resume", model.resume.into()),
                ("allow_plain_http", model.allow_plain_http.into()),
                ("max_concurrent", model.max_concurrent.into()),
                ("headers", headers.into()),
            ],
        }
    }
}

fn value<T: Serialize>(name: &str, setting: &config::Setting<T>) -> Setting {
    Setting {
        name: name.to_owned(),
        value: serde_json::to_value(&setting.value).unwrap_or_default(),
        origin: setting.origin.to_string(),
    }
}
