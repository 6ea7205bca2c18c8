//! The configuration file: TOML in, settings out, every mistake with its line and column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Config, ConfigError, Format, HoldSecrets, KeySource, Model, Origin, Setting};
use crate::secrets::AllowedPaths;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default_model: Option<Spanned<String>>,
    max_concurrent: Option<Spanned<u32>>,
    max_attempts: Option<Spanned<u32>>,
    drain_on_close: Option<Spanned<bool>>,
    log: Option<Spanned<String>>,
    trusted_folders: Option<Spanned<Vec<PathBuf>>>,
    workspace_prompt_models: Option<Spanned<Vec<String>>>,
    hold_secrets: Option<Spanned<HoldSecrets>>,
    secrets_allowed_in: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    models: BTreeMap<String, Spanned<ModelTable>>,
}

/// A `[models.NAME]` table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelTable {
    format: Format,
    base_url: Option<Spanned<String>>,
    model: Spanned<String>,
    api_key_env: Option<String>,
    api_key_command: Option<Spanned<Vec<String>>>,
    api_key_file: Option<PathBuf>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    max_output_tokens: Option<u32>,
    context_tokens: Option<u32>,
    temperature: Option<f32>,
    read_timeout: Option<Spanned<f64>>,
    connect_timeout: Option<Spanned<f64>>,
    resume: Option<Spanned<bool>>,
    ca_file: Option<PathBuf>,
    allow_plain_http: Option<bool>,
    max_concurrent: Option<u32>,
}

/// Puts the values of the file's text over the defaults in `config`.
pub(super) fn apply(config: &mut Config, text: &str) -> Result<(), ConfigError> {
    let source = Source {
        path: config.path.clone(),
        text,
    };
    let file: File = toml::from_str(text)
        .map_err(|error| source.error(error.span(), error.message().to_owned()))?;
    if let Some(name) = file.default_model {
        config.default_model = Some(source.setting(name));
    }
    if let Some(limit) = file.max_concurrent {
        source.require(
            *limit.get_ref() > 0,
            &limit,
            "max_concurrent must be at least 1",
        )?;
        config.max_concurrent = source.setting(limit);
    }
    if let Some(attempts) = file.max_attempts {
        source.require(
            *attempts.get_ref() > 0,
            &attempts,
            "max_attempts must be at least 1",
        )?;
        config.max_attempts = source.setting(attempts);
    }
    if let Some(drain) = file.drain_on_close {
        config.drain_on_close = source.setting(drain);
    }
    if let Some(log) = file.log {
        config.log = source.setting(log);
    }
    if let Some(folders) = file.trusted_folders {
        let mut folders = source.setting(folders);
        for folder in &mut folders.value {
            *folder = source.resolve(folder);
        }
        config.trusted_folders = folders;
    }
    if let Some(models) = file.workspace_prompt_models {
        config.workspace_prompt_models = source.setting(models);
    }
    if let Some(when) = file.hold_secrets {
        config.hold_secrets = source.setting(when);
    }
    if let Some(patterns) = file.secrets_allowed_in {
        AllowedPaths::new(patterns.get_ref())
            .map_err(|problem| source.error(Some(patterns.span()), problem))?;
        config.secrets_allowed_in = source.setting(patterns);
    }
    let mut models = file.models.into_iter().collect::<Vec<_>>();
    // In the order of the file, so that the first one is the default when none is named.
    models.sort_by_key(|(_, table)| table.span().start);
    for (name, table) in models {
        config
            .models
            .push(source.model(name, table, config.max_concurrent.value)?);
    }
    if let Some(default) = &config.default_model
        && !config.models.is_empty()
        && !config
            .models
            .iter()
            .any(|model| model.name == default.value)
        && let Origin::File(_, line) = default.origin
    {
        let names: Vec<_> = config
            .models
            .iter()
            .map(|model| model.name.as_str())
            .collect();
        return Err(ConfigError {
            path: config.path.clone(),
            line: Some((line, 1)),
            message: format!(
                "default_model is {:?}, but there is no such model; there are: {}",
                default.value,
                names.join(", ")
            ),
        });
    }
    Ok(())
}

/// What is wrong with an address, and what the user can do.
const PLAIN_HTTP: &str = "base_url would send code and key to another machine unencrypted; use https, or write \
     allow_plain_http = true below it if you trust the network between";

struct Source<'a> {
    path: PathBuf,
    text: &'a str,
}

impl Source<'_> {
    fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        (
            line,
            String::from_utf8_lossy(&before[start..]).chars().count() + 1,
        )
    }

    fn error(&self, span: Option<Range<usize>>, message: String) -> ConfigError {
        ConfigError {
            path: self.path.clone(),
            line: span.map(|span| self.line_and_column(span.start)),
            message,
        }
    }

    fn require<T>(
        &self,
        holds: bool,
        value: &Spanned<T>,
        message: &str,
    ) -> Result<(), ConfigError> {
        if holds {
            Ok(())
        } else {
            Err(self.error(Some(value.span()), message.to_owned()))
        }
    }

    fn setting<T>(&self, value: Spanned<T>) -> Setting<T> {
        let (line, _) = self.line_and_column(value.span().start);
        Setting {
            value: value.into_inner(),
            origin: Origin::File(self.path.clone(), line),
        }
    }

    fn seconds(&self, value: &Spanned<f64>, name: &str) -> Result<Duration, ConfigError> {
        Duration::try_from_secs_f64(*value.get_ref())
            .ok()
            .filter(|duration| !duration.is_zero())
            .ok_or_else(|| {
                self.error(
                    Some(value.span()),
                    format!("{name} is a number of seconds above 0"),
                )
            })
    }

    fn model(
        &self,
        name: String,
        table: Spanned<ModelTable>,
        max_concurrent: u32,
    ) -> Result<Model, ConfigError> {
        let (line, _) = self.line_and_column(table.span().start);
        let whole = table.span();
        let table = table.into_inner();
        let base_url = match &table.base_url {
            Some(url) => {
                self.require(
                    url::Url::parse(url.get_ref()).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()),
                    url,
                    "base_url is not an http or https address such as \"http://127.0.0.1:11434/v1\"",
                )?;
                url.get_ref().clone()
            }
            None => table.format.vendor_base_url().to_owned(),
        };
        let key = self.key(&table, &name, whole)?;
        let origin = format!("[models.{name}] in {}:{line}", self.path.display());
        let mut model =
            Model::with_defaults(name, table.format, &base_url, table.model.get_ref(), origin);
        model.key = key;
        model.headers = table.headers;
        model.max_concurrent = table.max_concurrent.unwrap_or(max_concurrent).max(1);
        model.temperature = table.temperature;
        model.allow_plain_http = table.allow_plain_http.unwrap_or(false);
        if let Some(url) = &table.base_url {
            self.require(!model.is_in_the_clear(), url, PLAIN_HTTP)?;
        }
        model.ca_file = table.ca_file.map(|path| self.resolve(&path));
        if let Some(resume) = &table.resume {
            self.require(
                !*resume.get_ref() || table.format != Format::Anthropic,
                resume,
                "resume is for the formats openai-chat and openai-responses: Anthropic's API has no way to take up a response again",
            )?;
            model.resume = *resume.get_ref();
        }
        if let Some(tokens) = table.max_output_tokens {
            model.max_output_tokens = tokens.max(1);
        }
        if let Some(tokens) = table.context_tokens {
            model.context_tokens = tokens.max(1);
        }
        if let Some(timeout) = &table.read_timeout {
            model.read_timeout = self.seconds(timeout, "read_timeout")?;
        }
        if let Some(timeout) = &table.connect_timeout {
            model.connect_timeout = self.seconds(timeout, "connect_timeout")?;
        }
        Ok(model)
    }

    fn key(
        &self,
        table: &ModelTable,
        name: &str,
        whole: Range<usize>,
    ) -> Result<KeySource, ConfigError> {
        let mut sources = Vec::new();
        if let Some(variable) = &table.api_key_env {
            sources.push(KeySource::Env(variable.clone()));
        }
        if let Some(command) = &table.api_key_command {
            self.require(
                !command.get_ref().is_empty(),
                command,
                "api_key_command is a list of a program and its arguments",
            )?;
            sources.push(KeySource::Command(command.get_ref().clone()));
        }
        if let Some(file) = &table.api_key_file {
            sources.push(KeySource::File(self.resolve(file)));
        }
        if sources.len() > 1 {
            return Err(self.error(
                Some(whole),
                format!("model {name:?} names more than one of api_key_env, api_key_command and api_key_file"),
            ));
        }
        Ok(sources.pop().unwrap_or(KeySource::None))
    }

    /// A relative path is one beside the configuration file; `~/` is the user's home.
    fn resolve(&self, path: &Path) -> PathBuf {
        if let Ok(rest) = path.strip_prefix("~")
            && let Ok(home) = etcetera::home_dir()
        {
            return home.join(rest);
        }
        self.path
            .parent()
            .map_or_else(|| path.to_owned(), |beside| beside.join(path))
    }
}

#[cfg(test)]
mod tests {
    use super::super::REFERENCE;
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let mut config = Config::defaults(PathBuf::from("/c/config.toml"));
        apply(&mut config, text).map(|()| config)
    }

    #[test]
    fn every_value_knows_where_it_came_from() {
        let config = read("max_concurrent = 2\n\n[models.a]\nformat = \"anthropic\"\nmodel = \"m\"\napi_key_env = \"K\"\n")
            .unwrap();
        assert_eq!(
            config.max_concurrent.origin,
            Origin::File("/c/config.toml".into(), 1)
        );
        assert_eq!(config.max_attempts.origin, Origin::Default);
        assert_eq!(config.models[0].origin, "[models.a] in /c/config.toml:3");
        assert_eq!(config.models[0].max_concurrent, 2);
        assert_eq!(config.models[0].key, KeySource::Env("K".to_owned()));
    }

    #[test]
    fn models_keep_the_order_of_the_file() {
        let config = read(
            "[models.z]\nformat = \"anthropic\"\nmodel = \"m\"\n[models.a]\nformat = \"openai-chat\"\nmodel = \"m\"\n",
        )
        .unwrap();
        let names: Vec<_> = config
            .models
            .iter()
            .map(|model| model.name.as_str())
            .collect();
        assert_eq!(names, ["z", "a"]);
    }

    #[rstest::rstest]
    #[case::syntax("max_concurrent = \n", (1, 18), "")]
    #[case::unknown_key("max_concurent = 3\n", (1, 1), "max_concurent")]
    #[case::wrong_type("\nmax_concurrent = \"3\"\n", (2, 18), "expected")]
    #[case::zero("max_concurrent = 0\n", (1, 18), "at least 1")]
    #[case::format("[models.a]\nformat = \"openai\"\nmodel = \"m\"\n", (2, 10), "openai-chat")]
    #[case::url("[models.a]\nformat = \"openai-chat\"\nmodel = \"m\"\nbase_url = \"localhost\"\n", (4, 12), "http")]
    #[case::timeout("[models.a]\nformat = \"openai-chat\"\nmodel = \"m\"\nread_timeout = -1.0\n", (4, 16), "seconds")]
    #[case::plain_http("[models.a]\nformat = \"openai-chat\"\nmodel = \"m\"\nbase_url = \"http://192.168.1.7:8000/v1\"\n", (4, 12), "allow_plain_http")]
    #[case::looks_like_loopback("[models.a]\nformat = \"openai-chat\"\nmodel = \"m\"\nbase_url = \"http://127.0.0.1.example.com/v1\"\n", (4, 12), "unencrypted")]
    #[case::user_info("[models.a]\nformat = \"openai-chat\"\nmodel = \"m\"\nbase_url = \"http://localhost@example.com/v1\"\n", (4, 12), "unencrypted")]
    #[case::hold("hold_secrets = \"sometimes\"\n", (1, 16), "remote")]
    #[case::allowed("secrets_allowed_in = [\"{\"]\n", (1, 22), "pattern")]
    #[case::resume("[models.a]\nformat = \"anthropic\"\nmodel = \"m\"\nresume = true\n", (4, 10), "no way")]
    #[case::default("default_model = \"b\"\n[models.a]\nformat = \"anthropic\"\nmodel = \"m\"\n", (1, 1), "no such model")]
    fn a_mistake_is_told_with_its_line_and_column(
        #[case] text: &str,
        #[case] place: (usize, usize),
        #[case] said: &str,
    ) {
        let error = read(text).unwrap_err();
        assert_eq!(error.line, Some(place), "{error}");
        assert!(error.message.contains(said), "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("/c/config.toml:{}:{}: ", place.0, place.1))
        );
    }

    #[rstest::rstest]
    #[case("http://localhost:1234/v1", "")]
    #[case("http://127.8.9.1/v1", "")]
    #[case("http://[::1]:1234/v1", "")]
    #[case("https://models.example.com/v1", "")]
    #[case("http://gpu.lan:8000/v1", "allow_plain_http = true")]
    fn plain_http_goes_to_this_machine_and_where_the_user_allows_it(
        #[case] base_url: &str,
        #[case] more: &str,
    ) {
        let text = format!(
            "[models.a]\nformat = \"openai-chat\"\nmodel = \"m\"\nbase_url = \"{base_url}\"\n{more}\n"
        );
        assert_eq!(read(&text).unwrap().models[0].base_url, base_url);
    }

    /// The reference's settings are commented out; read, they must be what the program does anyway.
    #[test]
    fn the_reference_tells_the_truth() {
        let live: String = REFERENCE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        let read = read(&live).unwrap_or_else(|error| panic!("{error}\n{live}"));
        let defaults = Config::defaults(PathBuf::new());
        assert_eq!(read.max_concurrent.value, defaults.max_concurrent.value);
        assert_eq!(read.max_attempts.value, defaults.max_attempts.value);
        assert_eq!(read.drain_on_close.value, defaults.drain_on_close.value);
        assert_eq!(read.log.value, defaults.log.value);
        assert_eq!(read.trusted_folders.value, defaults.trusted_folders.value);
        assert_eq!(
            read.workspace_prompt_models.value,
            defaults.workspace_prompt_models.value
        );
        assert_eq!(read.hold_secrets.value, defaults.hold_secrets.value);
        assert_eq!(
            read.secrets_allowed_in.value,
            defaults.secrets_allowed_in.value
        );
        for model in &read.models {
            let bare = Model::with_defaults(
                model.name.clone(),
                model.format,
                &model.base_url,
                &model.model,
                String::new(),
            );
            assert_eq!(
                model.max_output_tokens, bare.max_output_tokens,
                "{}",
                model.name
            );
            assert_eq!(model.context_tokens, bare.context_tokens, "{}", model.name);
            assert_eq!(model.read_timeout, bare.read_timeout, "{}", model.name);
            assert_eq!(
                model.connect_timeout, bare.connect_timeout,
                "{}",
                model.name
            );
        }
        for key in [
            "default_model",
            "max_concurrent",
            "max_attempts",
            "drain_on_close",
            "log",
            "trusted_folders",
            "workspace_prompt_models",
            "hold_secrets",
            "secrets_allowed_in",
            "format",
            "base_url",
            "model",
            "api_key_env",
            "api_key_command",
            "api_key_file",
            "headers",
            "max_output_tokens",
            "context_tokens",
            "temperature",
            "read_timeout",
            "connect_timeout",
            "resume",
            "ca_file",
            "allow_plain_http",
        ] {
            assert!(
                REFERENCE
                    .lines()
                    .any(|line| line.contains(&format!("{key} = "))),
                "{key} is not in the reference"
            );
        }
    }
}
