//! Encrypted connections: which certificates are trusted, and what is said when one is not.

use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::config::{Format, Model};
use crate::llm::http::scripted_server::{Step, head, play, send, soon};
use crate::llm::{Client, ErrorKind, Event, Finish, LlmError, Prompt, ResponseStream, Retry};
use crate::llm::{Role, Turn};

const SSE: &str = "content-type: text/event-stream";

const HELLO: &str =
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n";

fn model(base_url: &str) -> Model {
    Model::with_defaults(
        "tested",
        Format::OpenaiChat,
        base_url,
        "the-model",
        "a test",
    )
}

async fn stream(model: &Model) -> Result<ResponseStream, LlmError> {
    let prompt = Arc::new(Prompt {
        system: String::new(),
        turns: vec![Turn {
            role: Role::User,
            text: "Why?".to_owned(),
        }],
    });
    soon(Client::new().stream(model, None, &prompt, None)).await
}

/// A server with the certificate of the tests' own authority.
async fn secure_server(script: Vec<Step>) -> String {
    server_with(
        include_bytes!("../../../tests/fixtures/llm/http/server.pem"),
        include_bytes!("../../../tests/fixtures/llm/http/server-key.pem"),
        script,
    )
    .await
}

async fn server_with(certificate: &[u8], key: &[u8], script: Vec<Step>) -> String {
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = CertificateDer::from_pem_slice(certificate);
    let key = PrivateKeyDer::from_pem_slice(key);
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap()], key.unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(stream) = acceptor.accept(stream).await {
            let ignored = mpsc::unbounded_channel().0;
            play(stream, script, ignored, mpsc::unbounded_channel().0).await;
        }
    });
    url
}

fn ca_file() -> Option<std::path::PathBuf> {
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llm/http/ca.pem"))
}

#[tokio::test]
async fn a_certificate_of_an_authority_in_ca_file_is_trusted() {
    let url = secure_server(vec![head("200 OK", &[SSE]), send(HELLO)]).await;
    let mut model = model(&url);
    model.ca_file = ca_file();
    let response = stream(&model).await.unwrap();
    let events: Vec<Event> = soon(response.try_collect()).await.unwrap();
    let hello = Event::Text("Hello".to_owned());
    assert_eq!(events, [hello, Event::Finished(Finish::Stop)]);
}

#[tokio::test]
async fn an_unknown_authority_is_a_tls_failure() {
    let url = secure_server(vec![]).await;
    let error = stream(&model(&url)).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Tls, Retry::Never),
        "{error}"
    );
    assert!(error.remedy.unwrap().contains("ca_file"));
}

#[tokio::test]
async fn an_expired_certificate_is_a_tls_failure_that_says_so() {
    let url = server_with(
        include_bytes!("../../../tests/fixtures/llm/http/expired.pem"),
        include_bytes!("../../../tests/fixtures/llm/http/expired-key.pem"),
        vec![],
    )
    .await;
    let mut model = model(&url);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llm/http");
    model.ca_file = Some(fixtures.join("expired-ca.pem"));
    let error = stream(&model).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Tls, Retry::Never),
        "{error}"
    );
    assert!(error.message.contains("expired"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer)
            .await
            .unwrap();
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
    });
    let mut model = model(&url);
    model.ca_file = ca_file();
    let error = stream(&model).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Tls, "{error}");
    assert!(error.remedy.unwrap().contains("http://"));
}

#[tokio::test]
async fn a_missing_ca_file_is_named() {
    let mut model = model("https://127.0.0.1:1");
    model.ca_file = Some("/no/such/ca.pem".into());
    let error = stream(&model).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Tls);
    assert!(error.message.contains("/no/such/ca.pem"), "{error}");
}
