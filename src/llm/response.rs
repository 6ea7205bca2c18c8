//! From the bytes of a response to its events, whatever the server chose to send: a stream of
//! server-sent events, the whole response at once, an error under status 200, a web page.

mod body;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::stream::{self, Stream, StreamExt};
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json_borrow::Value as Json;
use sse_stream::{Sse, SseByteStream};
use tokio::time::Instant;

use super::call::Call;
use super::framing::{MOST_EVENT_BYTES, Stop};
use super::provider_error::ProviderError;
use super::resume::{self, ResumePoint, Said};
use super::surrogates::{self, Halves};
use super::wire::{self, Decoder, Fault};
use super::{Event, Finish, LlmError, failure, transport};
use crate::config::Model;

use body::guarded;
pub(super) use body::{Body, BodyError, read};

/// The most bytes of a web page or of other text in place of a response.
const MOST_PAGE_BYTES: usize = 64 * 1024;

/// The most bytes of text, reasoning included, of one response. The longest that any model gives are a
/// tenth of this.
const MOST_TEXT_BYTES: usize = 16 * 1024 * 1024;

/// How long the usage is waited for once the reason to finish has come. Some servers keep the connection open
/// behind their last word.
const USAGE_WAIT: Duration = Duration::from_secs(2);

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

impl ResponseStream {
    /// The events in a response that was recorded: its content type, and its bytes in the pieces in which
    /// they came. No connection is made.
    ///
    /// # Errors
    ///
    /// When the model's base URL, whose host errors name, is none.
    pub fn of_recording<P>(
        model: &Model,
        content_type: Option<&str>,
        pieces: P,
    ) -> Result<Self, LlmError>
    where
        P: IntoIterator<Item = Bytes>,
        P::IntoIter: Send + 'static,
    {
        let body: Body = Box::pin(stream::iter(pieces.into_iter().map(Ok)));
        let call = Call::new(model, None)?;
        Ok(Self::new(call, content_type, body, None))
    }

    /// The events in a body. `content_type` only serves to explain a body without any. `point` is
    /// where the response begins, when the server is known to go on without its client.
    pub(super) fn new(
        call: Call,
        content_type: Option<&str>,
        body: Body,
        point: Option<ResumePoint>,
    ) -> Self {
        Self::of(Reader::new(call, content_type, body, point))
    }

    /// The events in the rest of a response that was taken up again.
    pub(super) fn rest(
        call: Call,
        content_type: Option<&str>,
        body: Body,
        point: ResumePoint,
        said: Said,
    ) -> Self {
        let mut reader = Reader::new(call, content_type, body, None);
        reader.decoder.resumed(&point.id, said);
        reader.is_rest = true;
        reader.text_bytes = said.text + said.reasoning;
        if point.way == resume::Way::Replay {
            reader.begun = point.position;
            reader.taken.store(point.position, Ordering::Relaxed);
            reader.expected.clone_from(&point.check);
        }
        reader.point = Some(point);
        Self::of(reader)
    }

    fn of(reader: Reader) -> Self {
        Self {
            events: Box::pin(stream::unfold(reader, |mut reader| async move {
                reader.next().await.map(|item| (item, reader))
            })),
        }
    }
}

impl Reader {
    fn new(call: Call, content_type: Option<&str>, body: Body, point: Option<ResumePoint>) -> Self {
        Self {
            decoder: wire::decoder(&call.model),
            is_sse: content_type.is_some_and(|kind| kind.starts_with("text/event-stream")),
            call,
            events: VecDeque::new(),
            halves: Halves::default(),
            usage_until: None,
            failure: None,
            any_event: false,
            any_decoded: false,
            is_rest: false,
            point,
            taken: Arc::default(),
            begun: 0,
            expected: None,
            text_bytes: 0,
            source: Source::Unread(body),
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
    halves: Halves,
    /// Until when the usage is waited for; `None` before the reason to finish.
    usage_until: Option<Instant>,
    /// Told after the events that came before it.
    failure: Option<LlmError>,
    any_event: bool,
    any_decoded: bool,
    /// Whether this is the rest of a response, of which the beginning was taken before.
    is_rest: bool,
    /// Where the response can be taken up again; `None` when it cannot, as far as is known.
    point: Option<ResumePoint>,
    /// Bytes of the stream that went into the events so far, counted from its very beginning.
    taken: Arc<AtomicU64>,
    /// The byte at which the next event begins.
    begun: u64,
    /// The digest of the event with which the rest of a response has to begin: the last one that
    /// was taken before.
    expected: Option<String>,
    /// Bytes of the text so far.
    text_bytes: usize,
    source: Source,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Event, LlmError>> {
        loop {
            if let Some(mut event) = self.events.pop_front() {
                if let Event::Finished(finish) = &mut event {
                    if let Finish::Other(word) = finish {
                        *word = self.call.plain(word);
                    }
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
                // Where the rest of a response was asked for and nothing new came, there is none.
                self.failure = Some(if self.is_rest && !self.any_decoded {
                    resume::refused(failure)
                } else {
                    failure
                });
                self.source = Source::Ended;
            }
        }
    }

    /// Reads on, until there is something to tell or the source has changed.
    async fn step(&mut self) -> Result<(), LlmError> {
        match std::mem::replace(&mut self.source, Source::Ended) {
            Source::Unread(body) => self.source = self.look(body).await?,
            Source::Sse(mut events) => match self.next_event(&mut events).await {
                Some(Ok(event)) => {
                    self.source = Source::Sse(events);
                    if let Some(data) = event.data {
                        self.any_event = true;
                        self.event(event.event.as_deref(), &data)?;
                    }
                }
                Some(Err(sse_stream::Error::Body(error))) => self.ended(error.downcast_ref())?,
                Some(Err(error)) => self.take_fault(Fault::Damaged(error.to_string()), false)?,
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

    /// The next event; `None` at the end, and when the reason to finish has come and nothing follows in time.
    async fn next_event(
        &mut self,
        events: &mut Pin<Box<SseByteStream<Body>>>,
    ) -> Option<Result<Sse, sse_stream::Error>> {
        if !self.decoder.is_finished() {
            return events.next().await;
        }
        let now = Instant::now();
        let until = *self.usage_until.get_or_insert(now + USAGE_WAIT);
        if now >= until {
            return None;
        }
        // What is here already needs no timer, and a recording has none.
        match events.next().now_or_never() {
            Some(next) => next,
            None => tokio::time::timeout_at(until, events.next())
                .await
                .unwrap_or(None),
        }
    }

    /// Takes an event that carries data.
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<(), LlmError> {
        let end = self.taken.load(Ordering::Relaxed);
        let begin = std::mem::replace(&mut self.begun, end);
        if let Some(expected) = self.expected.take() {
            return if resume::digest(data) == expected {
                Ok(())
            } else {
                Err(resume::gone("another event stands where the last one was"))
            };
        }
        let marked = surrogates::mark(data);
        let json = marked.as_deref().unwrap_or(data);
        if let Err(fault) = self.decoder.event(name, json, &mut self.events) {
            return self.take_fault(fault, marked.is_some());
        }
        self.halves.join(&mut self.events, marked.is_some());
        self.any_decoded |= !self.events.is_empty();
        for event in &self.events {
            if let Event::Text(text) | Event::Reasoning(text) = event {
                self.text_bytes += text.len();
            }
        }
        if matches!(self.events.back(), Some(Event::Finished(_))) {
            return Ok(());
        }
        if self.text_bytes > MOST_TEXT_BYTES {
            return Err(failure::endless(&self.call));
        }
        if self.decoder.is_settled()
            && !self.halves.any()
            && let Some(point) = self.here(begin, data)
        {
            self.events.push_back(Event::Resumable(point));
        }
        Ok(())
    }

    /// Where the response can be taken up again after the event that was just decoded.
    fn here(&mut self, begin: u64, data: &str) -> Option<ResumePoint> {
        if let Some((id, sequence)) = self.decoder.in_background() {
            let mut point = ResumePoint::new(resume::Way::Background, &self.call.model, id);
            point.position = sequence;
            self.point = Some(point);
        } else if let Some(point) = &mut self.point
            && point.way == resume::Way::Replay
        {
            point.position = begin;
            point.check = Some(resume::digest(data));
        }
        self.point.clone()
    }

    /// Tells by the first byte that is no blank what the body is. Neither `{`, `[` nor `<` can begin
    /// a line of server-sent events that means something, and content types are often wrong.
    async fn look(&mut self, mut body: Body) -> Result<Source, LlmError> {
        let mut seen = BytesMut::new();
        let mut is_over = false;
        let first = loop {
            match body.next().await {
                Some(Ok(bytes)) => seen.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    self.ended(Some(&error))?;
                    return Ok(Source::Ended);
                }
                None => {
                    is_over = true;
                    break None;
                }
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
            None if is_over && self.is_rest => {
                return Err(resume::gone("nothing more comes of it"));
            }
            None if is_over => return Err(failure::empty(&self.call)),
            Some(b'{' | b'[') => Source::Json(whole),
            Some(b'<') => Source::Page(whole),
            _ => {
                let taken = Arc::clone(&self.taken);
                Source::Sse(Box::pin(SseByteStream::new(guarded(whole, taken))))
            }
        })
    }

    /// Takes a body that is one piece of JSON: an error, or the whole response.
    async fn whole(&mut self, body: Body) -> Result<(), LlmError> {
        let (bytes, stopped) = read(body, MOST_EVENT_BYTES).await;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let marked = std::str::from_utf8(bytes).ok().and_then(surrogates::mark);
        let json = match &marked {
            Some(marked) => marked.as_bytes(),
            None => bytes,
        };
        let fault = match (serde_json::from_slice::<Json<'_>>(json), stopped) {
            (Ok(value), _) => match ProviderError::in_event(&value) {
                Some(error) => Fault::Provider(error),
                // Its beginning is stored already, and where it ends in this is not known.
                None if self.is_rest => return Err(resume::gone("it comes as a whole now")),
                None => match self.decoder.whole(&value, &mut self.events) {
                    Ok(()) => {
                        self.halves.join(&mut self.events, marked.is_some());
                        return Ok(());
                    }
                    Err(fault) => fault,
                },
            },
            (Err(_), Some(error)) => return self.ended(Some(&error)),
            (Err(error), None) if error.is_eof() => Fault::Cut,
            (Err(_), None) if is_several(bytes) => {
                Fault::Malformed("several documents of JSON, one after another".to_owned())
            }
            (Err(error), None) => wire::broken(&error),
        };
        self.take_fault(fault, marked.is_some())
    }

    /// Takes the end of the bytes, or what ended them before. A response whose reason to finish had come is
    /// complete all the same: what the connection did afterwards takes nothing from it.
    fn ended(&mut self, error: Option<&BodyError>) -> Result<(), LlmError> {
        if let Some(BodyError::Stopped(Stop::BareJson(line))) = error {
            let line = surrogates::mark(line)
                .map_or_else(|| line.clone(), |line| surrogates::replaced(&line));
            let found = serde_json::from_str::<Value>(&line)
                .ok()
                .as_ref()
                .and_then(ProviderError::find);
            let outside = || Fault::Damaged("a line that belongs to no event".to_owned());
            return self.take_fault(found.map_or_else(outside, Fault::Provider), false);
        }
        if self.decoder.end(&mut self.events).is_ok() {
            self.halves.join(&mut self.events, false);
            return Ok(());
        }
        let is_clean = matches!(error, None | Some(BodyError::Stopped(Stop::NoEvents(_))));
        if self.is_rest && !self.any_decoded && is_clean {
            return Err(resume::gone("nothing more comes of it"));
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
            Some(BodyError::Stopped(Stop::Endless)) => failure::endless(&self.call),
            _ => failure::interrupted(&self.call, None),
        })
    }

    /// Takes what ends a response before its end: an error, unless there is nothing that it could take away.
    /// `is_marked` when it was found in JSON with marks for halves of characters.
    fn take_fault(&mut self, fault: Fault, is_marked: bool) -> Result<(), LlmError> {
        let finish = match &fault {
            // The answer was complete, and only its usage is lost.
            Fault::Damaged(_) => self.decoder.end(&mut self.events).is_ok(),
            Fault::Provider(error) if error.is_of_a_filter() => {
                self.events.push_back(Event::Finished(Finish::Refusal));
                true
            }
            _ => false,
        };
        if finish {
            self.halves.join(&mut self.events, is_marked);
            return Ok(());
        }
        let fault = match fault {
            Fault::Provider(mut error) if is_marked => {
                error.message = surrogates::replaced(&error.message);
                Fault::Provider(error)
            }
            fault => fault,
        };
        Err(failure::of_fault(&self.call, &fault))
    }
}

/// Whether a body is several documents of JSON, one after another: that is another format, and not a damaged one.
fn is_several(body: &[u8]) -> bool {
    let documents = serde_json::Deserializer::from_slice(body).into_iter::<IgnoredAny>();
    documents.into_iter().all(|document| document.is_ok())
}

#[cfg(test)]
mod tests;
