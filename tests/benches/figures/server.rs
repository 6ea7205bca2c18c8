//! The servers that are measured: Backchat, and the peer beside it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::client::Client;

/// A program that is measured.
pub enum Server {
    /// Ours, with the folder for its store and settings.
    Backchat { program: PathBuf, folder: PathBuf },
    /// lsp-ai 0.7, whose requests wait for their answer and are kept nowhere.
    LspAi { program: PathBuf },
}

impl Server {
    /// The same Backchat with another folder: an empty store.
    pub fn with_folder(&self, folder: PathBuf) -> Self {
        match self {
            Self::Backchat { program, .. } => Self::Backchat {
                program: program.clone(),
                folder,
            },
            Self::LspAi { program } => Self::LspAi {
                program: program.clone(),
            },
        }
    }

    /// Writes the settings, so that the model is the one at `base_url`.
    pub fn configure(&self, base_url: &str) {
        let Self::Backchat { folder, .. } = self else {
            return;
        };
        std::fs::create_dir_all(folder).unwrap();
        let settings = format!(
            "default_model = \"measured\"\n\n[models.measured]\nformat = \"openai-chat\"\n\
             base_url = \"{base_url}/v1\"\nmodel = \"measured\"\nmax_concurrent = 128\n\
             context_tokens = 200000\n"
        );
        std::fs::write(folder.join("config.toml"), settings).unwrap();
    }

    fn command(&self) -> Command {
        match self {
            Self::Backchat { program, folder } => {
                let mut command = Command::new(program);
                command
                    .arg("serve")
                    .env("BACKCHAT_CONFIG", folder.join("config.toml"))
                    .env("BACKCHAT_STATE_DIR", folder.join("state"));
                command
            }
            Self::LspAi { program } => Command::new(program),
        }
    }

    /// Starts it and does nothing else.
    pub fn spawn(&self) -> Client {
        Client::spawn(self.command())
    }

    /// The parameters of `initialize`; `plugin` announces our custom methods.
    pub fn initialize(&self, base_url: &str, plugin: bool) -> Value {
        let options = match self {
            Self::Backchat { .. } => Value::Null,
            Self::LspAi { .. } => json!({
                "memory": {"file_store": {}},
                "models": {"measured": {
                    "type": "open_ai",
                    "chat_endpoint": format!("{base_url}/v1/chat/completions"),
                    "model": "measured",
                    "auth_token": "none",
                }},
            }),
        };
        let experimental = if plugin {
            json!({"backchat": {"protocolVersion": 1}})
        } else {
            json!({})
        };
        json!({
            "processId": std::process::id(),
            "rootUri": null,
            "capabilities": {"experimental": experimental},
            "initializationOptions": options,
        })
    }

    /// Starts it and goes through the handshake.
    pub fn start(&self, base_url: &str) -> Client {
        let mut client = self.spawn();
        client.request("initialize", &self.initialize(base_url, true));
        client.notify("initialized", &json!({}));
        client
    }

    /// The cheapest request that it answers, about the first line of a document: lsp-ai offers no hover, and
    /// ours looks for prompt files on the disk when it is asked for code actions.
    pub fn cheap_request(&self, uri: &str) -> (&'static str, Value) {
        let origin = json!({"line": 0, "character": 0});
        match self {
            Self::Backchat { .. } => (
                "textDocument/hover",
                json!({"textDocument": {"uri": uri}, "position": origin}),
            ),
            Self::LspAi { .. } => (
                "textDocument/codeAction",
                json!({
                    "textDocument": {"uri": uri},
                    "range": {"start": origin, "end": origin},
                    "context": {"diagnostics": []},
                }),
            ),
        }
    }

    /// The request that makes it ask the model about the first line of a document.
    pub fn ask(&self, uri: &str) -> (&'static str, Value) {
        let start = json!({"line": 0, "character": 0});
        match self {
            Self::Backchat { .. } => (
                "backchat/submit",
                json!({
                    "textDocument": {"uri": uri},
                    "range": {"start": start, "end": {"line": 1, "character": 0}},
                    "prompt": "What does this line do?",
                    "mode": "background",
                }),
            ),
            Self::LspAi { .. } => (
                "textDocument/generation",
                json!({
                    "textDocument": {"uri": uri},
                    "position": start,
                    "model": "measured",
                    "parameters": {
                        "max_tokens": 256,
                        "messages": [{"role": "user", "content": "What does this do? {CODE}"}],
                    },
                }),
            ),
        }
    }
}
