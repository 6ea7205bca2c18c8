//! The script that sets up and serves the small model, as it is run from here.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::cli::visible;

/// See its own head for what it does and says.
const SOURCE: &str = include_str!("../local_model.py");

/// How many lines of its standard error are kept for a message.
const LAST_LINES: usize = 20;

const NO_PYTHON: &str = "python3 cannot be started, which the local model needs: install Python 3.10 or newer, or configure a \
     model of your own (`backchat config` shows how)";

/// The script, written where Python can read it.
pub(in crate::cli) struct Script {
    path: PathBuf,
}

/// The model, served as long as this lives.
pub(in crate::cli) struct Served {
    /// Where it is.
    pub base_url: String,
    /// Its id there.
    pub model: String,
    /// The tokens of its window.
    pub context_tokens: u32,
    child: Child,
    /// Held open: the server ends with it. Waiting for the child would close its own.
    _stdin: Option<ChildStdin>,
    complaints: tokio::task::JoinHandle<Vec<String>>,
}

/// The line that the script prints when the model is ready.
#[derive(Deserialize)]
struct Ready {
    base_url: String,
    model: String,
    context_tokens: u32,
}

impl Script {
    /// Writes the script into the cache directory.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(in crate::cli) fn write(cache: &Path) -> anyhow::Result<Self> {
        let path = std::path::absolute(cache)?.join("local_model.py");
        let written = std::fs::create_dir_all(cache).and_then(|()| std::fs::write(&path, SOURCE));
        written.with_context(|| {
            format!(
                "cannot write {}: check its permissions, or set BACKCHAT_CACHE_DIR",
                path.display()
            )
        })?;
        Ok(Self { path })
    }

    /// Downloads and installs the model into `directory`, unless it is there. `told` gets a line of
    /// progress at a time.
    ///
    /// # Errors
    ///
    /// When it cannot be set up: why, and what helps.
    pub(in crate::cli) async fn set_up(
        &self,
        directory: &Path,
        told: impl FnMut(&str),
    ) -> anyhow::Result<()> {
        let mut child = self
            .python()
            .arg("setup")
            .arg(std::path::absolute(directory)?)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context(NO_PYTHON)?;
        let stderr = child.stderr.take();
        let lines = pass_on(stderr, told).await;
        let status = child.wait().await?;
        if status.success() {
            Ok(())
        } else {
            Err(failure("the local model could not be set up", &lines))
        }
    }

    /// Serves the model that was set up in `directory`; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// When it cannot be served: why, and what helps.
    pub(in crate::cli) async fn serve(
        &self,
        directory: &Path,
        port: u16,
        context: u32,
    ) -> anyhow::Result<Served> {
        let mut child = self
            .python()
            .arg("serve")
            .arg(std::path::absolute(directory)?)
            .args(["--port", &port.to_string()])
            .args(["--context", &context.to_string()])
            // It ends with its standard input, and so with this process, however that ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context(NO_PYTHON)?;
        let complaints = tokio::spawn(pass_on(child.stderr.take(), |_| {}));
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).await?;
        }
        let Ok(ready) = serde_json::from_str::<Ready>(&line) else {
            drop(child.stdin.take());
            let _ = child.wait().await;
            let lines = complaints.await.unwrap_or_default();
            return Err(failure("the local model could not be served", &lines));
        };
        Ok(Served {
            base_url: ready.base_url,
            model: ready.model,
            context_tokens: ready.context_tokens,
            _stdin: child.stdin.take(),
            child,
            complaints,
        })
    }

    fn python(&self) -> Command {
        let mut python = Command::new("python3");
        python
            .arg(&self.path)
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        python
    }
}

impl Served {
    /// A configuration with this model alone, of whose window so many tokens are used.
    #[must_use]
    pub(in crate::cli) fn configuration(
        &self,
        context_tokens: u32,
        max_output_tokens: u32,
    ) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        format!(
            "[models.local]\nformat = \"openai-chat\"\nbase_url = {}\nmodel = {}\ncontext_tokens = {}\n\
             max_output_tokens = {max_output_tokens}\n",
            quoted(&self.base_url),
            quoted(&self.model),
            context_tokens.min(self.context_tokens),
        )
    }

    /// Waits until the server ends, which it does not do by itself: why.
    pub(in crate::cli) async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Err(error) => anyhow!(error).context("the local model cannot be watched"),
            Ok(status) => {
                let lines = (&mut self.complaints).await.unwrap_or_default();
                failure(&format!("the local model has ended ({status})"), &lines)
            }
        }
    }
}

/// Hands lines on as they come, and keeps the last ones.
async fn pass_on(pipe: Option<impl AsyncRead + Unpin>, mut told: impl FnMut(&str)) -> Vec<String> {
    let mut kept = Vec::new();
    let Some(pipe) = pipe else { return kept };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line = visible::block(&line).into_owned();
        // The last words are the message of the error that comes of them.
        if !line.starts_with("error: ") && !line.starts_with("what helps: ") {
            told(&line);
        }
        if kept.len() == LAST_LINES {
            kept.remove(0);
        }
        kept.push(line);
    }
    kept
}

/// The script's own words, from `error: ` to the end.
fn failure(what: &str, lines: &[String]) -> anyhow::Error {
    let start = lines.iter().position(|line| line.starts_with("error: "));
    let words = lines[start.unwrap_or(0)..].join("\n");
    let words = words.trim_start_matches("error: ");
    if words.is_empty() {
        return anyhow!("{what}: it said nothing; try `python3 --version`");
    }
    anyhow!("{what}: {words}")
}
