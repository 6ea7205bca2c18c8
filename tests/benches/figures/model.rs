//! A model that answers as it is told, and writes down when it was asked and when it was through.
//!
//! Plain threads and sockets: what is measured is the path to it and from it, so it must add nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How the model answers.
#[derive(Clone, Copy)]
pub struct Answer {
    /// The wait before the first byte.
    pub delay: Duration,
    /// How many pieces of text.
    pub pieces: usize,
    /// The wait after each of them; none sends them as fast as they are read.
    pub pause: Duration,
    /// The wait between the last piece and the end.
    pub rest: Duration,
}

impl Answer {
    /// A short answer after so long.
    pub fn after(delay: Duration) -> Self {
        Self {
            delay,
            pieces: 1,
            pause: Duration::ZERO,
            rest: Duration::ZERO,
        }
    }
}

/// What happened to the model.
pub enum Seen {
    /// A request had arrived with its last byte.
    Asked(Instant),
    /// The last byte of an answer was written.
    Through(Instant),
}

/// The model, until it is dropped.
pub struct Model {
    /// Its root: `http://127.0.0.1:…`.
    pub base_url: String,
    answer: Arc<Mutex<Answer>>,
    seen: Receiver<Seen>,
}

impl Model {
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(answer));
        let (to_seen, seen) = channel();
        let shared = answer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen) = (shared.clone(), to_seen.clone());
                // A client that closes its connection ends the thread, nothing else.
                std::thread::spawn(move || serve(&stream, &answer, &seen));
            }
        });
        Self {
            base_url,
            answer,
            seen,
        }
    }

    /// Answers otherwise from now on.
    pub fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// When the next request after `since` arrived. What was seen before is of others.
    pub fn asked(&self, since: Instant) -> Instant {
        loop {
            match self.next() {
                Seen::Asked(at) if at >= since => return at,
                _ => {}
            }
        }
    }

    /// When the next answer after `since` was through.
    pub fn through(&self, since: Instant) -> Instant {
        loop {
            match self.next() {
                Seen::Through(at) if at >= since => return at,
                _ => {}
            }
        }
    }

    fn next(&self) -> Seen {
        self.seen
            .recv_timeout(Duration::from_secs(60))
            .expect("nobody asks the model")
    }

    /// What a direct call costs: the time from the first byte written to the arrival, over a
    /// connection that is open, as often as asked.
    pub fn direct_calls(&self, times: usize, body: &str) -> Vec<Duration> {
        self.answer(Answer::after(Duration::ZERO));
        let mut stream = TcpStream::connect(self.base_url.trim_start_matches("http://")).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: model\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let times = (0..times).map(|_| {
            let sent = Instant::now();
            stream.write_all(request.as_bytes()).unwrap();
            let took = self.asked(sent) - sent;
            let mut line = String::new();
            while line.trim_end() != "0" {
                line.clear();
                reader.read_line(&mut line).unwrap();
            }
            reader.read_line(&mut line).unwrap();
            took
        });
        times.collect()
    }
}

fn serve(stream: &TcpStream, answer: &Mutex<Answer>, seen: &Sender<Seen>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let head = read_head(&mut reader)?;
        let mut body = vec![0; head.length];
        reader.read_exact(&mut body).ok()?;
        let asked = Instant::now();
        if !head.generates {
            respond_with_models(stream)?;
            continue;
        }
        seen.send(Seen::Asked(asked)).ok()?;
        let answer = *answer.lock().ok()?;
        let streamed = serde_json::from_slice::<serde_json::Value>(&body)
            .is_ok_and(|body| body["stream"] == true);
        if streamed {
            stream_answer(stream, answer)?;
        } else {
            whole_answer(stream, answer)?;
        }
        seen.send(Seen::Through(Instant::now())).ok()?;
    }
}

struct Head {
    generates: bool,
    length: usize,
}

fn read_head(reader: &mut impl BufRead) -> Option<Head> {
    let mut head = Head {
        generates: false,
        length: 0,
    };
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    head.generates = line.starts_with("POST ");
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            return Some(head);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            head.length = value.trim().parse().ok()?;
        }
    }
}

fn respond_with_models(mut stream: &TcpStream) -> Option<()> {
    let body = r#"{"object":"list","data":[{"id":"measured","object":"model"}]}"#;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .ok()
}

fn whole_answer(mut stream: &TcpStream, answer: Answer) -> Option<()> {
    std::thread::sleep(answer.delay);
    let text = "word ".repeat(answer.pieces);
    let body = format!(
        r#"{{"id":"1","object":"chat.completion","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}]}}"#
    );
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    write!(stream, "{head}\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).ok()
}

fn stream_answer(mut stream: &TcpStream, answer: Answer) -> Option<()> {
    std::thread::sleep(answer.delay);
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    let piece = chunk(
        r#"{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}"#,
    );
    if answer.pause.is_zero() {
        // Many pieces in one write, as a fast server's socket delivers them.
        let together = piece.repeat(64);
        for _ in 0..answer.pieces / 64 {
            stream.write_all(together.as_bytes()).ok()?;
        }
        stream
            .write_all(piece.repeat(answer.pieces % 64).as_bytes())
            .ok()?;
    } else {
        for _ in 0..answer.pieces {
            stream.write_all(piece.as_bytes()).ok()?;
            std::thread::sleep(answer.pause);
        }
    }
    std::thread::sleep(answer.rest);
    let end = chunk(
        r#"{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    );
    let end = format!("{end}{}0\r\n\r\n", chunk("[DONE]"));
    stream.write_all(end.as_bytes()).ok()
}

/// One server-sent event as one chunk of the body.
fn chunk(data: &str) -> String {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}
