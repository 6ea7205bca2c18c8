//! An editor without a screen: it starts the real server, speaks LSP with it and keeps what it tells.
//!
//! Everything an editor does is one line of a test. What must happen is waited for with
//! [`PATIENCE`]; a server that ends without being asked to fails the test.

mod buffers;
mod chat;

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use backchat::protocol::{RequestDidChange, RequestInfo, ResponseReady, ResponseReadyParams};
use backchat::session::{RequestId, State};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tower_lsp::ls_types::notification::Notification;

use super::patience::{PATIENCE, Watched, poll};
use super::transport::{Inbox, RpcError, Transport};
pub use buffers::{at, document, lines};
pub use chat::prompt;

/// How an editor starts its server and what it says of itself.
pub struct Launch {
    /// The program with its arguments and environment.
    pub command: Command,
    /// The folders that are open.
    pub folders: Vec<PathBuf>,
    /// The position encodings that it offers; none leaves the capability out.
    pub encodings: Vec<&'static str>,
    /// Whether it announces that it knows the custom methods.
    pub announces: bool,
    /// Its `initializationOptions`.
    pub options: Value,
    /// The process that it says it is.
    pub process_id: u32,
    /// Where the server's logs are, to be shown when a test fails.
    pub state: PathBuf,
}

/// The editor.
pub struct Editor {
    child: Mutex<Child>,
    transport: Transport,
    stderr: Arc<Watched<String>>,
    versions: Mutex<HashMap<String, i32>>,
    /// Ended by the test itself: its end is no failure.
    released: Mutex<bool>,
    state: PathBuf,
    /// The result of `initialize`.
    pub initialized: Value,
}

impl Editor {
    /// Starts the server and goes through the handshake.
    pub fn start(mut launch: Launch) -> Self {
        let command = launch
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let transport = Transport::new(child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let stderr: Arc<Watched<String>> = Arc::default();
        let (mut pipe, text) = (child.stderr.take().unwrap(), stderr.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut buffer) {
                text.change(|text| text.push_str(&String::from_utf8_lossy(&buffer[..read])));
            }
        });
        let mut editor = Self {
            child: Mutex::new(child),
            transport,
            stderr,
            versions: Mutex::default(),
            released: Mutex::new(false),
            state: launch.state,
            initialized: Value::Null,
        };
        let mut general = json!({});
        if !launch.encodings.is_empty() {
            general["positionEncodings"] = json!(launch.encodings);
        }
        let experimental = if launch.announces {
            json!({"backchat": {"protocolVersion": 1}})
        } else {
            json!({})
        };
        let folder_uri = |path: &PathBuf| format!("file://{}", path.display());
        let folders: Vec<Value> = launch
            .folders
            .iter()
            .map(|path| json!({"uri": folder_uri(path), "name": "folder"}))
            .collect();
        editor.initialized = editor
            .request(
                "initialize",
                &json!({
                    "processId": launch.process_id,
                    "rootUri": launch.folders.first().map(folder_uri),
                    "workspaceFolders": folders,
                    "initializationOptions": launch.options,
                    "capabilities": {
                        "general": general,
                        "experimental": experimental,
                        "workspace": {
                            "workspaceFolders": true,
                            "configuration": true,
                            "applyEdit": true,
                            "workspaceEdit": {"documentChanges": true},
                            "codeLens": {"refreshSupport": true},
                        },
                        "window": {"workDoneProgress": true, "showDocument": {"support": true}},
                    },
                }),
            )
            .unwrap();
        editor.transport.notify("initialized", &json!({}));
        editor
    }

    // -- Any message ------------------------------------------------------------------------------

    /// Sends a request and waits for its answer.
    pub fn request<R: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<R, RpcError> {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// Sends a request without waiting for its answer.
    pub fn send(&self, method: &str, params: &impl Serialize) -> i64 {
        self.transport
            .request(method, &serde_json::to_value(params).unwrap())
    }

    /// Waits for the answer to what was sent.
    pub fn answer<R: DeserializeOwned>(&self, id: i64) -> Result<R, RpcError> {
        self.transport
            .answer(id)
            .map(|result| serde_json::from_value(result).unwrap())
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: &impl Serialize) {
        self.transport
            .notify(method, &serde_json::to_value(params).unwrap());
    }

    // -- What the server tells --------------------------------------------------------------------

    /// Every notification of this sort so far, in the order of their arrival.
    pub fn received<N: Notification>(&self) -> Vec<N::Params> {
        select::<N>(&self.transport.inbox.read(), 0)
    }

    /// The moment now, for [`Self::wait_for_later`].
    pub fn now(&self) -> usize {
        self.transport.inbox.read().notifications.len()
    }

    /// Waits for a notification that `is_it`; one that came before counts.
    pub fn wait_for<N: Notification>(&self, is_it: impl Fn(&N::Params) -> bool) -> N::Params {
        self.wait_for_later::<N>(0, is_it)
    }

    /// Waits for a notification that `is_it` and that came after `moment`.
    pub fn wait_for_later<N: Notification>(
        &self,
        moment: usize,
        is_it: impl Fn(&N::Params) -> bool,
    ) -> N::Params {
        let find = |inbox: &Inbox| select::<N>(inbox, moment).into_iter().find(&is_it);
        self.transport
            .inbox
            .wait_until(PATIENCE, find)
            .unwrap_or_else(|| {
                let inbox = self.transport.inbox.read();
                let told: Vec<String> = inbox
                    .notifications
                    .iter()
                    .skip(moment)
                    .map(|(method, params)| format!("{method} {params}"))
                    .collect();
                panic!(
                    "no {} as expected; the server told:\n{}",
                    N::METHOD,
                    told.join("\n")
                )
            })
    }

    /// Waits until the request is in this state.
    pub fn wait_for_state(&self, id: &RequestId, state: State) -> RequestInfo {
        self.wait_for::<RequestDidChange>(|it| it.request.id == *id && it.request.state == state)
            .request
    }

    /// Waits until the request's response is ready.
    pub fn wait_for_response(&self, id: &RequestId) -> ResponseReadyParams {
        self.wait_for::<ResponseReady>(|it| it.request.id == *id)
    }

    /// Waits for a request of the server to its client that `is_it`; its parameters.
    pub fn wait_for_request(&self, method: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let find = |inbox: &Inbox| {
            let mut requests = inbox.requests.iter();
            let found = requests.find(|(name, params)| name == method && is_it(params));
            found.map(|(_, params)| params.clone())
        };
        self.transport
            .inbox
            .wait_until(PATIENCE, find)
            .unwrap_or_else(|| panic!("no request {method} as expected: {:?}", self.requested()))
    }

    /// Every request of the server to its client so far.
    pub fn requested(&self) -> Vec<(String, Value)> {
        self.transport.inbox.read().requests.clone()
    }

    /// The methods of the notifications so far that begin like this.
    pub fn methods_received(&self, prefix: &str) -> Vec<String> {
        let inbox = self.transport.inbox.read();
        let methods = inbox.notifications.iter().map(|(method, _)| method.clone());
        methods
            .filter(|method| method.starts_with(prefix))
            .collect()
    }

    /// Reads nothing more of what the server says, as an editor that is busy, or reads on.
    pub fn pause(&self, paused: bool) {
        self.transport.paused.change(|it| *it = paused);
    }

    /// What the server has written on stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.read().clone()
    }

    // -- The end ----------------------------------------------------------------------------------

    /// Ends the server as an editor that quits does. The exit code.
    pub fn quit(&self) -> Option<i32> {
        self.request::<Value>("shutdown", &Value::Null).unwrap();
        self.exit_without_shutdown()
    }

    /// Sends only the `exit` notification. The exit code.
    pub fn exit_without_shutdown(&self) -> Option<i32> {
        *self.released.lock().unwrap() = true;
        self.transport.notify("exit", &Value::Null);
        self.wait_for_end()
    }

    /// Ends the server's stdin, as the death of an editor does. The exit code.
    pub fn close_stdin(&self) -> Option<i32> {
        *self.released.lock().unwrap() = true;
        self.transport.close_stdin();
        self.wait_for_end()
    }

    /// Kills the server: it has no chance to do anything more.
    pub fn kill(&self) {
        *self.released.lock().unwrap() = true;
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The server's process.
    pub fn process_id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Sends the server a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let process = self.process_id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &process])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until the server ends for a reason outside of this conversation. The exit code.
    pub fn wait_for_its_end(&self) -> Option<i32> {
        *self.released.lock().unwrap() = true;
        self.wait_for_end()
    }

    fn wait_for_end(&self) -> Option<i32> {
        poll("the server ends", || {
            self.child.lock().unwrap().try_wait().unwrap()
        })
        .code()
    }

    /// Writes down the conversation beside the state directory, to be kept with the world of a test that fails.
    fn write_down(&self, process: u32) {
        let mut said = format!("stderr of the server:\n{}", *self.stderr.read());
        let inbox = self.transport.inbox.read();
        let notifications = inbox.notifications.iter();
        let requests = inbox.requests.iter();
        for (kind, (method, params)) in (notifications.map(|sent| ("notification", sent)))
            .chain(requests.map(|sent| ("request", sent)))
        {
            said.push_str(&format!("\n{kind} {method} {params}"));
        }
        let path = self.state.with_file_name(format!("editor-{process}.txt"));
        if let Err(error) = std::fs::write(&path, said) {
            eprintln!("{} could not be written: {error}", path.display());
        }
    }

    /// What the server wrote on stderr and in its logs.
    fn last_words(&self) -> String {
        let mut words = format!("stderr of the server:\n{}", *self.stderr.read());
        for entry in std::fs::read_dir(&self.state)
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            if path.to_string_lossy().contains("log") && path.is_file() {
                let log = std::fs::read_to_string(&path).unwrap_or_default();
                words.push_str(&format!("\n{}:\n{log}", path.display()));
            }
        }
        words
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let child = self
            .child
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let ended = child.try_wait().ok().flatten();
        let process = child.id();
        let _ = child.kill();
        let _ = child.wait();
        let released = *self
            .released
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let died = ended.filter(|_| !released);
        if std::thread::panicking() {
            let how = died
                .map(|status| format!("the server died: {status}\n"))
                .unwrap_or_default();
            eprintln!("{how}{}", self.last_words());
            self.write_down(process);
        } else if let Some(status) = died {
            panic!(
                "the server died without being asked to: {status}\n{}",
                self.last_words()
            );
        }
    }
}

fn select<N: Notification>(inbox: &Inbox, moment: usize) -> Vec<N::Params> {
    let later = inbox.notifications.iter().skip(moment);
    later
        .filter(|(method, _)| method == N::METHOD)
        .map(|(_, params)| serde_json::from_value(params.clone()).unwrap())
        .collect()
}
