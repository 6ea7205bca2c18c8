//! Between standard input and output and the framework's service.
//!
//! The framework's own transport ends at the first input that is no message, and holds a large message
//! several times over. This one goes on: what is no message is refused with the error that the
//! specification names ([`framing`]), and the rest is read once.
//!
//! - One loop reads. Each message is begun before the next one is read: its handler runs up to its
//!   first real wait, and goes on in a task of its own. So snapshots are taken, and buffers changed, in
//!   the order of the messages.
//! - That loop and the writing have a thread to themselves. Whatever a handler does behind its first wait,
//!   and whatever it spawns, is done by other threads: a hundred responses that stream do not put a
//!   keystroke off.
//! - One task writes, so messages are never mixed.
//! - Everything in between is bounded: [`SLOTS`] handlers wait at a time, [`REPLIES`] replies are to be
//!   written. When they are used up nothing is read, and the client waits with its next message. No
//!   request is lost, and none is answered twice.
//! - A handler that panics is an error of its request.

use std::future::poll_fn;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_lsp::{ClientSocket, Loopback, LspService};
use tower_service::Service as _;

use super::framing::message::{self, Message, Refused};
use super::framing::{Fault, Frame, Framer, MOST_SKIPPED_BYTES};
use super::notifications::Notification;
use super::{Backend, Server, errors};
use crate::protocol::method;

/// How many handlers may wait at a time. A message takes a slot for each [`SLOT_BYTES`] of it, so that at most
/// 64 MiB of messages wait.
const SLOTS: u32 = 1024;

/// The size of a message that takes one slot.
const SLOT_BYTES: usize = 64 * 1024;

/// How many replies may wait to be written.
const REPLIES: usize = 64;

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// How much is written at once, if it is there; a single message may be longer.
const WRITE_BYTES: usize = 64 * 1024;

/// How long the last replies may take when nothing more is read.
const LAST_REPLIES: Duration = Duration::from_secs(5);

/// Serves one client until it goes: by `exit`, by the end of its input, or by the end of its output. What
/// waits goes on at `elsewhere`.
pub(super) async fn run(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
    service: LspService<Backend>,
    socket: ClientSocket,
    elsewhere: Handle,
) {
    let (requests, answers) = socket.split();
    let (replies, to_write) = mpsc::channel(REPLIES);
    let reader = Reader {
        server: Arc::clone(&service.inner().0),
        service,
        answers,
        replies,
        slots: Arc::new(Semaphore::new(SLOTS as usize)),
        elsewhere,
    };
    let writer = write(output, to_write, requests);
    tokio::pin!(writer);
    tokio::select! {
        () = reader.run(input) => {
            // The writer ends when the last handler has.
            if tokio::time::timeout(LAST_REPLIES, writer).await.is_err() {
                tracing::warn!("the client does not read its last replies; they are given up");
            }
        }
        result = &mut writer => match result {
            Ok(()) => {}
            Err(error) => tracing::info!(%error, "the client does not take any more messages"),
        }
    }
}

/// What the service asks of the client, and tells it.
type ToClient = <ClientSocket as Loopback>::RequestStream;

/// Where the client's answers to that go.
type FromClient = <ClientSocket as Loopback>::ResponseSink;

/// What is to be done about a message.
pub(super) enum Task {
    Call(Request),
    Notification(Notification),
    Answer(Response),
    Refuse(Refused),
    /// It was logged, and that is all.
    Nothing,
}

/// The loop that reads.
struct Reader {
    server: Arc<Server>,
    service: LspService<Backend>,
    answers: FromClient,
    replies: mpsc::Sender<Vec<u8>>,
    slots: Arc<Semaphore>,
    elsewhere: Handle,
}

impl Reader {
    async fn run(mut self, mut input: impl AsyncRead + Unpin) {
        let mut framer = Framer::default();
        let mut is_known = false;
        let mut chunk = vec![0; READ_BYTES];
        loop {
            let read = match input.read(&mut chunk).await {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => {
                    tracing::error!(%error, "the client's messages cannot be read any more");
                    return;
                }
            };
            let mut bytes = &chunk[..read];
            while let Some(frame) = framer.next(&mut bytes) {
                if !std::mem::replace(&mut is_known, true) && !matches!(frame, Frame::Body(_)) {
                    tell_a_stranger();
                }
                let goes_on = match frame {
                    Frame::Body(body) => self.message(body).await,
                    Frame::Fault(fault) => {
                        self.refuse(refusal(&fault)).await;
                        true
                    }
                    Frame::Lost => {
                        tracing::error!(
                            bytes = MOST_SKIPPED_BYTES,
                            "no message was found in what the client sends; the server ends"
                        );
                        false
                    }
                };
                if !goes_on {
                    return;
                }
            }
        }
        if !is_known {
            tell_a_stranger();
        }
        match framer.end() {
            Some(fault) => {
                tracing::warn!(%fault, "the client's messages end in mid-message");
            }
            None => tracing::info!("the client's messages end"),
        }
    }

    /// Begins what a message asks for. Says whether there may be another message.
    async fn message(&mut self, body: Vec<u8>) -> bool {
        let size = body.len();
        let task = task(&body);
        // A large body is not to be kept while a buffer is made of it.
        drop(body);
        match task {
            Task::Call(request) => return self.call(request, size).await,
            Task::Notification(notification) => {
                // What it spawns is done elsewhere.
                let _elsewhere = self.elsewhere.enter();
                notification.handle(&self.server);
            }
            Task::Answer(answer) => return self.answers.send(answer).await.is_ok(),
            Task::Refuse(refused) => self.refuse(refused).await,
            Task::Nothing => {}
        }
        true
    }

    /// Runs the handler of a request up to its first wait, and the rest of it in a task.
    async fn call(&mut self, request: Request, size: usize) -> bool {
        if poll_fn(|context| self.service.poll_ready(context))
            .await
            .is_err()
        {
            return false;
        }
        let is_exit = request.method() == "exit";
        let is_shutdown = request.method() == "shutdown";
        let id = request.id().cloned();
        let mut handler = Box::pin(guarded(id, self.service.call(request)));
        let begun = if is_shutdown {
            // What comes after it must not overtake it.
            Poll::Ready(handler.await)
        } else {
            let begun = poll_fn(|context| {
                let _elsewhere = self.elsewhere.enter();
                Poll::Ready(handler.as_mut().poll(context))
            });
            let begun = begun.await;
            if begun.is_pending() {
                self.go_on(handler, size).await;
            }
            begun
        };
        if let Poll::Ready(Some(response)) = begun {
            send(&self.replies, &response).await;
        }
        !is_exit
    }

    /// Lets a handler go on by itself, once there is a slot for it.
    async fn go_on<H>(&self, handler: H, size: usize)
    where
        H: Future<Output = Option<Response>> + Send + 'static,
    {
        let slots = u32::try_from(1 + size / SLOT_BYTES).map_or(SLOTS, |slots| slots.min(SLOTS));
        let taken = Arc::clone(&self.slots).acquire_many_owned(slots).await;
        let replies = self.replies.clone();
        self.elsewhere.spawn(async move {
            if let Some(response) = handler.await {
                send(&replies, &response).await;
            }
            drop(taken);
        });
    }

    async fn refuse(&self, refused: Refused) {
        tracing::warn!(id = %refused.id, reason = %refused.error.message, "a message is refused");
        send(
            &self.replies,
            &Response::from_error(refused.id, refused.error),
        )
        .await;
    }
}

/// Says to whoever has piped something else into the server how a question is asked.
fn tell_a_stranger() {
    // Nobody may be there to read it.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        b"backchat: there is no message of the Language Server Protocol here, which backchat serves when its input is no \
          terminal; a question is asked by `backchat ask FILE PROMPT`, and `backchat --help` lists the commands\n",
    );
}

/// A handler whose panic is an error of its request.
async fn guarded<E>(
    id: Option<Id>,
    handler: impl Future<Output = Result<Option<Response>, E>>,
) -> Option<Response> {
    match AssertUnwindSafe(handler).catch_unwind().await {
        Ok(response) => response.unwrap_or_default(),
        Err(_) => {
            tracing::error!("a request to the server panicked");
            id.map(|id| Response::from_error(id, errors::panicked()))
        }
    }
}

/// Reads a message.
pub(super) fn task(body: &[u8]) -> Task {
    let (id, method, params) = match message::read(body) {
        Ok(Message::Call { id, method, params }) => (id, method, params),
        Ok(Message::Answer(answer)) => return Task::Answer(answer),
        Err(refused) => return Task::Refuse(refused),
    };
    if id.is_none()
        && let Some(notification) = Notification::parse(&method, params)
    {
        return match notification {
            Ok(notification) => Task::Notification(notification),
            Err(unfit) => {
                tracing::warn!(%method, %unfit, "a notification is ignored");
                Task::Nothing
            }
        };
    }
    let params = match (params.value(), id.clone()) {
        (Ok(params), _) => params,
        (Err(error), Some(id)) => return Task::Refuse(Refused { id, error }),
        (Err(error), None) => {
            tracing::warn!(reason = %error.message, "a notification is ignored");
            return Task::Nothing;
        }
    };
    // Some clients send an empty object where there is nothing to send.
    let params = params.filter(|params| !(takes_nothing(&method) && is_empty(params)));
    let mut request = Request::build(method.into_owned());
    if let Some(params) = params {
        request = request.params(params);
    }
    if let Some(id) = id {
        request = request.id(id);
    }
    Task::Call(request.finish())
}

/// Whether a method has no parameters.
fn takes_nothing(name: &str) -> bool {
    [method::STATUS, method::MODELS, "shutdown"].contains(&name)
}

fn is_empty(params: &Value) -> bool {
    params.as_object().is_some_and(serde_json::Map::is_empty)
        || params.as_array().is_some_and(Vec::is_empty)
}

/// The answer to what is no message. To whom is not known.
fn refusal(fault: &Fault) -> Refused {
    let code = match fault {
        Fault::TooLarge(_) => ErrorCode::InvalidRequest,
        _ => ErrorCode::ParseError,
    };
    Refused {
        id: Id::Null,
        error: Error {
            code,
            message: fault.to_string().into(),
            data: None,
        },
    }
}

/// Queues a reply, when there is room for it. Without a client that takes it, it is dropped.
async fn send(replies: &mpsc::Sender<Vec<u8>>, response: &Response) {
    let _ = replies.send(framed(response)).await;
}

/// Writes all messages, until there are no more handlers that could reply.
async fn write(
    mut output: impl AsyncWrite + Unpin,
    mut replies: mpsc::Receiver<Vec<u8>>,
    mut requests: ToClient,
) -> io::Result<()> {
    loop {
        let mut bytes = tokio::select! {
            reply = replies.recv() => match reply {
                Some(reply) => reply,
                None => return Ok(()),
            },
            Some(request) = requests.next() => framed(&request),
        };
        while bytes.len() < WRITE_BYTES
            && let Ok(reply) = replies.try_recv()
        {
            bytes.extend_from_slice(&reply);
        }
        output.write_all(&bytes).await?;
        output.flush().await?;
    }
}

/// A message with its header.
fn framed(message: &impl Serialize) -> Vec<u8> {
    match serde_json::to_vec(message) {
        Ok(body) => {
            let mut bytes = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
            bytes.extend_from_slice(&body);
            bytes
        }
        Err(error) => {
            tracing::error!(%error, "a message to the client could not be written as JSON");
            Vec::new()
        }
    }
}
