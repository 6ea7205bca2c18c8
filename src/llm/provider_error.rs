//! The error objects of providers, in all the shapes that they come in.

use std::time::Duration;

use serde_json::Value;
use serde_json_borrow::Value as Json;

use super::retry_after;

/// The members of an object that may hold the sentence for people, the first of them first.
const PLACES_OF_MESSAGE: [&str; 7] = [
    "message",
    "detail",
    "msg",
    "error_description",
    "title",
    "reason",
    "error",
];

/// The most of a validator's complaints that are told.
const MOST_MESSAGES: usize = 3;

/// What a provider said went wrong. Every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProviderError {
    /// For people; as it came, and so with what it quotes of the prompt.
    pub message: String,
    /// The words for programs: type, code, detailed code, lower case.
    pub words: Vec<String>,
    /// An HTTP status inside the object, as gateways report what happened behind them.
    pub status: Option<u16>,
    /// How long the prompt was, in tokens.
    pub prompt_tokens: Option<u64>,
    /// How large the window is, in tokens.
    pub window_tokens: Option<u64>,
    /// How long to wait before another try, where the object says so and no header does.
    pub pause: Option<Duration>,
}

impl ProviderError {
    /// The error in a piece of JSON that may as well be a piece of a response; `None` when it is.
    ///
    /// Known shapes: `{"error": {…}}` (all vendors), `{"error": "…"}` (Ollama), `[{"error": {…}}]`
    /// (Gemini), `{"type": "error", "message": …}` (Responses), `{"object": "error", "message": …}`
    /// (vLLM, Mistral).
    pub fn find(value: &Value) -> Option<Self> {
        if let Value::Array(items) = value {
            return items.first().and_then(Self::find);
        }
        match &value["error"] {
            Value::String(message) => Some(Self::of_message(message)),
            error @ Value::Object(_) => Some(Self::of_object(error)),
            _ if value["type"] == "error" || value["object"] == "error" => {
                Some(Self::of_object(value))
            }
            _ => None,
        }
    }

    /// The same in an event of a stream or in a whole response, which hardly ever are one.
    pub fn in_event(event: &Json<'_>) -> Option<Self> {
        let says_so = |member: &str| event.get(member).as_str() == Some("error");
        let may_be = event.is_array()
            || !event.get("error").is_null()
            || says_so("type")
            || says_so("object");
        may_be.then(|| Self::find(&Value::from(event))).flatten()
    }

    /// An error object in an event, without its wrapper.
    pub fn of_event(error: &Json<'_>) -> Self {
        Self::of_object(&Value::from(error))
    }

    /// The error in the body of a response with an error's status: JSON of any shape, or text.
    pub fn of_body(body: &str) -> Self {
        let Ok(value) = serde_json::from_str::<Value>(body) else {
            return Self::of_message(body);
        };
        Self::find(&value).unwrap_or_else(|| match &value {
            Value::Object(_) => Self::of_object(&value),
            value => Self::of_message(&sentence(value).unwrap_or_default()),
        })
    }

    /// An error object without its wrapper.
    pub fn of_object(error: &Value) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut status = None;
        for word in [
            &error["type"],
            &error["code"],
            &error["status"],
            &error["details"]["error_code"],
        ] {
            match word {
                Value::String(text) => words.push(text.to_lowercase()),
                Value::Number(number) => {
                    status = status.or(number.as_u64().and_then(|n| u16::try_from(n).ok()));
                }
                _ => {}
            }
        }
        // Gateways give the status as a text too: `"code": "429"`.
        status = status.or_else(|| words.iter().find_map(|word| word.parse().ok()));
        Self {
            message: message(error),
            words,
            status: status.filter(|status| (400..600).contains(status)),
            prompt_tokens: error["n_prompt_tokens"].as_u64(),
            window_tokens: error["n_ctx"].as_u64(),
            pause: retry_delay(&error["details"]),
        }
    }

    fn of_message(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            ..Self::default()
        }
    }

    /// Whether one of the words for programs is among these.
    pub fn says(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// Whether one of the words for programs contains one of these.
    pub fn says_any_of(&self, parts: &[&str]) -> bool {
        let has_any = |word: &String| parts.iter().any(|part| word.contains(part));
        self.words.iter().any(has_any)
    }

    /// Whether it names a type, of which `error` is none.
    pub fn names_a_type(&self) -> bool {
        self.words.iter().any(|word| word != "error")
    }

    /// Whether a filter of contents has ended the response: then it was refused, and nothing is broken.
    pub fn is_of_a_filter(&self) -> bool {
        self.says_any_of(&["content_filter", "content_policy", "responsible_ai_policy"])
    }

    /// Whether the text contains one of these, in lower case.
    pub fn mentions(&self, phrases: &[&str]) -> bool {
        let text = self.message.to_lowercase();
        phrases.iter().any(|phrase| text.contains(phrase))
    }
}

/// Google's pause, one of several details: `{"@type": "….RetryInfo", "retryDelay": "34.07s"}`.
fn retry_delay(details: &Value) -> Option<Duration> {
    let delays = details.as_array()?.iter();
    let delay = delays
        .filter_map(|detail| detail["retryDelay"].as_str())
        .next()?;
    retry_after::seconds(delay.strip_suffix('s')?.parse().ok()?)
}

/// The sentence for people: `message`, or what stands in its place. Nothing else of the object is shown, as
/// anything else may be the request or the response itself.
///
/// Gateways hide the upstream's own words in `metadata.raw`, where their `message` only says that
/// the provider returned an error.
fn message(error: &Value) -> String {
    let said = PLACES_OF_MESSAGE
        .iter()
        .find_map(|field| sentence(&error[*field]))
        .unwrap_or_default();
    let said = match place(&error["loc"]) {
        Some(place) if !said.is_empty() => format!("{place}: {said}"),
        _ => said,
    };
    let raw = error["metadata"]["raw"].as_str().unwrap_or_default();
    match ProviderError::of_body(raw).message {
        upstream if upstream.is_empty() => said,
        upstream => format!("{said}: {upstream}"),
    }
}

/// What a value says to people: a text, an object with a message, or a list of such.
fn sentence(value: &Value) -> Option<String> {
    let said = match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => message(value),
        Value::Array(items) => {
            let said = items.iter().filter_map(sentence).take(MOST_MESSAGES);
            said.collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    };
    (!said.is_empty()).then_some(said)
}

/// Where a validator found what it refuses: `body.messages.0.content`.
fn place(path: &Value) -> Option<String> {
    let steps = path.as_array()?.iter().map(|step| match step {
        Value::String(name) => name.clone(),
        other => other.to_string(),
    });
    Some(steps.collect::<Vec<_>>().join("."))
}
