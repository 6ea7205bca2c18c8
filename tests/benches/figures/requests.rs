//! What Backchat adds to a call of the model: before it, after it, and with a hundred at once.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Setting;
use crate::client::Client;
use crate::disk;
use crate::figure::{Figure, Figures};
use crate::model::Answer;
use crate::samples::Summary;
use crate::server::Server;
use crate::source::{code, uri};

const BURST: usize = 100;

pub fn measure(setting: &Setting, figures: &mut Figures) {
    let samples = setting.samples(100);
    let commit = Summary::milliseconds(disk::commits(setting.folder.path(), samples));
    let direct = Summary::milliseconds(setting.model.direct_calls(samples, &"x".repeat(4_000)));
    setting.model.answer(Answer {
        delay: Duration::ZERO,
        pieces: 4,
        pause: Duration::from_millis(1),
        // Long enough that what had streamed is told before the end comes.
        rest: Duration::from_millis(150),
    });

    let mut to_wire = [None; 2];
    let mut to_ready = [None; 2];
    for (i, server) in setting.servers().enumerate() {
        let (wire, ready) = one_by_one(setting, server, samples);
        to_wire[i] = Some(wire);
        to_ready[i] = Some(ready);
    }
    let ours = to_wire[0].unwrap();
    let floor = direct.median + commit.median;
    figures.add(Figure::new(
        "commit",
        "one durable commit on this disk",
        "ms",
        commit,
    ));
    figures.add(Figure::new(
        "direct",
        "a direct HTTP call → on the wire",
        "ms",
        direct,
    ));
    figures.add(
        Figure::new("submit-wire", "submit → request on the wire", "ms", ours)
            .beside("commit + direct call", Summary::once(floor))
            .target("≤ 1 ms above", ours.median <= floor + 1.0),
    );
    let ready = to_ready[0].unwrap();
    figures.add(
        Figure::new("ready", "model's last byte → `responseReady`", "ms", ready)
            .beside("commit", commit)
            .target("≤ 0.5 ms above", ready.median <= commit.median + 0.5),
    );
    if setting.peer.is_some() {
        figures.add(
            Figure::new(
                "submit-wire-peer",
                "submit → wire, beside the peer, which stores nothing",
                "ms",
                ours,
            )
            .beside_peer(to_wire[1]),
        );
        figures.add(
            Figure::new(
                "ready-peer",
                "last byte → told, beside the peer, which stores nothing",
                "ms",
                ready,
            )
            .beside_peer(to_ready[1]),
        );
    }
}

/// Asks about one document after the other: the way to the model, and the way back.
fn one_by_one(setting: &Setting, server: &Server, times: usize) -> (Summary, Summary) {
    let mut client = server.start(&setting.model.base_url);
    let text = code(60);
    let (mut wire, mut ready) = (Vec::new(), Vec::new());
    for number in 0..times + 5 {
        client.open(&uri(number), &text);
        let (method, params) = server.ask(&uri(number));
        std::thread::sleep(Duration::from_millis(20));
        let (id, sent) = client.send(method, &params);
        let asked = setting.model.asked(sent);
        let through = setting.model.through(asked);
        let told = match server {
            Server::Backchat { .. } => client.wait_for("backchat/responseReady").at,
            Server::LspAi { .. } => client.answer(id).at,
        };
        // The first ones open connections and warm caches.
        if number >= 5 {
            wire.push(asked - sent);
            ready.push(told.saturating_duration_since(through));
        }
    }
    (Summary::milliseconds(wire), Summary::milliseconds(ready))
}

pub fn measure_burst(setting: &Setting, figures: &mut Figures) {
    setting
        .model
        .answer(Answer::after(Duration::from_millis(500)));
    let mut results = Vec::new();
    for server in setting.servers() {
        let rounds: Vec<Burst> = (0..setting.samples(5).max(2))
            .map(|_| burst(setting, server))
            .collect();
        results.push(rounds);
    }
    let of = |which: usize, pick: fn(&Burst) -> f64| {
        results
            .get(which)
            .map(|rounds| Summary::of(rounds.iter().map(pick).collect()))
    };
    let total = of(0, |burst| burst.total).unwrap();
    figures.add(
        Figure::new("burst", "100 requests of 500 ms at once", "ms", total)
            .beside_peer(of(1, |burst| burst.total))
            .target("≤ 520", total.median <= 520.0),
    );
    let memory = of(0, |burst| burst.memory).unwrap();
    figures.add(
        Figure::new("burst-memory", "resident at their peak", "MiB", memory)
            .beside_peer(of(1, |burst| burst.memory))
            .target("≤ 30", memory.median <= 30.0),
    );
    let cheap = of(0, |burst| burst.cheap).unwrap();
    figures.add(
        Figure::new(
            "burst-cheap",
            "p99 of a cheap request meanwhile",
            "ms",
            cheap,
        )
        .beside_peer(of(1, |burst| burst.cheap))
        .target("≤ 2", cheap.median <= 2.0),
    );
    setting.model.answer(Answer::after(Duration::ZERO));
}

struct Burst {
    total: f64,
    memory: f64,
    cheap: f64,
}

fn burst(setting: &Setting, server: &Server) -> Burst {
    let folder = tempfile::tempdir_in(setting.folder.path()).unwrap();
    let server = server.with_folder(folder.path().to_owned());
    server.configure(&setting.model.base_url);
    let mut client = server.start(&setting.model.base_url);
    let text = code(60);
    for number in 0..BURST {
        client.open(&uri(number), &text);
    }
    let (method, params) = server.cheap_request(&uri(0));
    let (id, _) = client.send(method, &params);
    client.answer(id);

    let begun = Instant::now();
    let sent: Vec<i64> = (0..BURST)
        .map(|number| {
            let (method, params) = server.ask(&uri(number));
            client.send(method, &params).0
        })
        .collect();
    let mut cheap = Vec::new();
    while begun.elapsed() < Duration::from_millis(450) {
        let (id, asked) = client.send(method, &params);
        cheap.push(client.answer(id).at - asked);
        std::thread::sleep(Duration::from_millis(2));
    }
    let end = last_answer(&mut client, &server, &sent);
    // Later than the last answer, and before the server has had time to give anything back.
    let memory = client.process().peak();
    Burst {
        total: (end - begun).as_secs_f64() * 1e3,
        memory,
        cheap: Summary::milliseconds(cheap).p99,
    }
}

fn last_answer(client: &mut Client, server: &Server, sent: &[i64]) -> Instant {
    match server {
        Server::LspAi { .. } => sent.iter().map(|id| client.answer(*id).at).max().unwrap(),
        Server::Backchat { .. } => {
            for id in sent {
                let answer = client.answer(*id).message;
                assert!(
                    answer.get("error").is_none(),
                    "a submit was refused: {answer}"
                );
            }
            let ready = (0..sent.len()).map(|_| client.wait_for("backchat/responseReady").at);
            let last = ready.max().unwrap();
            let (status, _) = client.request("backchat/status", &json!(null));
            assert_eq!(status["unread"], sent.len(), "not every answer is there");
            last
        }
    }
}
