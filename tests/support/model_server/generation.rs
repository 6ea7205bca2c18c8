//! A stream that goes on without its client, as llama.cpp's server and OpenAI's Responses API keep them.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use serde_json::{Value, json};

use super::connection::Gone;
use super::reply::INPUT_TOKENS;
use crate::support::patience::{PATIENCE, Watched};

/// What a server keeps of a stream.
#[derive(Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    is_done: bool,
    is_stopped: bool,
}

/// One stream; clones share it.
#[derive(Clone, Default)]
pub(super) struct Generation(Arc<Watched<Kept>>);

impl Generation {
    pub fn push(&self, data: &str) {
        self.0
            .change(|kept| kept.bytes.extend_from_slice(data.as_bytes()));
    }

    pub fn end(&self) {
        self.0.change(|kept| kept.is_done = true);
    }

    pub fn stop(&self) {
        self.0.change(|kept| {
            kept.is_stopped = true;
            kept.is_done = true;
        });
    }

    pub fn is_stopped(&self) -> bool {
        self.0.read().is_stopped
    }

    /// What `POST /v1/streams/lookup` tells of it.
    pub fn lookup(&self, id: &str) -> Value {
        let kept = self.0.read();
        json!({"conversation_id": id, "is_done": kept.is_done, "total_bytes": kept.bytes.len()})
    }

    /// The byte at which the event after that of this sequence number begins.
    pub fn byte_after(&self, sequence: usize) -> usize {
        let kept = self.0.read();
        let text = String::from_utf8_lossy(&kept.bytes);
        let events = text.split_inclusive("\n\n").take(sequence + 1);
        events.map(str::len).sum()
    }

    /// Sends what is there from a byte on, and then what comes, to the end.
    pub fn replay(&self, stream: &mut TcpStream, from: usize) -> Result<(), Gone> {
        stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
        )?;
        let mut sent = from;
        loop {
            let more = |kept: &Kept| {
                let rest = kept.bytes.get(sent..).unwrap_or_default();
                (kept.is_done || !rest.is_empty()).then(|| (rest.to_vec(), kept.is_done))
            };
            let (rest, is_done) = self.0.wait_until(PATIENCE, more).ok_or(Gone)?;
            stream.write_all(&rest)?;
            sent += rest.len();
            if is_done {
                return Ok(stream.shutdown(Shutdown::Write)?);
            }
        }
    }
}

/// The id of the scripted server's response in the background.
pub(super) fn response_id(number: usize) -> String {
    format!("resp_{number}")
}

/// The first event of a response in the background.
pub(super) fn created(id: &str) -> String {
    let response = json!({"id": id, "status": "queued", "background": true, "output": []});
    event(
        0,
        &json!({"type": "response.created", "response": response}),
    )
}

/// A piece of its answer.
pub(super) fn delta(sequence: usize, text: &str) -> String {
    event(
        sequence,
        &json!({"type": "response.output_text.delta", "delta": text}),
    )
}

/// Its last event, which says everything again.
pub(super) fn completed(id: &str, sequence: usize, text: &str) -> String {
    let content = json!([{"type": "output_text", "text": text}]);
    let response = json!({
        "id": id, "status": "completed", "background": true,
        "output": [{"type": "message", "role": "assistant", "content": content}],
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": sequence},
    });
    event(
        sequence,
        &json!({"type": "response.completed", "response": response}),
    )
}

fn event(sequence: usize, data: &Value) -> String {
    let mut data = data.clone();
    data["sequence_number"] = json!(sequence);
    format!("data: {data}\n\n")
}
