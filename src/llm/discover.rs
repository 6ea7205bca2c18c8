//! Finds a model where none is configured: by the variables that hold keys, then by the servers that
//! listen on this machine. What is found says in words where it came from.

use std::time::Duration;

use serde_json::Value;

use super::Client;
use crate::config::{Format, KeySource, Model};

/// How long a local server may take to accept a connection, and to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);
const ANSWER_TIMEOUT: Duration = Duration::from_millis(1_500);

/// The window that a local server is taken to have when it does not say.
const LOCAL_CONTEXT_TOKENS: u32 = 4_096;

/// A provider that is known by the variable that holds its key.
struct Vendor {
    name: &'static str,
    format: Format,
    key: &'static str,
    /// The variable that moves the endpoint elsewhere, and the one that chooses the model.
    base_url: (Option<&'static str>, &'static str),
    model: (&'static str, &'static str),
}

/// In order of preference.
const VENDORS: [Vendor; 5] = [
    Vendor {
        name: "anthropic",
        format: Format::Anthropic,
        key: "ANTHROPIC_API_KEY",
        base_url: (Some("ANTHROPIC_BASE_URL"), "https://api.anthropic.com"),
        model: ("ANTHROPIC_MODEL", "claude-sonnet-4-5"),
    },
    Vendor {
        name: "openai",
        format: Format::OpenaiChat,
        key: "OPENAI_API_KEY",
        base_url: (Some("OPENAI_BASE_URL"), "https://api.openai.com/v1"),
        model: ("OPENAI_MODEL", "gpt-5-mini"),
    },
    Vendor {
        name: "openrouter",
        format: Format::OpenaiChat,
        key: "OPENROUTER_API_KEY",
        base_url: (None, "https://openrouter.ai/api/v1"),
        model: ("OPENROUTER_MODEL", "openrouter/auto"),
    },
    Vendor {
        name: "gemini",
        format: Format::OpenaiChat,
        key: "GEMINI_API_KEY",
        base_url: (
            None,
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        model: ("GEMINI_MODEL", "gemini-2.5-flash"),
    },
    Vendor {
        name: "mistral",
        format: Format::OpenaiChat,
        key: "MISTRAL_API_KEY",
        base_url: (None, "https://api.mistral.ai/v1"),
        model: ("MISTRAL_MODEL", "mistral-medium-latest"),
    },
];

/// The models whose keys are in the environment, the preferred one first. `variable` gives the
/// value of an environment variable; an empty one counts as not set.
#[must_use]
pub fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Vec<Model> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    VENDORS
        .iter()
        .filter_map(|vendor| {
            set(vendor.key)?;
            let mut origin = format!("found by the environment variable {}", vendor.key);
            let mut or_default = |name: Option<&str>, default: &str| match name.and_then(|name| {
                let value = set(name)?;
                origin.push_str(&format!(", with {name}"));
                Some(value.trim().to_owned())
            }) {
                Some(value) => value,
                None => default.to_owned(),
            };
            let base_url = or_default(vendor.base_url.0, vendor.base_url.1);
            let id = or_default(Some(vendor.model.0), vendor.model.1);
            let mut model = Model::with_defaults(vendor.name, vendor.format, base_url, id, origin);
            model.key = KeySource::Env(vendor.key.to_owned());
            Some(model)
        })
        .collect()
}

/// A server that listens on this machine by habit.
struct Local {
    name: &'static str,
    product: &'static str,
    port: u16,
}

/// In order of preference.
const LOCALS: [Local; 3] = [
    Local {
        name: "ollama",
        product: "Ollama",
        port: 11434,
    },
    Local {
        name: "llama-cpp",
        product: "llama.cpp",
        port: 8080,
    },
    Local {
        name: "lm-studio",
        product: "LM Studio",
        port: 1234,
    },
];

/// The models of the servers that listen on their usual ports of this machine, the preferred one
/// first: of each server the first model that it lists. Takes two seconds at most.
pub async fn local_servers(client: &Client) -> Vec<Model> {
    let [first, second, third] = &LOCALS;
    let (first, second, third) = tokio::join!(
        local_server(client, first),
        local_server(client, second),
        local_server(client, third),
    );
    [first, second, third].into_iter().flatten().collect()
}

async fn local_server(client: &Client, local: &Local) -> Option<Model> {
    let base_url = format!("http://127.0.0.1:{}/v1", local.port);
    let origin = format!(
        "{}, found on port {} of this machine",
        local.product, local.port
    );
    let mut model = Model::with_defaults(local.name, Format::OpenaiChat, base_url, "", origin);
    let usual = (model.connect_timeout, model.read_timeout);
    (model.connect_timeout, model.read_timeout) = (CONNECT_TIMEOUT, ANSWER_TIMEOUT);
    let asked = tokio::time::timeout(ANSWER_TIMEOUT, client.json(&model, None, &["models"]));
    let list = asked.await.ok()?.ok()?;
    let listed = first_model(&list)?;
    model.model = listed["id"].as_str()?.to_owned();
    let mut window = window(&listed["meta"]["n_ctx"]);
    if window.is_none() && listed["owned_by"] == "llamacpp" {
        let mut root = model.clone();
        root.base_url.truncate(root.base_url.len() - "/v1".len());
        let asked = tokio::time::timeout(ANSWER_TIMEOUT, client.json(&root, None, &["props"]));
        if let Ok(Ok(props)) = asked.await {
            window = self::window(&props["default_generation_settings"]["n_ctx"]);
        }
    }
    model.context_tokens = window.unwrap_or(LOCAL_CONTEXT_TOKENS);
    // The answer may take a quarter of a small window; the rest is for the question.
    model.max_output_tokens = model.max_output_tokens.min(model.context_tokens / 4);
    (model.connect_timeout, model.read_timeout) = usual;
    Some(model)
}

/// The first model that is listed and writes text; servers list models for embeddings too.
fn first_model(list: &Value) -> Option<&Value> {
    list["data"].as_array()?.iter().find(|model| {
        let id = model["id"].as_str().unwrap_or_default().to_lowercase();
        !id.is_empty() && !id.contains("embed") && !id.contains("rerank")
    })
}

fn window(value: &Value) -> Option<u32> {
    let tokens = value
        .as_u64()
        .and_then(|tokens| u32::try_from(tokens).ok())?;
    (tokens > 0).then_some(tokens)
}

#[cfg(test)]
mod tests;
