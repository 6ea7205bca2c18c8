//! From the bytes that a client sends to a buffer that has changed, or a request that can be begun.

use backchat::server::Replay;
use serde_json::{Value, json};

use super::code::code;

const URI: &str = "file:///measured/file.rs";

/// The keys that are typed at once.
pub const KEYS: usize = 100;

/// A server with one open buffer, and the messages of the keys that are typed next.
pub struct Typing {
    replay: Replay,
    keys: Vec<Vec<u8>>,
}

impl Typing {
    /// A buffer of so many lines, and keys all over it: half of them take back what the others typed.
    pub fn in_lines(lines: usize) -> Self {
        let mut replay = Replay::default();
        assert_eq!(replay.take(&open(lines)), 1);
        let keys = (0..KEYS)
            .map(|i| key(i, (i / 2) * 7919 % lines, i % 2 == 0))
            .collect();
        Self { replay, keys }
    }

    /// Types [`KEYS`] keys. What was typed has been taken back after the last one.
    pub fn run(&mut self) {
        for key in &self.keys {
            assert_eq!(self.replay.take(key), 1);
        }
    }
}

/// Takes messages without a buffer that matters.
pub fn take(messages: &[u8], count: usize) {
    assert_eq!(Replay::default().take(messages), count);
}

/// The message of a buffer that is opened.
pub fn open(lines: usize) -> Vec<u8> {
    notification(
        "textDocument/didOpen",
        &json!({"textDocument": {"uri": URI, "languageId": "rust", "version": 1, "text": code(lines)}}),
    )
}

/// The messages of so many requests for a hover.
pub fn hovers(count: usize) -> Vec<u8> {
    let hover = |id: usize| {
        framed(&json!({
            "jsonrpc": "2.0",
            "id": id,
            "method": "textDocument/hover",
            "params": {"textDocument": {"uri": URI}, "position": {"line": id, "character": 0}},
        }))
    };
    (0..count).flat_map(hover).collect()
}

/// A character that is typed at the beginning of a line, or taken back there.
fn key(number: usize, line: usize, is_typed: bool) -> Vec<u8> {
    let start = json!({"line": line, "character": 0});
    let end = json!({"line": line, "character": usize::from(!is_typed)});
    notification(
        "textDocument/didChange",
        &json!({
            "textDocument": {"uri": URI, "version": number + 2},
            "contentChanges": [{"range": {"start": start, "end": end}, "text": if is_typed { "x" } else { "" }}],
        }),
    )
}

fn notification(method: &str, params: &Value) -> Vec<u8> {
    framed(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
}

fn framed(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
