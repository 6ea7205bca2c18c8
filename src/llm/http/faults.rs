//! What networks do to a connection, and a server to a stream.

use futures_util::{StreamExt as _, TryStreamExt as _};
use rstest::rstest;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::scripted_server::{Server, Step, head, send, soon, whole};
use super::*;
use crate::llm::{Event, Role, Turn};

const SSE: &str = "content-type: text/event-stream";

const HELLO: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n";

fn model(base_url: &str) -> Model {
    Model::with_defaults(
        "tested",
        Format::OpenaiChat,
        base_url,
        "the-model",
        "a test",
    )
}

/// The text that came, and what ended it.
async fn text_and_error(model: &Model) -> (String, LlmError) {
    let turn = Turn {
        role: Role::User,
        text: "Why?".to_owned(),
    };
    let prompt = Arc::new(Prompt {
        system: String::new(),
        turns: vec![turn],
    });
    let mut text = String::new();
    let client = Client::new();
    let error = match soon(client.stream(model, None, &prompt, None)).await {
        Ok(mut events) => loop {
            match soon(events.next()).await.expect("an end of some sort") {
                Ok(Event::Text(piece)) => text.push_str(&piece),
                Ok(_) => {}
                Err(error) => break error,
            }
        },
        Err(error) => error,
    };
    (text, error)
}

#[rstest]
#[case::before_the_response(vec![], "", ErrorKind::Unreachable)]
#[case::in_the_head(vec![send("HTTP/1.1 200 O")], "", ErrorKind::Unreachable)]
#[case::in_the_stream(vec![head("200 OK", &[SSE]), send(HELLO)], "Hello", ErrorKind::Interrupted)]
#[tokio::test]
async fn a_reset_connection_is_worth_another_try(
    #[case] mut script: Vec<Step>,
    #[case] text: &str,
    #[case] kind: ErrorKind,
) {
    // What was sent arrives before the reset does.
    script.extend([Step::Pause(Duration::from_millis(100)), Step::Reset]);
    let server = Server::start([script]).await;
    let (said, error) = text_and_error(&model(&server.url())).await;
    assert_eq!((said.as_str(), error.kind), (text, kind), "{error}");
    assert_eq!(error.retry, Retry::Backoff);
}

/// A host that swallows everything: the queue of a socket that is never served is full, so that the
/// system answers nothing to whoever connects.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_black_hole_is_left_after_the_limit_on_connecting() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        queued.push(stream);
    }
    let mut model = model(&format!("http://{address}"));
    model.connect_timeout = Duration::from_millis(400);
    let (_, error) = text_and_error(&model).await;
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Unreachable, Retry::Backoff)
    );
    assert!(error.message.contains("within 0.4 s"), "{error}");
    assert!(error.remedy.unwrap().contains("firewall"));
}

#[tokio::test]
async fn a_pause_until_a_date_is_obeyed() {
    let until = SystemTime::now() + Duration::from_secs(3600);
    let header = format!("retry-after: {}", httpdate::fmt_http_date(until));
    let server = Server::start([whole("429 Too Many Requests", &[&header], "{}")]).await;
    let (_, error) = text_and_error(&model(&server.url())).await;
    let Retry::After(pause) = error.retry else {
        panic!("{error:?}")
    };
    assert!((3000..=3600).contains(&pause.as_secs()), "{pause:?}");
}

#[tokio::test]
async fn bytes_that_are_no_text_interrupt_and_the_text_before_them_is_kept() {
    let script = vec![
        head("200 OK", &[SSE]),
        send(HELLO),
        Step::Send(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n".to_vec()),
    ];
    let server = Server::start([script]).await;
    let (text, error) = text_and_error(&model(&server.url())).await;
    assert_eq!(
        (text.as_str(), error.kind),
        ("Hello", ErrorKind::Interrupted)
    );
    assert_eq!(error.retry, Retry::Backoff);
}

/// A response whose pieces come after these pauses; in virtual time.
fn slow(pauses: &'static [u64]) -> Body {
    let pieces = stream::iter(pauses).then(|seconds| async move {
        tokio::time::sleep(Duration::from_secs(*seconds)).await;
        Ok::<_, std::io::Error>("piece")
    });
    let response = http::Response::new(reqwest::Body::wrap_stream(pieces));
    paced(Duration::from_secs(300), response.into())
}

#[tokio::test(start_paused = true)]
async fn silence_is_borne_for_minutes_and_not_for_ever() {
    let pieces = slow(&[299, 299, 299, 299]);
    assert_eq!(pieces.try_collect::<Vec<_>>().await.unwrap().len(), 4);
    let mut pieces = slow(&[299, 301]);
    pieces.next().await.unwrap().unwrap();
    let begin = tokio::time::Instant::now();
    let end = pieces.next().await;
    assert!(matches!(end, Some(Err(BodyError::Silent))));
    assert_eq!(begin.elapsed().as_secs(), 300);
    assert!(pieces.next().await.is_none());
}

#[tokio::test]
async fn packed_bytes_that_cannot_be_unpacked_end_the_stream() {
    let script = vec![
        head(
            "200 OK",
            &[SSE, "content-encoding: gzip", "content-length: 9"],
        ),
        send("no gzip!!"),
    ];
    let server = Server::start([script]).await;
    let (_, error) = text_and_error(&model(&server.url())).await;
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Interrupted, Retry::Backoff)
    );
}
