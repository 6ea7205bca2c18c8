//! What no client should send. Each is answered with the error that JSON-RPC or LSP names for it, or
//! ignored where nobody can be answered; and the server goes on serving, in bounded memory.

mod buffers;
mod headers;
mod load;
mod messages;
mod raw_client;

use serde_json::{Value, json};

use crate::support::World;
use raw_client::{RawClient, framed};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const NOT_INITIALIZED: i64 = -32002;

const URI: &str = "file:///hostile.rs";

/// A body with its header.
fn said(body: &str) -> Vec<u8> {
    framed(body.as_bytes())
}

fn notification(method: &str, params: &Value) -> Vec<u8> {
    said(&json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string())
}

fn request(id: &Value, method: &str, params: &Value) -> Vec<u8> {
    said(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string())
}

fn open(text: &str) -> Vec<u8> {
    let document = json!({"uri": URI, "languageId": "rust", "version": 1, "text": text});
    notification("textDocument/didOpen", &json!({"textDocument": document}))
}

fn change(version: i32, changes: &Value) -> Vec<u8> {
    notification(
        "textDocument/didChange",
        &json!({"textDocument": {"uri": URI, "version": version}, "contentChanges": changes}),
    )
}

fn range(start: (u32, u32), end: (u32, u32)) -> Value {
    json!({"start": {"line": start.0, "character": start.1}, "end": {"line": end.0, "character": end.1}})
}

/// The id and the code of each error answer.
type Errors = Vec<(Value, i64)>;

/// What is told of these answers, which are all errors.
fn errors(answers: &[Value]) -> Errors {
    answers
        .iter()
        .map(|answer| {
            let code = answer["error"]["code"]
                .as_i64()
                .unwrap_or_else(|| panic!("{answer} is no error"));
            let message = answer["error"]["message"].as_str().unwrap_or_default();
            assert!(!message.is_empty(), "{answer} says what is wrong");
            (answer["id"].clone(), code)
        })
        .collect()
}

/// Sends each input to a server of many, and expects its errors, and that the server goes on.
fn expect(cases: Vec<(&str, Vec<u8>, Errors)>) {
    let world = World::scripted();
    let mut client = RawClient::initialized(&world);
    client.answers_before_status(0);
    for (name, input, expected) in cases {
        let from = client.count();
        client.bytes(&input);
        let found = client.answers_before_status(from);
        assert_eq!(errors(&found), expected, "{name}");
    }
    assert_eq!(
        client.end(),
        Some(1),
        "the input has ended without shutdown"
    );
}

/// One error whose request is not known.
fn nobody(code: i64) -> Errors {
    vec![(Value::Null, code)]
}
