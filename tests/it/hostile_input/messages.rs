//! Bodies that are no requests, and requests that do not fit.

use serde_json::{Value, json};

use super::raw_client::framed;
use super::{
    INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, URI, change, expect, nobody,
    notification, request, said,
};

#[test]
fn bodies_that_are_no_requests() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let deep_objects = "{\"a\":".repeat(200_000);
    expect(vec![
        ("invalid JSON", said("{\"jsonrpc\":"), nobody(PARSE_ERROR)),
        ("no body", said(""), nobody(PARSE_ERROR)),
        ("not JSON at all", said("hello"), nobody(PARSE_ERROR)),
        (
            "invalid UTF-8",
            framed(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}"),
            nobody(PARSE_ERROR),
        ),
        ("zero bytes", framed(&[0; 100]), nobody(PARSE_ERROR)),
        (
            "a batch",
            said(r#"[{"jsonrpc":"2.0","id":1,"method":"backchat/status"}]"#),
            nobody(INVALID_REQUEST),
        ),
        ("a number", said("7"), nobody(INVALID_REQUEST)),
        ("null", said("null"), nobody(INVALID_REQUEST)),
        ("an empty object", said("{}"), nobody(INVALID_REQUEST)),
        (
            "no method",
            said(r#"{"jsonrpc":"2.0","id":5}"#),
            vec![(json!(5), INVALID_REQUEST)],
        ),
        (
            "a method that is no string",
            said(r#"{"jsonrpc":"2.0","id":5,"method":1}"#),
            vec![(json!(5), INVALID_REQUEST)],
        ),
        (
            "no version",
            said(r#"{"id":"a","method":"backchat/status"}"#),
            vec![(json!("a"), INVALID_REQUEST)],
        ),
        (
            "another version",
            said(r#"{"jsonrpc":"1.0","id":5,"method":"backchat/status"}"#),
            vec![(json!(5), INVALID_REQUEST)],
        ),
        (
            "an id that is none",
            said(r#"{"jsonrpc":"2.0","id":{},"method":"backchat/status"}"#),
            nobody(INVALID_REQUEST),
        ),
        (
            "an answer to nothing",
            said(r#"{"jsonrpc":"2.0","id":99,"result":null}"#),
            vec![],
        ),
        (
            "an answer that is wrong",
            said(r#"{"jsonrpc":"2.0","id":99,"error":7}"#),
            vec![],
        ),
        (
            "an answer without an id",
            said(r#"{"jsonrpc":"2.0","result":7}"#),
            nobody(INVALID_REQUEST),
        ),
        ("deep nesting", said(&deep), nobody(INVALID_REQUEST)),
        (
            "deep nesting without an end",
            said(&deep_objects),
            nobody(PARSE_ERROR),
        ),
        (
            "deep nesting in parameters",
            said(&format!(
                r#"{{"jsonrpc":"2.0","id":8,"method":"backchat/status","params":{deep}}}"#
            )),
            vec![(json!(8), PARSE_ERROR)],
        ),
        (
            "millions of values",
            said(&format!(
                r#"{{"jsonrpc":"2.0","id":8,"method":"backchat/status","params":[{}0]}}"#,
                "{},".repeat(1_000_000)
            )),
            vec![(json!(8), INVALID_REQUEST)],
        ),
    ]);
}

#[test]
fn methods_and_parameters() {
    expect(vec![
        (
            "an unknown method",
            request(&json!(1), "backchat/nothing", &json!({})),
            vec![(json!(1), METHOD_NOT_FOUND)],
        ),
        (
            "an unknown notification",
            notification("backchat/nothing", &json!({})),
            vec![],
        ),
        (
            "parameters that do not fit",
            request(&json!("a"), "backchat/take", &json!({"requestId": 7})),
            vec![(json!("a"), INVALID_PARAMS)],
        ),
        (
            "parameters that are no object",
            request(&json!(2), "backchat/submit", &json!(7)),
            vec![(json!(2), INVALID_PARAMS)],
        ),
        (
            "no parameters",
            said(r#"{"jsonrpc":"2.0","id":3,"method":"backchat/submit"}"#),
            vec![(json!(3), INVALID_PARAMS)],
        ),
        (
            "initialize, again",
            request(&json!(4), "initialize", &json!({"capabilities": {}})),
            vec![(json!(4), INVALID_REQUEST)],
        ),
        (
            "a notification with an id",
            request(&json!(5), "initialized", &json!({})),
            vec![(json!(5), INVALID_REQUEST)],
        ),
        (
            "a request without an id",
            notification("backchat/status", &Value::Null),
            vec![],
        ),
        (
            "didOpen without text",
            notification(
                "textDocument/didOpen",
                &json!({"textDocument": {"uri": URI, "languageId": "rust", "version": 1}}),
            ),
            vec![],
        ),
        (
            "didOpen of nothing",
            notification("textDocument/didOpen", &Value::Null),
            vec![],
        ),
        (
            "didChange without parameters",
            said(r#"{"jsonrpc":"2.0","method":"textDocument/didChange"}"#),
            vec![],
        ),
        (
            "didClose of a list",
            notification("textDocument/didClose", &json!([1, 2])),
            vec![],
        ),
        (
            "didFocus of a number",
            notification("backchat/didFocus", &json!({"textDocument": 7})),
            vec![],
        ),
        (
            "a cancellation of nothing",
            notification("$/cancelRequest", &json!({"id": 12345})),
            vec![],
        ),
        (
            "a cancellation of a list",
            notification("$/cancelRequest", &json!({"id": []})),
            vec![],
        ),
        (
            "a change of a buffer that is not open",
            change(2, &json!([{"text": "a"}])),
            vec![],
        ),
    ]);
}
