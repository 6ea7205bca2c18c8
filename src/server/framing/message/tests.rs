use serde_json::json;

use super::*;

fn refused(body: &str) -> (i64, Id) {
    match read(body.as_bytes()) {
        Err(Refused { id, error }) => (error.code.code(), id),
        Ok(message) => panic!("{body} is {message:?}"),
    }
}

fn params(body: &str) -> Params<'_> {
    match read(body.as_bytes()) {
        Ok(Message::Call { params, .. }) => params,
        other => panic!("{body} is {other:?}"),
    }
}

#[test]
fn what_is_no_json() {
    for body in [
        "",
        " ",
        "{",
        "{]",
        r#"{"a":tru}"#,
        r#"{"a":"b}"#,
        "\u{feff}{}",
        "{}x",
    ] {
        assert_eq!(refused(body), (-32700, Id::Null), "{body:?}");
    }
    assert_eq!(
        read(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}")
            .unwrap_err()
            .error
            .code,
        ErrorCode::ParseError
    );
}

#[test]
fn what_is_no_request() {
    for body in [
        "[]",
        r#"[{"jsonrpc":"2.0","id":1,"method":"a"}]"#,
        "null",
        "7",
        r#""text""#,
        "{}",
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"a"}"#,
        r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"a"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}}"#,
        r#"{"id":1,"result":1}"#,
    ] {
        assert_eq!(refused(body), (-32600, Id::Null), "{body}");
    }
    for body in [
        r#"{"jsonrpc":"2.0","id":7}"#,
        r#"{"id":7,"method":"a"}"#,
        r#"{"jsonrpc":"1.0","id":7,"method":"a"}"#,
        r#"{"jsonrpc":2.0,"id":7,"method":"a"}"#,
        r#"{"method":["a"],"id":7,"jsonrpc":"2.0"}"#,
    ] {
        assert_eq!(refused(body), (-32600, Id::Number(7)), "{body}");
    }
}

#[test]
fn calls_and_answers() {
    let body = r#" {"params":[1],"method":"t\u0065xt","id":"a","jsonrpc":"2.0","more":null} "#;
    let Ok(Message::Call { id, method, params }) = read(body.as_bytes()) else {
        panic!("it is a request");
    };
    assert_eq!((id, &*method), (Some(Id::from("a")), "text"));
    assert_eq!(params.value(), Ok(Some(json!([1]))));
    let answer = |body: &str| match read(body.as_bytes()) {
        Ok(Message::Answer(answer)) => answer.into_parts(),
        other => panic!("{body} is {other:?}"),
    };
    assert_eq!(
        answer(r#"{"jsonrpc":"2.0","id":3,"result":null}"#),
        (Id::Number(3), Ok(Value::Null))
    );
    let (id, error) = answer(r#"{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no"}}"#);
    assert_eq!((id, error.unwrap_err().code.code()), (Id::Number(3), -1));
    let (id, error) = answer(r#"{"jsonrpc":"2.0","id":3,"error":"no"}"#);
    assert!(error.is_err(), "whoever waits for {id} hears of it");
}

#[test]
fn parameters_without_bounds() {
    let call =
        |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{params}}}"#);
    let deep = call(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    assert_eq!(
        params(&deep).value().unwrap_err().code,
        ErrorCode::ParseError
    );
    let objects = call(&format!("[{}{{}}]", "{},".repeat(100_000)));
    assert_eq!(
        params(&objects).value().unwrap_err().code,
        ErrorCode::InvalidRequest
    );
    let text = call(&format!("[\"{}\"]", "{},\\\"".repeat(1_000_000)));
    assert!(params(&text).value().is_ok(), "a text is one value");
}

#[test]
fn errors_do_not_repeat_what_the_client_wrote() {
    let body = r#"{"jsonrpc":"2.0","method":"a","params":"sk-secret"}"#;
    let unfit = params(body).parse::<Vec<u8>>().unwrap_err().to_string();
    assert!(!unfit.contains("secret"), "{unfit}");
    assert!(unfit.contains("expected a sequence"), "{unfit}");
}

#[test]
fn halves_of_surrogate_pairs_become_replacement_characters() {
    let body =
        r#"{"jsonrpc":"2.0","method":"a","params":["\\ud800 \ud800 \ud83d\ude00 \udc00\ud83d"]}"#;
    let text = params(body).parse::<Vec<String>>().unwrap().remove(0);
    assert_eq!(text, "\\ud800 \u{fffd} \u{1f600} \u{fffd}\u{fffd}");
    assert_eq!(surrogates_replaced(r#""\ud83d\ude00\n\\""#), None);
    assert_eq!(surrogates_replaced("\"\\"), None);
}
