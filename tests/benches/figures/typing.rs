//! A keystroke, and the answer to the next request after it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Setting;
use crate::client::Client;
use crate::figure::{Figure, Figures};
use crate::model::Answer;
use crate::samples::Summary;
use crate::server::Server;
use crate::source::{code, key, uri};

const STREAMS: usize = 100;

pub fn measure(setting: &Setting, figures: &mut Figures) {
    let base_url = &setting.model.base_url;
    let mut short = [None; 2];
    let mut long = [None; 2];
    for (i, server) in setting.servers().enumerate() {
        let mut client = server.start(base_url);
        short[i] = Some(keystrokes(setting, server, &mut client, 0, 10_000));
        long[i] = Some(keystrokes(setting, server, &mut client, 1, 100_000));
    }
    let ours = short[0].unwrap();
    figures.add(
        Figure::new(
            "key",
            "keystroke → next request answered, 10,000 lines",
            "ms",
            ours,
        )
        .beside_peer(short[1])
        .target("≤ 0.2, p99 ≤ 1", ours.median <= 0.2 && ours.p99 <= 1.0),
    );
    let in_long = long[0].unwrap();
    figures.add(
        Figure::new("key-long", "the same, 100,000 lines", "ms", in_long)
            .beside("10,000 lines", ours)
            .target("≤ 1.2×", in_long.median <= ours.median * 1.2),
    );
    if let Some(peer) = long[1] {
        figures.add(
            Figure::new("key-long-peer", "the same, beside the peer", "ms", in_long)
                .beside_peer(Some(peer)),
        );
    }

    setting.model.answer(Answer {
        delay: Duration::ZERO,
        pieces: 100_000,
        pause: Duration::from_millis(20),
        rest: Duration::ZERO,
    });
    let mut client = setting.ours.start(base_url);
    let text = code(100);
    let begun = Instant::now();
    for stream in 0..STREAMS {
        client.open(&uri(10 + stream), &text);
        let (method, params) = setting.ours.ask(&uri(10 + stream));
        client.request(method, &params);
    }
    for _ in 0..STREAMS {
        setting.model.asked(begun);
    }
    client.wait_for("backchat/responseDelta");
    let streaming = keystrokes(setting, &setting.ours, &mut client, 0, 10_000);
    figures.add(
        Figure::new(
            "key-streaming",
            "the same, 10,000 lines, 100 responses streaming 50 pieces a second each",
            "ms",
            streaming,
        )
        .beside("none streaming", ours)
        .target("≤ 1.2×", streaming.median <= ours.median * 1.2),
    );
    for stream in 0..STREAMS {
        let (id, _) = client.send(
            "backchat/requests",
            &json!({"textDocument": {"uri": uri(10 + stream)}}),
        );
        let answer = client.answer(id).message;
        let request = answer["result"]["requests"][0]["id"].clone();
        client.request("backchat/cancel", &json!({"requestId": request}));
    }
    setting.model.answer(Answer::after(Duration::ZERO));
}

/// Types at many places of a file, at the pace of a fast typist times ten.
fn keystrokes(
    setting: &Setting,
    server: &Server,
    client: &mut Client,
    document: usize,
    lines: usize,
) -> Summary {
    let uri = uri(document);
    client.open(&uri, &code(lines));
    let (method, params) = server.cheap_request(&uri);
    let (id, _) = client.send(method, &params);
    client.answer(id);
    let samples = (0..setting.samples(400)).map(|i| {
        let typed = client.notify(
            "textDocument/didChange",
            &key(&uri, i + 2, i * 7919 % lines),
        );
        let (id, _) = client.send(method, &params);
        let took = client.answer(id).at - typed;
        std::thread::sleep(Duration::from_millis(5));
        took
    });
    Summary::milliseconds(samples.collect::<Vec<_>>())
}
