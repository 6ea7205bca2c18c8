//! What a provider's refusal means: its class, whether trying again can help, what the user can do.
//!
//! The rules of retrying are those of the vendors' own SDKs: 408, 409, 429 and everything from 500
//! are tried again, `x-should-retry` has the last word, and a pause that the provider asks for is
//! passed on. Refusals that no patience cures (no credit, a spend limit) are final.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};

use super::call::Call;
use super::provider_error::ProviderError;
use super::wire::Fault;
use super::{ErrorKind, LlmError, Retry, retry_after};
use crate::config::KeySource;

/// Words for programs that mean: no money.
const QUOTA_WORDS: [&str; 7] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "insufficient_credits",
    "insufficient_balance",
    "exceeded_current_quota_error",
];

/// Anthropic's word for a limit that the user set; final unless a pause is named along with it.
const SPEND_LIMIT: &str = "enforced_spend_limit_reached";

/// Words for programs that mean: the prompt is too long.
const CONTEXT_WORDS: [&str; 3] = [
    "exceed_context_size_error",
    "context_length_exceeded",
    "model_context_window_exceeded",
];

/// Parts of the words for programs that mean: the provider is at fault, and it may pass.
const SERVER_WORDS: [&str; 14] = [
    "server",
    "internal",
    "api_error",
    "overload",
    "unavailable",
    "timeout",
    "timed_out",
    "deadline",
    "upstream",
    "gateway",
    "capacity",
    "busy",
    "slow_down",
    "stream",
];

/// A provider's word for programs is not longer than this.
const LONGEST_CODE: usize = 64;

/// Phrases of those who have no word for it.
const CONTEXT_PHRASES: [&str; 6] = [
    "prompt is too long",
    "maximum context length",
    "exceeds the available context size",
    "exceeds the maximum number of tokens",
    "exceed context limit",
    "exceeds the context window",
];

/// The failure that a response with an error's status reports.
pub(super) fn of_status(
    call: &Call,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
    now: SystemTime,
) -> LlmError {
    let error = if looks_like_html(body) {
        ProviderError {
            message: html_title(body).unwrap_or_else(|| "a web page".to_owned()),
            ..ProviderError::default()
        }
    } else {
        ProviderError::of_body(body)
    };
    let pause = retry_after::pause(headers, now).or(error.pause);
    let kind = kind(Some(status.as_u16()), &error, pause.is_some());
    let again = match headers
        .get("x-should-retry")
        .map(http::HeaderValue::as_bytes)
    {
        Some(b"true") => true,
        Some(b"false") => false,
        _ => is_worth_a_retry(status.as_u16()),
    };
    let retry = match (kind, pause) {
        (ErrorKind::QuotaExhausted | ErrorKind::ContextTooLong, _) => Retry::Never,
        _ if !again => Retry::Never,
        (_, Some(pause)) => Retry::After(pause),
        (_, None) => Retry::Backoff,
    };
    describe(call, kind, Some(status.as_u16()), &error, retry)
}

/// The failure that an error object inside a stream, or in its place under status 200, reports.
pub(super) fn of_fault(call: &Call, fault: &Fault) -> LlmError {
    match fault {
        Fault::Provider(error) => {
            let kind = kind(error.status, error, false);
            let again = match (kind, error.status) {
                (ErrorKind::QuotaExhausted | ErrorKind::ContextTooLong, _) => false,
                (_, Some(status)) => is_worth_a_retry(status),
                (kind, None) => matches!(kind, ErrorKind::RateLimited | ErrorKind::Overloaded),
            };
            let retry = match error.pause {
                _ if !again => Retry::Never,
                Some(pause) => Retry::After(pause),
                None => Retry::Backoff,
            };
            describe(call, kind, error.status, error, retry)
        }
        Fault::Malformed(what) => malformed(call, what),
        Fault::Damaged(how) => damaged(call, how),
        Fault::Cut => interrupted(call, None),
        Fault::Empty => empty(call),
    }
}

/// The stream ended before the provider had said that the response is complete.
pub(super) fn interrupted(call: &Call, why: Option<&str>) -> LlmError {
    let why = why
        .map(|why| format!(" ({})", call.plain(why)))
        .unwrap_or_default();
    LlmError {
        kind: ErrorKind::Interrupted,
        message: format!(
            "{} ended the response of the model {} before it was complete{why}",
            call.host(),
            call.model.model
        ),
        remedy: Some(if call.model.is_loopback() {
            "Look into the log of the server on this machine; it may have run out of memory."
                .to_owned()
        } else {
            "Try again; if it happens often, look for a proxy in between that cuts long responses."
                .to_owned()
        }),
        retry: Retry::Backoff,
    }
}

/// What came was damaged on the way: that is an interruption like any other.
pub(super) fn damaged(call: &Call, how: &str) -> LlmError {
    LlmError {
        message: format!(
            "The response of the model {} arrived damaged from {}: {}",
            call.model.model,
            call.host(),
            call.plain(how)
        ),
        ..interrupted(call, None)
    }
}

/// The endpoint says that it has answered, and there is no answer.
pub(super) fn empty(call: &Call) -> LlmError {
    LlmError {
        kind: ErrorKind::InvalidResponse,
        message: format!(
            "{} sent an empty response in place of one of the model {}",
            call.host(),
            call.model.model
        ),
        remedy: Some(format!(
            "Check `base_url` and `format` of the model {} ({}); if they are right, look into the log of its server.",
            call.model.name, call.model.origin
        )),
        retry: Retry::Never,
    }
}

/// More came than any answer has.
pub(super) fn endless(call: &Call) -> LlmError {
    LlmError {
        kind: ErrorKind::Endless,
        message: format!(
            "The response of the model {} at {} does not end; it was broken off, and what came is kept",
            call.model.model,
            call.host()
        ),
        remedy: Some(format!(
            "Set `max_output_tokens` of the model {} to a limit that its server obeys ({}).",
            call.model.name, call.model.origin
        )),
        retry: Retry::Never,
    }
}

/// What came is not of the wire format.
pub(super) fn malformed(call: &Call, what: &str) -> LlmError {
    LlmError {
        kind: ErrorKind::InvalidResponse,
        message: format!(
            "{} answered with something that is not of the format {}: {}",
            call.host(),
            call.model.format.name(),
            call.plain(what)
        ),
        remedy: Some(format!(
            "Check `base_url` and `format` of the model {} ({}).",
            call.model.name, call.model.origin
        )),
        retry: Retry::Never,
    }
}

/// A web page came where a response of the model was due.
pub(super) fn web_page(call: &Call, page: &str) -> LlmError {
    let title = html_title(page)
        .map(|title| format!(", titled “{}”", call.plain(&title)))
        .unwrap_or_default();
    LlmError {
        kind: ErrorKind::InvalidResponse,
        message: format!(
            "{} answered with a web page{title}, not with a response of the model {}",
            call.host(),
            call.model.model
        ),
        remedy: Some(format!(
            "Check `base_url` ({}); if it is right, sign in to the network or proxy in between, which may have answered in its place.",
            call.model.origin
        )),
        retry: Retry::Never,
    }
}

/// A redirect, which is never followed: it would carry the key and the code to another place.
pub(super) fn redirect(call: &Call, status: StatusCode, target: Option<&str>) -> LlmError {
    let target = target.map_or_else(
        || "elsewhere".to_owned(),
        |target| format!("to {}", call.plain(target)),
    );
    LlmError {
        kind: ErrorKind::InvalidResponse,
        message: format!(
            "{} redirects {target} (HTTP {}); redirects are not followed, so that no key goes to another host",
            call.host(),
            status.as_u16()
        ),
        remedy: Some(format!(
            "If the new place is right, set it as `base_url` of the model {} ({}); else sign in to the network or proxy in between.",
            call.model.name, call.model.origin
        )),
        retry: Retry::Never,
    }
}

/// Whether a body is a web page.
pub(super) fn looks_like_html(body: &str) -> bool {
    body.trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<')
}

fn html_title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    Some(page[start..end].trim().to_owned()).filter(|title| !title.is_empty())
}

const fn is_worth_a_retry(status: u16) -> bool {
    matches!(status, 408 | 409 | 429) || status >= 500
}

fn kind(status: Option<u16>, error: &ProviderError, has_pause: bool) -> ErrorKind {
    if error.says(&QUOTA_WORDS)
        || (error.says(&[SPEND_LIMIT]) && !has_pause)
        || error.mentions(&["credit balance is too low"])
    {
        return ErrorKind::QuotaExhausted;
    }
    let about_the_prompt = matches!(status, None | Some(400 | 413 | 422 | 500));
    if about_the_prompt && (error.says(&CONTEXT_WORDS) || error.mentions(&CONTEXT_PHRASES)) {
        return ErrorKind::ContextTooLong;
    }
    match status {
        Some(400) if error.says(&["api_key_invalid"]) || error.mentions(&["api key not valid"]) => {
            ErrorKind::Authentication
        }
        Some(401 | 403) => ErrorKind::Authentication,
        Some(402) => ErrorKind::QuotaExhausted,
        Some(404) => ErrorKind::ModelNotFound,
        Some(429) => ErrorKind::RateLimited,
        Some(408 | 409) => ErrorKind::Overloaded,
        Some(status) if status >= 500 => ErrorKind::Overloaded,
        Some(_) => ErrorKind::InvalidRequest,
        None => kind_by_word(error),
    }
}

/// The class of an error that came without a status. One that names no type is the provider's fault: it had accepted
/// the request. One of a type that is not known is about the request, which would meet it again.
fn kind_by_word(error: &ProviderError) -> ErrorKind {
    if error.says(&[
        "rate_limit_error",
        "rate_limit_exceeded",
        "too_many_requests",
    ]) {
        ErrorKind::RateLimited
    } else if error.says(&[
        "authentication_error",
        "permission_error",
        "invalid_api_key",
    ]) {
        ErrorKind::Authentication
    } else if error.says(&["not_found_error", "model_not_found"])
        || (error.mentions(&["model"]) && error.mentions(&["not found", "does not exist"]))
    {
        ErrorKind::ModelNotFound
    } else if error.says(&["invalid_request_error", "invalid_prompt", "badrequesterror"]) {
        ErrorKind::InvalidRequest
    } else if error.names_a_type() && !error.says_any_of(&SERVER_WORDS) {
        ErrorKind::Refused
    } else {
        ErrorKind::Overloaded
    }
}

fn describe(
    call: &Call,
    kind: ErrorKind,
    status: Option<u16>,
    error: &ProviderError,
    retry: Retry,
) -> LlmError {
    let host = call.host();
    let model = &call.model.model;
    let key = call.key_words();
    let with_key = match call.model.key {
        KeySource::None => String::new(),
        _ => format!(" with {key}"),
    };
    let what = match kind {
        ErrorKind::Authentication if call.model.key == KeySource::None => {
            format!("{host} wants a key for the model {model}, and none is configured")
        }
        ErrorKind::Authentication => {
            format!("{host} did not accept {key} for the model {model}")
        }
        ErrorKind::QuotaExhausted => {
            format!("{host} grants no more credit for the model {model}{with_key}")
        }
        ErrorKind::RateLimited => {
            format!("{host} gets too many requests for the model {model}{with_key}")
        }
        ErrorKind::ModelNotFound => format!("{host} does not know the model {model}"),
        ErrorKind::ContextTooLong => {
            let numbers = match (error.prompt_tokens, error.window_tokens) {
                (Some(prompt), Some(window)) => format!(": {prompt} tokens, {window} fit"),
                _ => String::new(),
            };
            format!("The prompt is too long for the model {model} at {host}{numbers}")
        }
        ErrorKind::Overloaded if error.mentions(&["loading model"]) => {
            format!("{host} is still loading the model {model}")
        }
        ErrorKind::Overloaded => format!("{host} failed on the model {model}"),
        ErrorKind::Refused => format!("{host} gave up on the request to the model {model}"),
        _ => format!("{host} refused the request to the model {model}"),
    };
    let status = status
        .map(|status| format!(" (HTTP {status})"))
        .unwrap_or_default();
    let said = match (call.plain(&error.message), codes(call, error)) {
        (message, codes) if message.is_empty() && codes.is_empty() => String::new(),
        (message, codes) if codes.is_empty() => format!(": {message}"),
        (message, codes) if message.is_empty() => format!(": {codes}"),
        (message, codes) => format!(": {message} [{codes}]"),
    };
    LlmError {
        kind,
        message: format!("{what}{status}{said}"),
        remedy: remedy(call, kind),
        retry,
    }
}

/// The provider's words for programs, which people look up, where its sentence does not have them already.
fn codes(call: &Call, error: &ProviderError) -> String {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let is_code = |word: &&str| {
        word.len() <= LONGEST_CODE
            && word.bytes().all(is_part)
            && word.bytes().any(|byte| byte.is_ascii_alphabetic())
            && *word != "error"
            && !error.mentions(&[word])
    };
    let mut codes: Vec<&str> = error
        .words
        .iter()
        .map(String::as_str)
        .filter(is_code)
        .collect();
    codes.dedup();
    call.plain(&codes.join(", "))
}

fn remedy(call: &Call, kind: ErrorKind) -> Option<String> {
    let name = &call.model.name;
    let origin = &call.model.origin;
    Some(match kind {
        ErrorKind::Authentication if call.model.key == KeySource::None => format!(
            "Set `api_key_env`, `api_key_command` or `api_key_file` of the model {name} ({origin})."
        ),
        ErrorKind::Authentication => format!(
            "Check that {} is valid at {} and may use this model ({origin}).",
            call.key_words(),
            call.host()
        ),
        ErrorKind::QuotaExhausted => format!(
            "Add credit or raise the limit of the account at {}, or choose another model.",
            call.host()
        ),
        ErrorKind::RateLimited => {
            format!("Wait, or lower `max_concurrent` if it happens often ({origin}).")
        }
        ErrorKind::ModelNotFound => {
            format!("Check `model` and `base_url` of the model {name} ({origin}).")
        }
        ErrorKind::ContextTooLong => format!(
            "Ask about fewer lines or begin a new session; set `context_tokens` of the model {name} to its real window, so that old turns are left out in time ({origin})."
        ),
        ErrorKind::InvalidRequest => format!(
            "Check `format`, `max_output_tokens`, `temperature` and `headers` of the model {name} ({origin})."
        ),
        ErrorKind::Refused => "Ask otherwise, or choose another model.".to_owned(),
        ErrorKind::Overloaded if call.model.is_loopback() => {
            "Look into the log of the server on this machine.".to_owned()
        }
        ErrorKind::Overloaded => "Try again later, or choose another model.".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
