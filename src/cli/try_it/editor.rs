//! An editor window without a screen: the methods that an editor calls, with their types.

use std::collections::HashMap;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::process::Command;
use tower_lsp::ls_types::TextDocumentIdentifier;

use super::client::Client;
use super::model::Found;
use super::run::Run;
use super::scene::Part;
use crate::protocol::{
    PROTOCOL_VERSION, RequestDidChangeParams, RequestInfo, RequestsParams, RequestsResult,
    ResponseDeltaParams, SessionInfo, SessionsParams, SessionsResult, SubmitParams, SubmitResult,
    TakeParams, TakeResult, TakenResponse, method,
};
use crate::session::{Mode, RequestId, SessionId};

/// The editor; its server ends with it.
pub(super) struct Editor {
    client: Client,
    /// What was streamed so far.
    streamed: HashMap<RequestId, (u32, String)>,
    /// As the server told last.
    known: HashMap<RequestId, RequestInfo>,
}

/// What the server has told.
pub(super) enum News {
    /// The model has said more.
    Streamed {
        /// In which session.
        session: SessionId,
        /// Everything that it has said.
        text: String,
    },
    /// Anything else: look at the list.
    Changed,
}

impl Editor {
    /// Starts the server and shakes hands.
    pub(super) async fn start(run: &Run, model: &Found) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("the program cannot find itself")?;
        let mut command = Command::new(program);
        command.arg("serve").env("BACKCHAT_STATE_DIR", run.state());
        model.configure(&mut command);
        let mut client = Client::start(command)?;
        let _: Value = client
            .request(
                "initialize",
                &json!({
                    "processId": std::process::id(),
                    "clientInfo": {"name": "backchat try", "version": env!("CARGO_PKG_VERSION")},
                    "rootUri": null,
                    "capabilities": {
                        "general": {"positionEncodings": ["utf-8"]},
                        "experimental": {"backchat": {"protocolVersion": PROTOCOL_VERSION}},
                    },
                }),
            )
            .await?;
        client.notify("initialized", &json!({})).await?;
        Ok(Self {
            client,
            streamed: HashMap::new(),
            known: HashMap::new(),
        })
    }

    /// `textDocument/didOpen`.
    pub(super) async fn open(&mut self, part: &Part) -> anyhow::Result<()> {
        let document = json!({
            "uri": part.uri,
            "languageId": "rust",
            "version": part.version,
            "text": part.text,
        });
        self.client
            .notify("textDocument/didOpen", &json!({"textDocument": document}))
            .await
    }

    /// `textDocument/didChange`: what was typed at the top of the buffer.
    pub(super) async fn change(&mut self, part: &Part) -> anyhow::Result<()> {
        let top = json!({"line": 0, "character": 0});
        self.client
            .notify(
                "textDocument/didChange",
                &json!({
                    "textDocument": {"uri": part.uri, "version": part.version},
                    "contentChanges": [{"range": {"start": top, "end": top}, "text": super::scene::TYPED}],
                }),
            )
            .await
    }

    /// `backchat/submit`, to the background.
    pub(super) async fn submit(&mut self, part: &Part) -> anyhow::Result<RequestInfo> {
        let params = SubmitParams {
            text_document: document(part)?,
            range: Some(part.range),
            prompt: part.prompt.to_owned(),
            library_prompt: None,
            intent: None,
            mode: Mode::Background,
            model: None,
            idempotency_key: None,
        };
        let result: SubmitResult = self.client.request(method::SUBMIT, &params).await?;
        Ok(result.request)
    }

    /// The request as `backchat/requests` has it now, with its range in the buffer.
    pub(super) async fn request(
        &mut self,
        part: &Part,
        request: &RequestInfo,
    ) -> anyhow::Result<RequestInfo> {
        let params = RequestsParams {
            text_document: document(part)?,
        };
        let result: RequestsResult = self.client.request(method::REQUESTS, &params).await?;
        let mut requests = result.requests.into_iter();
        requests
            .find(|it| it.id == request.id)
            .context("the server does not know the question any more")
    }

    /// `backchat/sessions`.
    pub(super) async fn sessions(&mut self) -> anyhow::Result<Vec<SessionInfo>> {
        let params = SessionsParams::default();
        let result: SessionsResult = self.client.request(method::SESSIONS, &params).await?;
        Ok(result.sessions)
    }

    /// `backchat/take`.
    pub(super) async fn take(&mut self, request: &RequestInfo) -> anyhow::Result<TakenResponse> {
        let params = TakeParams {
            session_id: None,
            request_id: Some(request.id.clone()),
        };
        let result: TakeResult = self.client.request(method::TAKE, &params).await?;
        let mut responses = result.responses.into_iter();
        responses.next().context("an answer was read by another")
    }

    /// The next thing that the server tells of one of the requests.
    pub(super) async fn news(&mut self, requests: &[RequestInfo]) -> anyhow::Result<News> {
        loop {
            let (name, params) = self.client.notification().await?;
            match name.as_str() {
                method::RESPONSE_DELTA => {
                    let delta: ResponseDeltaParams = parsed(params)?;
                    let asked = requests.iter().find(|it| it.id == delta.request_id);
                    let (attempt, text) = self.streamed.entry(delta.request_id).or_default();
                    if delta.attempt > *attempt {
                        *attempt = delta.attempt;
                        text.clear();
                    }
                    text.push_str(&delta.text);
                    if let Some(asked) = asked {
                        return Ok(News::Streamed {
                            session: asked.session_id.clone(),
                            text: text.clone(),
                        });
                    }
                }
                method::REQUEST_DID_CHANGE => {
                    let change: RequestDidChangeParams = parsed(params)?;
                    self.known.insert(change.request.id.clone(), change.request);
                    return Ok(News::Changed);
                }
                method::RESPONSE_READY => return Ok(News::Changed),
                _ => {}
            }
        }
    }

    /// The request as the server told last, when it has come to its end.
    pub(super) async fn state_of(&mut self, request: &RequestInfo) -> anyhow::Result<RequestInfo> {
        loop {
            if let Some(known) = self.known.get(&request.id)
                && known.state.is_final()
            {
                return Ok(known.clone());
            }
            self.news(std::slice::from_ref(request)).await?;
        }
    }

    /// How long each of the requests took, in milliseconds, from its submit to its end.
    pub(super) fn finished(&self, requests: &[RequestInfo]) -> impl Iterator<Item = i64> {
        requests.iter().filter_map(|request| {
            let known = self.known.get(&request.id)?;
            Some(known.finished_at? - known.created_at)
        })
    }

    /// Closes the editor.
    pub(super) async fn quit(self) -> anyhow::Result<()> {
        self.client.quit().await
    }
}

fn document(part: &Part) -> anyhow::Result<TextDocumentIdentifier> {
    parsed(json!({"uri": part.uri}))
}

fn parsed<T: DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    serde_json::from_value(value)
        .context("the server told something that is not as PROTOCOL.md says")
}
