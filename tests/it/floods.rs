//! Models that send more than anyone can take: memory stays bounded, the text is kept, and what happened
//! is said.

use backchat::protocol::RequestInfo;
use backchat::session::State;
use rstest::rstest;

use crate::support::{Editor, Reply, World};

const CODE: &str = "fn main() {}\n";

const SSE: &str = "content-type: text/event-stream\r\n";

/// How a packed body begins.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// An event with so many bytes of text.
fn event(bytes: usize) -> Vec<u8> {
    let text = "x".repeat(bytes);
    let event =
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    event.into_bytes()
}

/// The most memory that the server has needed so far, in bytes. Only Linux tells.
fn peak(editor: &Editor) -> Option<u64> {
    let status = format!("/proc/{}/status", editor.process_id());
    let status = std::fs::read_to_string(status).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

fn flood(headers: &'static str, piece: Vec<u8>, times: usize) -> Reply {
    Reply::Flood {
        headers,
        first: event(5),
        piece,
        times,
    }
}

#[rstest]
#[case::a_line_of_100_mb(flood(SSE, vec![b'x'; 1024 * 1024], 100), "invalidResponse", 5, 48)]
#[case::an_answer_without_end(flood(SSE, event(64 * 1024), 100_000), "endless", 16 * 1024 * 1024, 192)]
#[case::packed_zeros(Reply::Flood {
    headers: "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n",
    first: GZIP.to_vec(),
    piece: include_bytes!("../fixtures/llm/http/zeros.deflate").to_vec(),
    times: 4_096,
}, "invalidResponse", 0, 48)]
#[case::an_error_of_100_mb(Reply::Whole {
    status: 400,
    headers: Vec::new(),
    body: "no ".repeat(34_000_000),
}, "invalidRequest", 0, 48)]
fn a_flood_takes_bounded_memory(
    #[case] reply: Reply,
    #[case] kind: &str,
    #[case] text: usize,
    #[case] most_mib: u64,
) {
    let world = World::scripted_with("max_attempts = 1", "resume = false");
    world.model.on("flood", [reply]);
    let editor = world.editor();
    let uri = world.uri("main.rs");
    editor.open(&uri, CODE);
    let before = peak(&editor);
    let request = editor.ask(&uri, "flood");
    let failed: RequestInfo = editor.wait_for_state(&request.id, State::Failed);
    let after = peak(&editor);
    assert_eq!(failed.failure.unwrap().kind, kind);
    if let (Some(before), Some(after)) = (before, after) {
        let more = (after - before) >> 20;
        assert!(more < most_mib, "{more} MiB more than before");
    }
    let turn = editor.session(&request.session_id).turns.remove(0);
    let kept = turn.response.map_or(0, |said| said.text.len());
    assert!(kept >= text, "{kept} bytes are kept");
    let next = editor.ask(&uri, "and now? «b»");
    editor.wait_for_response(&next.id);
}
