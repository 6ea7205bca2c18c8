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
    /// Whether the endpoint shall go on with a response when we are gone, so that it can be taken up
    /// again.
    pub resume: bool,
    /// A PEM file with certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether the user has allowed by name that requests go to another machine without encryption.
    pub allow_plain_http: bool,
    /// How many requests may run at this model's endpoint at once, over all windows.
    pub max_concurrent: u32,
    /// For people: the file and table, the variable or the port that this model comes from.
    pub origin: String,
}

/// Hosts of providers whose models have large windows.
const VENDOR_HOSTS: [&str; 5] = [
    "api.openai.com",
    "openrouter.ai",
    "generativelanguage.googleapis.com",
    "api.mistral.ai",
    "openai.azure.com",
];

impl Model {
    /// A model of which only the necessary is known; all else has the default for its endpoint.
    ///
    /// The defaults are careful where they cannot know: an unknown endpoint is taken to have a small
    /// window, since a prompt that is too long fails, and a short one only leaves out old turns. A
    /// local server may compute for minutes before the first token, so its silence is borne longer.
    #[must_use]
    pub fn with_defaults(
        name: impl Into<String>,
        format: Format,
        base_url: impl Into<String>,
        model_id: impl Into<String>,
        origin: impl Into<String>,
    ) -> Self {
        let mut base_url = base_url.into();
        base_url.truncate(base_url.trim_end_matches('/').len());
        let mut model = Self {
            name: name.into(),
            format,
            base_url,
            model: model_id.into(),
            key: KeySource::None,
            headers: BTreeMap::new(),
            max_output_tokens: 2_048,
            context_tokens: 8_192,
            temperature: None,
            read_timeout: Duration::from_secs(120),
            connect_timeout: Duration::from_secs(10),
            resume: false,
            ca_file: None,
            allow_plain_http: false,
            max_concurrent: 4,
            origin: origin.into(),
        };
        if model.is_loopback() {
            model.read_timeout = Duration::from_secs(300);
            // A server on this machine keeps nothing from anyone; elsewhere it is for the user to say
            // whether a provider may keep what it was asked.
            model.resume = format == Format::OpenaiChat;
        }
        match format {
            // Behind a gateway too, what speaks this format elsewhere has the vendor's window.
            Format::Anthropic if !model.is_loopback() => {
                model.max_output_tokens = 8_192;
                model.context_tokens = 200_000;
            }
            _ if model.is_at(&VENDOR_HOSTS) => {
                model.max_output_tokens = 8_192;
                model.context_tokens = 128_000;
            }
            _ => {}
        }
        model
    }

    /// Whether requests stay on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match url::Url::parse(&self.base_url)
            .ok()
            .as_ref()
            .and_then(url::Url::host)
        {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether code and key would cross a network in the clear without the user's word.
    #[must_use]
    pub fn is_in_the_clear(&self) -> bool {
        !self.allow_plain_http
            && !self.is_loopback()
            && url::Url::parse(&self.base_url).is_ok_and(|url| url.scheme() == "http")
    }

    /// Where requests go, for people: the host, with its port when it is an unusual one.
    #[must_use]
    pub fn host(&self) -> String {
        let url = url::Url::parse(&self.base_url).ok();
        let host = url.as_ref().and_then(|url| {
            let host = url.host_str()?;
            Some(match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            })
        });
        host.unwrap_or_else(|| self.base_url.clone())
    }

    /// Whether the endpoint is at one of these hosts or below one of these domains.
    #[must_use]
    pub fn is_at(&self, hosts: &[&str]) -> bool {
        let Ok(url) = url::Url::parse(&self.base_url) else {
            return false;
        };
        let Some(host) = url.host_str() else {
            return false;
        };
        hosts.iter().any(|known| {
            host.strip_suffix(known)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// What limits and rate limits are counted by: the place that requests go to.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.base_url
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Format::Anthropic, "https://api.anthropic.com/", 200_000, 8_192, 120)]
    #[case(Format::Anthropic, "https://gateway.example.com", 200_000, 8_192, 120)]
    #[case(Format::Anthropic, "http://127.0.0.1:8080", 8_192, 2_048, 300)]
    #[case(Format::OpenaiChat, "https://api.openai.com/v1", 128_000, 8_192, 120)]
    #[case(
        Format::OpenaiResponses,
        "https://eu.api.openai.com/v1",
        128_000,
        8_192,
        120
    )]
    #[case(
        Format::OpenaiChat,
        "https://notapi.openai.com.example.com/v1",
        8_192,
        2_048,
        120
    )]
    #[case(Format::OpenaiChat, "http://localhost:11434/v1", 8_192, 2_048, 300)]
    #[case(Format::OpenaiChat, "http://[::1]:11434/v1", 8_192, 2_048, 300)]
    fn defaults_follow_the_endpoint(
        #[case] format: Format,
        #[case] base_url: &str,
        #[case] context: u32,
        #[case] output: u32,
        #[case] silence: u64,
    ) {
        let model = Model::with_defaults("m", format, base_url, "id", "a test");
        assert_eq!(model.context_tokens, context);
        assert_eq!(model.max_output_tokens, output);
        assert_eq!(model.read_timeout, Duration::from_secs(silence));
        assert!(!model.base_url.ends_with('/'));
    }
}
