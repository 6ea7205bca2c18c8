//! A language client that writes down when each message arrived.
//!
//! A thread reads all the time and stamps what it reads, so that a figure is the server's time and not
//! that of a benchmark that was busy. Requests of the server are answered at once.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::Process;

/// How long anything may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A message with the moment at which its last byte was read.
pub struct Arrival {
    pub at: Instant,
    pub message: Value,
}

/// A running server and the conversation with it.
pub struct Client {
    child: Child,
    stdin: Arc<Mutex<ChildStdin>>,
    answers: Receiver<(i64, Arrival)>,
    early: HashMap<i64, Arrival>,
    notifications: Receiver<Arrival>,
    next_id: i64,
}

impl Client {
    /// Starts the server; nothing is sent yet.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} could not be started: {error}"));
        let stdin = Arc::new(Mutex::new(child.stdin.take().unwrap()));
        let stdout = child.stdout.take().unwrap();
        let (to_answers, answers) = channel();
        let (to_notifications, notifications) = channel();
        let writer = stdin.clone();
        std::thread::spawn(move || read(stdout, &writer, &to_answers, &to_notifications));
        Self {
            child,
            stdin,
            answers,
            early: HashMap::new(),
            notifications,
            next_id: 0,
        }
    }

    /// The process of the server.
    pub fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// Sends a request, and says under which id and when its first byte was written.
    pub fn send(&mut self, method: &str, params: &Value) -> (i64, Instant) {
        self.next_id += 1;
        let id = self.next_id;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        (id, write(&self.stdin, &message))
    }

    /// Waits for the answer of a request, which may be an error.
    pub fn answer(&mut self, id: i64) -> Arrival {
        loop {
            if let Some(arrival) = self.early.remove(&id) {
                return arrival;
            }
            let (id, arrival) = self
                .answers
                .recv_timeout(PATIENCE)
                .expect("the server does not answer");
            self.early.insert(id, arrival);
        }
    }

    /// Sends a request and waits: its result, and the time from the first byte written to the last
    /// byte read.
    pub fn request(&mut self, method: &str, params: &Value) -> (Value, Duration) {
        let (id, sent) = self.send(method, params);
        let arrival = self.answer(id);
        assert!(
            arrival.message.get("error").is_none(),
            "{method} was refused: {}",
            arrival.message["error"]
        );
        (arrival.message["result"].clone(), arrival.at - sent)
    }

    /// Sends a notification, and says when its first byte was written.
    pub fn notify(&self, method: &str, params: &Value) -> Instant {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        write(&self.stdin, &message)
    }

    /// The next notification of this method; others before it are dropped.
    pub fn wait_for(&self, method: &str) -> Arrival {
        loop {
            let arrival = self
                .notifications
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("{method} does not come"));
            if arrival.message["method"] == method {
                return arrival;
            }
        }
    }

    /// Drops the notifications that have come, and says how many of this method there were.
    pub fn drain(&self, method: &str) -> usize {
        self.notifications
            .try_iter()
            .filter(|arrival| arrival.message["method"] == method)
            .count()
    }

    /// Opens a document.
    pub fn open(&self, uri: &str, text: &str) {
        self.notify(
            "textDocument/didOpen",
            &json!({"textDocument": {"uri": uri, "languageId": "rust", "version": 1, "text": text}}),
        );
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Not asked politely: what a server does at its end is no figure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(stdin: &Mutex<ChildStdin>, message: &Value) -> Instant {
    let body = serde_json::to_vec(message).unwrap();
    let mut framed = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    framed.extend(body);
    let mut stdin = stdin.lock().unwrap();
    let begun = Instant::now();
    stdin.write_all(&framed).expect("the server has ended");
    begun
}

fn read(
    stdout: ChildStdout,
    stdin: &Mutex<ChildStdin>,
    answers: &Sender<(i64, Arrival)>,
    notifications: &Sender<Arrival>,
) {
    let mut stdout = BufReader::with_capacity(1 << 16, stdout);
    while let Some(body) = read_body(&mut stdout) {
        let at = Instant::now();
        let message: Value = serde_json::from_slice(&body).unwrap();
        let sent = match (message.get("method"), message["id"].as_i64()) {
            (None, Some(id)) => answers.send((id, Arrival { at, message })).is_ok(),
            (Some(_), None) if message.get("id").is_none() => {
                notifications.send(Arrival { at, message }).is_ok()
            }
            _ => {
                let result = match message["params"]["items"].as_array() {
                    Some(items) => json!(vec![Value::Null; items.len()]),
                    None => Value::Null,
                };
                write(
                    stdin,
                    &json!({"jsonrpc": "2.0", "id": message["id"], "result": result}),
                );
                true
            }
        };
        if !sent {
            return;
        }
    }
}

fn read_body(stdout: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
    let mut body = vec![0; length?];
    stdout.read_exact(&mut body).ok()?;
    Some(body)
}
