//! Messages that are too large, too many, or not answered to.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::raw_client::{RawClient, framed};
use super::{
    INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, URI, errors, nobody, open,
    request, said,
};
use crate::support::World;
use crate::support::patience::{PATIENCE, poll};

/// A text of about this many bytes, with what must be escaped in JSON.
fn large_text(bytes: usize) -> String {
    let line = "    let line = \"of a large buffer\";\n";
    line.repeat(bytes / line.len())
}

#[cfg(target_os = "linux")]
#[test]
fn large_bodies_take_less_than_four_times_their_size() {
    const SIZE: usize = 64 * 1024 * 1024;
    // A build without optimisation takes its time for these.
    const LESS: usize = SIZE / 4;
    let world = World::scripted();
    let text = large_text(SIZE - SIZE / 8);
    let submit = json!({"textDocument": {"uri": URI}, "prompt": large_text(LESS), "intent": "ask", "mode": "background"});
    for (name, input, expected) in [
        ("didOpen", open(&text), vec![]),
        (
            "a prompt",
            request(&json!(1), "backchat/submit", &submit),
            vec![(json!(1), INVALID_PARAMS)],
        ),
        ("no JSON", framed(text.as_bytes()), nobody(PARSE_ERROR)),
        (
            "small values",
            said(&format!(
                r#"{{"jsonrpc":"2.0","id":2,"method":"a","params":[{}0]}}"#,
                "0,".repeat(LESS / 2)
            )),
            vec![(json!(2), INVALID_REQUEST)],
        ),
    ] {
        let mut client = RawClient::initialized(&world);
        client.answers_before_status(0);
        let from = client.count();
        let before = client.memory("VmRSS");
        client.bytes(&input);
        let found = client.answers_before_status(from);
        assert_eq!(errors(&found), expected, "{name}");
        let ratio = (client.memory("VmHWM") - before) as f64 / input.len() as f64;
        assert!(ratio < 4.0, "{name}: {ratio:.2} times its size");
    }
}

#[test]
fn a_hundred_thousand_requests_at_once() {
    const REQUESTS: usize = 100_000;
    let world = World::scripted();
    let mut client = RawClient::initialized(&world);
    client.answers_before_status(0);
    let from = client.count();
    // Numbers and strings; each tenth is the id of the one before it once more, and each hundredth
    // asks the store.
    let id = |n: usize| match n {
        n if n % 10 == 9 => n - 1,
        n => n,
    };
    let id = move |n: usize| {
        if id(n) % 2 == 0 {
            json!(id(n))
        } else {
            json!(format!("id {}", id(n)))
        }
    };
    let mut stdin = client.take_stdin();
    let writer = std::thread::spawn(move || {
        for n in 0..REQUESTS {
            let method = if n % 100 == 0 {
                "backchat/status"
            } else {
                "backchat/nothing"
            };
            stdin
                .write_all(&request(&id(n), method, &Value::Null))
                .unwrap();
        }
        stdin
    });
    let mut expected: HashMap<String, usize> = HashMap::new();
    for n in 0..REQUESTS {
        *expected.entry(id(n).to_string()).or_default() += 1;
    }
    let is_answered = client.answers.wait_until(3 * PATIENCE, |answers| {
        (answers.ended || answers.all.len() >= from + REQUESTS).then_some(!answers.ended)
    });
    assert_eq!(is_answered, Some(true), "{} answers", client.count() - from);
    client.give_stdin(writer.join().unwrap());
    client.answers_before_status(from);
    let mut found: HashMap<String, usize> = HashMap::new();
    for answer in &client.answers.read().all[from..from + REQUESTS] {
        let code = &answer["error"]["code"];
        assert!(
            answer["result"].is_object() || *code == METHOD_NOT_FOUND,
            "{answer}"
        );
        *found.entry(answer["id"].to_string()).or_default() += 1;
    }
    assert!(found == expected, "each is answered once");
}

#[test]
fn a_client_that_does_not_read() {
    const REQUESTS: usize = 20_000;
    let world = World::scripted();
    let mut client = RawClient::start_without_reading(&world);
    client.initialize();
    let written = Arc::new(AtomicUsize::new(0));
    let (mut stdin, count) = (client.take_stdin(), written.clone());
    let writer = std::thread::spawn(move || {
        let padding = json!(["x".repeat(4096)]);
        for n in 0..REQUESTS {
            stdin
                .write_all(&request(&json!(n), "backchat/nothing", &padding))
                .unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        }
        stdin
    });
    poll("the server stops reading", || {
        let before = written.load(Ordering::SeqCst);
        std::thread::sleep(Duration::from_secs(1));
        (before > 0 && written.load(Ordering::SeqCst) == before).then_some(())
    });
    assert!(
        written.load(Ordering::SeqCst) < REQUESTS,
        "it takes no more than it can answer"
    );
    #[cfg(target_os = "linux")]
    assert!(client.memory("VmHWM") < 128 * 1024 * 1024);
    client.read();
    client.give_stdin(writer.join().unwrap());
    let before = client.answers_before_status(0);
    let mut ids: Vec<u64> = before
        .iter()
        .filter_map(|answer| answer["id"].as_u64())
        .collect();
    assert_eq!(ids.len(), REQUESTS);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), REQUESTS, "none is lost, none answered twice");
}
