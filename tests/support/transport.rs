//! JSON-RPC with a server over its stdin and stdout, framed as LSP frames it.
//!
//! A thread reads all the time but where a test pauses it, so that the server never waits for the test; what it reads is kept
//! and can be looked at as often as one likes. Requests of the server are answered at once.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::patience::{PATIENCE, Watched};

/// An error answer to a request.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    #[serde(default)]
    pub data: Value,
}

/// Everything that came from the server.
#[derive(Default)]
pub struct Inbox {
    /// By the id of the request.
    pub answers: HashMap<i64, Result<Value, RpcError>>,
    /// Method and parameters, in the order of their arrival.
    pub notifications: Vec<(String, Value)>,
    /// The server's own requests: method and parameters.
    pub requests: Vec<(String, Value)>,
    /// The server's stdout has ended.
    pub ended: bool,
}

/// The two ends of the conversation.
pub struct Transport {
    stdin: Arc<Mutex<Option<ChildStdin>>>,
    pub inbox: Arc<Watched<Inbox>>,
    /// Whether nothing is read for now.
    pub paused: Arc<Watched<bool>>,
    next_id: AtomicI64,
}

impl Transport {
    pub fn new(stdin: ChildStdin, stdout: ChildStdout) -> Self {
        let transport = Self {
            stdin: Arc::new(Mutex::new(Some(stdin))),
            inbox: Arc::default(),
            paused: Arc::default(),
            next_id: AtomicI64::new(1),
        };
        let (stdin, inbox) = (transport.stdin.clone(), transport.inbox.clone());
        let paused = transport.paused.clone();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read_message(&mut stdout) {
                receive(message, &stdin, &inbox);
                paused.wait_until(PATIENCE, |paused| (!paused).then_some(()));
            }
            inbox.change(|inbox| inbox.ended = true);
        });
        transport
    }

    /// Sends a request; the answer is for [`Self::answer`].
    pub fn request(&self, method: &str, params: &Value) -> i64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            message["params"] = params.clone();
        }
        write_message(&self.stdin, &message);
        id
    }

    /// Waits for the answer to a request of a server that is not to end before.
    pub fn answer(&self, id: i64) -> Result<Value, RpcError> {
        self.answer_or_end(id)
            .unwrap_or_else(|| panic!("the server ended before it answered request {id}"))
    }

    /// Waits for the answer to a request, or for the end of the server, which is `None`.
    pub fn answer_or_end(&self, id: i64) -> Option<Result<Value, RpcError>> {
        let find = |inbox: &Inbox| match inbox.answers.get(&id) {
            Some(answer) => Some(Some(answer.clone())),
            None => inbox.ended.then_some(None),
        };
        self.inbox
            .wait_until(PATIENCE, find)
            .unwrap_or_else(|| panic!("no answer to request {id} within {PATIENCE:?}"))
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: &Value) {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if !params.is_null() {
            message["params"] = params.clone();
        }
        write_message(&self.stdin, &message);
    }

    /// Ends the server's stdin, as an editor that has died does.
    pub fn close_stdin(&self) {
        self.stdin
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

fn receive(mut message: Value, stdin: &Mutex<Option<ChildStdin>>, inbox: &Watched<Inbox>) {
    let method = message["method"].as_str().map(str::to_owned);
    let params = message["params"].take();
    match (method, message["id"].clone()) {
        (Some(method), Value::Null) => {
            inbox.change(|inbox| inbox.notifications.push((method, params)))
        }
        (Some(method), id) => {
            // One null a question: the client has no settings of its own.
            let result = match params["items"].as_array() {
                Some(items) if method == "workspace/configuration" => {
                    json!(vec![Value::Null; items.len()])
                }
                _ if method == "window/showDocument" => json!({"success": true}),
                // That it was, is told by the change of the buffer that the test sends.
                _ if method == "workspace/applyEdit" => json!({"applied": true}),
                _ => Value::Null,
            };
            inbox.change(|inbox| inbox.requests.push((method, params)));
            write_message(
                stdin,
                &json!({"jsonrpc": "2.0", "id": id, "result": result}),
            );
        }
        (None, id) => {
            let answer = match message.get("error") {
                Some(error) => Err(serde_json::from_value(error.clone()).unwrap()),
                None => Ok(message["result"].take()),
            };
            inbox.change(|inbox| {
                inbox
                    .answers
                    .insert(id.as_i64().unwrap_or_default(), answer)
            });
        }
    }
}

fn read_message(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if !line.ends_with('\n') {
            // The server was killed while it wrote.
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok()
            }
            Some(_) => {}
            // Anything else than the protocol on stdout breaks every editor.
            None => panic!("the server wrote on stdout: {line:?}"),
        }
    }
    let mut body = vec![0; length?];
    stdout.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

fn write_message(stdin: &Mutex<Option<ChildStdin>>, message: &Value) {
    let body = message.to_string();
    if let Some(stdin) = stdin
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_mut()
    {
        // A server that has ended is noticed by whoever waits for its answer.
        let _ = write!(stdin, "Content-Length: {}\r\n\r\n{body}", body.len())
            .and_then(|()| stdin.flush());
    }
}
