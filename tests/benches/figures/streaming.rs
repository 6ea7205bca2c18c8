//! Text on its way: how often an editor hears of it, and what each piece costs.

use std::time::{Duration, Instant};

use crate::Setting;
use crate::figure::{Figure, Figures};
use crate::model::Answer;
use crate::samples::Summary;
use crate::source::{code, uri};

pub fn measure(setting: &Setting, figures: &mut Figures) {
    notifications(setting, figures);
    processor_time(setting, figures);
    setting.model.answer(Answer::after(Duration::ZERO));
}

fn notifications(setting: &Setting, figures: &mut Figures) {
    setting.model.answer(Answer {
        delay: Duration::ZERO,
        pieces: 1_500,
        pause: Duration::from_millis(1),
        rest: Duration::ZERO,
    });
    let mut client = setting.ours.start(&setting.model.base_url);
    client.open(&uri(0), &code(60));
    let (method, params) = setting.ours.ask(&uri(0));
    client.request(method, &params);
    let begun = Instant::now();
    let mut deltas = 0;
    while begun.elapsed() < Duration::from_millis(1_500) {
        std::thread::sleep(Duration::from_millis(50));
        deltas += client.drain("backchat/responseDelta");
    }
    client.wait_for("backchat/responseReady");
    let rate = Summary::once(f64::from(u32::try_from(deltas).unwrap()) / 1.5);
    figures.add(
        Figure::new(
            "deltas",
            "notifications of a response that streams 1,000 pieces a second",
            "per second",
            rate,
        )
        .target("≤ 20", rate.median <= 20.0),
    );
}

fn processor_time(setting: &Setting, figures: &mut Figures) {
    let [short, long] = [20_000, 320_000].map(|pieces| {
        let samples = (0..setting.samples(5)).map(|_| {
            setting.model.answer(Answer {
                delay: Duration::ZERO,
                pieces,
                pause: Duration::ZERO,
                rest: Duration::ZERO,
            });
            let mut client = setting.ours.start(&setting.model.base_url);
            client.open(&uri(0), &code(60));
            let before = client.process().processor_time();
            let (method, params) = setting.ours.ask(&uri(0));
            client.request(method, &params);
            client.wait_for("backchat/responseReady");
            let spent = client.process().processor_time() - before;
            spent.as_secs_f64() / pieces as f64 * 1e6
        });
        Summary::of(samples.collect())
    });
    figures.add(
        Figure::new(
            "stream-cost",
            "processor time per million tokens, response of 320,000",
            "s",
            long,
        )
        .beside("response of 20,000", short)
        .target("constant (≤ 1.2×)", long.median <= short.median * 1.2),
    );
}
