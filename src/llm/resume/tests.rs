//! Wherever a response is interrupted, what was taken before and what comes afterwards is the whole.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use rstest::rstest;

use super::*;
use crate::llm::call::Call;
use crate::llm::http::scripted_server::{Server, Step, head, send, soon, whole};
use crate::llm::response::{Body, ResponseStream};
use crate::llm::{Client, Event, Finish, Prompt, Role, Turn};

const SSE: &str = "content-type: text/event-stream";

/// A stream as llama.cpp's server sends it.
const STREAM: &str = "\
data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n\
: ping\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\",\"content\":\"One \"}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"two \"}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"three\"}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n\
data: [DONE]\n\n";

fn model(base_url: &str, format: Format) -> Model {
    let mut model = Model::with_defaults("m", format, base_url, "id", "a test");
    model.resume = true;
    model
}

fn prompt() -> Arc<Prompt> {
    Arc::new(Prompt {
        system: String::new(),
        turns: vec![Turn {
            role: Role::User,
            text: "Count.".to_owned(),
        }],
    })
}

fn in_pieces(bytes: &[u8], size: usize) -> Body {
    let pieces: Vec<_> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    Box::pin(stream::iter(pieces.into_iter().map(Ok)))
}

fn all(events: ResponseStream) -> Vec<Result<Event, LlmError>> {
    let events = events.collect::<Vec<_>>().now_or_never();
    events.expect("no I/O, no waiting")
}

fn text_of(events: &[Result<Event, LlmError>]) -> Said {
    let mut said = Said::default();
    for event in events {
        match event {
            Ok(Event::Text(text)) => said.text += text.len(),
            Ok(Event::Reasoning(text)) => said.reasoning += text.len(),
            _ => {}
        }
    }
    said
}

/// Without usage, of which the last word counts, and without points.
fn told(events: &[Result<Event, LlmError>]) -> Vec<String> {
    let mut texts = (String::new(), String::new());
    let mut ends = Vec::new();
    for event in events {
        match event {
            Ok(Event::Text(text)) => texts.0.push_str(text),
            Ok(Event::Reasoning(text)) => texts.1.push_str(text),
            Ok(Event::Usage(_) | Event::Resumable(_)) => {}
            end => ends.push(format!("{end:?}")),
        }
    }
    [vec![texts.0, texts.1], ends].concat()
}

#[rstest]
fn a_recorded_response_can_be_taken_up_again_after_every_event(
    #[files("tests/fixtures/llm/openai-chat/*.sse")] path: PathBuf,
    #[values(1, 7, 100_000)] size: usize,
) {
    let bytes = std::fs::read(path).unwrap();
    let model = model("http://127.0.0.1:1/v1", Format::OpenaiChat);
    let call = || Call::new(&model, None).unwrap();
    let begin = ResumePoint::beginning(&model, "name");
    let uncut = all(ResponseStream::new(
        call(),
        Some(SSE),
        in_pieces(&bytes, size),
        begin,
    ));
    for (index, event) in uncut.iter().enumerate() {
        let Ok(Event::Resumable(point)) = event else {
            continue;
        };
        let point: ResumePoint = point.to_string().parse().unwrap();
        let (before, said) = (&uncut[..index], text_of(&uncut[..index]));
        let rest = &bytes[usize::try_from(point.position).unwrap()..];
        let rest = all(ResponseStream::rest(
            call(),
            Some(SSE),
            in_pieces(rest, size),
            point,
            said,
        ));
        if matches!(&rest[..], [Err(error)] if error.kind == ErrorKind::NotResumable) {
            // A stream of which nothing more comes can only be asked for anew.
            assert!(matches!(uncut.last(), Some(Err(_))));
            continue;
        }
        let both: Vec<_> = before.iter().chain(&rest).cloned().collect();
        assert_eq!(
            told(&both),
            told(&uncut),
            "taken up again after event {index}"
        );
    }
}

#[test]
fn another_event_at_the_place_of_the_last_one_ends_it() {
    let model = model("http://127.0.0.1:1/v1", Format::OpenaiChat);
    let call = Call::new(&model, None).unwrap();
    let mut point = ResumePoint::beginning(&model, "name").unwrap();
    point.check = Some(digest("something else"));
    let rest = in_pieces(STREAM.as_bytes(), 9);
    let rest = all(ResponseStream::rest(
        call,
        None,
        rest,
        point,
        Said::default(),
    ));
    let [Err(error)] = &rest[..] else {
        panic!("{rest:?}")
    };
    assert_eq!(error.kind, ErrorKind::NotResumable);
}

#[rstest]
#[case(Format::OpenaiChat, true, true)]
#[case(Format::OpenaiChat, false, false)]
#[case(Format::OpenaiResponses, true, false)]
#[case(Format::Anthropic, true, false)]
#[tokio::test]
async fn a_conversation_is_named_where_it_may_be(
    #[case] format: Format,
    #[case] resume: bool,
    #[case] is_named: bool,
) {
    let mut server = Server::start([whole("500 No", &[], "")]).await;
    let mut model = model(&server.url(), format);
    model.resume = resume;
    let point = ResumePoint::beginning(&model, "the-name");
    let (client, prompt) = (Client::new(), prompt());
    let sent = client.stream(&model, None, &prompt, point);
    soon(sent).await.unwrap_err();
    let request = server.request().await;
    assert_eq!(
        request.contains("x-conversation-id: the-name\r\n"),
        is_named,
        "{request}"
    );
    let is_background =
        request.contains("\"background\":true") && request.contains("\"store\":true");
    assert_eq!(
        is_background,
        format == Format::OpenaiResponses && resume,
        "{request}"
    );
}

/// The script of a connection that serves one request.
fn once(status: &str, body: &str) -> Vec<Step> {
    whole(
        status,
        &["connection: close", "content-type: application/json"],
        body,
    )
}

#[tokio::test]
async fn the_rest_is_asked_for_by_its_first_byte() {
    let begin = STREAM
        .find("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"two")
        .unwrap();
    let rest = &STREAM[begin..];
    let known = "[{\"conversation_id\":\"the-name\",\"is_done\":false,\"total_bytes\":999}]";
    let mut server = Server::start([
        once("200 OK", known),
        vec![head("200 OK", &[SSE]), send(rest)],
    ])
    .await;
    let model = model(&format!("{}/v1", server.url()), Format::OpenaiChat);
    let mut point = ResumePoint::beginning(&model, "the-name").unwrap();
    point.position = begin as u64;
    point.check = Some(digest(
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"two \"}}]}",
    ));
    let said = Said {
        text: 8,
        reasoning: 2,
    };
    let events = soon(Client::new().resume(&model, None, &prompt(), point, said))
        .await
        .unwrap();
    let events: Vec<Event> = soon(events.try_collect()).await.unwrap();
    let texts: Vec<_> = events
        .iter()
        .filter(|event| matches!(event, Event::Text(_)))
        .collect();
    assert_eq!(texts, [&Event::Text("three".to_owned())]);
    assert_eq!(events.last(), Some(&Event::Finished(Finish::Stop)));
    let lookup = server.request().await;
    assert!(
        lookup.starts_with("POST /v1/streams/lookup HTTP/1.1\r\n"),
        "{lookup}"
    );
    assert!(
        lookup.ends_with("{\"conversation_ids\":[\"the-name\"]}"),
        "{lookup}"
    );
    let get = server.request().await;
    let line = format!("GET /v1/stream?conv_id=the-name&from={begin} HTTP/1.1\r\n");
    assert!(get.starts_with(&line), "{get}");
}

#[rstest]
#[case::not_known(vec![once("200 OK", "[]")])]
#[case::another_server(vec![once("404 Not Found", "{\"error\":\"no such path\"}")])]
#[case::answers_everything(vec![once("200 OK", "<html>welcome</html>")])]
#[case::not_allowed(vec![once("405 Method Not Allowed", "")])]
#[case::byte_forgotten(vec![once("200 OK", "[{\"conversation_id\":\"n\"}]"), once("400 Bad Request", "{\"error\":{\"message\":\"Stream offset lost\"}}")])]
#[case::gone_meanwhile(vec![once("200 OK", "[{\"conversation_id\":\"n\"}]"), once("404 Not Found", "{}")])]
#[case::stopped(vec![once("200 OK", "[{\"conversation_id\":\"n\"}]"), vec![head("200 OK", &[SSE, "content-length: 0"])]])]
#[case::comes_whole(vec![once("200 OK", "[{\"conversation_id\":\"n\"}]"), once("200 OK", "{\"choices\":[{\"message\":{\"content\":\"all\"},\"finish_reason\":\"stop\"}]}")])]
#[tokio::test]
async fn what_is_not_there_any_more_is_not_waited_for(#[case] scripts: Vec<Vec<Step>>) {
    let server = Server::start(scripts).await;
    let model = model(&server.url(), Format::OpenaiChat);
    let point = ResumePoint::beginning(&model, "n").unwrap();
    let resumed = soon(Client::new().resume(&model, None, &prompt(), point, Said::default())).await;
    let error = match resumed {
        Ok(events) => soon(events.try_collect::<Vec<Event>>()).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind, ErrorKind::NotResumable, "{error}");
}

#[rstest]
#[case::loading(
    once(
        "503 Service Unavailable",
        "{\"error\":{\"message\":\"Loading model\"}}"
    ),
    ErrorKind::Overloaded
)]
#[case::wrong_key(once("401 Unauthorized", "{}"), ErrorKind::Authentication)]
#[case::closed(vec![], ErrorKind::Unreachable)]
#[tokio::test]
async fn an_endpoint_that_cannot_be_asked_now_may_know_it_later(
    #[case] script: Vec<Step>,
    #[case] kind: ErrorKind,
) {
    let server = Server::start([script]).await;
    let model = model(&server.url(), Format::OpenaiChat);
    let point = ResumePoint::beginning(&model, "n").unwrap();
    let resumed = soon(Client::new().resume(&model, None, &prompt(), point, Said::default())).await;
    assert_eq!(resumed.unwrap_err().kind, kind);
}

#[tokio::test]
async fn another_endpoint_is_not_asked_for_what_this_one_began() {
    let mut server = Server::start([]).await;
    let model = model(&server.url(), Format::OpenaiChat);
    let mut point = ResumePoint::beginning(&model, "n").unwrap();
    point.endpoint = "http://127.0.0.1:1".to_owned();
    let client = Client::new();
    soon(client.let_go(&model, None, &point, false))
        .await
        .unwrap();
    let resumed = soon(client.resume(&model, None, &prompt(), point, Said::default())).await;
    assert_eq!(resumed.unwrap_err().kind, ErrorKind::NotResumable);
    assert!(server.is_untouched());
}

/// The events of a response in the background, as OpenAI sends them.
fn background(from: u64) -> String {
    let response = |status: &str| {
        format!(
            "{{\"id\":\"resp_1\",\"background\":true,\"status\":\"{status}\",\"output\":[{{\"type\":\"message\",\"content\":[{{\"type\":\"output_text\",\"text\":\"One two\"}}]}}]}}"
        )
    };
    let events = [
        format!(
            "{{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{}}}",
            response("queued")
        ),
        "{\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"delta\":\"One \"}"
            .to_owned(),
        "{\"type\":\"response.output_text.delta\",\"sequence_number\":2,\"delta\":\"two\"}"
            .to_owned(),
        format!(
            "{{\"type\":\"response.completed\",\"sequence_number\":3,\"response\":{}}}",
            response("completed")
        ),
    ];
    let skipped = usize::try_from(from).unwrap();
    events
        .iter()
        .skip(skipped)
        .map(|event| format!("data: {event}\n\n"))
        .collect()
}

#[tokio::test]
async fn a_response_in_the_background_is_asked_for_by_its_sequence_number() {
    let first: String = background(0).split_inclusive("\n\n").take(2).collect();
    let mut server = Server::start([
        vec![head("200 OK", &[SSE, "connection: close"]), send(&first)],
        vec![head("200 OK", &[SSE]), send(&background(2))],
    ])
    .await;
    let model = model(&format!("{}/v1", server.url()), Format::OpenaiResponses);
    let client = Client::new();
    assert_eq!(
        ResumePoint::beginning(&model, "n"),
        None,
        "it is not known by a name of ours"
    );
    let events = soon(client.stream(&model, None, &prompt(), None))
        .await
        .unwrap();
    let events: Vec<_> = soon(events.collect::<Vec<_>>()).await;
    let [
        Ok(Event::Resumable(_)),
        Ok(Event::Text(_)),
        Ok(Event::Resumable(point)),
        Err(error),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(error.kind, ErrorKind::Interrupted);
    let prompt = prompt();
    let resumed = client.resume(&model, None, &prompt, point.clone(), text_of(&events));
    let rest = soon(resumed).await.unwrap();
    let rest = soon(rest.collect::<Vec<_>>()).await;
    assert_eq!(
        told(&rest),
        ["two", "", "Ok(Finished(Stop))"],
        "the whole at the end is not said again"
    );
    server.request().await;
    let get = server.request().await;
    let line = "GET /v1/responses/resp_1?stream=true&starting_after=1 HTTP/1.1\r\n";
    assert!(get.starts_with(line), "{get}");
}

#[test]
fn a_server_that_passes_over_the_wish_for_background_is_not_trusted_with_it() {
    let bytes = background(0).replace("\"background\":true,", "");
    let model = model("http://127.0.0.1:1/v1", Format::OpenaiResponses);
    let call = Call::new(&model, None).unwrap();
    let events = all(ResponseStream::new(
        call,
        Some(SSE),
        in_pieces(bytes.as_bytes(), 50),
        None,
    ));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Ok(Event::Resumable(_)))),
        "{events:?}"
    );
    assert_eq!(told(&events), ["One two", "", "Ok(Finished(Stop))"]);
}

#[rstest]
#[case::replay(Format::OpenaiChat, false, &["DELETE /v1/stream?conv_id=n"])]
#[case::background(Format::OpenaiResponses, false, &["POST /v1/responses/n/cancel", "DELETE /v1/responses/n"])]
#[case::complete(Format::OpenaiResponses, true, &["DELETE /v1/responses/n"])]
#[tokio::test]
async fn nothing_goes_on_that_was_let_go(
    #[case] format: Format,
    #[case] is_complete: bool,
    #[case] requests: &[&str],
) {
    let scripts = requests.iter().map(|_| once("404 Not Found", "{}"));
    let mut server = Server::start(scripts).await;
    let model = model(&format!("{}/v1", server.url()), format);
    let point = ResumePoint::new(way(&model).unwrap(), &model, "n");
    let told = Client::new();
    soon(told.let_go(&model, None, &point, is_complete))
        .await
        .unwrap();
    for line in requests {
        let request = server.request().await;
        assert!(
            request.starts_with(&format!("{line} HTTP/1.1\r\n")),
            "{request}"
        );
    }
}

#[test]
fn a_point_of_another_time_is_not_understood() {
    assert!("".parse::<ResumePoint>().is_err());
    assert!("{\"way\":\"Telepathy\"}".parse::<ResumePoint>().is_err());
}

#[tokio::test]
async fn what_comes_in_place_of_the_rest_is_not_told_with_the_prompt() {
    let prompt = Arc::new(Prompt {
        system: String::new(),
        turns: vec![Turn {
            role: Role::User,
            text: "Count the giraffes of the vault.".to_owned(),
        }],
    });
    let error = r#"{"error":{"message":"broke over 'Count the giraffes of the vault.'"}}"#;
    let server = Server::start([whole("500 No", &[], error)]).await;
    let mut model = model(&server.url(), Format::OpenaiResponses);
    model.resume = true;
    let point = ResumePoint::new(Way::Background, &model, "resp_1");
    let client = Client::new();
    let resumed = client.resume(&model, None, &prompt, point, Said::default());
    let error = soon(resumed).await.unwrap_err();
    assert!(error.message.ends_with("broke over '[…]'"), "{error}");
}
