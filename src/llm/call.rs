//! One call to a model: where it goes, with which key; and the words for both in messages.

use std::sync::Arc;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{ErrorKind, LlmError, Prompt, Retry, key, plain_text, quotation};
use crate::config::{KeySource, Model};

/// Secrets that are shorter are not looked for in texts: they would be found in any word.
const SHORTEST_SECRET: usize = 6;

/// What stands in the place of a secret.
const SECRET: &str = "[secret]";

/// So many bytes of a key in a row are taken for a quotation of it.
const SHORTEST_OF_KEY: usize = 12;

/// A model and its key, checked as far as that goes without the network.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub model: Model,
    pub key: Option<SecretString>,
    /// What the endpoint was sent and could repeat in an error.
    pub prompt: Option<Arc<Prompt>>,
    /// What the server shall know the response by, so that it goes on without us.
    pub conversation: Option<String>,
    base: Url,
    host: String,
}

impl Call {
    /// Fails when the base URL is none that a request can go to.
    pub fn new(model: &Model, key: Option<&SecretString>) -> Result<Self, LlmError> {
        let wrong = |why: &str| LlmError {
            kind: ErrorKind::InvalidRequest,
            message: format!(
                "The `base_url` of the model {} is of no use: {why}",
                model.name
            ),
            remedy: Some(format!(
                "Give it as `https://HOST/PATH` or `http://HOST:PORT/PATH` ({}).",
                model.origin
            )),
            retry: Retry::Never,
        };
        let base = Url::parse(&model.base_url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(wrong("it is neither http nor https"));
        }
        let host = match (base.host_str(), base.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(wrong("it names no host")),
        };
        Ok(Self {
            model: model.clone(),
            key: key.cloned(),
            prompt: None,
            conversation: None,
            base,
            host,
        })
    }

    /// The host, with the port where it is not the scheme's own.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// The URL of a path below the base URL, whose query is kept (gateways want an `api-version`).
    /// A `v1` that stands at the end of the base URL is not said twice.
    pub fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        let ends_in_v1 = url.path().trim_end_matches('/').ends_with("/v1");
        let path = match path {
            ["v1", rest @ ..] if ends_in_v1 => rest,
            path => path,
        };
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Text of the provider or of a library, fit for a message, the log and the store: on one line, capped,
    /// without the key, the values of the configured headers and what it quotes of the prompt.
    ///
    /// Whatever is not Backchat's own in the message of an [`LlmError`] has gone through here.
    pub fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let key = self.key.as_ref().map(ExposeSecret::expose_secret);
        for secret in key
            .into_iter()
            .chain(self.model.headers.values().map(String::as_str))
        {
            if secret.len() >= SHORTEST_SECRET {
                text = text.replace(secret, SECRET);
            }
        }
        let mut text = plain_text::one_line(&text);
        if let Some(key) = key {
            text = quotation::without(&text, &[key], SHORTEST_OF_KEY, SECRET);
        }
        if let Some(prompt) = &self.prompt {
            let turns = prompt.turns.iter().map(|turn| turn.text.as_str());
            let sent: Vec<&str> = turns.chain([prompt.system.as_str()]).collect();
            text = quotation::without(&text, &sent, quotation::SHORTEST, quotation::MARK);
        }
        plain_text::cut(&text)
    }

    /// Which key was sent: `the key from …`, or that none was.
    pub fn key_words(&self) -> String {
        match &self.model.key {
            KeySource::None => "no key (none is configured)".to_owned(),
            source => format!("the key from {}", key::place(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;
    use crate::llm::{Role, Turn};
    use rstest::rstest;

    fn call(base_url: &str) -> Result<Call, LlmError> {
        let model = Model::with_defaults("m", Format::OpenaiChat, base_url, "id", "a test");
        Call::new(&model, None)
    }

    #[rstest]
    #[case("https://api.example.com", &["v1", "messages"], "https://api.example.com/v1/messages")]
    #[case("https://api.example.com/v1/", &["v1", "messages"], "https://api.example.com/v1/messages")]
    #[case("http://127.0.0.1:8080/v1", &["chat", "completions"], "http://127.0.0.1:8080/v1/chat/completions")]
    #[case("https://h/openai/d?api-version=1", &["responses"], "https://h/openai/d/responses?api-version=1")]
    fn paths_go_below_the_base_url(#[case] base: &str, #[case] path: &[&str], #[case] url: &str) {
        assert_eq!(call(base).unwrap().url(path).as_str(), url);
    }

    #[rstest]
    #[case("api.example.com")]
    #[case("ftp://api.example.com")]
    #[case("http://")]
    fn a_base_url_of_no_use_is_an_error_with_a_remedy(#[case] base: &str) {
        let error = call(base).unwrap_err();
        assert_eq!(
            (error.kind, error.retry),
            (ErrorKind::InvalidRequest, Retry::Never)
        );
        assert!(error.message.contains("base_url"), "{error}");
        assert!(error.remedy.unwrap().contains("a test"));
    }

    #[test]
    fn secrets_are_taken_out_of_texts() {
        let mut call = call("http://h").unwrap();
        call.key = Some("sk-very-secret".into());
        call.model
            .headers
            .insert("x-token".into(), "other-secret".into());
        assert_eq!(
            call.plain("sk-very-secret\nand other-secret"),
            "[secret] and [secret]"
        );
        assert_eq!(
            call.plain("the key `sk-very-secr…` is wrong"),
            "the key `[secret]…` is wrong"
        );
    }

    #[test]
    fn the_prompt_is_taken_out_of_texts() {
        let mut call = call("http://h").unwrap();
        let turn = Turn {
            role: Role::User,
            text: "fn telling_name() {}\n\nwhat is it for, dear model?".to_owned(),
        };
        call.prompt = Some(Arc::new(Prompt {
            system: "The rules of a project are private.".to_owned(),
            turns: vec![turn],
        }));
        assert_eq!(
            call.plain(
                r#"got "fn telling_name() {}\n\nwhat is it for" and "rules of a project are""#
            ),
            r#"got "[…]" and "[…]""#
        );
    }
}
