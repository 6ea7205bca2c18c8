//! One attempt at one request, from its prompt to its record.

use std::sync::Arc;

use futures_util::StreamExt as _;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::Tools;
use super::guard::{self, Made};
use super::recorder::Recorder;
use super::retry::{self, Decision};
use crate::buffer_name;
use crate::clock;
use crate::config::Model;
use crate::llm::{self, ErrorKind, Event, LlmError, Prompt, ResponseStream, ResumePoint, Said};
use crate::prompt::{self, Built, Question, TooLong};
use crate::session::RequestId;
use crate::store::{
    AttemptEnd, Claimed, FailureRecord, Interrupted, LeftOut, Next, PromptParts, RequestRecord,
    Requeue, Result, SecretRecord, UsageRecord,
};
use crate::text::Span;

/// Runs a claimed request to the end of this attempt, whatever that is, and records it.
///
/// `cancel` ends it: when `stop` was the reason the request is given back to the queue, otherwise
/// the user has cancelled it, which is in the store already.
pub(super) async fn run(
    tools: Tools,
    claimed: Claimed,
    cancel: CancellationToken,
    stop: CancellationToken,
) -> Result<()> {
    let Claimed {
        request,
        interrupted,
    } = claimed;
    let is_new = interrupted.is_none();
    tracing::info!(request = %request.id, model = request.model, attempt = request.attempt, is_new, "attempt begins");
    let mut recorder = Recorder::new(&tools, &request, &stop);
    let outcome = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        outcome = stream(&tools, &request, interrupted, &mut recorder) => Some(outcome?),
    };
    // Leaving the select has dropped the stream, and with it the connection.
    let (store, id, number) = (&tools.store, &request.id, request.attempt);
    match outcome {
        None if stop.is_cancelled() => {
            recorder.flush().await?;
            store
                .release(id, number, recorder.usage(), clock::now())
                .await?;
        }
        None => recorder.flush_all().await?,
        Some(Ok(finish)) => {
            tracing::info!(request = %id, finish, "attempt is done");
            let usage = recorder.usage();
            let end = AttemptEnd::Done { finish, usage };
            record_end(&tools, &request, &mut recorder, end, &stop).await?;
        }
        Some(Err(Fault::Final(failure))) => {
            tracing::warn!(request = %id, kind = failure.kind, "attempt failed: {}", failure.message);
            let usage = recorder.usage();
            let end = AttemptEnd::Failed { failure, usage };
            record_end(&tools, &request, &mut recorder, end, &stop).await?;
        }
        Some(Err(Fault::Model { error, .. })) if error.kind == ErrorKind::NotResumable => {
            tracing::info!(request = %id, "attempt will be repeated: {error}");
            recorder.flush_all().await?;
            store.repeat(id, number, clock::now()).await?;
        }
        Some(Err(Fault::Model { error, next })) => {
            record_fault(&tools, &request, &error, next, &mut recorder, &stop).await?;
        }
        Some(Err(Fault::Secrets(secrets, reason))) => {
            tracing::info!(request = %id, secrets = secrets.len(), "held: there are secrets in what would be sent");
            store
                .hold_for_secrets(id, number, secrets, reason, clock::now())
                .await?;
        }
    }
    Ok(())
}

/// Stores the end of an attempt together with the last of its text, and tries until the store takes it, as its
/// disk may be full for a while, or until the process ends.
async fn record_end(
    tools: &Tools,
    request: &RequestRecord,
    recorder: &mut Recorder<'_>,
    end: AttemptEnd,
    stop: &CancellationToken,
) -> Result<()> {
    let rest = recorder.rest();
    let (store, id, number) = (&tools.store, &request.id, request.attempt);
    loop {
        let stored = store.finish(id, number, rest.clone(), end.clone(), clock::now());
        match stored.await {
            Ok(_) => return Ok(()),
            Err(error) if error.may_pass() && !stop.is_cancelled() => {
                tracing::warn!(request = %id, %error, "the end of an attempt waits to be stored");
                super::pause(stop).await;
            }
            Err(error) => return Err(error),
        }
    }
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
        .finish(id, attempt, None, end, clock::now())
        .await
        .map(|_| ())
}

/// Why an attempt did not bring the whole response.
enum Fault {
    /// The model, or the way to it: a retry may help. `next` is what it would do.
    Model { error: LlmError, next: Next },
    /// Something that only the user can change.
    Final(FailureRecord),
    /// Nothing was sent: the user has not allowed these secrets to be, and the reason says so.
    Secrets(Vec<SecretRecord>, String),
}

/// Streams the response into `recorder`; gives back why the model stopped.
async fn stream(
    tools: &Tools,
    request: &RequestRecord,
    interrupted: Option<Interrupted>,
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
    if model.is_in_the_clear() {
        return Ok(Err(Fault::Final(FailureRecord {
            kind: "plainHttp".to_owned(),
            message: tools.models.why_not(&model.name),
            remedy: None,
        })));
    }
    let is_resumed = interrupted.is_some();
    // A cancellation between the claim and the moment from which this attempt hears of such was missed; here
    // the store is asked whether there was one.
    let parts = tools.store.prompt_parts(request).await?;
    let (made, shown, left_out) = match build_prompt(request, &model, parts) {
        Ok((made, shown, left_out)) => (Arc::new(made), shown, left_out),
        Err(too_long) => {
            return Ok(Err(Fault::Final(FailureRecord {
                kind: ErrorKind::ContextTooLong.name().to_owned(),
                message: too_long.to_string(),
                remedy: Some(too_long.remedy()),
            })));
        }
    };
    let start = match interrupted {
        // Nothing of the prompt is sent again.
        Some(interrupted) => Start::Rest(interrupted),
        None => {
            let secrets = guard::secrets(tools, request, &model, &made).await;
            if !secrets.is_empty() {
                let reason = guard::reason(&secrets, &model);
                return Ok(Err(Fault::Secrets(secrets, reason)));
            }
            if shown.is_some() || left_out != LeftOut::default() {
                let shown = shown.map(|shown| (shown.start, shown.end));
                let left_out = Some(left_out).filter(|it| *it != LeftOut::default());
                let (id, attempt) = (&request.id, request.attempt);
                tools.store.note_sent(id, attempt, shown, left_out).await?;
            }
            Start::Anew
        }
    };
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
    let key = key.as_ref();
    let opened = match start {
        Start::Rest(interrupted) => {
            take_up(tools, &model, key, &made.prompt, interrupted, recorder).await
        }
        Start::Anew => {
            let name = format!("{}-{}", request.id, request.attempt);
            begin(tools, &model, key, &made.prompt, &name, recorder).await
        }
    };
    let mut events = match opened? {
        Ok(events) => events,
        Err(fault) => return Ok(Err(fault)),
    };
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = recorder.due() => {
                recorder.flush().await?;
                continue;
            }
        };
        let error = match event {
            Some(Ok(Event::Finished(finish))) => return Ok(Ok(finish.name().to_owned())),
            Some(Ok(event)) => {
                recorder.take(event).await?;
                continue;
            }
            Some(Err(error)) => error,
            None => cut(),
        };
        let next = if recorder.is_resumable() && goes_on(error.kind) {
            let got_on = is_resumed && recorder.any();
            Next::Resume { got_on }
        } else {
            Next::Repeat
        };
        return Ok(Err(Fault::Model { error, next }));
    }
}

/// Where an attempt begins.
enum Start {
    /// With the prompt, which may be sent.
    Anew,
    /// In the middle of a response.
    Rest(Interrupted),
}

/// Sends the prompt. The response shall be known by `name`, where it can go on without us.
async fn begin(
    tools: &Tools,
    model: &Model,
    key: Option<&SecretString>,
    prompt: &Arc<Prompt>,
    name: &str,
    recorder: &mut Recorder<'_>,
) -> Result<std::result::Result<ResponseStream, Fault>> {
    tracing::info!(target: super::CONTENT, name, ?prompt, "sent");
    // Before the prompt is sent: from then on the endpoint may be at work on it, whatever becomes of us.
    let point = ResumePoint::beginning(model, name);
    recorder.begin_at(point.clone()).await?;
    let error = match tools.client.stream(model, key, prompt, point).await {
        Ok(events) => return Ok(Ok(events)),
        Err(error) => error,
    };
    let next = if recorder.is_resumable() && goes_on(error.kind) {
        Next::Resume { got_on: false }
    } else {
        // It was refused: there is nothing to take up, nor to let go.
        recorder.begin_at(None).await?;
        Next::Repeat
    };
    Ok(Err(Fault::Model { error, next }))
}

/// Asks for the rest of a response that was interrupted. `prompt` is what it responds to.
async fn take_up(
    tools: &Tools,
    model: &Model,
    key: Option<&SecretString>,
    prompt: &Arc<Prompt>,
    interrupted: Interrupted,
    recorder: &mut Recorder<'_>,
) -> Result<std::result::Result<ResponseStream, Fault>> {
    let Ok(point) = interrupted.resume.parse::<ResumePoint>() else {
        let error = LlmError {
            kind: ErrorKind::NotResumable,
            message: "another version of Backchat noted where the response goes on".to_owned(),
            remedy: None,
            retry: llm::Retry::Backoff,
        };
        return Ok(Err(Fault::Model {
            error,
            next: Next::Repeat,
        }));
    };
    recorder.resume_at(point.clone(), interrupted.resume);
    let said = Said {
        text: interrupted.text_bytes,
        reasoning: interrupted.reasoning_bytes,
    };
    let resumed = tools.client.resume(model, key, prompt, point, said);
    let resumed = resumed.await;
    // What keeps us from asking for the rest says nothing about the rest.
    let next = Next::Resume { got_on: false };
    Ok(resumed.map_err(|error| Fault::Model { error, next }))
}

/// Whether a response that can go on without us may be expected to do so after such a failure: the way to
/// it broke, it did not.
const fn goes_on(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unreachable | ErrorKind::Silent | ErrorKind::Interrupted
    )
}

/// The prompt of a request, what of its text it shows when a change is asked for, and what found no room in it.
///
/// The model may be another one than at the submit, with a smaller window.
fn build_prompt(
    request: &RequestRecord,
    model: &Model,
    parts: PromptParts,
) -> std::result::Result<(Made, Option<Span>, LeftOut), TooLong> {
    let Built {
        prompt,
        shown,
        left_out,
    } = prompt::build(&Question {
        prompt: &request.prompt,
        intent: request.intent,
        path: &buffer_name::short(&request.uri),
        language: &request.language,
        text: &parts.text,
        span: request.span,
        rules: parts.rules.as_deref(),
        history: &parts.history,
        context_tokens: model.context_tokens,
        max_output_tokens: model.max_output_tokens,
    })?;
    let made = Made {
        prompt: Arc::new(prompt),
        parts,
    };
    Ok((made, shown, left_out))
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
    next: Next,
    recorder: &mut Recorder<'_>,
    stop: &CancellationToken,
) -> Result<()> {
    let most = tools.models.catalog().config.max_attempts.value;
    let faults = match next {
        Next::Resume { got_on: true } => 1,
        _ => request.faults + 1,
    };
    let usage = recorder.usage();
    match retry::decide(error, faults, most, fastrand::f64()) {
        Decision::Fail => {
            tracing::warn!(request = %request.id, kind = error.kind.name(), "attempt failed: {error}");
            let failure = FailureRecord {
                kind: error.kind.name().to_owned(),
                message: error.message.clone(),
                remedy: error.remedy.clone(),
            };
            let end = AttemptEnd::Failed { failure, usage };
            record_end(tools, request, recorder, end, stop).await?;
        }
        Decision::Again { wait, endpoint } => {
            let goes_on = matches!(next, Next::Resume { .. });
            tracing::info!(request = %request.id, kind = error.kind.name(), ?wait, goes_on, "attempt was interrupted: {error}");
            if goes_on {
                recorder.flush().await?;
            } else {
                recorder.flush_all().await?;
            }
            let now = clock::now();
            let again = Requeue {
                not_before: now + super::millis(wait),
                reason: format!("{}: {}", cause(error.kind), error.message),
                block_endpoint: endpoint,
                usage,
                next,
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
