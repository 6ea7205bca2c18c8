//! The scripted model itself: tests that trust it must be able to.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::support::{Gate, ModelServer, Reply};

/// Asks as an HTTP client does. The connection is the caller's to read or to close.
fn ask(model: &ModelServer, prompt: &str) -> TcpStream {
    let address = model
        .base_url()
        .trim_start_matches("http://")
        .trim_end_matches("/v1")
        .to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    let body = json!({"messages": [{"role": "user", "content": prompt}]}).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream
}

fn read_all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn answers_with_the_tag_when_no_rule_fits() {
    let model = ModelServer::start();
    let text = read_all(ask(&model, "what is «this»?"));
    assert!(text.contains(r#""content":"answer ""#), "{text}");
    assert!(text.contains(r#""content":"this""#), "{text}");
    assert!(text.contains("data: [DONE]"), "{text}");
    assert_eq!(model.calls()[0].tag(), "this");
}

#[test]
fn answers_in_the_order_of_a_rule_and_then_with_its_last() {
    let model = ModelServer::start();
    model.on(
        "why",
        [Reply::error(500, "broken"), Reply::answer("because")],
    );
    assert!(read_all(ask(&model, "why?")).starts_with("HTTP/1.1 500"));
    assert!(read_all(ask(&model, "why?")).contains("because"));
    assert!(read_all(ask(&model, "why?")).contains("because"));
}

#[test]
fn holds_its_words_until_the_gate_opens() {
    let model = ModelServer::start();
    let gate = Gate::new();
    model.on(
        "slow",
        [Reply::stream()
            .text("first")
            .wait(&gate)
            .text("second")
            .finish()],
    );
    let mut stream = ask(&model, "slow");
    let mut seen = String::new();
    while !seen.contains("first") {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).unwrap();
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(!seen.contains("second"));
    assert_eq!(model.calls()[0].ended, None);
    gate.open();
    assert!(read_all(stream).contains("second"));
    assert!(
        !model
            .wait_for_call("slow", |call| call.ended.is_some())
            .closed_by_client
    );
}

#[test]
fn notices_a_client_that_goes_in_mid_stream() {
    let model = ModelServer::start();
    model.on("silent", [Reply::stream().text("one").silence()]);
    drop(ask(&model, "silent"));
    assert!(
        model
            .wait_for_call("silent", |call| call.ended.is_some())
            .closed_by_client
    );
}

#[test]
fn counts_what_runs_at_the_same_time() {
    let model = ModelServer::start();
    let gate = Gate::new();
    model.on("held", [Reply::stream().wait(&gate).finish()]);
    let streams: Vec<TcpStream> = (0..3).map(|_| ask(&model, "held")).collect();
    model.wait_for_running(3);
    gate.open();
    for stream in streams {
        assert!(read_all(stream).contains("[DONE]"));
    }
    read_all(ask(&model, "alone"));
    assert_eq!(model.most_at_once(), 3);
}
