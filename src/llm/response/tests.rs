//! Every recorded stream in `tests/fixtures/llm/<format>/`, decoded, against the events that it must
//! bring; and the same events, however the bytes are split.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::config::{Format, Model};

fn model(format: Format) -> Model {
    Model::with_defaults(
        "m",
        format,
        "https://api.example.com/v1",
        "id",
        "config.toml, [models.m]",
    )
}

/// The events of a body that comes in these pieces, a line for each.
fn decode(format: Format, content_type: &str, pieces: Vec<Bytes>) -> String {
    let events = ResponseStream::of_recording(&model(format), Some(content_type), pieces)
        .unwrap()
        .collect::<Vec<_>>()
        .now_or_never()
        .expect("no I/O, no waiting");
    let mut lines = String::new();
    for event in events {
        match event {
            Ok(Event::Text(text)) => writeln!(lines, "text {text:?}"),
            Ok(Event::Reasoning(text)) => writeln!(lines, "reasoning {text:?}"),
            Ok(Event::Usage(usage)) => {
                writeln!(
                    lines,
                    "usage {:?} in, {:?} out",
                    usage.input_tokens, usage.output_tokens
                )
            }
            Ok(Event::Resumable(point)) => writeln!(lines, "resumable {point}"),
            Ok(Event::Finished(finish)) => writeln!(lines, "finished {}", finish.name()),
            Err(error) => {
                writeln!(
                    lines,
                    "error {} {:?}\n  {error}",
                    error.kind.name(),
                    error.retry
                )
            }
        }
        .unwrap();
    }
    lines
}

fn whole(bytes: &[u8]) -> Vec<Bytes> {
    vec![Bytes::copy_from_slice(bytes)]
}

fn byte_by_byte(bytes: &[u8]) -> Vec<Bytes> {
    bytes.chunks(1).map(Bytes::copy_from_slice).collect()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("sse") => "text/event-stream; charset=utf-8",
        Some("json") => "application/json",
        Some("html") => "text/html",
        _ => "text/plain",
    }
}

fn format_of(path: &Path) -> Format {
    let folder = path.parent().and_then(Path::file_name).unwrap();
    [
        Format::Anthropic,
        Format::OpenaiChat,
        Format::OpenaiResponses,
    ]
    .into_iter()
    .find(|format| folder == format.name())
    .unwrap()
}

#[rstest]
fn a_recorded_response_brings_its_events(
    #[files("tests/fixtures/llm/*/*.*")]
    #[exclude("/http/")]
    path: PathBuf,
) {
    let format = format_of(&path);
    let bytes = std::fs::read(&path).unwrap();
    let events = decode(format, content_type(&path), whole(&bytes));
    assert_eq!(
        events,
        decode(format, content_type(&path), byte_by_byte(&bytes)),
        "the events depend on how the bytes are split"
    );
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    insta::with_settings!({
        snapshot_path => path.parent().unwrap().join("events"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, events);
    });
}

const CHAT_END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"All.\"},\"finish_reason\":\"stop\"}]}\n\n";

const ANTHROPIC_END: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"All.\"}}\n\n\
    event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n";

/// A body of these pieces, each after a pause of so many milliseconds, which never ends.
fn endless(first: &'static str, later: Vec<(u64, &'static str)>, ping: &'static str) -> Body {
    let pings = std::iter::repeat((500, ping));
    let pieces = std::iter::once((0, first)).chain(later).chain(pings);
    Box::pin(stream::iter(pieces).then(|(pause, piece)| async move {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        Ok(Bytes::from_static(piece.as_bytes()))
    }))
}

#[rstest]
#[case::comments(Format::OpenaiChat, CHAT_END, ": keep-alive\n\n")]
#[case::blank_lines(Format::OpenaiChat, CHAT_END, "\n")]
#[case::pings(
    Format::Anthropic,
    ANTHROPIC_END,
    "event: ping\ndata: {\"type\":\"ping\"}\n\n"
)]
#[tokio::test(start_paused = true)]
async fn the_finish_ends_a_response_that_is_only_kept_alive(
    #[case] format: Format,
    #[case] end: &'static str,
    #[case] ping: &'static str,
) {
    let call = Call::new(&model(format), None).unwrap();
    let begin = Instant::now();
    let events = ResponseStream::new(
        call,
        Some("text/event-stream"),
        endless(end, vec![], ping),
        None,
    );
    let events: Vec<_> = events.collect().await;
    assert_eq!(
        events,
        [
            Ok(Event::Text("All.".to_owned())),
            Ok(Event::Finished(Finish::Stop))
        ]
    );
    assert_eq!(begin.elapsed(), USAGE_WAIT);
}

#[tokio::test(start_paused = true)]
async fn the_usage_may_come_a_moment_after_the_finish() {
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n";
    let body = endless(CHAT_END, vec![(1_500, usage)], ": keep-alive\n\n");
    let call = Call::new(&model(Format::OpenaiChat), None).unwrap();
    let events = ResponseStream::new(call, Some("text/event-stream"), body, None);
    let events: Vec<_> = events.map(Result::unwrap).collect().await;
    assert!(matches!(events[1], Event::Usage(_)), "{events:?}");
    assert_eq!(events[2..], [Event::Finished(Finish::Stop)]);
}

/// The events of a stream are text, reasoning and usage, then one end: `Finished` or an error.
#[rstest]
fn a_response_ends_once(
    #[files("tests/fixtures/llm/*/*.*")]
    #[exclude("/http/")]
    path: PathBuf,
) {
    let bytes = std::fs::read(&path).unwrap();
    // Wherever it is cut, it ends; and once it has said why it finished, it finishes.
    for end in (0..=bytes.len()).rev().step_by(7) {
        let events = decode(format_of(&path), content_type(&path), whole(&bytes[..end]));
        let ends = |line: &&str| line.starts_with("finished") || line.starts_with("error");
        assert_eq!(events.lines().filter(ends).count(), 1, "{events}");
        let last = events.lines().rfind(|line| !line.starts_with(' ')).unwrap();
        assert!(ends(&last), "{events}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_split_does_not_matter(
        name in prop::sample::select(vec![
            "openai-chat/crlf-bom.sse",
            "openai-chat/cr.sse",
            "openai-chat/error-bare-line.sse",
            "openai-chat/llama-cpp-whole.json",
            "anthropic/thinking.sse",
            "openai-responses/reasoning.sse",
        ]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llm");
        let path = root.join(name);
        let bytes = std::fs::read(&path).unwrap();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let mut start = 0;
        let pieces = cuts
            .into_iter()
            .map(|cut| {
                let piece = Bytes::copy_from_slice(&bytes[start..cut]);
                start = cut;
                piece
            })
            .collect();
        let (format, kind) = (format_of(&path), content_type(&path));
        prop_assert_eq!(decode(format, kind, pieces), decode(format, kind, whole(&bytes)));
    }
}

/// Pieces of streams, good and bad, in any order.
fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "data: ",
        "data:",
        "event: error",
        "event: message_stop",
        "\n",
        "\n\n",
        "\r",
        "\u{feff}",
        "[DONE]",
        "null",
        "{",
        "}",
        "[]",
        "\"\"",
        "<html>",
        ": ping",
        "{\"error\":{}}",
        "{\"error\":\"no\"}",
        "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}",
        "{\"choices\":[null,7],\"usage\":-1}",
        "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}",
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}",
        "{\"type\":\"message_stop\"}",
        "{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}",
        "{\"type\":\"response.completed\",\"response\":{\"status\":7}}",
        "{\"type\":\"response.completed\"}",
    ]);
    let piece = prop_oneof![
        8 => known.prop_map(|text: &str| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes, it brings events and then one end, the same for every split.
    #[test]
    fn nonsense_ends_once(bytes in fragments(), is_sse in any::<bool>()) {
        let kind = if is_sse { "text/event-stream" } else { "" };
        for format in [Format::Anthropic, Format::OpenaiChat, Format::OpenaiResponses] {
            let events = decode(format, kind, whole(&bytes));
            let ends = |line: &&str| line.starts_with("finished") || line.starts_with("error");
            prop_assert_eq!(events.lines().filter(ends).count(), 1, "{}", &events);
            prop_assert!(events.lines().rfind(|line| !line.starts_with(' ')).is_some_and(|line| ends(&line)));
            prop_assert_eq!(&events, &decode(format, kind, byte_by_byte(&bytes)));
        }
    }
}

#[rstest]
#[case::no_type("")]
#[case::wrong_type("text/html")]
#[case::json_type("application/json")]
fn the_content_type_is_not_believed(#[case] content_type: &str) {
    let stream =
        b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    assert_eq!(
        decode(Format::OpenaiChat, content_type, whole(stream)),
        "text \"a\"\nfinished stop\n"
    );
}

#[test]
fn what_follows_the_end_is_not_read() {
    let stream =
        b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n\
        data: [DONE]\n\ndata: {\"error\":{\"message\":\"late\"}}\n\ndata: nonsense\n\n";
    assert_eq!(
        decode(Format::OpenaiChat, "text/event-stream", whole(stream)),
        "text \"a\"\nfinished stop\n"
    );
}

#[test]
fn an_event_without_end_is_an_error_of_its_own() {
    let mut pieces = vec![Bytes::from_static(b"data: ")];
    pieces.extend(std::iter::repeat_n(Bytes::from(vec![b'x'; 1024 * 1024]), 9));
    let events = decode(Format::OpenaiChat, "text/event-stream", pieces);
    assert!(
        events.starts_with("error invalidResponse Never"),
        "{events}"
    );
    assert!(events.contains("larger than 8 MiB"), "{events}");
}

#[test]
fn a_response_without_end_is_broken_off_and_its_text_kept() {
    let text = "x".repeat(1024 * 1024);
    let event = Bytes::from(format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
    ));
    let pieces = std::iter::repeat_n(event, 40).collect();
    let events = decode(Format::OpenaiChat, "text/event-stream", pieces);
    let texts = events
        .lines()
        .filter(|line| line.starts_with("text"))
        .count();
    assert_eq!(
        texts,
        MOST_TEXT_BYTES / text.len() + 1,
        "what came is handed out"
    );
    let end = events.lines().nth(texts).unwrap();
    assert_eq!(end, "error endless Never");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a provider sends, its response comes to one end, and however the bytes are split to the same.
    #[test]
    fn a_broken_response_ends_once(
        (path, bytes) in crate::corpus::broken("fixtures/llm").prop_filter("a response of a format", |(path, _)| {
            !path.to_string_lossy().contains("/http/") && path.extension().is_some_and(|it| it != "snap")
        }),
        size in 1..64_usize,
    ) {
        let events = decode(format_of(&path), content_type(&path), whole(&bytes));
        let ends = |line: &&str| line.starts_with("finished") || line.starts_with("error");
        prop_assert_eq!(events.lines().filter(ends).count(), 1, "{}", events);
        let pieces = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
        prop_assert_eq!(decode(format_of(&path), content_type(&path), pieces), events);
    }
}
