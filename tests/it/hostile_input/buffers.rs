//! Changes that do not fit their buffer, and messages that come too early or too late.

use serde_json::{Value, json};

use super::raw_client::RawClient;
use super::{
    INVALID_REQUEST, NOT_INITIALIZED, PARSE_ERROR, URI, change, errors, notification, open, range,
    request, said,
};
use crate::support::World;

#[test]
fn a_buffer_survives_changes_that_do_not_fit() {
    let world = World::scripted();
    let mut client = RawClient::initialized(&world);
    client.answers_before_status(0);
    let from = client.count();
    let max = u32::MAX;
    for input in [
        open("one\ntwo\nthree\n"),
        change(
            2,
            &json!([{"range": range((90, 0), (91, 0)), "text": "past the end"}]),
        ),
        change(
            3,
            &json!([{"range": range((max, max), (max, max)), "text": "far past the end"}]),
        ),
        // The text is known again.
        open("one\ntwo\nthree\n"),
        // From the end to the beginning: the same span.
        change(4, &json!([{"range": range((0, 3), (0, 0)), "text": "ONE"}])),
        // Overlapping: each is of the text after the one before it.
        change(
            5,
            &json!([
                {"range": range((1, 0), (2, 0)), "text": "TWO\n"},
                {"range": range((0, 3), (1, 3)), "text": "+TWO"},
            ]),
        ),
        // A version that goes backwards: applied in the order of arrival.
        change(
            1,
            &json!([{"range": range((1, 0), (1, 5)), "text": "THREE"}]),
        ),
        change(6, &json!([{"range": range((0, 0), (0, 0)), "text": 7}])),
        change(7, &json!([])),
    ] {
        client.bytes(&input);
    }
    let answers = client.answers_before_status(from);
    assert!(answers.is_empty(), "{answers:?}");
    let submit = json!({"textDocument": {"uri": URI}, "prompt": "what is it? «seen»", "intent": "ask", "mode": "background"});
    client.bytes(&request(&json!("submit"), "backchat/submit", &submit));
    let answer = client.answer(&json!("submit"));
    assert!(answer["result"]["request"]["id"].is_string(), "{answer}");
    let call = world.model.wait_for_call("what is it?", |_| true);
    assert!(
        call.prompt().contains("ONE+TWO\nTHREE\n"),
        "{}",
        call.prompt()
    );
    let log: Vec<u8> = world
        .everything_written()
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|extension| extension == "log"))
        .flat_map(|(_, bytes)| bytes)
        .collect();
    let log = String::from_utf8(log).unwrap();
    for line in [
        "could not be applied",
        "backwards",
        "textDocument/didChange",
    ] {
        assert!(log.contains(line), "{line:?} is not in the log:\n{log}");
    }
}

#[test]
fn halves_of_surrogate_pairs_do_not_lose_a_change() {
    let world = World::scripted();
    let mut client = RawClient::initialized(&world);
    let open = r#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///hostile.rs","languageId":"rust","version":1,"text":"half \ud83d of one"}}}"#;
    client.body(open.as_bytes());
    let submit = json!({"textDocument": {"uri": URI}, "prompt": "which half?", "intent": "ask", "mode": "background"});
    client.bytes(&request(&json!(1), "backchat/submit", &submit));
    client.answer(&json!(1));
    let call = world.model.wait_for_call("which half?", |_| true);
    assert!(
        call.prompt().contains("half \u{fffd} of one"),
        "{}",
        call.prompt()
    );
}

#[test]
fn before_initialize_and_after_shutdown() {
    let world = World::scripted();
    let mut client = RawClient::start(&world);
    client.bytes(&request(&json!(1), "backchat/status", &Value::Null));
    client.bytes(&said("no JSON"));
    client.bytes(&open("ignored"));
    client.bytes(&change(2, &json!([{"text": "ignored"}])));
    client.initialize();
    assert!(client.answer(&json!("initialize"))["result"].is_object());
    let before = client.answers.read().all[..2].to_vec();
    assert_eq!(
        errors(&before),
        [(json!(1), NOT_INITIALIZED), (Value::Null, PARSE_ERROR)]
    );
    client.answers_before_status(0);
    client.bytes(&request(&json!(2), "shutdown", &Value::Null));
    client.bytes(&request(&json!(3), "backchat/status", &Value::Null));
    client.bytes(&request(&json!(4), "shutdown", &Value::Null));
    client.bytes(&open("ignored"));
    client.bytes(&said("no JSON"));
    for id in [3, 4] {
        assert_eq!(client.answer(&json!(id))["error"]["code"], INVALID_REQUEST);
    }
    assert_eq!(client.answer(&json!(2))["result"], Value::Null);
    client.bytes(&notification("exit", &Value::Null));
    assert_eq!(client.wait(), Some(0));
}
