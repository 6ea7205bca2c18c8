//! Settings: what they are, where each value came from, and what is wrong with them.
//!
//! Values come from the user's own file and environment alone, never from a workspace: a repository
//! that is opened can not send a key or code to another host. The environment wins over the file,
//! the file over the defaults, and each value remembers which it was.

mod file;
mod model;
pub mod paths;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use model::{Format, KeySource, Model};

/// The reference of every setting, with its default: what `backchat config` prints.
pub const REFERENCE: &str = include_str!("config/reference.toml");

/// A look at the environment: pure code takes it as a parameter so that tests need not set it.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file, and the line in it.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    const fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }
}

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that was read, or would be.
    pub path: PathBuf,
    /// When the file was last changed; `None` when there is none.
    pub modified: Option<SystemTime>,
    /// The models of the file, in its order.
    pub models: Vec<Model>,
    /// The model of a submit that names none. Without it the first that is found.
    pub default_model: Option<Setting<String>>,
    /// How many requests run at one endpoint at once, over all windows. One more is kept for the
    /// foreground.
    pub max_concurrent: Setting<u32>,
    /// How often a request is tried before it fails.
    pub max_attempts: Setting<u32>,
    /// Whether a detached worker finishes the queue when the editor closes.
    pub drain_on_close: Setting<bool>,
    /// What is logged: a level, or directives as `tracing` understands them.
    pub log: Setting<String>,
    /// Folders whose prompt files are read: see [`crate::library`].
    pub trusted_folders: Setting<Vec<PathBuf>>,
    /// The models that a prompt file of a workspace may choose.
    pub workspace_prompt_models: Setting<Vec<String>>,
    /// When a request is held for the secrets in it.
    pub hold_secrets: Setting<HoldSecrets>,
    /// The files whose secrets may be sent: patterns as [`crate::secrets::AllowedPaths`] takes them.
    pub secrets_allowed_in: Setting<Vec<String>>,
}

/// When a request that has secrets in it waits for the user to allow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldSecrets {
    /// When its model is on another machine.
    Remote,
    /// Whatever its model is.
    Always,
    /// Never: nothing is looked for.
    Never,
}

impl Config {
    /// The settings without any file.
    #[must_use]
    pub fn defaults(path: PathBuf) -> Self {
        Self {
            path,
            modified: None,
            models: Vec::new(),
            default_model: None,
            max_concurrent: Setting::default(4),
            max_attempts: Setting::default(8),
            drain_on_close: Setting::default(true),
            log: Setting::default("info".to_owned()),
            trusted_folders: Setting::default(Vec::new()),
            workspace_prompt_models: Setting::default(Vec::new()),
            hold_secrets: Setting::default(HoldSecrets::Remote),
            secrets_allowed_in: Setting::default(Vec::new()),
        }
    }

    /// Reads the user's configuration. A missing file is not an error.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is wrong: where, and what was expected.
    pub fn load(env: Environment<'_>) -> Result<Self, ConfigError> {
        Self::load_from(&paths::config_file(env)?, env)
    }

    /// Reads the configuration from `path`.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn load_from(path: &Path, env: Environment<'_>) -> Result<Self, ConfigError> {
        let mut config = Self::defaults(path.to_owned());
        match std::fs::read_to_string(path) {
            Ok(text) => {
                config.modified = modified(path);
                file::apply(&mut config, &text)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if env("BACKCHAT_CONFIG").is_some_and(|set| !set.is_empty()) {
                    tracing::info!(path = %path.display(), "the configuration file does not exist");
                }
            }
            Err(error) => {
                return Err(ConfigError {
                    path: path.to_owned(),
                    line: None,
                    message: format!("cannot be read: {error}"),
                });
            }
        }
        if let Some(model) = env("BACKCHAT_MODEL").filter(|model| !model.is_empty()) {
            config.default_model = Some(Setting {
                value: model,
                origin: Origin::Environment("BACKCHAT_MODEL"),
            });
        }
        if let Some(log) = env("BACKCHAT_LOG").filter(|log| !log.is_empty()) {
            config.log = Setting {
                value: log,
                origin: Origin::Environment("BACKCHAT_LOG"),
            };
        }
        Ok(config)
    }

    /// Whether the file has been changed, made or removed since it was read.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        modified(&self.path) != self.modified
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|meta| meta.modified())
        .ok()
}

/// What is wrong with the configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Line and column, both from 1.
    pub line: Option<(usize, usize)>,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.line {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}
