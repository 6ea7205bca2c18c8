//! From the bytes of a model's response to its events.

use backchat::config::{Format, Model};
use backchat::llm::{Event, ResponseStream};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};

/// A response of some length, in the pieces in which a network brings it.
#[derive(Clone)]
pub struct Response {
    model: Model,
    pieces: Vec<Bytes>,
    texts: usize,
}

impl Response {
    /// A recorded response whose pieces of text come so many times over.
    pub fn recorded(format: Format, times: usize) -> Self {
        let (recording, mark) = match format {
            Format::Anthropic => (
                include_str!("../fixtures/llm/anthropic/llama-cpp.sse"),
                "\"text_delta\"",
            ),
            Format::OpenaiChat => (
                include_str!("../fixtures/llm/openai-chat/llama-cpp.sse"),
                "\"delta\":{\"content\":\"",
            ),
            Format::OpenaiResponses => (
                include_str!("../fixtures/llm/openai-responses/llama-cpp.sse"),
                "\"type\":\"response.output_text.delta\"",
            ),
        };
        let mut pieces = Vec::new();
        let mut texts = 0;
        for event in recording.split_inclusive("\n\n") {
            let is_text = event.contains(mark);
            let count = if is_text { times } else { 1 };
            texts += if is_text { times } else { 0 };
            pieces.extend(std::iter::repeat_n(
                Bytes::from_static(event.as_bytes()),
                count,
            ));
        }
        assert!(texts > 0, "the recording has text");
        let model = Model::with_defaults("m", format, "http://127.0.0.1:1/v1", "id", "a benchmark");
        Self {
            model,
            pieces,
            texts,
        }
    }

    /// Decodes the whole response.
    pub fn run(self) {
        let events =
            ResponseStream::of_recording(&self.model, Some("text/event-stream"), self.pieces)
                .expect("the model has a base URL")
                .collect::<Vec<_>>()
                .now_or_never()
                .expect("a recording is not waited for");
        let texts = events
            .iter()
            .filter(|event| matches!(event, Ok(Event::Text(_))))
            .count();
        assert_eq!(texts, self.texts);
        assert!(matches!(events.last(), Some(Ok(Event::Finished(_)))));
    }
}
