//! The bytes of a response, with what may end them before their end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};

use crate::llm::framing::{Guard, Stop};

/// What ends the bytes of a response before their end.
#[derive(Debug, thiserror::Error)]
pub(in crate::llm) enum BodyError {
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
pub(in crate::llm) type Body = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// The body with the guard in front of it, in pieces of which none reaches beyond the end of an event:
/// so when an event has been decoded, `taken` is the byte at which it ended.
pub(super) fn guarded(body: Body, taken: Arc<AtomicU64>) -> Body {
    let state = Guarded {
        body,
        guard: Guard::default(),
        waiting: Bytes::new(),
        stop: None,
        ended: false,
    };
    Box::pin(stream::unfold(state, move |mut state| {
        let taken = Arc::clone(&taken);
        async move {
            let next = state.next().await?;
            if let Ok(bytes) = &next {
                taken.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
            Some((next, state))
        }
    }))
}

struct Guarded {
    body: Body,
    guard: Guard,
    /// What came along with the end of an event.
    waiting: Bytes,
    /// Told after the bytes before it; what stands behind it is not read, however the bytes are split.
    stop: Option<Stop>,
    ended: bool,
}

impl Guarded {
    async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        if let Some(stop) = self.stop.take() {
            self.ended = true;
            return Some(Err(BodyError::Stopped(stop)));
        }
        if self.ended {
            return None;
        }
        if self.waiting.is_empty() {
            match self.body.next().await {
                Some(Ok(bytes)) => self.waiting = bytes,
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                None => {
                    self.ended = true;
                    return self.guard.end().map(|stop| Err(BodyError::Stopped(stop)));
                }
            }
        }
        let (count, stop) = self.guard.take(&self.waiting);
        self.stop = stop;
        Some(Ok(self.waiting.split_to(count)))
    }
}

/// The first `most` bytes of a body, and what ended it before its end.
pub(in crate::llm) async fn read(mut body: Body, most: usize) -> (BytesMut, Option<BodyError>) {
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
