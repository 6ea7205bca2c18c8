use rstest::rstest;

use super::*;
use crate::llm::http::scripted_server::{Server, soon, whole};

fn found(variables: &[(&str, &str)]) -> Vec<Model> {
    from_environment(&|name| {
        let known = variables.iter().find(|(known, _)| *known == name);
        known.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn without_variables_nothing_is_found() {
    assert_eq!(found(&[]), vec![]);
    assert_eq!(
        found(&[
            ("ANTHROPIC_API_KEY", " "),
            ("ANTHROPIC_BASE_URL", "http://h")
        ]),
        vec![]
    );
}

#[rstest]
#[case(
    "ANTHROPIC_API_KEY",
    Format::Anthropic,
    "https://api.anthropic.com",
    200_000
)]
#[case(
    "OPENAI_API_KEY",
    Format::OpenaiChat,
    "https://api.openai.com/v1",
    128_000
)]
#[case(
    "OPENROUTER_API_KEY",
    Format::OpenaiChat,
    "https://openrouter.ai/api/v1",
    128_000
)]
#[case(
    "GEMINI_API_KEY",
    Format::OpenaiChat,
    "https://generativelanguage.googleapis.com/v1beta/openai",
    128_000
)]
#[case(
    "MISTRAL_API_KEY",
    Format::OpenaiChat,
    "https://api.mistral.ai/v1",
    128_000
)]
fn a_key_finds_its_vendor(
    #[case] variable: &str,
    #[case] format: Format,
    #[case] base_url: &str,
    #[case] context: u32,
) {
    let models = found(&[(variable, "sk-secret")]);
    let [model] = models.as_slice() else {
        panic!("{models:?}");
    };
    assert_eq!((model.format, model.base_url.as_str()), (format, base_url));
    assert_eq!(
        (model.context_tokens, model.max_output_tokens),
        (context, 8_192)
    );
    assert_eq!(model.key, KeySource::Env(variable.to_owned()));
    assert!(model.origin.contains(variable), "{}", model.origin);
    assert!(!format!("{model:?}").contains("sk-secret"));
}

#[test]
fn the_endpoint_and_the_model_may_be_chosen_by_variables() {
    let models = found(&[
        ("OPENAI_API_KEY", "x"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9000/v1/"),
        ("OPENAI_MODEL", "mine"),
    ]);
    assert_eq!(models[0].base_url, "http://127.0.0.1:9000/v1");
    assert_eq!(models[0].model, "mine");
    assert_eq!(
        models[0].origin,
        "found by the environment variable OPENAI_API_KEY, with OPENAI_BASE_URL, with OPENAI_MODEL"
    );
}

#[test]
fn the_preferred_vendor_comes_first() {
    let models = found(&[("MISTRAL_API_KEY", "x"), ("ANTHROPIC_API_KEY", "x")]);
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["anthropic", "mistral"]);
}

const LLAMA: &str = r#"{"object":"list","data":[{"id":"smollm2","owned_by":"llamacpp","meta":{"n_ctx_train":8192}}]}"#;
const LLAMA_WITH_WINDOW: &str =
    r#"{"data":[{"id":"smollm2","owned_by":"llamacpp","meta":{"n_ctx":2048,"n_ctx_train":8192}}]}"#;
const PROPS: &str = r#"{"default_generation_settings":{"n_ctx":16384},"total_slots":2}"#;
const OLLAMA: &str = r#"{"object":"list","data":[{"id":"nomic-embed-text:latest"},{"id":"qwen2.5-coder:7b","owned_by":"library"}]}"#;

#[rstest]
#[case::ollama(&[("200 OK", OLLAMA)], Some(("qwen2.5-coder:7b", 4_096, 1_024)))]
#[case::llama_with_window(&[("200 OK", LLAMA_WITH_WINDOW)], Some(("smollm2", 2_048, 512)))]
#[case::llama_with_props(&[("200 OK", LLAMA), ("200 OK", PROPS)], Some(("smollm2", 16_384, 2_048)))]
#[case::llama_without_props(&[("200 OK", LLAMA), ("404 Not Found", "")], Some(("smollm2", 4_096, 1_024)))]
#[case::nothing_loaded(&[("200 OK", r#"{"data":[]}"#)], None)]
#[case::only_embeddings(&[("200 OK", r#"{"data":[{"id":"text-embedding-3"}]}"#)], None)]
#[case::wants_a_key(&[("401 Unauthorized", "{}")], None)]
#[case::another_server(&[("200 OK", "<html>It works!</html>")], None)]
#[tokio::test]
async fn a_local_server_is_asked_for_its_models(
    #[case] answers: &[(&str, &str)],
    #[case] expected: Option<(&str, u32, u32)>,
) {
    let scripts = answers
        .iter()
        .map(|(status, body)| whole(status, &["connection: close"], body));
    let mut server = Server::start(scripts).await;
    let local = Local {
        name: "local",
        product: "A server",
        port: server.address.port(),
    };
    let model = soon(local_server(&Client::new(), &local)).await;
    assert!(
        server
            .request()
            .await
            .starts_with("GET /v1/models HTTP/1.1\r\n")
    );
    let seen = model.as_ref().map(|model| {
        (
            model.model.as_str(),
            model.context_tokens,
            model.max_output_tokens,
        )
    });
    assert_eq!(seen, expected);
    if let Some(model) = model {
        assert_eq!(model.base_url, format!("{}/v1", server.url()));
        assert_eq!(
            model.origin,
            format!("A server, found on port {} of this machine", local.port)
        );
        assert_eq!(model.read_timeout, Duration::from_secs(300));
    }
    if answers.len() > 1 {
        assert!(
            server
                .request()
                .await
                .starts_with("GET /props HTTP/1.1\r\n")
        );
    }
}
