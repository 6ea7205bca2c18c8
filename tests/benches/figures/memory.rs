//! Memory and size at rest.

use std::time::Duration;

use crate::Setting;
use crate::figure::{Figure, Figures};
use crate::samples::Summary;
use crate::server::Server;
use crate::source::{code, uri};

const FILES: usize = 200;

pub fn measure(setting: &Setting, figures: &mut Figures) {
    let mut summaries = [[None; 2]; 2];
    for (server, of_server) in setting.servers().zip(&mut summaries) {
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..setting.samples(5) {
            let mut client = server.start(&setting.model.base_url);
            // What is begun after `initialized` has happened by then.
            std::thread::sleep(Duration::from_millis(500));
            samples[0].push(client.process().resident());
            let text = code(1_000);
            for number in 0..FILES {
                client.open(&uri(number), &text);
            }
            let (method, params) = server.cheap_request(&uri(FILES - 1));
            let (id, _) = client.send(method, &params);
            client.answer(id);
            std::thread::sleep(Duration::from_millis(500));
            samples[1].push(client.process().resident());
        }
        *of_server = samples.map(|samples| Some(Summary::of(samples)));
    }
    let [ours, peer] = summaries;
    let rows = [
        ("memory-start", "resident after `initialize`", 10.0),
        (
            "memory-files",
            "resident after 200 files of 1,000 lines",
            20.0,
        ),
    ];
    for (i, (id, what, most)) in rows.into_iter().enumerate() {
        let ours = ours[i].unwrap();
        figures.add(
            Figure::new(id, what, "MiB", ours)
                .beside_peer(peer[i])
                .target(format!("≤ {most}"), ours.median <= most),
        );
    }
}

pub fn measure_size(setting: &Setting, figures: &mut Figures) {
    let size = |server: &Server| {
        let (Server::Backchat { program, .. } | Server::LspAi { program }) = server;
        Summary::once(std::fs::metadata(program).unwrap().len() as f64 / f64::from(1 << 20))
    };
    let ours = size(&setting.ours);
    figures.add(
        Figure::new("size", "release binary", "MiB", ours)
            .beside_peer(setting.peer.as_ref().map(size))
            .target("≤ 14", ours.median <= 14.0),
    );
}
