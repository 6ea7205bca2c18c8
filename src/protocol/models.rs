//! Models and their keys: parameters and results.

use serde::{Deserialize, Serialize};

/// Result of `backchat/models`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ModelsResult {
    /// Every model that is configured or was found.
    pub models: Vec<ModelInfo>,
    /// The name of the one that a submit without `model` uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<String>,
    /// Why there is none, and how to get one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One model of the configuration. Never holds a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ModelInfo {
    /// Its name in the configuration.
    pub name: String,
    /// `anthropic`, `openai-chat` or `openai-responses`.
    pub format: String,
    /// The provider's id of the model.
    pub model: String,
    /// Where its requests go.
    pub base_url: String,
    /// Where this entry came from: a file, an environment variable, a port that answered.
    pub origin: String,
    /// The name under which `backchat/provideKey` hands over its key, when it wants one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// Why a submit to it would be refused now, for example a key that is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Parameters of `backchat/selectModel`: the choice is stored and holds in every window.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SelectModelParams {
    /// A model's name; without it the configuration's default again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Parameters of `backchat/provideKey`: an editor hands over a key from its own secret storage.
///
/// The key lives in the memory of this server (and of the worker that it leaves behind when the
/// editor closes), is never stored and never logged.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ProvideKeyParams {
    /// The model's `keyName`: the variable that its configuration names, e.g. `ANTHROPIC_API_KEY`.
    pub name: String,
    /// The key; without it an earlier one is forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl std::fmt::Debug for ProvideKeyParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProvideKeyParams")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
