//! What the body of a message says: JSON-RPC 2.0, checked member by member, so that a request that
//! can not be understood is still answered under its own id.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Response};

/// The most bytes that parameters may take when they have been taken apart, estimated. A short text
/// can say a great many small objects.
const MOST_PARSED_BYTES: usize = 64 * 1024 * 1024;

/// What an object takes beside its text: a node of a map, and the allocation of a name.
const OBJECT_BYTES: usize = 704;

/// What an array takes beside its text: room for four values.
const ARRAY_BYTES: usize = 192;

/// What any other value takes beside its text.
const VALUE_BYTES: usize = 64;

/// The message of a client.
#[derive(Debug)]
pub(in crate::server) enum Message<'a> {
    /// A request, or without an id a notification.
    Call {
        id: Option<Id>,
        method: Cow<'a, str>,
        params: Params<'a>,
    },
    /// The answer to a request of the server.
    Answer(Response),
}

/// The parameters of a call: correct JSON that nothing has been made of yet.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Params<'a>(Option<&'a RawValue>);

/// A message that is refused: to whom, and why. The id is null when it is not known.
#[derive(Debug, PartialEq)]
pub(in crate::server) struct Refused {
    pub id: Id,
    pub error: Error,
}

/// Why parameters could not be read. Says nothing of what they contain beyond its names.
#[derive(Debug)]
pub(in crate::server) struct Unfit(String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The members of a message, each as it was written.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// A member that is there, null as well.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads the body of a message. Its parameters are only found to be JSON, not taken apart.
pub(in crate::server) fn read(body: &[u8]) -> Result<Message<'_>, Refused> {
    let text = std::str::from_utf8(body)
        .map_err(|error| not_json(&format!("it is not UTF-8 at byte {}", error.valid_up_to())))?;
    let members = members(text)?;
    let id = match members.id.map(|id| serde_json::from_str::<Id>(id.get())) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => {
            let reason = "the id is neither a string nor a whole number of 64 bits";
            return Err(invalid(None, reason));
        }
    };
    let is_answer =
        members.method.is_none() && (members.result.is_some() || members.error.is_some());
    // The id of an answer is one of the server's own: a client would take it for another request.
    let asked = id.clone().filter(|_| !is_answer);
    if string(members.jsonrpc).as_deref() != Some("2.0") {
        return Err(invalid(asked, "the member jsonrpc is not \"2.0\""));
    }
    if let Some(method) = members.method {
        let Some(method) = string(Some(method)) else {
            return Err(invalid(asked, "the method is not a string"));
        };
        return Ok(Message::Call {
            id,
            method,
            params: Params(members.params),
        });
    }
    match (id, members.result, members.error) {
        (Some(id), Some(result), None) => answer(id, result, Response::from_ok),
        (Some(id), None, Some(error)) => answer(id, error, Response::from_error),
        (_, None, None) => Err(invalid(asked, "it has no method")),
        _ => Err(invalid(
            asked,
            "an answer has an id, and either a result or an error",
        )),
    }
}

impl Params<'_> {
    /// The parameters as a type of their own.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T, Unfit> {
        let Some(raw) = self.0 else {
            return Err(Unfit("there are no parameters".to_owned()));
        };
        parse(raw).map_err(|error| Unfit(without_content(&error)))
    }

    /// The parameters as whatever they are.
    pub fn value(self) -> Result<Option<Value>, Error> {
        self.0.map(value).transpose()
    }
}

fn answer<'a, T: DeserializeOwned>(
    id: Id,
    raw: &RawValue,
    response: fn(Id, T) -> Response,
) -> Result<Message<'a>, Refused> {
    let content = value(raw).and_then(|value| {
        serde_json::from_value(value).map_err(|error| error_of(ErrorCode::InvalidRequest, error))
    });
    // Whoever waits for the answer is to hear that it came.
    Ok(Message::Answer(content.map_or_else(
        |error| Response::from_error(id.clone(), error),
        |content| response(id.clone(), content),
    )))
}

fn value(raw: &RawValue) -> Result<Value, Error> {
    if parsed_bytes(raw.get()) > MOST_PARSED_BYTES {
        return Err(error_of(
            ErrorCode::InvalidRequest,
            "the parameters have too many values",
        ));
    }
    // Correct JSON that is no value: it is nested too deeply.
    parse(raw).map_err(|error| error_of(ErrorCode::ParseError, error))
}

/// As [`serde_json::from_str`], and takes what a string of JavaScript can be but no text: halves of
/// surrogate pairs. Editors that keep text in UTF-16 send them when a buffer contains them.
fn parse<T: DeserializeOwned>(raw: &RawValue) -> serde_json::Result<T> {
    serde_json::from_str(raw.get()).or_else(|error| {
        let mended = surrogates_replaced(raw.get()).ok_or(error)?;
        serde_json::from_str(&mended)
    })
}

/// The text with an escaped replacement character, which takes one UTF-16 unit as well, in place of
/// each escaped half of a surrogate pair; `None` when there is none.
fn surrogates_replaced(json: &str) -> Option<String> {
    let mut mended: Option<String> = None;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &json.as_bytes()[at..]) {
        at += found;
        let (escape, next) = (unit(json, at), unit(json, at + 6));
        at += match (escape, next) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended
                    .get_or_insert_with(|| json.to_owned())
                    .replace_range(at..at + 6, "\\ufffd");
                6
            }
            _ => 2,
        };
        at = at.min(json.len());
    }
    mended
}

/// The UTF-16 unit that is escaped at an offset.
fn unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

/// About as many bytes as the values of a JSON text take, never much less, as far as it matters.
fn parsed_bytes(json: &str) -> usize {
    let bytes = json.as_bytes();
    let (mut total, mut at) = (bytes.len(), 0);
    while total <= MOST_PARSED_BYTES
        && let Some(&byte) = bytes.get(at)
    {
        match byte {
            b'"' => at += string_length(&bytes[at + 1..]),
            b'{' => total += OBJECT_BYTES,
            b'[' => total += ARRAY_BYTES,
            b',' => total += VALUE_BYTES,
            _ => {}
        }
        at += 1;
    }
    total
}

/// The bytes after the quote that begins a string, with the quote that ends it.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at = (at + 2).min(bytes.len());
    }
    bytes.len()
}

fn string(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    /// With this a string without escapes is borrowed.
    #[derive(Deserialize)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
    let Borrowed(string) = serde_json::from_str(raw?.get()).ok()?;
    Some(string)
}

/// The members of an object. A struct can be read from an array as well, which no message is.
fn members(text: &str) -> Result<Members<'_>, Refused> {
    let first = text.trim_ascii_start().bytes().next();
    let read = match first {
        Some(b'{') => serde_json::from_str(text).map(Some),
        _ => serde_json::from_str::<IgnoredAny>(text).map(|_| None),
    };
    match (read, first) {
        (Ok(Some(members)), _) => Ok(members),
        (Ok(None), Some(b'[')) => Err(invalid(
            None,
            "it is a batch, which LSP does not know; send each message by itself",
        )),
        (Ok(None), _) => Err(invalid(None, "it is not an object")),
        // A member is there twice.
        (Err(error), _) if error.is_data() => Err(invalid(None, &without_content(&error))),
        (Err(error), _) => Err(not_json(&without_content(&error))),
    }
}

fn not_json(reason: &str) -> Refused {
    let message = format!("the message is not JSON: {reason}");
    Refused {
        id: Id::Null,
        error: error_of(ErrorCode::ParseError, message),
    }
}

fn invalid(id: Option<Id>, reason: &str) -> Refused {
    let message = format!("the message is not a JSON-RPC request: {reason}");
    Refused {
        id: id.unwrap_or_default(),
        error: error_of(ErrorCode::InvalidRequest, message),
    }
}

fn error_of(code: ErrorCode, message: impl ToString) -> Error {
    Error {
        code,
        message: Cow::Owned(message.to_string()),
        data: None,
    }
}

/// An error's text without the strings of the client that it repeats: they may be anyone's code.
fn without_content(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match (text.find('"'), text.rfind('"')) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}…{}", &text[..begin], &text[end + 1..])
        }
        _ => text,
    }
}
