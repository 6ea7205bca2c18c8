//! From the start of the process to the answer of `initialize`.

use std::time::Instant;

use crate::Setting;
use crate::figure::{Figure, Figures};
use crate::samples::Summary;

pub fn measure(setting: &Setting, figures: &mut Figures) {
    let base_url = &setting.model.base_url;
    let mut samples = [Vec::new(), Vec::new()];
    // In turn, so that whatever the machine does besides hits both.
    for _ in 0..setting.samples(60) {
        for (server, samples) in setting.servers().zip(&mut samples) {
            let params = server.initialize(base_url, true);
            let begun = Instant::now();
            let mut client = server.spawn();
            let (id, _) = client.send("initialize", &params);
            samples.push(client.answer(id).at - begun);
        }
    }
    let [ours, peer] = samples;
    let ours = Summary::milliseconds(ours);
    let peer = setting.peer.as_ref().map(|_| Summary::milliseconds(peer));
    let mut figure =
        Figure::new("start", "spawn → `initialize` answered, warm", "ms", ours).beside_peer(peer);
    if let Some(peer) = peer {
        figure = figure.target("not above lsp-ai", ours.median <= peer.median);
    }
    figures.add(figure);
}
