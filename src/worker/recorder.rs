//! Writes down what streams, in pieces, each together with where the response goes on behind it.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{CONTENT, STORE_PAUSE, Tools, pause};
use crate::llm::{Event, ResumePoint};
use crate::session::RequestId;
use crate::store::{Piece, RequestRecord, Result, UsageRecord};

/// Streamed text is written, and so shown, at most this often: 20 times a second.
const FLUSH: Duration = Duration::from_millis(50);

/// Text that waits is written at once when it has become this long.
const FLUSH_BYTES: usize = 16 * 1024;

/// Gathers what streams and writes it down in pieces.
///
/// The store never has text whose place in the response it does not know: of a response that can be
/// taken up again, text waits here until the point behind it has come.
pub(super) struct Recorder<'a> {
    tools: &'a Tools,
    id: &'a RequestId,
    attempt: u32,
    /// May be written.
    ready: Words,
    /// Waits for the point behind it.
    open: Words,
    point: Option<ResumePoint>,
    /// The point that the store knows: everything before it is stored, and nothing behind it.
    stored: Option<String>,
    /// Whether anything was written since the attempt was begun or taken up again.
    any: bool,
    usage: UsageRecord,
    last_flush: Option<Instant>,
    /// The store took nothing at the last try: its disk is full, for example.
    waits: bool,
    stop: &'a CancellationToken,
}

#[derive(Default)]
struct Words {
    text: String,
    reasoning: String,
}

impl Words {
    const fn len(&self) -> usize {
        self.text.len() + self.reasoning.len()
    }

    const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn append(&mut self, other: Self) {
        self.text.push_str(&other.text);
        self.reasoning.push_str(&other.reasoning);
    }
}

impl<'a> Recorder<'a> {
    /// A recorder of the request's latest attempt. It waits for a store that takes nothing, until `stop`.
    pub fn new(tools: &'a Tools, request: &'a RequestRecord, stop: &'a CancellationToken) -> Self {
        Self {
            tools,
            id: &request.id,
            attempt: request.attempt,
            ready: Words::default(),
            open: Words::default(),
            point: None,
            stored: None,
            any: false,
            usage: UsageRecord::default(),
            last_flush: None,
            waits: false,
            stop,
        }
    }

    /// Tokens so far, as far as the provider told.
    pub const fn usage(&self) -> UsageRecord {
        self.usage
    }

    /// Whether the attempt can be taken up again.
    pub const fn is_resumable(&self) -> bool {
        self.stored.is_some()
    }

    /// Whether anything was written since the attempt was begun or taken up again.
    pub const fn any(&self) -> bool {
        self.any
    }

    /// Takes the point at which an interrupted attempt goes on, as the store has it.
    pub fn resume_at(&mut self, point: ResumePoint, stored: String) {
        self.point = Some(point);
        self.stored = Some(stored);
    }

    /// Writes down where the response begins, or that it can not be taken up again.
    pub async fn begin_at(&mut self, point: Option<ResumePoint>) -> Result<()> {
        let resume = point.as_ref().map(ToString::to_string);
        if resume != self.stored {
            let store = &self.tools.store;
            store
                .set_resume(self.id, self.attempt, resume.clone())
                .await?;
        }
        self.stored = resume;
        self.point = point;
        Ok(())
    }

    /// Takes an event of the response.
    pub async fn take(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Text(text) => self.open.text.push_str(&text),
            Event::Reasoning(text) => self.open.reasoning.push_str(&text),
            Event::Usage(usage) => {
                self.usage = UsageRecord {
                    input_tokens: usage.input_tokens.or(self.usage.input_tokens),
                    output_tokens: usage.output_tokens.or(self.usage.output_tokens),
                };
            }
            Event::Resumable(point) => {
                self.ready.append(std::mem::take(&mut self.open));
                self.point = Some(point);
                if self.stored.is_none() {
                    self.begin_at(self.point.clone()).await?;
                }
            }
            Event::Finished(_) => {}
        }
        if self.point.is_none() {
            self.ready.append(std::mem::take(&mut self.open));
        }
        let is_first = self.last_flush.is_none() && !self.ready.is_empty();
        if is_first || (self.ready.len() >= FLUSH_BYTES && !self.waits) {
            self.flush().await?;
        }
        Ok(())
    }

    /// Resolves when text has waited for long enough; never while there is none.
    pub async fn due(&self) {
        match self.last_flush {
            Some(last) if !self.ready.is_empty() => {
                let pause = if self.waits { STORE_PAUSE } else { FLUSH };
                tokio::time::sleep_until(last + pause).await;
            }
            _ => std::future::pending().await,
        }
    }

    /// Hands over what is not written yet, as the attempt is over and will not be taken up again. Whoever
    /// writes its end writes this with it.
    pub fn rest(&mut self) -> Option<Piece> {
        self.ready.append(std::mem::take(&mut self.open));
        self.piece()
    }

    /// Writes everything that came, as the attempt is over and will not be taken up again.
    pub async fn flush_all(&mut self) -> Result<()> {
        self.ready.append(std::mem::take(&mut self.open));
        self.flush().await?;
        while !self.ready.is_empty() {
            pause(self.stop).await;
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes what may be written. When the store cannot take it now, it stays for the next time: a paid
    /// answer is not lost to a disk that is full for a while. A process that ends cannot wait, and fails.
    pub async fn flush(&mut self) -> Result<()> {
        let before = self.stored.clone();
        // Taken out before the wait: when that is broken off the store finishes what was given to it, and
        // what were still here would be written a second time.
        let Some(piece) = self.piece() else {
            return Ok(());
        };
        self.last_flush = Some(Instant::now());
        self.any = true;
        let written = self
            .tools
            .store
            .append(self.id, self.attempt, piece.clone());
        match written.await {
            Ok(()) => self.waits = false,
            Err(error) if error.may_pass() && !self.stop.is_cancelled() => {
                if !self.waits {
                    tracing::warn!(request = %self.id, %error, "streamed text waits to be stored");
                }
                self.waits = true;
                self.ready = Words {
                    text: piece.text,
                    reasoning: piece.reasoning,
                };
                self.stored = before;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes out what may be written, with where the response goes on behind it.
    fn piece(&mut self) -> Option<Piece> {
        if self.ready.is_empty() {
            return None;
        }
        let Words { text, reasoning } = std::mem::take(&mut self.ready);
        tracing::info!(target: CONTENT, request = %self.id, text, "received");
        let resume = match (&self.stored, &self.point) {
            (Some(stored), Some(point)) => Some((stored.clone(), point.to_string())),
            _ => None,
        };
        if let Some((_, behind)) = &resume {
            self.stored = Some(behind.clone());
        }
        Some(Piece {
            text,
            reasoning,
            resume,
        })
    }
}
