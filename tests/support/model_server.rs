//! A model behind HTTP whose every word, fault and pause a test decides: OpenAI Chat Completions over
//! a TCP server of our own, which keeps a record of all that it was asked.
//!
//! A request is answered by the first rule whose text is in its last turn. Where no rule fits, the
//! answer is `answer to TAG`, where TAG is what the last turn has between « and »: so a hundred
//! requests can be told apart without a hundred rules.

mod connection;
mod generation;
mod reply;

use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use connection::Connection;
use generation::Generation;
pub use reply::{Gate, INPUT_TOKENS, Reply};

use super::patience::{PATIENCE, Watched};

/// The server. Ends with the test.
pub struct ModelServer {
    address: SocketAddr,
    record: Arc<Watched<Record>>,
    ended: Arc<AtomicBool>,
}

/// Everything that the server knows.
#[derive(Default)]
struct Record {
    rules: Vec<Rule>,
    calls: Vec<Call>,
    /// The streams that go on without their clients, by id; `None` when none does.
    kept: Option<BTreeMap<String, Generation>>,
    /// What was asked of such streams: method and path.
    asked: Vec<String>,
    running: usize,
    most_at_once: usize,
    /// Counts beginnings and ends, so that it can be said what was before what.
    moment: u64,
}

struct Rule {
    needle: String,
    /// The last one is for all later requests too.
    replies: VecDeque<Reply>,
}

/// One request to the model, as it was recorded.
#[derive(Clone, Debug)]
pub struct Call {
    /// The path, e.g. `/v1/chat/completions`.
    pub path: String,
    /// By lowercase name.
    pub headers: BTreeMap<String, String>,
    /// The JSON that was sent.
    pub body: Value,
    /// When it began, in [`Record::moment`]s.
    pub began: u64,
    /// When its answer was complete or its client went; later than every beginning before it.
    pub ended: Option<u64>,
    /// Whether the client closed the connection before the answer was complete.
    pub closed_by_client: bool,
}

impl Call {
    /// The conversation that was sent: role and text of each turn.
    pub fn turns(&self) -> Vec<(String, String)> {
        let messages = self.body["messages"]
            .as_array()
            .or(self.body["input"].as_array())
            .cloned()
            .unwrap_or_default();
        messages
            .iter()
            .map(|message| {
                let text = match &message["content"] {
                    Value::String(text) => text.clone(),
                    parts => parts
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|part| part["text"].as_str())
                        .collect(),
                };
                (
                    message["role"].as_str().unwrap_or_default().to_owned(),
                    text,
                )
            })
            .collect()
    }

    /// The last turn: the code and the prompt.
    pub fn prompt(&self) -> String {
        self.turns().pop().map(|(_, text)| text).unwrap_or_default()
    }

    /// What the last turn has between « and ».
    pub fn tag(&self) -> String {
        let prompt = self.prompt();
        let tag = prompt
            .rsplit_once('«')
            .and_then(|(_, rest)| rest.split_once('»'));
        tag.map(|(tag, _)| tag.to_owned()).unwrap_or_default()
    }
}

impl ModelServer {
    /// A server on a free port of the loopback interface.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            record: Arc::default(),
            ended: Arc::default(),
        };
        let (record, ended) = (server.record.clone(), server.ended.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (record, ended) = (record.clone(), ended.clone());
                std::thread::spawn(move || {
                    // A client that goes in the middle is a case for the record, not an error.
                    let _ = Connection {
                        stream,
                        record,
                        ended,
                        generation: None,
                    }
                    .serve();
                });
            }
        });
        server
    }

    /// What a configuration has as `base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Answers requests whose last turn contains `needle` with `replies`, one after the other; the
    /// last of them is for all that follow.
    pub fn on(&self, needle: &str, replies: impl IntoIterator<Item = Reply>) {
        let rule = Rule {
            needle: needle.into(),
            replies: replies.into_iter().collect(),
        };
        self.record.change(|record| record.rules.push(rule));
    }

    /// Goes on with streams whose clients have gone, and hands out the rest of them.
    pub fn keep_streams(&self) {
        self.record
            .change(|record| record.kept = Some(BTreeMap::new()));
    }

    /// Forgets all streams, as after a restart or when their time is over.
    pub fn forget_streams(&self) {
        self.record.change(|record| {
            for generation in record.kept.iter().flat_map(BTreeMap::values) {
                generation.stop();
            }
            record.kept = Some(BTreeMap::new());
        });
    }

    /// What was asked of streams that go on without their clients so far: method and path.
    pub fn asked(&self) -> Vec<String> {
        self.record.read().asked.clone()
    }

    /// Waits until something like this was asked of such a stream.
    pub fn wait_for_asked(&self, what: &str) {
        let find = |record: &Record| {
            record
                .asked
                .iter()
                .any(|it| it.contains(what))
                .then_some(())
        };
        self.record.wait_until(PATIENCE, find).unwrap_or_else(|| {
            panic!("{what:?} was not asked, but: {:#?}", self.asked());
        });
    }

    /// Every request to the model so far, in the order of their arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.record.read().calls.clone()
    }

    /// Every request so far whose last turn contains `needle`.
    pub fn calls_with(&self, needle: &str) -> Vec<Call> {
        self.calls()
            .into_iter()
            .filter(|call| call.prompt().contains(needle))
            .collect()
    }

    /// The most requests that were in work at the same time.
    pub fn most_at_once(&self) -> usize {
        self.record.read().most_at_once
    }

    /// Waits until a request has arrived whose last turn contains `needle`, and until it `is_so`.
    pub fn wait_for_call(&self, needle: &str, is_so: impl Fn(&Call) -> bool) -> Call {
        let find = |record: &Record| {
            let mut calls = record.calls.iter();
            calls
                .find(|call| call.prompt().contains(needle) && is_so(call))
                .cloned()
        };
        self.record.wait_until(PATIENCE, find).unwrap_or_else(|| {
            panic!(
                "the model was not asked as expected about {needle:?}; it was asked: {:#?}",
                self.calls()
            )
        })
    }

    /// Waits until so many requests are in work at the same time.
    pub fn wait_for_running(&self, count: usize) {
        let reached = |record: &Record| (record.running >= count).then_some(());
        self.record
            .wait_until(PATIENCE, reached)
            .unwrap_or_else(|| {
                panic!("{} requests run, not {count}", self.record.read().running);
            });
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Record {
    /// Notes a request and chooses its answer.
    fn begin(&mut self, mut call: Call) -> (usize, Reply) {
        self.moment += 1;
        self.running += 1;
        self.most_at_once = self.most_at_once.max(self.running);
        call.began = self.moment;
        let prompt = call.prompt();
        let rule = self
            .rules
            .iter_mut()
            .find(|rule| prompt.contains(&rule.needle));
        let reply = match rule {
            Some(rule) if rule.replies.len() > 1 => rule.replies.pop_front(),
            Some(rule) => rule.replies.front().cloned(),
            None => None,
        };
        let reply = reply.unwrap_or_else(|| Reply::answer(&format!("answer to {}", call.tag())));
        self.calls.push(call);
        (self.calls.len() - 1, reply)
    }

    /// Notes the end of a request; only the first end counts.
    fn end(&mut self, number: usize, closed_by_client: bool) {
        let call = &mut self.calls[number];
        if call.ended.is_none() {
            self.moment += 1;
            self.running -= 1;
            call.ended = Some(self.moment);
            call.closed_by_client = closed_by_client;
        }
    }
}
