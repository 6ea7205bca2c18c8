//! What a server costs while nobody does anything.

use std::time::Duration;

use crate::Setting;
use crate::figure::{Figure, Figures};
use crate::samples::Summary;
use crate::source::{code, uri};

pub fn measure(setting: &Setting, figures: &mut Figures) {
    let seconds = setting.samples(20) as u64;
    let mut readings = [None; 2];
    for (i, server) in setting.servers().enumerate() {
        let client = server.start(&setting.model.base_url);
        let text = code(1_000);
        for number in 0..20 {
            client.open(&uri(number), &text);
        }
        std::thread::sleep(Duration::from_secs(2));
        let process = client.process();
        let (spent, sleeps) = (process.processor_time(), process.sleeps());
        std::thread::sleep(Duration::from_secs(seconds));
        let spent = process.processor_time() - spent;
        let sleeps = process.sleeps() - sleeps;
        readings[i] = Some((
            Summary::once(spent.as_secs_f64() / seconds as f64 * 100.0),
            Summary::once(sleeps as f64 / seconds as f64),
        ));
    }
    let (share, sleeps) = readings[0].unwrap();
    figures.add(
        Figure::new("idle", "idle with 20 buffers, of one core", "%", share)
            .beside_peer(readings[1].map(|(share, _)| share))
            .target("≤ 0.2", share.median <= 0.2),
    );
    figures.add(
        Figure::new(
            "idle-wakeups",
            "wake-ups of all its threads meanwhile",
            "per second",
            sleeps,
        )
        .beside_peer(readings[1].map(|(_, sleeps)| sleeps)),
    );
}
