//! How fast the paths of a keystroke, a streamed token and a submit are.
//!
//! `cargo bench --bench hot_paths`. Counts of their instructions, which a busy machine does not change, are
//! `npm run counts`.

#[path = "../hot_paths/mod.rs"]
mod hot_paths;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use backchat::config::Format;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};

use hot_paths::prompting::{Asking, Proposing, code_with_secret, find_secret};
use hot_paths::storing::Storing;
use hot_paths::streaming::Response;
use hot_paths::typing::{KEYS, Typing, hovers, open, take};

const LENGTHS: [usize; 2] = [10_000, 100_000];

const SESSIONS: usize = 1_000;

fn typing(c: &mut Criterion) {
    let mut group = c.benchmark_group("typing");
    for lines in LENGTHS {
        let mut typing = Typing::in_lines(lines);
        group.bench_function(BenchmarkId::new(format!("{KEYS} keys"), lines), |b| {
            b.iter(|| typing.run());
        });
        let message = open(lines);
        group.bench_function(BenchmarkId::new("a buffer is opened", lines), |b| {
            b.iter(|| take(black_box(&message), 1));
        });
    }
    let messages = hovers(KEYS);
    group.bench_function(format!("{KEYS} requests are read"), |b| {
        b.iter(|| take(black_box(&messages), KEYS));
    });
    group.finish();
}

fn streaming(c: &mut Criterion) {
    let mut group = c.benchmark_group("streaming");
    for format in [
        Format::Anthropic,
        Format::OpenaiChat,
        Format::OpenaiResponses,
    ] {
        let response = Response::recorded(format, 100);
        group.bench_function(format.name(), |b| {
            b.iter_batched(
                || response.clone(),
                |response| response.run(),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn prompting(c: &mut Criterion) {
    let mut group = c.benchmark_group("prompting");
    for lines in LENGTHS {
        let asking = Asking::in_lines(lines);
        group.bench_function(BenchmarkId::new("a prompt is built", lines), |b| {
            b.iter(|| black_box(&asking).build());
        });
        let prompt = asking.build();
        group.bench_function(BenchmarkId::new("secrets are looked for", lines), |b| {
            b.iter(|| asking.survey(black_box(&prompt)));
        });
        let text = code_with_secret(lines);
        group.bench_function(BenchmarkId::new("a secret is found", lines), |b| {
            b.iter(|| find_secret(black_box(&text)));
        });
        let proposing = Proposing::in_lines(lines);
        group.bench_function(
            BenchmarkId::new("a proposal is read and merged", lines),
            |b| b.iter(|| black_box(&proposing).run()),
        );
    }
    group.finish();
}

/// On the disk of the build: what is acknowledged is waited for until it is there.
fn storing(c: &mut Criterion) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut group = c.benchmark_group("storing");
    group.bench_function("submit", |b| {
        let mut storing = Storing::open(folder);
        b.iter(|| storing.submit());
    });
    group.bench_function("claim", |b| {
        let mut storing = Storing::open(folder);
        b.iter_custom(|times| {
            let claim = |_| {
                storing.submit();
                let begun = Instant::now();
                let claimed = storing.claim(1);
                let took = begun.elapsed();
                storing.finish(&claimed[0]);
                took
            };
            (0..times).map(claim).sum()
        });
    });
    group.bench_function("append", |b| {
        let mut storing = Storing::open(folder);
        storing.submit();
        let claimed = storing.claim(1);
        b.iter(|| storing.append(&claimed[0]));
    });
    group.bench_function("finish", |b| {
        let mut storing = Storing::open(folder);
        b.iter_custom(|times| {
            let finish = |_| {
                storing.submit();
                let claimed = storing.claim(1);
                let begun = Instant::now();
                storing.finish(&claimed[0]);
                begun.elapsed()
            };
            (0..times).map(finish).sum()
        });
    });
    group.bench_function("a page of sessions", |b| {
        let mut storing = Storing::open(folder);
        for _ in 0..SESSIONS {
            storing.submit();
        }
        b.iter(|| storing.page());
    });
    group.finish();
}

criterion_group!(benches, typing, streaming, prompting, storing);
criterion_main!(benches);
