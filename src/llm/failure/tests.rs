//! The rules of retrying, a line for each.

use std::time::Duration;

use rstest::rstest;

use super::*;
use crate::config::{Format, Model};

const NONE: &[(&str, &str)] = &[];
const PAUSE: &[(&str, &str)] = &[("retry-after", "3")];
const YES: &[(&str, &str)] = &[("x-should-retry", "true")];
const NO: &[(&str, &str)] = &[("x-should-retry", "false"), ("retry-after", "3")];

const SPENT: &str = r#"{"type":"error","error":{"type":"rate_limit_error","message":"limit reached","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
const QUOTA: &str = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
const LOADING: &str =
    r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#;
const TOO_LONG: &str = r#"{"error":{"code":400,"message":"request (6031 tokens) exceeds the available context size (2048 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":6031,"n_ctx":2048}}"#;
const OVERLOADED: &str =
    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
const NO_CREDIT: &str = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}"#;
const GEMINI_KEY: &str = r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#;
const GEMINI_LIMIT: &str = r#"[{"error":{"code":429,"message":"Quota exceeded for requests per minute.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3.5s"}]}}]"#;

fn call(key: KeySource) -> Call {
    let origin = "config.toml, [models.m]";
    let url = "https://api.example.com";
    let mut model = Model::with_defaults("m", Format::OpenaiChat, url, "the-model", origin);
    model.key = key;
    Call::new(&model, None).unwrap()
}

fn failure(status: u16, headers: &[(&'static str, &str)], body: &str) -> LlmError {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    let call = call(KeySource::Env("A_KEY".to_owned()));
    of_status(&call, status, &map, body, SystemTime::UNIX_EPOCH)
}

#[rstest]
#[case::bad_request(400, NONE, "", ErrorKind::InvalidRequest, Retry::Never)]
#[case::bad_request_told_to_retry(400, YES, "", ErrorKind::InvalidRequest, Retry::Backoff)]
#[case::no_pause_without_a_retry(400, PAUSE, "", ErrorKind::InvalidRequest, Retry::Never)]
#[case::wrong_key(401, NONE, "", ErrorKind::Authentication, Retry::Never)]
#[case::gemini_wrong_key(400, NONE, GEMINI_KEY, ErrorKind::Authentication, Retry::Never)]
#[case::no_credit(402, NONE, "", ErrorKind::QuotaExhausted, Retry::Never)]
#[case::anthropic_no_credit(400, NONE, NO_CREDIT, ErrorKind::QuotaExhausted, Retry::Never)]
#[case::forbidden(403, NONE, "", ErrorKind::Authentication, Retry::Never)]
#[case::not_found(404, NONE, "", ErrorKind::ModelNotFound, Retry::Never)]
#[case::timeout(408, NONE, "", ErrorKind::Overloaded, Retry::Backoff)]
#[case::conflict(409, NONE, "", ErrorKind::Overloaded, Retry::Backoff)]
#[case::too_large(413, NONE, "", ErrorKind::InvalidRequest, Retry::Never)]
#[case::unprocessable(422, NONE, "", ErrorKind::InvalidRequest, Retry::Never)]
#[case::too_many(429, NONE, "", ErrorKind::RateLimited, Retry::Backoff)]
#[case::too_many_with_pause(
    429,
    PAUSE,
    "",
    ErrorKind::RateLimited,
    Retry::After(Duration::from_secs(3))
)]
#[case::too_many_told_not_to(429, NO, "", ErrorKind::RateLimited, Retry::Never)]
#[case::gemini_pause(
    429,
    NONE,
    GEMINI_LIMIT,
    ErrorKind::RateLimited,
    Retry::After(Duration::from_millis(3500))
)]
#[case::quota(429, PAUSE, QUOTA, ErrorKind::QuotaExhausted, Retry::Never)]
#[case::quota_told_to_retry(429, YES, QUOTA, ErrorKind::QuotaExhausted, Retry::Never)]
#[case::spend_limit(429, NONE, SPENT, ErrorKind::QuotaExhausted, Retry::Never)]
#[case::spend_limit_with_pause(
    429,
    PAUSE,
    SPENT,
    ErrorKind::RateLimited,
    Retry::After(Duration::from_secs(3))
)]
#[case::broken(500, NONE, "", ErrorKind::Overloaded, Retry::Backoff)]
#[case::broken_told_not_to_retry(500, NO, "", ErrorKind::Overloaded, Retry::Never)]
#[case::unavailable(
    503,
    PAUSE,
    "",
    ErrorKind::Overloaded,
    Retry::After(Duration::from_secs(3))
)]
#[case::loading(503, NONE, LOADING, ErrorKind::Overloaded, Retry::Backoff)]
#[case::overloaded(529, NONE, OVERLOADED, ErrorKind::Overloaded, Retry::Backoff)]
#[case::too_long(400, NONE, TOO_LONG, ErrorKind::ContextTooLong, Retry::Never)]
fn a_status_is_classified(
    #[case] status: u16,
    #[case] headers: &[(&'static str, &str)],
    #[case] body: &str,
    #[case] kind: ErrorKind,
    #[case] retry: Retry,
) {
    let error = failure(status, headers, body);
    assert_eq!((error.kind, error.retry), (kind, retry), "{error}");
    for part in ["api.example.com", "the-model", &format!("(HTTP {status})")] {
        assert!(error.message.contains(part), "{error}");
    }
    assert!(error.remedy.is_some());
}

#[rstest]
#[case("Prompt is too long: 250000 tokens > 200000 maximum", true)]
#[case("This model's maximum context length is 8192 tokens.", true)]
#[case(
    "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
    true
)]
#[case("max_tokens is too large: 999999", false)]
fn a_prompt_that_is_too_long_is_known_by_the_words(#[case] message: &str, #[case] too_long: bool) {
    let body = serde_json::json!({"error": {"message": message, "type": "invalid_request_error"}});
    let kind = failure(400, NONE, &body.to_string()).kind;
    assert_eq!(kind == ErrorKind::ContextTooLong, too_long);
}

#[test]
fn the_numbers_of_a_prompt_that_is_too_long_are_told() {
    let error = failure(400, NONE, TOO_LONG);
    assert!(error.message.contains("6031 tokens, 2048 fit"), "{error}");
}

#[rstest]
#[case(KeySource::Env("A_KEY".to_owned()), "the environment variable A_KEY")]
#[case(KeySource::Command(vec!["pass".to_owned(), "show".to_owned(), "a".to_owned()]), "the command `pass show a`")]
#[case(KeySource::File("/home/me/.key".into()), "the file /home/me/.key")]
#[case(
    KeySource::None,
    "wants a key for the model the-model, and none is configured"
)]
fn a_wrong_key_says_where_it_came_from(#[case] source: KeySource, #[case] words: &str) {
    let error = of_status(
        &call(source),
        StatusCode::UNAUTHORIZED,
        &HeaderMap::new(),
        r#"{"error":{"message":"invalid x-api-key"}}"#,
        SystemTime::UNIX_EPOCH,
    );
    assert!(error.message.contains(words), "{error}");
    assert!(error.message.ends_with(": invalid x-api-key"), "{error}");
    assert!(error.remedy.unwrap().contains("config.toml, [models.m]"));
}

#[rstest]
#[case::validator(
    r#"{"detail":[{"type":"missing","loc":["body","messages",0],"msg":"Field required","input":{"content":"fn a() {}"}},{"msg":"too long"}]}"#,
    ": body.messages.0: Field required; too long"
)]
#[case::gateway(
    r#"{"error":{"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"no tools\"}}"}}}"#,
    ": Provider returned error: no tools"
)]
#[case::code_alone(r#"{"error":{"code":"invalid_image"}}"#, ": invalid_image")]
#[case::code_beside(
    r#"{"error":{"message":"No.","type":"invalid_request_error","code":"400"}}"#,
    ": No. [invalid_request_error]"
)]
#[case::nothing_for_people(r#"{"request":{"messages":["fn a() {}"]}}"#, "(HTTP 422)")]
fn a_provider_is_quoted_with_its_sentence_and_its_codes(#[case] body: &str, #[case] end: &str) {
    let error = failure(422, NONE, body);
    assert!(error.message.ends_with(end), "{error}");
    assert!(!error.message.contains("fn a()"), "{error}");
}
