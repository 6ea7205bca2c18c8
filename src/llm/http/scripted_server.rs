//! A server on a loopback port that does what a test says, byte by byte: what no well-behaved HTTP
//! library would do included.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A step of a connection's script, taken once the request has been read.
#[derive(Clone, Debug)]
pub(in crate::llm) enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits.
    Pause(Duration),
    /// Waits until the client closes the connection, and reports it.
    Hold,
    /// Breaks the connection without a word of it, so that the client's system reports a reset.
    Reset,
}

/// What a test sees of the server.
pub(in crate::llm) struct Server {
    pub address: SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
    closed: mpsc::UnboundedReceiver<()>,
}

impl Server {
    /// Serves one script a connection, and closes each at the end of its script.
    pub async fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let scripts = Arc::new(Mutex::new(scripts.into_iter().collect::<VecDeque<_>>()));
        let (request, requests) = mpsc::unbounded_channel();
        let (close, closed) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Some(script) = scripts.lock().unwrap().pop_front() else {
                    break;
                };
                tokio::spawn(play(stream, script, request.clone(), close.clone()));
            }
        });
        Self {
            address,
            requests,
            closed,
        }
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request: its head and its body.
    pub async fn request(&mut self) -> String {
        soon(self.requests.recv()).await.unwrap()
    }

    /// Waits until a client has closed a connection that was held.
    pub async fn client_closed(&mut self) {
        soon(self.closed.recv()).await.unwrap();
    }

    /// Whether nobody has asked for anything.
    pub fn is_untouched(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }
}

/// Waits generously: the deadline only keeps a broken test from hanging.
pub(in crate::llm) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .expect("it should have happened by now")
}

/// A connection that can be broken.
pub(in crate::llm) trait Connection: AsyncRead + AsyncWrite + Unpin {
    /// Has the system report a reset to the other end once this is dropped.
    fn reset(&self);
}

impl Connection for TcpStream {
    fn reset(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Connection for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(&self) {
        self.get_ref().0.reset();
    }
}

/// Plays a script to one client.
pub(in crate::llm) async fn play(
    mut stream: impl Connection,
    script: Vec<Step>,
    request: mpsc::UnboundedSender<String>,
    close: mpsc::UnboundedSender<()>,
) {
    let Some(text) = read_request(&mut stream).await else {
        return;
    };
    let _ = request.send(text);
    for step in script {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Step::Pause(pause) => tokio::time::sleep(pause).await,
            Step::Hold => {
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
                let _ = close.send(());
            }
            Step::Reset => {
                stream.reset();
                return;
            }
        }
    }
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(head) = text.find("\r\n\r\n") {
            let length = text[..head]
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length:")
                        .map(str::to_owned)
                })
                .map_or(0, |length| length.trim().parse().unwrap());
            if bytes.len() >= head + 4 + length {
                return Some(text);
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

/// The head of a response whose body goes on until the connection closes.
pub(in crate::llm) fn head(status: &str, headers: &[&str]) -> Step {
    let mut text = format!("HTTP/1.1 {status}\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    Step::Send(text.into_bytes())
}

/// A whole response with its length.
pub(in crate::llm) fn whole(status: &str, headers: &[&str], body: &str) -> Vec<Step> {
    let length = format!("content-length: {}", body.len());
    let headers: Vec<&str> = headers.iter().copied().chain([length.as_str()]).collect();
    vec![head(status, &headers), send(body)]
}

/// Text to send.
pub(in crate::llm) fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

/// A piece of a chunked body.
pub(in crate::llm) fn chunk(text: &str) -> Step {
    send(&format!("{:x}\r\n{text}\r\n", text.len()))
}
