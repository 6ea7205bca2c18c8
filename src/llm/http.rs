//! Sends a prompt and hands out the response.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::stream::{self, StreamExt};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::call::Call;
use super::connections::Connections;
use super::framing::MOST_EVENT_BYTES;
use super::response::{Body, BodyError, ResponseStream, read};
use super::resume::{self, CONVERSATION_HEADER, ResumePoint, Said, Way};
use super::{ErrorKind, LlmError, Prompt, Retry, anthropic, failure, surrogates, transport, wire};
use crate::config::{Format, Model};

/// The most bytes of an error's body.
const MOST_ERROR_BYTES: usize = 64 * 1024;

/// A client for all models. Clones share their connections.
#[derive(Clone, Debug, Default)]
pub struct Client {
    connections: Arc<Connections>,
}

impl Client {
    /// A client that has not connected to anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a prompt and waits until the model begins to respond. `point` is where the response
    /// begins, when its server is to go on with it whatever becomes of us.
    ///
    /// There is a limit on silence (`read_timeout`), before the response and between its pieces, and
    /// none on the whole. Redirects are not followed.
    ///
    /// # Errors
    ///
    /// [`LlmError`], when there is no response or it is an error.
    ///
    /// # Cancellation
    ///
    /// Dropping the future, or later the stream, closes the connection. That ends the response at
    /// the provider too, unless it goes on without us: then [`Client::let_go`] does.
    pub async fn stream(
        &self,
        model: &Model,
        key: Option<&SecretString>,
        prompt: &Arc<Prompt>,
        point: Option<ResumePoint>,
    ) -> Result<ResponseStream, LlmError> {
        let mut call = Call::new(model, key)?;
        call.prompt = Some(Arc::clone(prompt));
        call.conversation = point.as_ref().map(|point| point.id.clone());
        let body = wire::body(model, prompt).to_string();
        let url = call.url(wire::path(model.format));
        let (headers, body) = self.send(&call, Method::POST, url, Some(body)).await?;
        Ok(ResponseStream::new(
            call,
            content_type(&headers),
            body,
            point,
        ))
    }

    /// Takes up a response again that went on without its client: the events after `point`. `said` is
    /// what was taken before; `prompt` was sent then, and is not sent again.
    ///
    /// # Errors
    ///
    /// [`LlmError`]; of the kind [`ErrorKind::NotResumable`], here or in the stream, when the endpoint
    /// does not know the response any more, or never kept it: then only the prompt can be sent again.
    pub async fn resume(
        &self,
        model: &Model,
        key: Option<&SecretString>,
        prompt: &Arc<Prompt>,
        point: ResumePoint,
        said: Said,
    ) -> Result<ResponseStream, LlmError> {
        if !point.is_of(model) {
            return Err(resume::gone("the model is configured otherwise now"));
        }
        let mut call = Call::new(model, key)?;
        call.prompt = Some(Arc::clone(prompt));
        let position = point.position.to_string();
        let url = match point.way {
            Way::Replay => {
                self.look_up(&call, &point.id)
                    .await
                    .map_err(resume::refused)?;
                let query = [("conv_id", point.id.as_str()), ("from", &position)];
                with_query(call.url(&["v1", "stream"]), &query)
            }
            Way::Background => {
                let query = [("stream", "true"), ("starting_after", &position)];
                with_query(call.url(&["responses", &point.id]), &query)
            }
        };
        let sent = self.send(&call, Method::GET, url, None).await;
        let (headers, body) = sent.map_err(resume::refused)?;
        let content_type = content_type(&headers);
        Ok(ResponseStream::rest(call, content_type, body, point, said))
    }

    /// Asks whether llama.cpp's server knows a stream. Other servers know nothing of the question.
    async fn look_up(&self, call: &Call, id: &str) -> Result<(), LlmError> {
        let question = json!({"conversation_ids": [id]}).to_string();
        let url = call.url(&["v1", "streams", "lookup"]);
        let (_, body) = self.send(call, Method::POST, url, Some(question)).await?;
        let (bytes, _) = read(body, MOST_EVENT_BYTES).await;
        let found: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let is_known = |list: &Vec<Value>| list.iter().any(|it| it["conversation_id"] == id);
        if found.as_array().is_some_and(is_known) {
            Ok(())
        } else {
            Err(resume::gone("the server does not know it any more"))
        }
    }

    /// Ends a response at the provider that nobody will take up again, and lets the provider forget
    /// it; `is_complete` when it had come to its end. One that is not known there needs nothing.
    ///
    /// # Errors
    ///
    /// [`LlmError`], when the provider was not reached or refused.
    pub async fn let_go(
        &self,
        model: &Model,
        key: Option<&SecretString>,
        point: &ResumePoint,
        is_complete: bool,
    ) -> Result<(), LlmError> {
        if !point.is_of(model) {
            return Ok(());
        }
        let call = Call::new(model, key)?;
        let url = match point.way {
            Way::Replay => with_query(
                call.url(&["v1", "stream"]),
                &[("conv_id", point.id.as_str())],
            ),
            Way::Background => {
                if !is_complete {
                    let url = call.url(&["responses", &point.id, "cancel"]);
                    known(
                        self.send(&call, Method::POST, url, Some("{}".to_owned()))
                            .await,
                    )?;
                }
                call.url(&["responses", &point.id])
            }
        };
        known(self.send(&call, Method::DELETE, url, None).await)
    }

    /// Asks whether a model's endpoint answers and takes the key, and how long that takes, the
    /// connection included. It costs nothing: the endpoint is asked for its list of models. Where
    /// there is none, it is sent an empty prompt, which an endpoint of the format refuses.
    ///
    /// # Errors
    ///
    /// [`LlmError`], as a prompt would get it.
    pub async fn probe(
        &self,
        model: &Model,
        key: Option<&SecretString>,
    ) -> Result<Duration, LlmError> {
        let start = Instant::now();
        match self.json(model, key, wire::models_path(model.format)).await {
            Ok(_) => return Ok(start.elapsed()),
            Err(error) if error.kind == ErrorKind::ModelNotFound => {}
            Err(error) => return Err(error),
        }
        let call = Call::new(model, key)?;
        let start = Instant::now();
        let empty = Some("{}".to_owned());
        match self
            .send(
                &call,
                Method::POST,
                call.url(wire::path(model.format)),
                empty,
            )
            .await
        {
            Ok(_) => Ok(start.elapsed()),
            Err(error) if error.kind == ErrorKind::InvalidRequest => Ok(start.elapsed()),
            Err(error) => Err(error),
        }
    }

    /// The JSON at a path below a model's base URL.
    pub(super) async fn json(
        &self,
        model: &Model,
        key: Option<&SecretString>,
        path: &[&str],
    ) -> Result<Value, LlmError> {
        let call = Call::new(model, key)?;
        let (_, body) = self.send(&call, Method::GET, call.url(path), None).await?;
        let (bytes, _) = read(body, MOST_EVENT_BYTES).await;
        serde_json::from_slice(&bytes).map_err(|_| {
            let text = String::from_utf8_lossy(&bytes);
            if failure::looks_like_html(&text) {
                failure::web_page(&call, &text)
            } else {
                failure::malformed(&call, &text)
            }
        })
    }

    /// Sends a request; the answer is the headers and the body of a response that is no error.
    async fn send(
        &self,
        call: &Call,
        method: Method,
        url: Url,
        body: Option<String>,
    ) -> Result<(HeaderMap, Body), LlmError> {
        let headers = headers(call)?;
        let client = self.connections.client(call).await?;
        let mut request = client.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let sent = tokio::time::timeout(call.model.read_timeout, request.send());
        let response = match sent.await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(transport::of_request(call, &error.without_url())),
            Err(_) => return Err(transport::silent(call)),
        };
        let status = response.status();
        let headers = response.headers().clone();
        if status.is_redirection() {
            return Err(failure::redirect(
                call,
                status,
                target(&response).as_deref(),
            ));
        }
        let body = paced(call.model.read_timeout, response);
        if status.is_success() {
            return Ok((headers, body));
        }
        let (bytes, _) = read(body, MOST_ERROR_BYTES).await;
        let text = String::from_utf8_lossy(&bytes);
        let text = surrogates::mark(&text).map_or(text, |text| surrogates::replaced(&text).into());
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(transport::proxy_wants_credentials(call));
        }
        Err(failure::of_status(
            call,
            status,
            &headers,
            &text,
            SystemTime::now(),
        ))
    }
}

/// What was asked of a response that may not be there any more.
fn known(sent: Result<(HeaderMap, Body), LlmError>) -> Result<(), LlmError> {
    match sent.map_err(resume::refused) {
        Err(error) if error.kind != ErrorKind::NotResumable => Err(error),
        _ => Ok(()),
    }
}

fn with_query(mut url: Url, query: &[(&str, &str)]) -> Url {
    url.query_pairs_mut().extend_pairs(query);
    url
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// The bytes of a response, with the limit on silence.
fn paced(limit: Duration, response: reqwest::Response) -> Body {
    let bytes = Box::pin(response.bytes_stream());
    let bytes = stream::unfold(Some(bytes), move |bytes| async move {
        let mut bytes = bytes?;
        match tokio::time::timeout(limit, bytes.next()).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(bytes))),
            Ok(Some(Err(error))) => {
                let why = transport::causes(&error.without_url());
                Some((Err(BodyError::Broken(why)), None))
            }
            Ok(None) => None,
            Err(_) => Some((Err(BodyError::Silent), None)),
        }
    });
    // Whoever looks at the beginning may find the end there, and hands the body on all the same.
    Box::pin(bytes.fuse())
}

/// The host that a redirect leads to.
fn target(response: &reqwest::Response) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let url = response.url().join(location).ok()?;
    Some(url.host_str()?.to_owned())
}

/// Backchat's headers, then the model's own, which win.
fn headers(call: &Call) -> Result<HeaderMap, LlmError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("text/event-stream, application/json"),
    );
    if call.model.format == Format::Anthropic {
        headers.insert(
            "anthropic-version",
            HeaderValue::from_static(anthropic::VERSION),
        );
    }
    if let Some(conversation) = &call.conversation {
        let value = HeaderValue::try_from(conversation)
            .map_err(|_| unfit(call, "the name of the conversation"))?;
        headers.insert(CONVERSATION_HEADER, value);
    }
    if let Some(key) = &call.key {
        let key = key.expose_secret();
        let (name, value) = match call.model.format {
            Format::Anthropic => (HeaderName::from_static("x-api-key"), key.to_owned()),
            Format::OpenaiChat | Format::OpenaiResponses => {
                (AUTHORIZATION, format!("Bearer {key}"))
            }
        };
        let value = secret_value(&value).ok_or_else(|| unfit(call, &call.key_words()))?;
        headers.insert(name, value);
    }
    for (name, value) in &call.model.headers {
        let parsed = HeaderName::try_from(name).ok().zip(secret_value(value));
        let (name, value) =
            parsed.ok_or_else(|| unfit(call, &format!("the configured header {name}")))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// A value that no log shows: configured headers hold keys too.
fn secret_value(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn unfit(call: &Call, what: &str) -> LlmError {
    LlmError {
        kind: ErrorKind::InvalidRequest,
        message: format!(
            "{what} contains characters that cannot be sent to {}",
            call.host()
        ),
        remedy: Some(format!("Correct it ({}).", call.model.origin)),
        retry: Retry::Never,
    }
}

#[cfg(test)]
mod faults;
#[cfg(test)]
pub(super) mod scripted_server;
#[cfg(test)]
mod tests;
