//! Where endpoints of one format differ in what they take.

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::llm::{Role, Turn};

fn model(format: Format, base_url: &str) -> Model {
    Model::with_defaults("tested", format, base_url, "the-model", "a test")
}

fn prompt() -> Prompt {
    let turn = |role, text: &str| Turn {
        role,
        text: text.to_owned(),
    };
    Prompt {
        system: String::new(),
        turns: vec![
            turn(Role::User, "Why?"),
            turn(Role::Assistant, "Because."),
            turn(Role::User, "Really?"),
        ],
    }
}

#[rstest]
#[case("https://api.openai.com/v1", "max_completion_tokens", true)]
#[case("https://x.openai.azure.com/openai/v1", "max_completion_tokens", true)]
#[case("https://openrouter.ai/api/v1", "max_tokens", true)]
#[case("https://api.mistral.ai/v1", "max_tokens", false)]
#[case("http://127.0.0.1:11434/v1", "max_tokens", true)]
fn vendors_differ_in_two_fields(
    #[case] base_url: &str,
    #[case] limit: &str,
    #[case] options: bool,
) {
    let body = body(&model(Format::OpenaiChat, base_url), &prompt());
    let limits = ["max_completion_tokens", "max_tokens"].map(|name| body.get(name).is_some());
    assert_eq!(
        limits,
        [limit == "max_completion_tokens", limit == "max_tokens"]
    );
    assert_eq!(body.get("stream_options").is_some(), options);
}

#[rstest]
#[case::vendor("https://api.openai.com/v1", json!("Because."))]
#[case::compatible("http://127.0.0.1:8080/v1",
    json!([{"type": "output_text", "text": "Because.", "annotations": []}]))]
fn an_earlier_answer_has_the_form_that_the_endpoint_takes(
    #[case] base_url: &str,
    #[case] content: Value,
) {
    let body = body(&model(Format::OpenaiResponses, base_url), &prompt());
    assert_eq!(body["input"][1]["role"], "assistant");
    assert_eq!(body["input"][1]["content"], content);
}

#[rstest]
#[case(Format::OpenaiChat)]
#[case(Format::OpenaiResponses)]
#[case(Format::Anthropic)]
fn what_is_not_set_is_not_sent(#[case] format: Format) {
    let body = body(&model(format, "https://api.example.com"), &prompt());
    for field in ["temperature", "system", "instructions"] {
        assert_eq!(body.get(field), None);
    }
    let text = body.to_string();
    assert!(
        !text.contains("\"system\"") && !text.contains("null"),
        "{text}"
    );
}
