//! A client that writes bytes: right messages, wrong ones, and what is none.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::World;
use crate::support::patience::{PATIENCE, Watched};

/// What the server has answered, in the order of its answers.
#[derive(Default)]
pub struct Answers {
    pub all: Vec<Value>,
    pub ended: bool,
}

/// The client and its server.
pub struct RawClient {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    pub answers: Arc<Watched<Answers>>,
    next: u32,
}

impl RawClient {
    /// Starts a server, which is read but told nothing yet.
    pub fn start(world: &World) -> Self {
        let mut client = Self::start_without_reading(world);
        client.read();
        client
    }

    /// Starts a server whose output is not read before [`Self::read`].
    pub fn start_without_reading(world: &World) -> Self {
        let mut command = world.launch().command;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            child,
            answers: Arc::default(),
            next: 0,
        }
    }

    /// Starts a server and goes through the handshake.
    pub fn initialized(world: &World) -> Self {
        let mut client = Self::start(world);
        client.initialize();
        client
    }

    pub fn initialize(&mut self) {
        let initialize = json!({"jsonrpc": "2.0", "id": "initialize", "method": "initialize", "params": {"capabilities": {"experimental": {"backchat": {"protocolVersion": 1}}}}});
        self.body(initialize.to_string().as_bytes());
        self.body(br#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#);
    }

    /// Begins to read what the server answers.
    pub fn read(&mut self) {
        let (stdout, answers) = (self.stdout.take().unwrap(), self.answers.clone());
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read_message(&mut stdout) {
                if message.get("method").is_none() {
                    answers.change(|answers| answers.all.push(message));
                }
            }
            answers.change(|answers| answers.ended = true);
        });
    }

    /// Writes bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        // A server that has ended is noticed by whoever waits for its answer.
        let stdin = self.stdin.as_mut().unwrap();
        let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
    }

    /// Writes the body of a message with its header.
    pub fn body(&mut self, body: &[u8]) {
        self.bytes(&framed(body));
    }

    /// The end to write to, for a thread of its own.
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    pub fn give_stdin(&mut self, stdin: ChildStdin) {
        self.stdin = Some(stdin);
    }

    /// Asks for the status, and gives back what was answered before it since `from` answers.
    pub fn answers_before_status(&mut self, from: usize) -> Vec<Value> {
        self.next += 1;
        let id = json!(format!("status {}", self.next));
        let request = json!({"jsonrpc": "2.0", "id": id, "method": "backchat/status"});
        self.body(request.to_string().as_bytes());
        let found = self.answers.wait_until(PATIENCE, |answers| {
            let at = answers.all.iter().position(|answer| answer["id"] == id);
            match at {
                Some(at) => Some(Some((
                    answers.all[from..at].to_vec(),
                    answers.all[at].clone(),
                ))),
                None => answers.ended.then_some(None),
            }
        });
        let (before, status) = found
            .expect("the status is answered in time")
            .expect("the server goes on");
        assert_eq!(status["result"]["protocolVersion"], 1, "{status}");
        before
    }

    /// How many answers have come.
    pub fn count(&self) -> usize {
        self.answers.read().all.len()
    }

    /// Waits for the first answer to an id.
    pub fn answer(&self, id: &Value) -> Value {
        let found = self.answers.wait_until(PATIENCE, |answers| {
            let answer = answers.all.iter().find(|answer| answer["id"] == *id);
            answer
                .cloned()
                .map(Some)
                .or_else(|| answers.ended.then_some(None))
        });
        found
            .expect("it is answered in time")
            .expect("the server goes on")
    }

    /// Ends the server's input and waits for its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.stdin.take();
        self.wait()
    }

    /// Waits for the exit code.
    pub fn wait(&mut self) -> Option<i32> {
        crate::support::patience::poll("the server ends", || self.child.try_wait().unwrap()).code()
    }

    /// A value of the server's `/proc/…/status`, in bytes.
    #[cfg(target_os = "linux")]
    pub fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }
}

impl Drop for RawClient {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A body with its header.
pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn read_message(stdout: &mut impl BufRead) -> Option<Value> {
    let mut header = String::new();
    if stdout.read_line(&mut header).ok()? == 0 {
        return None;
    }
    let length = header
        .trim_end()
        .strip_prefix("Content-Length: ")
        .unwrap_or_else(|| panic!("the server wrote {header:?} in place of a header"));
    let mut body = vec![0; 2 + length.parse::<usize>().unwrap()];
    stdout.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body[2..]).unwrap())
}
