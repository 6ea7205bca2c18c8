//! What the scripted model answers with, word by word or not at all.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::patience::Watched;

/// Something that the model waits for in mid-stream and that a test opens by hand, so that "before
/// its first word" and "between two words" are moments that a test holds still.
#[derive(Clone, Default)]
pub struct Gate(Arc<Watched<bool>>);

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets through whoever waits, now and later.
    pub fn open(&self) {
        self.0.change(|open| *open = true);
    }

    /// Waits a moment; whether the gate is open.
    pub(super) fn is_open_within(&self, moment: Duration) -> bool {
        self.0
            .wait_until(moment, |open| open.then_some(()))
            .is_some()
    }
}

/// One answer of the scripted model.
#[derive(Clone)]
pub enum Reply {
    /// A stream of server-sent events.
    Stream(Vec<Step>),
    /// A response of which one piece is repeated, so many times.
    Flood {
        headers: &'static str,
        first: Vec<u8>,
        piece: Vec<u8>,
        times: usize,
    },
    /// A complete HTTP response.
    Whole {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
}

/// One piece of a stream, in the order in which they are sent.
#[derive(Clone)]
pub enum Step {
    /// Words of the answer.
    Text(String),
    /// Nothing, until the gate is open.
    Wait(Gate),
    /// Nothing, for so long.
    Pause(Duration),
    /// The connection breaks; the stream goes on where it goes on without its client.
    Disconnect,
    /// Nothing, until the client goes.
    Silence,
    /// The finish reason, the usage and `[DONE]`: without it the stream is cut off.
    Finish,
    /// The finish reason alone, and then a comment again and again until the client goes.
    FinishAndKeepAlive,
}

impl Reply {
    /// The whole answer, in a piece for each word, and a proper end.
    pub fn answer(text: &str) -> Self {
        Self::stream().words(text).finish()
    }

    /// An answer to be composed of [`Stream`]'s pieces.
    pub fn stream() -> Stream {
        Stream(Vec::new())
    }

    /// A stream that was recorded, or made up, for the tests of the decoders: `openai-chat/refusal.sse`.
    pub fn recorded(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llm");
        let body = std::fs::read_to_string(folder.join(name)).unwrap();
        let kind = if name.ends_with(".sse") {
            "text/event-stream"
        } else {
            "application/json"
        };
        Self::Whole {
            status: 200,
            headers: vec![("content-type".into(), kind.into())],
            body,
        }
    }

    /// An error with OpenAI's body.
    pub fn error(status: u16, message: &str) -> Self {
        let body = json!({"error": {"message": message, "type": "error", "code": status}});
        Self::Whole {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string(),
        }
    }

    /// What a captive portal or a company's login answers to everything.
    pub fn login_page() -> Self {
        Self::Whole {
            status: 200,
            headers: vec![("content-type".into(), "text/html; charset=utf-8".into())],
            body: "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
                .into(),
        }
    }

    /// The same with one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Whole { headers, .. } = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }
}

/// A stream being composed.
pub struct Stream(Vec<Step>);

impl Stream {
    /// One piece.
    pub fn text(mut self, text: &str) -> Self {
        self.0.push(Step::Text(text.into()));
        self
    }

    /// A piece for each word.
    pub fn words(mut self, text: &str) -> Self {
        self.0.extend(
            text.split_inclusive(' ')
                .map(|word| Step::Text(word.into())),
        );
        self
    }

    /// A piece for each word, and so long a pause after each.
    pub fn slow_words(mut self, text: &str, pause: Duration) -> Self {
        for word in text.split_inclusive(' ') {
            self.0.push(Step::Text(word.into()));
            self.0.push(Step::Pause(pause));
        }
        self
    }

    /// Nothing more until `gate` is open.
    pub fn wait(mut self, gate: &Gate) -> Self {
        self.0.push(Step::Wait(gate.clone()));
        self
    }

    /// The connection breaks. What follows is for a stream that goes on without its client.
    pub fn disconnect(mut self) -> Self {
        self.0.push(Step::Disconnect);
        self
    }

    /// The end that says that it is the end.
    pub fn finish(mut self) -> Reply {
        self.0.push(Step::Finish);
        Reply::Stream(self.0)
    }

    /// The reason to finish, and no end: the connection is kept alive.
    pub fn finish_and_keep_alive(mut self) -> Reply {
        self.0.push(Step::FinishAndKeepAlive);
        Reply::Stream(self.0)
    }

    /// The connection ends in mid-stream.
    pub fn cut(self) -> Reply {
        Reply::Stream(self.0)
    }

    /// Nothing more comes, and the connection stays.
    pub fn silence(mut self) -> Reply {
        self.0.push(Step::Silence);
        Reply::Stream(self.0)
    }
}

/// The tokens that the scripted model claims to have read, whatever it was sent.
pub const INPUT_TOKENS: u32 = 10;

/// A piece of the answer as an event.
pub(super) fn text_event(text: &str) -> String {
    event(
        &json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}], "usage": null}),
    )
}

/// The event with the reason to finish.
pub(super) fn finish_event() -> String {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": null}))
}

/// The events at the end of an answer of so many pieces, each counted as a token.
pub(super) fn end_events(pieces: usize) -> String {
    let usage = json!({
        "choices": [],
        "usage": {"prompt_tokens": INPUT_TOKENS, "completion_tokens": pieces, "total_tokens": INPUT_TOKENS as usize + pieces},
    });
    format!("{}{}data: [DONE]\n\n", finish_event(), event(&usage))
}

fn event(data: &Value) -> String {
    let mut data = data.clone();
    data["id"] = json!("chatcmpl-scripted");
    data["object"] = json!("chat.completion.chunk");
    data["model"] = json!("scripted");
    format!("data: {data}\n\n")
}
