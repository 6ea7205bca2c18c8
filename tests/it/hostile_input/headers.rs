//! Headers that are none, lengths that are wrong, and streams that end or are lost.

use serde_json::{Value, json};

use super::raw_client::RawClient;
use super::{INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, expect, nobody, said};
use crate::support::World;

#[test]
fn headers_and_lengths() {
    let good = r#"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#;
    let length = good.len();
    let with = |header: &str| format!("{header}\r\n\r\n{good}").into_bytes();
    let answered = || vec![(json!(1), METHOD_NOT_FOUND)];
    let long = MAX_HEADER + 1;
    let refused_then_answered = |input: Vec<u8>| [input, said(good)].concat();
    let both = |code: i64| vec![(Value::Null, code), (json!(1), METHOD_NOT_FOUND)];
    expect(vec![
        (
            "lower case",
            with(&format!("content-length: {length}")),
            answered(),
        ),
        (
            "unknown headers",
            with(&format!("X-A: b\r\nContent-Length: {length}\r\nX-C: d")),
            answered(),
        ),
        (
            "the same length twice",
            with(&format!(
                "Content-Length: {length}\r\nContent-Length: {length}"
            )),
            answered(),
        ),
        (
            "empty lines before",
            [b"\r\n\r\n".to_vec(), said(good)].concat(),
            answered(),
        ),
        ("no length", with("Content-Type: a/b"), nobody(PARSE_ERROR)),
        (
            "a negative length",
            with("Content-Length: -5"),
            nobody(PARSE_ERROR),
        ),
        (
            "a length that is no number",
            with("Content-Length: many"),
            nobody(PARSE_ERROR),
        ),
        (
            "two lengths",
            with("Content-Length: 5\r\nContent-Length: 70"),
            nobody(PARSE_ERROR),
        ),
        (
            "a length of 10^18",
            with("Content-Length: 1000000000000000000"),
            nobody(INVALID_REQUEST),
        ),
        (
            "a length of 10^30",
            with(&format!("Content-Length: 1{}", "0".repeat(30))),
            nobody(PARSE_ERROR),
        ),
        (
            "a length of 300 MB",
            with("Content-Length: 300000000"),
            nobody(INVALID_REQUEST),
        ),
        (
            "a length that is too small",
            refused_then_answered(
                format!("Content-Length: {}\r\n\r\n{good}", length - 5).into_bytes(),
            ),
            vec![
                (Value::Null, PARSE_ERROR),
                (Value::Null, PARSE_ERROR),
                (json!(1), METHOD_NOT_FOUND),
            ],
        ),
        (
            "a length that is too large by one",
            refused_then_answered(
                format!("Content-Length: {}\r\n\r\n{good}", length + 1).into_bytes(),
            ),
            both(PARSE_ERROR),
        ),
        (
            "a length that is much too large",
            refused_then_answered(
                format!("Content-Length: {}\r\n\r\n{good}", length + 5_000).into_bytes(),
            ),
            both(PARSE_ERROR),
        ),
        (
            "another charset",
            with(&format!(
                "Content-Length: {length}\r\nContent-Type: a/b; charset=utf-16"
            )),
            nobody(PARSE_ERROR),
        ),
        (
            "garbage",
            refused_then_answered(b"\x00\x01\x02 garbage \r\n\r\n".to_vec()),
            both(PARSE_ERROR),
        ),
        (
            "a shell's prompt",
            refused_then_answered(b"$ backchat\nbackchat: hello\n".to_vec()),
            both(PARSE_ERROR),
        ),
        (
            "a header of 8 KiB",
            with(&format!(
                "X-Long: {}\r\nContent-Length: {length}",
                "x".repeat(long)
            )),
            both(PARSE_ERROR),
        ),
        (
            "half a megabyte of garbage",
            refused_then_answered(b"abcdefg\n".repeat(65_000)),
            both(PARSE_ERROR),
        ),
    ]);
}

const MAX_HEADER: usize = 8 * 1024;

#[test]
fn an_end_in_mid_message() {
    let world = World::scripted();
    for input in ["Content-Len", "Content-Length: 500\r\n\r\n{\"jsonrpc\""] {
        let mut client = RawClient::initialized(&world);
        client.answers_before_status(0);
        client.bytes(input.as_bytes());
        assert_eq!(client.end(), Some(1), "{input:?}");
    }
}

#[test]
fn a_stream_that_is_none_is_the_end() {
    let world = World::scripted();
    let mut client = RawClient::initialized(&world);
    client.answers_before_status(0);
    client.bytes(&b"GET / HTTP/1.1\r\n".repeat(100_000));
    assert_eq!(client.wait(), Some(1));
    let written = world.everything_written();
    let reason = b"no message was found";
    assert!(
        written
            .iter()
            .any(|(_, bytes)| bytes.windows(reason.len()).any(|window| window == reason)),
        "the log says why"
    );
}
