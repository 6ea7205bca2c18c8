//! `backchat config`: the reference of every setting, or the values in force.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::output::{BAD, BOLD, DIM, paint, print, print_json};
use super::{environment, visible};
use crate::config::{Config, Model, REFERENCE, Setting, paths};
use crate::llm::key;

/// Arguments of `backchat config`.
#[derive(Args)]
pub(super) struct Configuration {
    /// Print where the configuration file is, or would be.
    #[arg(long, conflicts_with = "effective")]
    path: bool,
    /// Print the values in force, each with where it came from.
    #[arg(long)]
    effective: bool,
    /// With --effective: print JSON.
    #[arg(long, requires = "effective")]
    json: bool,
}

impl Configuration {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        if self.path {
            print(&format!(
                "{}\n",
                paths::config_file(&environment)?.display()
            ))?;
        } else if self.effective {
            let effective = Effective::of(&Config::load(&environment)?);
            if self.json {
                print_json(&effective)?;
            } else {
                print(&effective.text())?;
            }
        } else {
            print(REFERENCE)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The values in force. Never holds a key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Effective {
    /// The configuration file.
    path: String,
    /// Whether it is there.
    exists: bool,
    /// Everything but models.
    pub(super) settings: Vec<Value>,
    /// The models of the file.
    models: Vec<ModelValues>,
}

/// One setting.
#[derive(Serialize)]
pub(super) struct Value {
    /// As in the file.
    pub(super) name: &'static str,
    /// `null` when it is not set.
    pub(super) value: serde_json::Value,
    /// For people.
    pub(super) origin: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelValues {
    name: String,
    origin: String,
    #[serde(serialize_with = "as_map")]
    settings: Vec<(&'static str, serde_json::Value)>,
}

fn as_map<S: serde::Serializer>(
    settings: &[(&'static str, serde_json::Value)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(settings.iter().map(|(name, value)| (name, value)))
}

impl Effective {
    /// The values of a configuration.
    pub(super) fn of(config: &Config) -> Self {
        let none = Value {
            name: "default_model",
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

fn value<T: Serialize>(name: &'static str, setting: &Setting<T>) -> Value {
    Value {
        name,
        value: serde_json::to_value(&setting.value).unwrap_or_default(),
        origin: setting.origin.to_string(),
    }
}
