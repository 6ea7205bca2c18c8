//! An editor window that may be killed at any moment, and its user.

use std::process::{Child, Stdio};

use backchat::protocol::{
    RequestInfo, RequestParams, SessionsParams, SubmitResult, TakeParams, TakeResult, method,
};
use backchat::session::{Mode, RequestId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::plan::{self, CODE, FILES};
use super::round::Round;
use crate::support::World;
use crate::support::editor::prompt;
use crate::support::patience::poll;
use crate::support::transport::Transport;

/// The window: a server and the conversation with it. Killed when it goes.
struct Window<'a> {
    world: &'a World,
    child: Child,
    transport: Transport,
}

/// The server was killed.
struct Killed;

type Answer<T> = Result<T, Killed>;

impl<'a> Window<'a> {
    fn open(world: &'a World) -> Answer<Self> {
        let mut child = world
            .backchat()
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let transport = Transport::new(child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let window = Self {
            world,
            child,
            transport,
        };
        let who = json!({
            "processId": std::process::id(),
            "capabilities": {"experimental": {"backchat": {"protocolVersion": 1}}},
        });
        window.request::<Value>("initialize", &who)?;
        window.transport.notify("initialized", &json!({}));
        for number in 0..FILES {
            let uri = world.uri(&plan::file(number));
            let document = json!({"uri": uri, "languageId": "rust", "version": 1, "text": CODE});
            let opened = json!({"textDocument": document});
            window.transport.notify("textDocument/didOpen", &opened);
        }
        Ok(window)
    }

    /// An error answer is `None`: a store that is busy refuses, and says so.
    fn request<R: DeserializeOwned>(
        &self,
        name: &str,
        params: &impl Serialize,
    ) -> Answer<Option<R>> {
        let params = serde_json::to_value(params).unwrap();
        let id = self.transport.request(name, &params);
        match self.transport.answer_or_end(id) {
            None => Err(Killed),
            Some(Err(_)) => Ok(None),
            Some(Ok(result)) => Ok(Some(serde_json::from_value(result).unwrap())),
        }
    }

    fn submit(&self, ledger: &Ledger, tag: &str, file: usize, key: Option<String>) -> Answer<()> {
        let mut params = prompt(
            &self.world.uri(&plan::file(file)),
            &plan::prompt(tag),
            Mode::Auto,
        );
        params.idempotency_key = key;
        if let Some(result) = self.request::<SubmitResult>(method::SUBMIT, &params)? {
            ledger.change(|ledger| ledger.acknowledges(tag, &result.request.id));
        }
        Ok(())
    }

    fn wait_for_end(&mut self) {
        poll("the server ends", || self.child.try_wait().unwrap());
    }

    fn act_on(&self, name: &str, id: &RequestId) -> Answer<Option<RequestInfo>> {
        let request_id = id.clone();
        self.request(name, &RequestParams { request_id })
    }

    fn take(&self, ledger: &Ledger, params: &TakeParams) -> Answer<()> {
        if let Some(result) = self.request::<TakeResult>(method::TAKE, params)? {
            for response in result.responses {
                ledger.change(|ledger| ledger.takes(&response.request.id));
            }
        }
        Ok(())
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Opens a window, works in it until it is killed or closed, and opens the next.
pub(super) fn user(round: &Round<'_>, name: &str, mut random: fastrand::Rng) {
    let mut asked = 0;
    while round.goes_on() {
        let Ok(mut window) = Window::open(round.world) else {
            continue;
        };
        for _ in 0..random.u32(3..15) {
            if !round.goes_on() || work(round, &window, name, &mut asked, &mut random).is_err() {
                break;
            }
        }
        // As an editor that quits, as one that dies, or as one that is killed with its server.
        match random.u32(0..3) {
            0 => {
                let asked = window.request::<Value>("shutdown", &Value::Null);
                if asked.is_ok() {
                    window.transport.notify("exit", &Value::Null);
                    window.wait_for_end();
                }
            }
            1 => {
                window.transport.close_stdin();
                window.wait_for_end();
            }
            _ => {}
        }
    }
}

/// Does one thing.
fn work(
    round: &Round<'_>,
    window: &Window<'_>,
    name: &str,
    asked: &mut u32,
    random: &mut fastrand::Rng,
) -> Answer<()> {
    let ledger = round.ledger;
    let known = ledger.read().requests();
    match (random.u32(0..12), random.choice(&known).cloned()) {
        (0, Some((id, _))) => {
            ledger.change(|ledger| ledger.cancelling.insert(id.clone()));
            if let Some(request) = window.act_on(method::CANCEL, &id)? {
                ledger.change(|ledger| ledger.cancels(&id, request.state));
            }
        }
        (1, Some((id, _))) => {
            ledger.change(|ledger| ledger.retrying.insert(id.clone()));
            window.act_on(method::RETRY, &id)?;
        }
        (2, Some((id, _))) => {
            ledger.change(|ledger| ledger.reading.insert(id.clone()));
            if window.act_on(method::DISMISS, &id)?.is_some() {
                ledger.change(|ledger| ledger.dismissed.insert(id));
            }
        }
        (3 | 4, Some((id, _))) => {
            ledger.change(|ledger| ledger.reading.insert(id.clone()));
            let params = TakeParams {
                session_id: None,
                request_id: Some(id),
            };
            window.take(ledger, &params)?;
        }
        (5, _) => {
            window.request::<Value>(method::SESSIONS, &SessionsParams::default())?;
        }
        (6, _) => {
            let again = ledger.read().to_send_again();
            if let Some((tag, question)) = random.choice(&again) {
                window.submit(ledger, tag, question.file, question.idempotency_key.clone())?;
            }
        }
        _ => {
            *asked += 1;
            let tag = format!("{name}{asked}");
            let file = random.usize(0..FILES);
            let key = random.bool().then(|| format!("key of {tag}"));
            let fate = plan::script(&round.world.model, &tag, random);
            ledger.change(|ledger| ledger.sends(&tag, file, fate, key.clone()));
            window.submit(ledger, &tag, file, key)?;
        }
    }
    Ok(())
}
