//! A long day in minutes: typing, asking, streaming, reading, cancelling, closing and restarting, over and
//! over on one store. Memory and file handles must stay flat, the store compact, and every request must come
//! to its end.
//!
//! `npm run soak` builds the release program and runs this with its path.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Setting;
use crate::client::Client;
use crate::model::{Answer, Model};
use crate::server::Server;
use crate::source::{code, key, uri};

/// How many documents are open at a time.
const DOCUMENTS: usize = 20;
/// Rounds between two restarts of the server.
const ROUNDS_OF_A_SERVER: usize = 40;

/// The state of the server after a round.
#[derive(Clone, Copy)]
struct Reading {
    resident: f64,
    handles: usize,
    store: u64,
    requests: u64,
}

/// Plays for so many minutes, and says what did not stay as it was.
pub fn run(setting: &Setting, minutes: f64) -> ExitCode {
    let (server, model) = (&setting.ours, &setting.model);
    model.answer(Answer {
        delay: Duration::from_millis(5),
        pieces: 200,
        pause: Duration::from_micros(500),
        rest: Duration::ZERO,
    });
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let mut readings: Vec<Vec<Reading>> = Vec::new();
    let mut asked = 0;
    while Instant::now() < end {
        let mut client = server.start(&model.base_url);
        let mut of_server = Vec::new();
        for round in 0..ROUNDS_OF_A_SERVER {
            asked += play(server, &mut client, round);
            of_server.push(read(&client, server, asked));
            if Instant::now() >= end {
                break;
            }
        }
        report(readings.len() + 1, &of_server);
        readings.push(of_server);
        // The client is dropped, which kills the server in the middle of its work; every second time
        // it is asked to end, as an editor does.
        if readings.len().is_multiple_of(2) {
            client.request("shutdown", &Value::Null);
            client.notify("exit", &Value::Null);
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    let unfinished = settle(server, model);
    judge(&readings, unfinished)
}

/// One round: every document is opened, typed into and asked about; some requests are cancelled, all that
/// came is read. Gives back how many requests were asked.
fn play(server: &Server, client: &mut Client, round: usize) -> u64 {
    let text = code(500);
    for document in 0..DOCUMENTS {
        let uri = uri(document);
        client.open(&uri, &text);
        for version in 2..30 {
            client.notify(
                "textDocument/didChange",
                &key(&uri, version, (version * 37 + round) % 500),
            );
        }
        let (method, params) = server.ask(&uri);
        let (submitted, _) = client.request(method, &params);
        if document % 7 == round % 7 {
            // It may be through by now; then the server says so, and that is fine.
            let id = &submitted["request"]["id"];
            let (cancel, _) = client.send("backchat/cancel", &json!({"requestId": id}));
            client.answer(cancel);
        }
    }
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let (status, _) = client.request("backchat/status", &Value::Null);
        if status["queued"] == 0 && status["running"] == 0 {
            break;
        }
        assert!(
            Instant::now() < patience,
            "the queue does not empty: {status}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let (sessions, _) = client.request("backchat/sessions", &json!({"unreadOnly": true}));
    for session in sessions["sessions"].as_array().unwrap() {
        client.request("backchat/take", &json!({"sessionId": session["id"]}));
    }
    for document in 0..DOCUMENTS {
        let uri = uri(document);
        // Else every round would have more to follow than the one before.
        let (drawn, _) =
            client.request("backchat/requests", &json!({"textDocument": {"uri": uri}}));
        for request in drawn["requests"].as_array().unwrap() {
            client.request("backchat/dismiss", &json!({"requestId": request["id"]}));
        }
        client.notify(
            "textDocument/didClose",
            &json!({"textDocument": {"uri": uri}}),
        );
    }
    client.drain("");
    DOCUMENTS as u64
}

fn read(client: &Client, server: &Server, requests: u64) -> Reading {
    let Server::Backchat { folder, .. } = server else {
        unreachable!("only Backchat is played with")
    };
    let state = folder.join("state");
    let store = std::fs::read_dir(&state)
        .unwrap()
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum();
    Reading {
        resident: client.process().resident(),
        handles: client.process().handles(),
        store,
        requests,
    }
}

fn report(server: usize, readings: &[Reading]) {
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return;
    };
    eprintln!(
        "server {server}: {} requests so far; resident {:.1} → {:.1} MiB, handles {} → {}, store {:.1} MiB ({:.1} KiB a request)",
        last.requests,
        first.resident,
        last.resident,
        first.handles,
        last.handles,
        last.store as f64 / f64::from(1 << 20),
        last.store as f64 / 1024.0 / last.requests as f64,
    );
}

/// What is left by the last server is brought to its end by another one. Gives back what was not.
fn settle(server: &Server, model: &Model) -> u64 {
    let mut client = server.start(&model.base_url);
    let patience = Instant::now() + Duration::from_secs(90);
    loop {
        let (status, _) = client.request("backchat/status", &Value::Null);
        let open = ["queued", "running", "held"]
            .iter()
            .filter_map(|state| status[state].as_u64())
            .sum();
        if open == 0 || Instant::now() > patience {
            return open;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn judge(readings: &[Vec<Reading>], unfinished: u64) -> ExitCode {
    let mut complaints = Vec::new();
    if unfinished > 0 {
        complaints.push(format!("{unfinished} requests came to no end"));
    }
    for (number, readings) in readings.iter().enumerate() {
        // The first rounds fill caches and pools.
        let [_, _, _, _, _, settled, .., last] = readings.as_slice() else {
            continue;
        };
        if last.resident > settled.resident * 1.25 + 2.0 {
            complaints.push(format!(
                "server {}: memory grew from {:.1} to {:.1} MiB",
                number + 1,
                settled.resident,
                last.resident
            ));
        }
        if last.handles > settled.handles + 8 {
            complaints.push(format!(
                "server {}: file handles grew from {} to {}",
                number + 1,
                settled.handles,
                last.handles
            ));
        }
    }
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if complaints.is_empty() {
        eprintln!("Memory and file handles stayed flat, and every request came to its end.");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
