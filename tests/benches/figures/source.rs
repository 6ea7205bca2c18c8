//! The code that the servers are given.

#[path = "../../hot_paths/code.rs"]
mod generated;

use serde_json::{Value, json};

pub use generated::code;

/// The name of the document with this number, in a folder of its own. It is on no disk: nothing is read there.
pub fn uri(number: usize) -> String {
    format!("file:///measured/{number}/file_{number}.rs")
}

/// The notification of one typed character.
pub fn key(uri: &str, version: usize, line: usize) -> Value {
    let position = json!({"line": line, "character": 0});
    json!({
        "textDocument": {"uri": uri, "version": version},
        "contentChanges": [{"range": {"start": position, "end": position}, "text": "x"}],
    })
}
