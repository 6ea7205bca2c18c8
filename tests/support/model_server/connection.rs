//! One client of the scripted model: HTTP/1.1, one request a connection.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::generation::{self, Generation};
use super::reply::{Reply, Step, end_events, finish_event, text_event};
use super::{Call, Record};
use crate::support::patience::Watched;

/// How often a connection that waits is asked whether its client is still there.
const TICK: Duration = Duration::from_millis(10);

/// One client.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) record: Arc<Watched<Record>>,
    pub(super) ended: Arc<AtomicBool>,
    /// The stream that is being written, when it goes on without its client.
    pub(super) generation: Option<Generation>,
}

/// The client has gone, or the test has.
pub(super) struct Gone;

impl From<std::io::Error> for Gone {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl Connection {
    pub(super) fn serve(mut self) -> Result<(), Gone> {
        let (method, path, headers, body) = self.read_request()?;
        if method == "GET" && path.ends_with("/models") {
            let models = json!({"object": "list", "data": [{"id": "scripted", "object": "model"}]});
            let headers = [("content-type".to_owned(), "application/json".to_owned())];
            return self.write_whole(200, &headers, &models.to_string());
        }
        if path.starts_with("/v1/stream") || path.starts_with("/v1/responses/") {
            return self.serve_kept(&method, &path, &body);
        }
        let call = Call {
            path,
            headers,
            body,
            began: 0,
            ended: None,
            closed_by_client: false,
        };
        let is_background = call.body["background"] == true;
        let name = call.headers.get("x-conversation-id").cloned();
        let (number, reply) = self.record.change(|record| record.begin(call));
        let background = is_background.then(|| generation::response_id(number));
        if let Some(id) = background.clone().or(name) {
            self.generation = self.record.change(|record| {
                let generation = Generation::default();
                let kept = record.kept.as_mut()?;
                kept.insert(id, generation.clone());
                Some(generation)
            });
        }
        let result = self.write_reply(number, reply, background.as_deref());
        if let Some(generation) = &self.generation {
            generation.end();
        }
        let closed_by_client = result.is_err();
        self.record
            .change(|record| record.end(number, closed_by_client));
        result
    }

    fn read_request(&mut self) -> Result<(String, String, BTreeMap<String, String>, Value), Gone> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 16 * 1024];
        let head_end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                return Err(Gone);
            }
            bytes.extend_from_slice(&buffer[..read]);
            if !bytes[0].is_ascii_uppercase() {
                // A TLS greeting, for example: answered as a plain HTTP server does.
                self.write_whole(400, &[], "this is a plain HTTP server")?;
                return Err(Gone);
            }
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
        let mut lines = head.lines();
        let mut first = lines
            .next()
            .unwrap_or_default()
            .split(' ')
            .map(str::to_owned);
        let (method, path) = (
            first.next().unwrap_or_default(),
            first.next().unwrap_or_default(),
        );
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length: usize = headers
            .get("content-length")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0);
        let mut body = bytes.split_off(head_end + 4);
        while body.len() < length {
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                return Err(Gone);
            }
            body.extend_from_slice(&buffer[..read]);
        }
        Ok((
            method,
            path,
            headers,
            serde_json::from_slice(&body).unwrap_or_default(),
        ))
    }

    /// Serves what is asked of streams that go on without their clients.
    fn serve_kept(&mut self, method: &str, path: &str, body: &Value) -> Result<(), Gone> {
        let asked = format!("{method} {path}");
        let kept = self.record.change(|record| {
            record.asked.push(asked);
            record.kept.clone()
        });
        let json = [("content-type".to_owned(), "application/json".to_owned())];
        let Some(kept) = kept else {
            return self.write_whole(404, &json, "{\"error\":{\"message\":\"no such path\"}}");
        };
        let query = |name: &str| {
            let (_, query) = path.split_once('?')?;
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        if path == "/v1/streams/lookup" {
            let ids = body["conversation_ids"].as_array().into_iter().flatten();
            let found = ids.filter_map(|id| Some(kept.get(id.as_str()?)?.lookup(id.as_str()?)));
            let found = Value::from_iter(found);
            return self.write_whole(200, &json, &found.to_string());
        }
        let in_path = path
            .trim_start_matches("/v1/responses/")
            .split(['/', '?'])
            .next();
        let id = query("conv_id").or(in_path).unwrap_or_default();
        let Some(generation) = kept.get(id) else {
            return self.write_whole(404, &json, "{\"error\":{\"message\":\"not found\"}}");
        };
        if method == "GET" {
            let from = match query("starting_after") {
                Some(sequence) => generation.byte_after(sequence.parse().unwrap()),
                None => query("from").unwrap().parse().unwrap(),
            };
            return generation.replay(&mut self.stream, from);
        }
        generation.stop();
        self.write_whole(200, &json, "{}")
    }

    fn write_reply(
        &mut self,
        number: usize,
        reply: Reply,
        background: Option<&str>,
    ) -> Result<(), Gone> {
        let steps = match reply {
            Reply::Whole {
                status,
                headers,
                body,
            } => {
                self.record.change(|record| record.end(number, false));
                return self.write_whole(status, &headers, &body);
            }
            Reply::Flood {
                headers,
                first,
                piece,
                times,
            } => return self.write_flood(headers, &first, &piece, times),
            Reply::Stream(steps) => steps,
        };
        self.stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        )?;
        let (mut pieces, mut whole) = (0, String::new());
        if let Some(id) = background {
            self.write_chunk(&generation::created(id))?;
        }
        for step in steps {
            match step {
                Step::Text(text) => {
                    pieces += 1;
                    let event = match background {
                        Some(_) => generation::delta(pieces, &text),
                        None => text_event(&text),
                    };
                    whole.push_str(&text);
                    self.write_chunk(&event)?;
                }
                Step::Wait(gate) => self.wait(|| gate.is_open_within(TICK))?,
                Step::Pause(pause) => {
                    let end = Instant::now() + pause;
                    self.wait(|| {
                        let left = end.saturating_duration_since(Instant::now());
                        std::thread::sleep(left.min(TICK));
                        Instant::now() >= end
                    })?;
                }
                Step::Disconnect => self.stream.shutdown(Shutdown::Both)?,
                Step::Silence => self.wait(|| {
                    std::thread::sleep(TICK);
                    false
                })?,
                Step::FinishAndKeepAlive => {
                    self.write_chunk(&finish_event())?;
                    while !self.ended.load(Ordering::Relaxed) {
                        std::thread::sleep(TICK);
                        self.write_chunk(": keep-alive\n\n")?;
                    }
                }
                Step::Finish => {
                    // Ended before its last bytes are out: the client may ask again the moment it
                    // has read them, and that is not "at the same time".
                    self.record.change(|record| record.end(number, false));
                    let end = match background {
                        Some(id) => generation::completed(id, pieces + 1, &whole),
                        None => end_events(pieces),
                    };
                    self.write_chunk(&end)?;
                    self.finish()?;
                }
            }
        }
        Ok(())
    }

    /// Waits until `is_over`, as long as the client is there.
    fn wait(&self, is_over: impl Fn() -> bool) -> Result<(), Gone> {
        while !is_over() {
            let is_over = match &self.generation {
                Some(generation) => generation.is_stopped(),
                None => self.client_is_gone(),
            };
            if self.ended.load(Ordering::Relaxed) || is_over {
                return Err(Gone);
            }
        }
        Ok(())
    }

    fn client_is_gone(&self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        let gone = match self.stream.peek(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        gone || self.stream.set_nonblocking(false).is_err()
    }

    fn write_chunk(&mut self, data: &str) -> Result<(), Gone> {
        let piece = format!("{:x}\r\n{data}\r\n", data.len());
        let written = self.stream.write_all(piece.as_bytes());
        match &self.generation {
            // Whether anyone has read it is nothing to a stream that goes on by itself.
            Some(generation) => generation.push(data),
            None => written?,
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Gone> {
        match self.stream.write_all(b"0\r\n\r\n") {
            Err(error) if self.generation.is_none() => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn write_flood(
        &mut self,
        headers: &str,
        first: &[u8],
        piece: &[u8],
        times: usize,
    ) -> Result<(), Gone> {
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}\r\n");
        self.stream.write_all(head.as_bytes())?;
        self.stream.write_all(first)?;
        for _ in 0..times {
            self.stream.write_all(piece)?;
        }
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }

    fn write_whole(
        &mut self,
        status: u16,
        headers: &[(String, String)],
        body: &str,
    ) -> Result<(), Gone> {
        let mut head = format!(
            "HTTP/1.1 {status} Scripted\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.stream
            .write_all(format!("{head}\r\n{body}").as_bytes())?;
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }
}
