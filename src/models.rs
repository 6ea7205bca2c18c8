//! Which models there are: those of the configuration, else those that are found.
//!
//! The catalog is read anew when the configuration file has changed. Without a configured model,
//! known API keys in the environment make one, and then a local server on its usual port does.

use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;
use secrecy::SecretString;

use crate::config::{Config, ConfigError, KeySource, Model};
use crate::llm::{self, discover, key};

/// How to get a model: said wherever one is missing.
pub const HOW_TO_GET_A_MODEL: &str = "set ANTHROPIC_API_KEY or OPENAI_API_KEY, start a local server such as Ollama, \
     name a model in the configuration (`backchat config` shows how), or let `backchat local-model` set up a small one";

/// Everything that is known of models at one moment.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The settings, the last good ones when the file is wrong now.
    pub config: Config,
    /// What is wrong with the file.
    pub problem: Option<ConfigError>,
    /// The models, the default first in rank when none is named.
    pub models: Vec<Model>,
}

/// A handle on the catalog; clones share it.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

struct Inner {
    client: llm::Client,
    catalog: Mutex<Arc<Catalog>>,
    local: Mutex<Vec<Model>>,
    provided: DashMap<String, SecretString>,
    looked_up: DashMap<String, SecretString>,
}

impl Models {
    /// Reads the configuration. A wrong one is a problem of the catalog, not an error: Backchat
    /// starts and says what is wrong.
    #[must_use]
    pub fn load(client: llm::Client) -> Self {
        let (config, problem) = match Config::load(&environment) {
            Ok(config) => (config, None),
            Err(error) => (Config::defaults(error.path.clone()), Some(error)),
        };
        let models = Self {
            inner: Arc::new(Inner {
                client,
                catalog: Mutex::new(Arc::new(Catalog {
                    models: config.models.clone(),
                    config,
                    problem,
                })),
                local: Mutex::new(Vec::new()),
                provided: DashMap::new(),
                looked_up: DashMap::new(),
            }),
        };
        models.refresh();
        models
    }

    /// What is known now.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(
            &self
                .inner
                .catalog
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Reads the configuration anew if its file has changed, and gives back what is known now.
    #[must_use]
    pub fn refreshed(&self) -> Arc<Catalog> {
        let old = self.catalog();
        let stale = old.config.is_stale() || old.problem.is_some();
        if stale {
            let (config, problem) = match Config::load(&environment) {
                Ok(config) => (config, None),
                Err(error) => (old.config.clone(), Some(error)),
            };
            self.replace(Catalog {
                models: config.models.clone(),
                config,
                problem,
            });
            // A changed file may name other commands and files for keys.
            self.inner.looked_up.clear();
            self.refresh();
        }
        self.catalog()
    }

    /// The model of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Model> {
        self.catalog()
            .models
            .iter()
            .find(|model| model.name == name)
            .cloned()
    }

    /// The models that a worker of this process can call, each with its limit.
    #[must_use]
    pub fn callable(&self) -> Vec<(String, u32)> {
        self.catalog()
            .models
            .iter()
            .filter(|model| self.problem_of(model).is_none())
            .map(|model| (model.name.clone(), model.max_concurrent))
            .collect()
    }

    /// Why a submit to this model would be refused now.
    #[must_use]
    pub fn problem_of(&self, model: &Model) -> Option<String> {
        if model.is_in_the_clear() {
            return Some(format!(
                "the model {:?} is at {}, which would get code and key unencrypted ({}): use https, or configure \
                 the model with allow_plain_http = true",
                model.name, model.base_url, model.origin
            ));
        }
        match &model.key {
            KeySource::Env(name) if self.lookup(name).is_none() => Some(format!(
                "the key of the model {:?} is missing: the environment variable {name} is not set ({})",
                model.name, model.origin
            )),
            _ => None,
        }
    }

    /// Why this process cannot call the model of this name.
    #[must_use]
    pub fn why_not(&self, name: &str) -> String {
        match self.get(name) {
            Some(model) => self
                .problem_of(&model)
                .unwrap_or_else(|| format!("the model {name:?} cannot be called")),
            None => format!(
                "no open window knows the model {name:?}: configure it, or cancel the request"
            ),
        }
    }

    /// Looks for models on this machine's usual ports, if there is no other. Takes a fraction of a
    /// second, and asks no machine but this one.
    pub async fn discover_local(&self) {
        if !self.refreshed().models.is_empty() {
            return;
        }
        let found = discover::local_servers(&self.inner.client).await;
        *self
            .inner
            .local
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = found;
        self.refresh();
    }

    /// The key of a model, looked up now: `None` when its endpoint wants none.
    ///
    /// # Errors
    ///
    /// When it cannot be had, with what to do.
    pub async fn key(&self, model: &Model) -> Result<Option<SecretString>, key::KeyError> {
        // A password manager may ask the user each time, so its answer is kept in memory.
        let memory = match &model.key {
            KeySource::Command(command) => Some(command.join("\0")),
            _ => None,
        };
        if let Some(known) = memory
            .as_ref()
            .and_then(|name| self.inner.looked_up.get(name))
        {
            return Ok(Some(known.value().clone()));
        }
        let key = key::resolve(&model.key, &|name| self.provided(name)).await?;
        if let (Some(name), Some(key)) = (memory, &key) {
            self.inner.looked_up.insert(name, key.clone());
        }
        Ok(key)
    }

    /// Takes a key that the editor keeps, or forgets it.
    pub fn provide_key(&self, name: &str, key: Option<SecretString>) {
        match key {
            Some(key) => {
                self.inner.provided.insert(name.to_owned(), key);
            }
            None => {
                self.inner.provided.remove(name);
            }
        }
        self.refresh();
    }

    /// The keys that editors provided, to be handed to a worker that goes on without them.
    #[must_use]
    pub fn provided_keys(&self) -> Vec<(String, SecretString)> {
        self.inner
            .provided
            .iter()
            .map(|entry| (entry.key().clone(), entry.value().clone()))
            .collect()
    }

    fn provided(&self, name: &str) -> Option<SecretString> {
        self.inner.provided.get(name).map(|key| key.value().clone())
    }

    fn lookup(&self, name: &str) -> Option<String> {
        use secrecy::ExposeSecret as _;
        self.provided(name)
            .map(|key| key.expose_secret().to_owned())
            .or_else(|| environment(name))
    }

    /// Fills in what is found when the configuration names no model.
    fn refresh(&self) {
        let old = self.catalog();
        if !old.config.models.is_empty() {
            return;
        }
        let mut models = discover::from_environment(&|name| self.lookup(name));
        if models.is_empty() {
            models.clone_from(
                &self
                    .inner
                    .local
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
        self.replace(Catalog {
            models,
            ..(*old).clone()
        });
    }

    fn replace(&self, catalog: Catalog) {
        *self
            .inner
            .catalog
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }
}

/// The process's environment; an empty variable is taken as not set.
fn environment(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}
