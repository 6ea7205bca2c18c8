//! One model of the configuration: everything that a call to it needs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// How a provider wants a prompt and sends a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Anthropic Messages, `POST {base_url}/v1/messages`.
    Anthropic,
    /// OpenAI Chat Completions and all that is compatible, `POST {base_url}/chat/completions`.
    OpenaiChat,
    /// OpenAI Responses, `POST {base_url}/responses`.
    OpenaiResponses,
}

impl Format {
    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiResponses => "openai-responses",
        }
    }

    /// The endpoint of the format's own vendor, without the method's path.
    #[must_use]
    pub const fn vendor_base_url(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com",
            Self::OpenaiChat | Self::OpenaiResponses => "https://api.openai.com/v1",
        }
    }
}

/// Where a model's key comes from. The key itself is looked up when it is first needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The endpoint wants none.
    None,
    /// The environment variable of this name, or a key of this name that the editor provided.
    Env(String),
    /// The first line that this command prints.
    Command(Vec<String>),
    /// The first line of this file.
    File(PathBuf),
}

/// A model, complete: defaults filled in, values checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its name in the configuration.
    pub name: String,
    /// The wire format.
    pub format: Format,
    /// Where requests go, without a trailing slash.
    pub base_url: String,
    /// The provider's id of the model.
    pub model: String,
    /// Where its key comes from.
    pub key: KeySource,
    /// Sent along with each request, after Backchat's own headers.
    pub headers: BTreeMap<String, String>,
    /// The most tokens that the model may answer with.
    pub max_output_tokens: u32,
    /// The size of the model's window in tokens, prompt and answer together.
    pub context_tokens: u32,
    /// Sent when it is set.
    pub temperature: Option<f32>,
    /// The longest silence between two pieces of a stream.
    pub read_timeout: Duration,
    /// The longest time for a connection to be made.
    pub connect_timeout: Duration,
    /// A PEM file with certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// How many requests may run at this model's endpoint at once, over all windows.
    pub max_concurrent: u32,
    /// For people: the file and table, the variable or the port that this model comes from.
    pub origin: String,
}

impl Model {
    /// What limits and rate limits are counted by: the place that requests go to.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.base_url
    }
}
