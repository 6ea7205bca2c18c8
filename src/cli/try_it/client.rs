//! A client of JSON-RPC over the standard input and output of a child process.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::BufReader;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::framing;

/// How long an answer is waited for: the server answers at once, whatever the model does.
const PATIENCE: Duration = Duration::from_secs(30);

const GONE: &str = "the server has ended";

type Answers = Arc<SyncMutex<HashMap<i64, oneshot::Sender<Value>>>>;

/// The client; the server ends with it.
pub(super) struct Client {
    child: Child,
    stdin: Arc<Mutex<ChildStdin>>,
    answers: Answers,
    notifications: mpsc::UnboundedReceiver<(String, Value)>,
    next_id: i64,
}

impl Client {
    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(super) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the server cannot be started")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (stdin, stdout) = stdin.zip(stdout).context("the server has no pipes")?;
        let stdin = Arc::new(Mutex::new(stdin));
        let answers = Answers::default();
        let (told, notifications) = mpsc::unbounded_channel();
        tokio::spawn(listen(
            BufReader::new(stdout),
            Arc::clone(&stdin),
            Arc::clone(&answers),
            told,
        ));
        Ok(Self {
            child,
            stdin,
            answers,
            notifications,
            next_id: 0,
        })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    ///
    /// The server's own error, or that it does not answer.
    pub(super) async fn request<R: DeserializeOwned>(
        &mut self,
        method: &str,
        params: &impl Serialize,
    ) -> anyhow::Result<R> {
        self.next_id += 1;
        let id = self.next_id;
        let (answer, answered) = oneshot::channel();
        locked(&self.answers).insert(id, answer);
        self.send(method, Some(id), params).await?;
        let mut answer = match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => bail!("{GONE} before it answered {method}"),
            Err(_) => bail!("the server did not answer {method} within {PATIENCE:?}"),
        };
        if let Some(message) = answer["error"]["message"].as_str() {
            bail!("{message}");
        }
        serde_json::from_value(answer["result"].take())
            .with_context(|| format!("the answer to {method} is not as PROTOCOL.md says"))
    }

    /// Sends a notification.
    ///
    /// # Errors
    ///
    /// When the server has gone.
    pub(super) async fn notify(
        &mut self,
        method: &str,
        params: &impl Serialize,
    ) -> anyhow::Result<()> {
        self.send(method, None, params).await
    }

    /// The next notification of the server.
    ///
    /// # Errors
    ///
    /// When the server has gone.
    pub(super) async fn notification(&mut self) -> anyhow::Result<(String, Value)> {
        self.notifications.recv().await.context(GONE)
    }

    /// Ends the server as an editor does that is closed.
    ///
    /// # Errors
    ///
    /// When it does not end, or not well.
    pub(super) async fn quit(mut self) -> anyhow::Result<()> {
        self.request::<Value>("shutdown", &Value::Null).await?;
        self.notify("exit", &Value::Null).await?;
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .context("the server does not end")??;
        if !status.success() {
            bail!("{GONE} with {status}");
        }
        Ok(())
    }

    async fn send(
        &mut self,
        method: &str,
        id: Option<i64>,
        params: &impl Serialize,
    ) -> anyhow::Result<()> {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if let Some(id) = id {
            message["id"] = id.into();
        }
        let params = serde_json::to_value(params)?;
        if !params.is_null() {
            message["params"] = params;
        }
        let mut stdin = self.stdin.lock().await;
        framing::write(&mut *stdin, &message).await.context(GONE)
    }
}

/// Reads until the server ends. Whoever waits for an answer then hears that none comes.
async fn listen(
    mut stdout: BufReader<ChildStdout>,
    stdin: Arc<Mutex<ChildStdin>>,
    answers: Answers,
    told: mpsc::UnboundedSender<(String, Value)>,
) {
    while let Ok(Some(mut message)) = framing::read(&mut stdout).await {
        let method = message["method"].as_str().map(str::to_owned);
        match (method, message["id"].clone()) {
            (Some(method), Value::Null) => {
                let _ = told.send((method, message["params"].take()));
            }
            (Some(_), id) => {
                // A client that has no settings and shows nothing of its own.
                let answer = json!({"jsonrpc": "2.0", "id": id, "result": null});
                let _ = framing::write(&mut *stdin.lock().await, &answer).await;
            }
            (None, id) => {
                let waiting = id.as_i64().and_then(|id| locked(&answers).remove(&id));
                if let Some(waiting) = waiting {
                    let _ = waiting.send(message);
                }
            }
        }
    }
    locked(&answers).clear();
}

fn locked<T>(mutex: &SyncMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
