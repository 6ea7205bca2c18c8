//! The client against a server that does what a test says.

use std::path::Path;

use futures_util::{StreamExt, TryStreamExt};
use rstest::rstest;
use tokio::net::TcpListener;

use super::scripted_server::{Server, Step, chunk, head, send, soon, whole};
use super::*;
use crate::config::KeySource;
use crate::llm::{Event, Finish, Role, Turn};

const KEY: &str = "sk-a-very-secret-key";

const SSE: &str = "content-type: text/event-stream";

const HELLO: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n";

const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn model(base_url: &str, format: Format) -> Model {
    let mut model = Model::with_defaults(
        "tested",
        format,
        base_url,
        "the-model",
        "config.toml, [models.tested]",
    );
    model.key = KeySource::Env("TESTED_API_KEY".to_owned());
    model
}

fn prompt() -> Arc<Prompt> {
    let turn = |role, text: &str| Turn {
        role,
        text: text.to_owned(),
    };
    Arc::new(Prompt {
        system: "Be brief.".to_owned(),
        turns: vec![
            turn(Role::User, "Why?"),
            turn(Role::Assistant, "Because."),
            turn(Role::User, "Really?"),
        ],
    })
}

async fn stream(model: &Model) -> Result<ResponseStream, LlmError> {
    soon(Client::new().stream(model, Some(&KEY.into()), &prompt(), None)).await
}

/// Everything that a chat model's server brings.
async fn events(server: &Server) -> Result<Vec<Event>, LlmError> {
    let response = stream(&model(&server.url(), Format::OpenaiChat)).await?;
    soon(response.try_collect()).await
}

/// The failure that a server brings; it names the host, and never the key.
async fn failure(server: &Server) -> LlmError {
    let error = events(server).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("127.0.0.1"), "{text}");
    assert!(!text.contains(KEY), "{text}");
    error
}

fn hello() -> Vec<Event> {
    vec![
        Event::Text("Hello".to_owned()),
        Event::Finished(Finish::Stop),
    ]
}

#[rstest]
#[case(Format::OpenaiChat)]
#[case(Format::OpenaiResponses)]
#[case(Format::Anthropic)]
#[tokio::test]
async fn the_request_is_of_the_format(#[case] format: Format) {
    let mut server = Server::start([whole("500 No", &[], "")]).await;
    let mut model = model(&server.url(), format);
    model.temperature = Some(0.2);
    model
        .headers
        .insert("X-Team".to_owned(), "tools".to_owned());
    stream(&model).await.unwrap_err();
    let request = server.request().await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with("host:") && !line.starts_with("content-length:"))
        .collect();
    lines[1..].sort_unstable();
    let body: Value = serde_json::from_str(body).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let shown = format!("{}\n\n{body:#}", lines.join("\n")).replace(version, "VERSION");
    insta::with_settings!({
        snapshot_path => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llm/http"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(format!("request-{}", format.name()), shown);
    });
}

#[tokio::test]
async fn configured_headers_win() {
    let mut server = Server::start([whole("500 No", &[], "")]).await;
    let mut model = model(&server.url(), Format::OpenaiChat);
    model
        .headers
        .insert("Authorization".to_owned(), "Basic abc".to_owned());
    stream(&model).await.unwrap_err();
    let request = server.request().await;
    assert!(
        request.contains("authorization: Basic abc\r\n"),
        "{request}"
    );
    assert!(!request.contains(KEY), "{request}");
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_and_not_shown() {
    let mut model = model("http://127.0.0.1:1", Format::OpenaiChat);
    model
        .headers
        .insert("x-token".to_owned(), "top\nsecret".to_owned());
    let error = stream(&model).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert!(error.message.contains("x-token"), "{error}");
    assert!(!error.message.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_stream_in_chunks_is_read_to_its_end() {
    let script = vec![
        head("200 OK", &[SSE, "transfer-encoding: chunked"]),
        chunk(&HELLO[..20]),
        chunk(&HELLO[20..]),
        chunk(STOP),
        send("0\r\n\r\n"),
    ];
    let server = Server::start([script]).await;
    assert_eq!(events(&server).await, Ok(hello()));
}

#[tokio::test]
async fn a_packed_stream_is_unpacked() {
    let packed = include_bytes!("../../../tests/fixtures/llm/http/openai.sse.gz").to_vec();
    let length = format!("content-length: {}", packed.len());
    let script = vec![
        head("200 OK", &[SSE, "content-encoding: gzip", &length]),
        Step::Send(packed),
    ];
    let server = Server::start([script]).await;
    let events = events(&server).await.unwrap();
    assert_eq!(events.last(), Some(&Event::Finished(Finish::Stop)));
    assert_eq!(events.len(), 4, "{events:?}");
}

#[rstest]
#[case::wrong_key("401 Unauthorized", &[], "{\"error\":{\"message\":\"Incorrect key sk-a-very-secret-key\"}}",
    ErrorKind::Authentication, Retry::Never, "the environment variable TESTED_API_KEY")]
#[case::unknown_model("404 Not Found", &[], "{\"error\":{\"message\":\"no such model\"}}",
    ErrorKind::ModelNotFound, Retry::Never, "does not know the model the-model")]
#[case::too_many("429 Too Many Requests", &["retry-after: 17"], "{\"error\":{\"message\":\"slow down\"}}",
    ErrorKind::RateLimited, Retry::After(Duration::from_secs(17)), "slow down")]
#[case::broken("500 Internal Server Error", &[], "", ErrorKind::Overloaded, Retry::Backoff, "HTTP 500")]
#[case::page("502 Bad Gateway", &[], "<html><title>502 Bad Gateway</title></html>",
    ErrorKind::Overloaded, Retry::Backoff, "502 Bad Gateway")]
#[case::proxy("407 Proxy Authentication Required", &[], "",
    ErrorKind::Unreachable, Retry::Never, "proxy")]
#[tokio::test]
async fn an_error_status_is_a_failure(
    #[case] status: &str,
    #[case] headers: &[&str],
    #[case] body: &str,
    #[case] kind: ErrorKind,
    #[case] retry: Retry,
    #[case] says: &str,
) {
    let server = Server::start([whole(status, headers, body)]).await;
    let error = failure(&server).await;
    assert_eq!((error.kind, error.retry), (kind, retry), "{error}");
    assert!(error.message.contains(says), "{error}");
    assert!(error.remedy.is_some());
}

#[tokio::test]
async fn a_long_error_is_cut_and_plain() {
    let body = "\u{1b}[31mbad\r\nword ".repeat(50_000);
    let server = Server::start([whole("400 Bad Request", &[], &body)]).await;
    let error = failure(&server).await;
    assert!(error.message.chars().count() < 700, "{error}");
    assert!(!error.message.contains(char::is_control), "{error}");
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = stream(&model(&url, Format::OpenaiChat)).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Unreachable, Retry::Backoff)
    );
    assert!(error.message.ends_with("refused the connection"), "{error}");
    assert!(error.remedy.unwrap().contains("Start the server"));
}

#[tokio::test]
async fn an_unknown_host_says_so() {
    let model = model("http://no-such-host.invalid", Format::OpenaiChat);
    let error = stream(&model).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Unreachable, Retry::Backoff)
    );
    assert!(error.message.contains("no-such-host.invalid"), "{error}");
}

#[tokio::test]
async fn a_connection_that_closes_before_the_response_is_unreachable() {
    let server = Server::start([vec![]]).await;
    let error = failure(&server).await;
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Unreachable, Retry::Backoff)
    );
}

#[rstest]
#[case::before_the_response(vec![Step::Hold], 0)]
#[case::in_the_stream(vec![head("200 OK", &[SSE]), send(HELLO), Step::Hold], 1)]
#[tokio::test]
async fn silence_ends_the_call(#[case] script: Vec<Step>, #[case] events: usize) {
    let mut server = Server::start([script]).await;
    let mut model = model(&server.url(), Format::OpenaiChat);
    model.read_timeout = Duration::from_millis(500);
    let mut seen = Vec::new();
    let error = match stream(&model).await {
        Ok(mut response) => loop {
            match soon(response.next()).await.unwrap() {
                Ok(event) => seen.push(event),
                Err(error) => break error,
            }
        },
        Err(error) => error,
    };
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Silent, Retry::Backoff)
    );
    assert!(error.message.contains("for 0.5 s"), "{error}");
    assert_eq!(seen.len(), events);
    server.client_closed().await;
}

#[tokio::test]
async fn a_slow_stream_may_take_longer_than_the_limit_on_silence() {
    let mut script = vec![head("200 OK", &[SSE])];
    for _ in 0..8 {
        script.extend([
            send(": still thinking\n\n"),
            Step::Pause(Duration::from_millis(250)),
        ]);
    }
    script.extend([send(HELLO), send(STOP)]);
    let server = Server::start([script]).await;
    let mut model = model(&server.url(), Format::OpenaiChat);
    model.read_timeout = Duration::from_millis(1_500);
    let response = stream(&model).await.unwrap();
    let events: Vec<Event> = soon(response.try_collect()).await.unwrap();
    assert_eq!(events, hello());
}

#[rstest]
#[case::chunked("transfer-encoding: chunked", format!("{:x}\r\n{HELLO}\r\n", HELLO.len()))]
#[case::too_short("content-length: 9999", HELLO.to_owned())]
#[case::closed("connection: close", HELLO.to_owned())]
#[tokio::test]
async fn a_cut_stream_is_interrupted(#[case] header: &str, #[case] body: String) {
    let server = Server::start([vec![head("200 OK", &[SSE, header]), send(&body)]]).await;
    let mut response = stream(&model(&server.url(), Format::OpenaiChat))
        .await
        .unwrap();
    let first = soon(response.next()).await;
    assert_eq!(first, Some(Ok(Event::Text("Hello".to_owned()))));
    let error = soon(response.next()).await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Interrupted, Retry::Backoff)
    );
    assert_eq!(soon(response.next()).await, None);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_end_takes_nothing_away() {
    let finish = STOP.split_inclusive("\n\n").next().unwrap();
    let script = vec![
        head("200 OK", &[SSE, "content-length: 9999"]),
        send(HELLO),
        send(finish),
    ];
    let server = Server::start([script]).await;
    assert_eq!(events(&server).await, Ok(hello()));
}

#[rstest]
#[case::nothing("200 OK", "")]
#[case::no_content("204 No Content", "")]
#[case::blanks("200 OK", " \r\n\n")]
#[case::byte_order_mark("200 OK", "\u{feff}")]
#[case::the_end_alone("200 OK", "data: [DONE]\n\n")]
#[tokio::test]
async fn an_empty_response_is_not_asked_for_again(#[case] status: &str, #[case] body: &str) {
    let server = Server::start([whole(status, &[SSE], body)]).await;
    let error = failure(&server).await;
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::InvalidResponse, Retry::Never)
    );
    assert!(error.message.contains("an empty response"), "{error}");
}

#[tokio::test]
async fn a_login_page_is_no_response() {
    let page = "<!doctype html><title>Sign in</title>";
    let server = Server::start([whole("200 OK", &["content-type: text/html"], page)]).await;
    let error = failure(&server).await;
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::InvalidResponse, Retry::Never)
    );
    assert!(
        error.message.contains("web page, titled “Sign in”"),
        "{error}"
    );
    assert!(error.remedy.unwrap().contains("base_url"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut other = Server::start([whole("200 OK", &[SSE], HELLO)]).await;
    let location = format!("location: http://localhost:{}/login", other.address.port());
    let server = Server::start([whole("307 Temporary Redirect", &[&location], "")]).await;
    let error = failure(&server).await;
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::InvalidResponse, Retry::Never)
    );
    assert!(error.message.contains("redirects to localhost"), "{error}");
    assert!(other.is_untouched());
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let script = vec![head("200 OK", &[SSE]), send(HELLO), Step::Hold];
    let mut server = Server::start([script]).await;
    let mut response = stream(&model(&server.url(), Format::OpenaiChat))
        .await
        .unwrap();
    soon(response.next()).await.unwrap().unwrap();
    drop(response);
    server.client_closed().await;
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let mut server = Server::start([vec![Step::Hold]]).await;
    let url = server.url();
    let call = tokio::spawn(async move { stream(&model(&url, Format::OpenaiChat)).await });
    server.request().await;
    call.abort();
    server.client_closed().await;
}

#[rstest]
#[case::listed(&[("200 OK", "{\"data\":[]}")], None)]
#[case::wrong_key(&[("401 Unauthorized", "{}")], Some(ErrorKind::Authentication))]
#[case::login_page(&[("200 OK", "<html>")], Some(ErrorKind::InvalidResponse))]
#[case::no_list(&[("404 Not Found", ""), ("400 Bad Request", "{}")], None)]
#[case::nothing_there(&[("404 Not Found", ""), ("404 Not Found", "")], Some(ErrorKind::ModelNotFound))]
#[tokio::test]
async fn a_probe_asks_for_the_list_of_models(
    #[case] answers: &[(&str, &str)],
    #[case] kind: Option<ErrorKind>,
) {
    let scripts = answers
        .iter()
        .map(|(status, body)| whole(status, &["connection: close"], body));
    let mut server = Server::start(scripts).await;
    let model = model(&server.url(), Format::Anthropic);
    let answer = soon(Client::new().probe(&model, Some(&KEY.into()))).await;
    let answer = answer.map(|_| ()).map_err(|error| error.kind);
    assert_eq!(answer, kind.map_or(Ok(()), Err));
    let request = server.request().await;
    assert!(
        request.starts_with("GET /v1/models HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("x-api-key: sk-a-very-secret-key\r\n"),
        "{request}"
    );
    if answers.len() > 1 {
        let request = server.request().await;
        assert!(
            request.starts_with("POST /v1/messages HTTP/1.1\r\n"),
            "{request}"
        );
    }
}
