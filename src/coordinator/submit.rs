//! Submitting a prompt.

use super::{Coordinator, Error, Result};
use crate::buffer_name;
use crate::clock;
use crate::config::Model;
use crate::library::LibraryPrompt;
use crate::prompt::{self, Question};
use crate::session::{Disposition, Intent, Lane, Mode, should_process_in_background};
use crate::store::{NewRequest, Place, PlacePosition, RequestRecord, StoredAnchor};
use crate::text::{Buffer, Encoding, Quote, Span};

/// A prompt longer than this fits no model's window.
pub const LONGEST_PROMPT: usize = 1024 * 1024;

/// Every request stores the text that it was asked about; larger files are not for a model.
pub const LONGEST_BUFFER: usize = 16 * 1024 * 1024;

/// A prompt, and the buffer as it was when it was submitted.
#[derive(Clone, Debug)]
pub struct Submit {
    /// The buffer's URI.
    pub uri: String,
    /// Its language id.
    pub language: String,
    /// Its text: a snapshot, taken before anything could be awaited.
    pub buffer: Buffer,
    /// What is asked about; `None` for the whole buffer.
    pub span: Option<Span>,
    /// What is asked.
    pub prompt: String,
    /// Answer or change.
    pub intent: Intent,
    /// Where to run it.
    pub mode: Mode,
    /// A model's name.
    pub model: Option<String>,
    /// See `backchat/submit`.
    pub idempotency_key: Option<String>,
    /// Whether someone looks at the buffer.
    pub in_front: bool,
}

impl Submit {
    /// Puts a prompt of the library before what is asked. It says the intent, and the model when none was
    /// named.
    pub fn begin_with(&mut self, prompt: &LibraryPrompt) {
        self.prompt = prompt.followed_by(&self.prompt);
        self.intent = prompt.intent.unwrap_or(self.intent);
        if self.model.is_none() {
            self.model.clone_from(&prompt.model);
        }
    }
}

/// An accepted prompt: it is on disk.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// As it is stored.
    pub request: RequestRecord,
    /// How it will run.
    pub disposition: Disposition,
    /// Whether an earlier submit had the same idempotency key: then nothing was stored.
    pub repeated: bool,
    /// Its place in the queue, from 1, if it waits there.
    pub place: Option<u32>,
}

impl Coordinator {
    /// Stores a prompt at the end of its buffer's session and wakes the worker. When it returns, the
    /// request is on disk. `rules` are those of the project, which go along: see [`crate::rules`].
    ///
    /// # Errors
    ///
    /// For a prompt, buffer or model that cannot be, or when the store fails; nothing is stored then.
    pub async fn submit(
        &self,
        submit: Submit,
        rules: impl Future<Output = Option<String>>,
    ) -> Result<Submitted> {
        if submit.prompt.trim().is_empty() {
            return Err(Error::EmptyPrompt);
        }
        check(submit.prompt.len(), LONGEST_PROMPT, |bytes, limit| {
            Error::PromptTooLong { bytes, limit }
        })?;
        check(submit.buffer.len_bytes(), LONGEST_BUFFER, |bytes, limit| {
            Error::BufferTooLong { bytes, limit }
        })?;
        // Both wait for other threads: at the same time.
        let (model, rules) = tokio::join!(self.model_for(submit.model.as_deref()), rules);
        let model = model?;
        let whole = Span::new(0, submit.buffer.len_bytes());
        let span = submit.span.unwrap_or(whole);
        // The whole buffer is shown at its first line: no one wants an answer below the last one.
        let shown = submit.span.unwrap_or_else(|| first_line(&submit.buffer));
        let text = submit.buffer.text();
        // What would not be shown would be deleted: the user is told now, and not when it is too late.
        prompt::check(&Question {
            prompt: &submit.prompt,
            intent: submit.intent,
            path: &buffer_name::short(&submit.uri),
            language: &submit.language,
            text: &text,
            span: (span.start, span.end),
            rules: rules.as_deref(),
            history: &[],
            context_tokens: model.context_tokens,
            max_output_tokens: model.max_output_tokens,
        })
        .map_err(Error::CodeTooLong)?;
        let new = NewRequest {
            anchor: StoredAnchor {
                place: place(&submit.buffer, shown),
                original: Quote::take(&submit.buffer, shown),
                seen: None,
            },
            uri: submit.uri,
            prompt: submit.prompt,
            intent: submit.intent,
            model: model.name.clone(),
            endpoint: model.endpoint().to_owned(),
            language: submit.language,
            text,
            span: (span.start, span.end),
            rules,
            idempotency_key: submit.idempotency_key,
        };
        let (mode, in_front) = (submit.mode, submit.in_front);
        let accepted = self
            .store()
            .submit(new, clock::now(), move |busy| {
                if should_process_in_background(mode, in_front, busy) {
                    Lane::Background
                } else {
                    Lane::Foreground
                }
            })
            .await?;
        self.wake_worker();
        tracing::info!(
            request = %accepted.request.id,
            session = %accepted.request.session_id,
            lane = ?accepted.request.lane,
            repeated = accepted.repeated,
            "submitted"
        );
        Ok(Submitted {
            disposition: accepted.request.lane.into(),
            repeated: accepted.repeated,
            place: accepted.place,
            request: accepted.request,
        })
    }

    /// The model of a submit, ready to be called.
    async fn model_for(&self, name: Option<&str>) -> Result<Model> {
        let model = match name {
            Some(name) => self.model(name)?,
            None => {
                let _ = self.models().refreshed();
                if self.models().catalog().models.is_empty() {
                    self.models().discover_local().await;
                }
                match self.selected_model().await? {
                    Some(model) => model,
                    None => {
                        return Err(match &self.models().catalog().problem {
                            Some(problem) => Error::Configuration(problem.clone()),
                            None => Error::NoModel,
                        });
                    }
                }
            }
        };
        match self.models().problem_of(&model) {
            Some(problem) => Err(Error::ModelNotReady(problem)),
            None => Ok(model),
        }
    }
}

/// Where a span is, for clients of either encoding.
#[must_use]
pub fn place(buffer: &Buffer, span: Span) -> Place {
    let position = |offset| {
        let utf8 = buffer.position(offset, Encoding::Utf8);
        let utf16 = buffer.position(offset, Encoding::Utf16);
        PlacePosition {
            line: utf8.line,
            utf8: utf8.character,
            utf16: utf16.character,
        }
    };
    Place {
        start: position(span.start),
        end: position(span.end),
    }
}

/// Where a request about the whole buffer is shown.
#[must_use]
pub fn first_line(buffer: &Buffer) -> Span {
    Span::new(0, buffer.line(0).map_or(0, |line| line.len()))
}

fn check(bytes: usize, limit: usize, error: impl FnOnce(usize, usize) -> Error) -> Result<()> {
    if bytes > limit {
        Err(error(bytes, limit))
    } else {
        Ok(())
    }
}
