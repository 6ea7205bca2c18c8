//! One attempt at one request, from its prompt to its record.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Tools;
use super::guard::{self, Made};
use super::retry::{self, Decision};
use crate::buffer_name;
use crate::clock;
use crate::config::Model;
use crate::llm::{self, Event, LlmError};
use crate::prompt::{self, Question};
use crate::session::{RequestId, State};
use crate::store::{
    AttemptEnd, FailureRecord, RequestRecord, Requeue, Result, SecretRecord, UsageRecord,
};

/// Streamed text is written, and so shown, at most this often: 20 times a second.
const FLUSH: Duration = Duration::from_millis(50);

/// Text that waits is written at once when it has become this long.
const FLUSH_BYTES: usize = 16 * 1024;

/// Runs a claimed request to the end of this attempt, whatever that is, and records it.
///
/// `cancel` ends it: when `stop` was the reason the request is given back to the queue, otherwise
/// the user has cancelled it, which is in the store already.
pub(super) async fn run(
    tools: Tools,
    request: RequestRecord,
    cancel: CancellationToken,
    stop: CancellationToken,
) -> Result<()> {
    tracing::info!(request = %request.id, model = request.model, attempt = request.attempt, "attempt begins");
    // A cancellation between the claim and the moment from which this attempt hears of such was missed.
    if tools.store.request(&request.id).await?.state != State::Running {
        return Ok(());
    }
    let mut recorder = Recorder::new(&tools, &request);
    let outcome = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        outcome = stream(&tools, &request, &mut recorder) => Some(outcome?),
    };
    // Leaving the select has dropped the stream, and with it the connection.
    recorder.flush().await?;
    let (store, id, number) = (&tools.store, &request.id, request.attempt);
    let usage = recorder.usage;
    match outcome {
        None if stop.is_cancelled() => store.release(id, number, usage, clock::now()).await?,
        None => {}
        Some(Ok(finish)) => {
            tracing::info!(request = %id, finish, "attempt is done");
            store
                .finish(id, number, AttemptEnd::Done { finish, usage }, clock::now())
                .await?;
        }
        Some(Err(Fault::Final(failure))) => {
            tracing::warn!(request = %id, kind = failure.kind, "attempt failed: {}", failure.message);
            store
                .finish(
                    id,
                    number,
                    AttemptEnd::Failed { failure, usage },
                    clock::now(),
                )
                .await?;
        }
        Some(Err(Fault::Secrets(secrets, reason))) => {
            tracing::info!(request = %id, secrets = secrets.len(), "held: there are secrets in what would be sent");
            store
                .hold_for_secrets(id, number, secrets, reason, clock::now())
                .await?;
        }
        Some(Err(Fault::Model(error))) => record_fault(&tools, &request, &error, usage).await?,
    }
    Ok(())
}

/// Ends a request whose attempt panicked, so that it does not wait for its lease to run out.
pub(super) async fn record_panic(tools: &Tools, id: &RequestId, attempt: u32) -> Result<()> {
    let failure = FailureRecord {
        kind: "internal".to_owned(),
        message: "Backchat itself failed while it ran this request".to_owned(),
        remedy: Some("retry it, and report the log if it happens again".to_owned()),
    };
    let end = AttemptEnd::Failed {
        failure,
        usage: UsageRecord::default(),
    };
    tools
        .store
        .finish(id, attempt, end, clock::now())
        .await
        .map(|_| ())
}

/// Why an attempt did not bring the whole response.
enum Fault {
    /// The model, or the way to it: a retry may help.
    Model(LlmError),
    /// Something that only the user can change.
    Final(FailureRecord),
    /// Nothing was sent: the user has not allowed these secrets to be, and the reason says so.
    Secrets(Vec<SecretRecord>, String),
}

/// Streams the response into `recorder`; gives back why the model stopped.
async fn stream(
    tools: &Tools,
    request: &RequestRecord,
    recorder: &mut Recorder<'_>,
) -> Result<std::result::Result<String, Fault>> {
    let Some(model) = tools.models.get(&request.model) else {
        return Ok(Err(Fault::Final(FailureRecord {
            kind: "unknownModel".to_owned(),
            message: format!("the model {:?} is not configured any more", request.model),
            remedy: Some(
                "configure it again and retry, or submit the prompt to another model".to_owned(),
            ),
        })));
    };
    let made = Arc::new(build_prompt(tools, request, &model).await?);
    let secrets = guard::secrets(tools, request, &model, &made).await?;
    if !secrets.is_empty() {
        let reason = guard::reason(&secrets, &model);
        return Ok(Err(Fault::Secrets(secrets, reason)));
    }
    let key = match tools.models.key(&model).await {
        Ok(key) => key,
        Err(error) => {
            return Ok(Err(Fault::Final(FailureRecord {
                kind: "authentication".to_owned(),
                message: error.to_string(),
                remedy: Some("provide the key, then retry the request".to_owned()),
            })));
        }
    };
    let mut events = match tools
        .client
        .stream(&model, key.as_ref(), &made.prompt)
        .await
    {
        Ok(events) => events,
        Err(error) => return Ok(Err(Fault::Model(error))),
    };
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = recorder.due() => {
                recorder.flush().await?;
                continue;
            }
        };
        match event {
            Some(Ok(Event::Finished(finish))) => return Ok(Ok(finish.name().to_owned())),
            Some(Ok(event)) => recorder.take(event).await?,
            Some(Err(error)) => return Ok(Err(Fault::Model(error))),
            None => return Ok(Err(Fault::Model(cut()))),
        }
    }
}

async fn build_prompt(tools: &Tools, request: &RequestRecord, model: &Model) -> Result<Made> {
    let text = tools.store.snapshot(&request.snapshot).await?;
    let history = tools.store.history(request).await?;
    let rules = tools.store.rules_of(&request.id).await?;
    let prompt = prompt::build(&Question {
        prompt: &request.prompt,
        intent: request.intent,
        path: &buffer_name::short(&request.uri),
        language: &request.language,
        text: &text,
        span: request.span,
        rules: rules.as_deref(),
        history: &history,
        context_tokens: model.context_tokens,
        max_output_tokens: model.max_output_tokens,
    });
    Ok(Made {
        prompt,
        text,
        rules,
        history,
    })
}

/// A stream that just ended: its promise is to end in `Finished` or an error.
fn cut() -> LlmError {
    LlmError {
        kind: llm::ErrorKind::Interrupted,
        message: "the response ended before its end marker".to_owned(),
        remedy: None,
        retry: llm::Retry::Backoff,
    }
}

async fn record_fault(
    tools: &Tools,
    request: &RequestRecord,
    error: &LlmError,
    usage: UsageRecord,
) -> Result<()> {
    let most = tools.models.catalog().config.max_attempts.value;
    let now = clock::now();
    match retry::decide(error, request.faults + 1, most, fastrand::f64()) {
        Decision::Fail => {
            tracing::warn!(request = %request.id, kind = error.kind.name(), "attempt failed: {error}");
            let failure = FailureRecord {
                kind: error.kind.name().to_owned(),
                message: error.message.clone(),
                remedy: error.remedy.clone(),
            };
            tools
                .store
                .finish(
                    &request.id,
                    request.attempt,
                    AttemptEnd::Failed { failure, usage },
                    now,
                )
                .await?;
        }
        Decision::Again { wait, endpoint } => {
            tracing::info!(request = %request.id, kind = error.kind.name(), ?wait, "attempt will be repeated: {error}");
            let again = Requeue {
                not_before: now + super::millis(wait),
                reason: format!("{}: {}", cause(error.kind), error.message),
                block_endpoint: endpoint,
                usage,
            };
            tools
                .store
                .requeue(&request.id, request.attempt, again, now)
                .await?;
        }
    }
    Ok(())
}

/// What a held request waits for to pass, in two words.
const fn cause(kind: llm::ErrorKind) -> &'static str {
    match kind {
        llm::ErrorKind::RateLimited => "rate limit",
        llm::ErrorKind::Overloaded => "provider overloaded",
        llm::ErrorKind::Unreachable | llm::ErrorKind::Tls => "no connection",
        llm::ErrorKind::Silent => "no answer",
        llm::ErrorKind::Interrupted => "broken off",
        _ => "will be tried again",
    }
}

/// Gathers what streams and writes it down in pieces.
struct Recorder<'a> {
    tools: &'a Tools,
    id: &'a RequestId,
    attempt: u32,
    text: String,
    reasoning: String,
    usage: UsageRecord,
    last_flush: Option<Instant>,
}

impl<'a> Recorder<'a> {
    const fn new(tools: &'a Tools, request: &'a RequestRecord) -> Self {
        Self {
            tools,
            id: &request.id,
            attempt: request.attempt,
            text: String::new(),
            reasoning: String::new(),
            usage: UsageRecord {
                input_tokens: None,
                output_tokens: None,
            },
            last_flush: None,
        }
    }

    const fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty()
    }

    async fn take(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Text(text) => self.text.push_str(&text),
            Event::Reasoning(text) => self.reasoning.push_str(&text),
            Event::Usage(usage) => {
                self.usage = UsageRecord {
                    input_tokens: usage.input_tokens.or(self.usage.input_tokens),
                    output_tokens: usage.output_tokens.or(self.usage.output_tokens),
                };
            }
            Event::Finished(_) => {}
        }
        let is_first = self.last_flush.is_none() && !self.is_empty();
        if is_first || self.text.len() + self.reasoning.len() >= FLUSH_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// Resolves when text has waited for long enough; never while there is none.
    async fn due(&self) {
        match self.last_flush {
            Some(last) if !self.is_empty() => tokio::time::sleep_until(last + FLUSH).await,
            _ => std::future::pending().await,
        }
    }

    async fn flush(&mut self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        self.last_flush = Some(Instant::now());
        let (text, reasoning) = (
            std::mem::take(&mut self.text),
            std::mem::take(&mut self.reasoning),
        );
        self.tools
            .store
            .append(self.id, self.attempt, text, reasoning)
            .await?;
        self.tools.feed.nudge();
        Ok(())
    }
}
