//! From the bytes of a response to its events, whatever the server chose to send: a stream of
//! server-sent events, the whole response at once, an error under status 200, a web page.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::Value;
use sse_stream::SseByteStream;

use super::call::Call;
use super::framing::{Guard, MOST_EVENT_BYTES, Stop};
use super::provider_error::ProviderError;
use super::wire::{self, Decoder, Fault};
use super::{Event, LlmError, Retry, failure, transport};

/// The most bytes of a web page or of other text in place of a response.
const MOST_PAGE_BYTES: usize = 64 * 1024;

/// The events of one response, in the order that [`Event`] promises. After an error nothing follows.
///
/// # Cancellation
///
/// Dropping the stream closes the connection, which ends the generation at the provider.
pub struct ResponseStream {
    events: Pin<Box<dyn Stream<Item = Result<Event, LlmError>> + Send>>,
}

impl std::fmt::Debug for ResponseStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseStream").finish_non_exhaustive()
    }
}

impl Stream for ResponseStream {
    type Item = Result<Event, LlmError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(cx)
    }
}

/// What ends the bytes of a response before their end.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// Nothing came for longer than the limit.
    #[error("silence")]
    Silent,
    /// The connection broke, or the bytes could not be unpacked.
    #[error("{0}")]
    Broken(String),
    /// The guard stopped it.
    #[error("stopped")]
    Stopped(Stop),
}

/// The bytes of a response.
pub(super) type Body = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

impl ResponseStream {
    /// The events in a body. `content_type` only serves to explain a body without any.
    pub(super) fn new(call: Call, content_type: Option<&str>, body: Body) -> Self {
        let reader = Reader {
            decoder: wire::decoder(call.model.format),
            is_sse: content_type.is_some_and(|kind| kind.starts_with("text/event-stream")),
            call,
            events: VecDeque::new(),
            failure: None,
            any_event: false,
            any_decoded: false,
            source: Source::Unread(body),
        };
        Self {
            events: Box::pin(stream::unfold(reader, |mut reader| async move {
                reader.next().await.map(|item| (item, reader))
            })),
        }
    }
}

enum Source {
    /// What it is, its first bytes will tell.
    Unread(Body),
    Sse(Pin<Box<SseByteStream<Body>>>),
    Json(Body),
    Page(Body),
    /// Dropped, and the connection with it.
    Ended,
}

struct Reader {
    call: Call,
    decoder: Box<dyn Decoder>,
    is_sse: bool,
    events: VecDeque<Event>,
    /// Told after the events that came before it.
    failure: Option<LlmError>,
    any_event: bool,
    any_decoded: bool,
    source: Source,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Event, LlmError>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                if matches!(event, Event::Finished(_)) {
                    self.source = Source::Ended;
                    self.failure = None;
                    self.events.clear();
                }
                return Some(Ok(event));
            }
            if let Some(failure) = self.failure.take() {
                self.source = Source::Ended;
                return Some(Err(failure));
            }
            if matches!(self.source, Source::Ended) {
                return None;
            }
            if let Err(failure) = self.step().await {
                self.failure = Some(failure);
                self.source = Source::Ended;
            }
        }
    }

    /// Reads on, until there is something to tell or the source has changed.
    async fn step(&mut self) -> Result<(), LlmError> {
        match std::mem::replace(&mut self.source, Source::Ended) {
            Source::Unread(body) => self.source = self.look(body).await?,
            Source::Sse(mut events) => match events.next().await {
                Some(Ok(event)) => {
                    self.source = Source::Sse(events);
                    if let Some(data) = event.data {
                        self.any_event = true;
                        self.decoder
                            .event(event.event.as_deref(), &data, &mut self.events)
                            .map_err(|fault| self.fault(&fault))?;
                        self.any_decoded |= !self.events.is_empty();
                    }
                }
                Some(Err(sse_stream::Error::Body(error))) => self.ended(error.downcast_ref())?,
                Some(Err(error)) => return Err(failure::malformed(&self.call, &error.to_string())),
                None => self.ended(None)?,
            },
            Source::Json(body) => self.whole(body).await?,
            Source::Page(body) => {
                let (page, _) = read(body, MOST_PAGE_BYTES).await;
                return Err(failure::web_page(
                    &self.call,
                    &String::from_utf8_lossy(&page),
                ));
            }
            Source::Ended => {}
        }
        Ok(())
    }

    /// Tells by the first byte that is no blank what the body is. Neither `{`, `[` nor `<` can begin
    /// a line of server-sent events that means something, and content types are often wrong.
    async fn look(&mut self, mut body: Body) -> Result<Source, LlmError> {
        let mut seen = BytesMut::new();
        let first = loop {
            match body.next().await {
                Some(Ok(bytes)) => seen.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    self.ended(Some(&error))?;
                    return Ok(Source::Ended);
                }
                None => break None,
            }
            let text = seen.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&seen);
            // A part of a byte-order mark says nothing yet.
            let is_partial_mark = seen.len() < 3 && b"\xef\xbb\xbf".starts_with(&seen);
            let first = text
                .iter()
                .copied()
                .find(|byte| !byte.is_ascii_whitespace());
            if (first.is_some() && !is_partial_mark) || seen.len() > MOST_PAGE_BYTES {
                break first;
            }
        };
        let whole: Body = Box::pin(stream::iter([Ok(seen.freeze())]).chain(body));
        Ok(match first {
            Some(b'{' | b'[') => Source::Json(whole),
            Some(b'<') => Source::Page(whole),
            _ => Source::Sse(Box::pin(SseByteStream::new(guarded(whole)))),
        })
    }

    /// Takes a body that is one piece of JSON: an error, or the whole response.
    async fn whole(&mut self, body: Body) -> Result<(), LlmError> {
        let (bytes, stopped) = read(body, MOST_EVENT_BYTES).await;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let fault = match (serde_json::from_slice::<Value>(text), stopped) {
            (Ok(value), _) => match ProviderError::find(&value) {
                Some(error) => Fault::Provider(error),
                None => match self.decoder.whole(&value, &mut self.events) {
                    Ok(()) => return Ok(()),
                    Err(fault) => fault,
                },
            },
            (Err(_), Some(error)) => return self.ended(Some(&error)),
            (Err(error), None) if error.is_eof() => Fault::Cut,
            (Err(_), None) => Fault::Malformed(String::from_utf8_lossy(text).into_owned()),
        };
        Err(self.fault(&fault))
    }

    /// Takes the end of the bytes, or what ended them before. A response whose reason to finish had come is
    /// complete all the same: what the connection did afterwards takes nothing from it.
    fn ended(&mut self, error: Option<&BodyError>) -> Result<(), LlmError> {
        if let Some(BodyError::Stopped(Stop::BareJson(line))) = error {
            let found = serde_json::from_str::<Value>(line)
                .ok()
                .as_ref()
                .and_then(ProviderError::find);
            let fault = found.map_or_else(|| Fault::Malformed(line.clone()), Fault::Provider);
            return Err(self.fault(&fault));
        }
        if self.decoder.end(&mut self.events).is_ok() {
            return Ok(());
        }
        Err(match error {
            Some(BodyError::Silent) => transport::silent(&self.call),
            Some(BodyError::Broken(why)) => failure::interrupted(&self.call, Some(why)),
            Some(BodyError::Stopped(Stop::NoEvents(text))) if !self.is_sse && !self.any_event => {
                failure::malformed(&self.call, text)
            }
            Some(BodyError::Stopped(Stop::TooLong)) => {
                failure::malformed(&self.call, "an event that is larger than 8 MiB")
            }
            _ => failure::interrupted(&self.call, None),
        })
    }

    fn fault(&self, fault: &Fault) -> LlmError {
        let mut failure = failure::of_fault(&self.call, fault);
        // The endpoint spoke the format before: this was an accident, not a wrong setting.
        if matches!(fault, Fault::Malformed(_)) && self.any_decoded {
            failure.retry = Retry::Backoff;
        }
        failure
    }
}

/// The body, with the guard in front of it.
fn guarded(body: Body) -> Body {
    let state = (body, Guard::default(), None, false);
    Box::pin(stream::unfold(
        state,
        |(mut body, mut guard, stop, ended)| async move {
            if let Some(stop) = stop {
                return Some((Err(BodyError::Stopped(stop)), (body, guard, None, true)));
            }
            if ended {
                return None;
            }
            match body.next().await {
                Some(Ok(bytes)) => {
                    // What stands behind the stop is not read, however the bytes are split.
                    let (bytes, stop) = match guard.take(&bytes) {
                        Some((end, stop)) => (bytes.slice(..end), Some(stop)),
                        None => (bytes, None),
                    };
                    Some((Ok(bytes), (body, guard, stop, false)))
                }
                Some(Err(error)) => Some((Err(error), (body, guard, None, true))),
                None => {
                    let stop = guard.end()?;
                    Some((Err(BodyError::Stopped(stop)), (body, guard, None, true)))
                }
            }
        },
    ))
}

/// The first `most` bytes of a body, and what ended it before its end.
pub(super) async fn read(mut body: Body, most: usize) -> (BytesMut, Option<BodyError>) {
    let mut all = BytesMut::new();
    while let Some(next) = body.next().await {
        match next {
            Ok(bytes) => {
                let room = most - all.len();
                all.extend_from_slice(&bytes[..bytes.len().min(room)]);
                if bytes.len() > room {
                    return (all, Some(BodyError::Stopped(Stop::TooLong)));
                }
            }
            Err(error) => return (all, Some(error)),
        }
    }
    (all, None)
}

#[cfg(test)]
mod tests;
