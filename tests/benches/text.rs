//! How fast anchors, quotes, merges and proposals are in a file of 100,000 lines.
//!
//! `cargo bench --bench text`. Each measurement first checks that its result is the right one.

#[path = "../hot_paths/code.rs"]
mod code;

use std::hint::black_box;

use backchat::text::{
    Buffer, Edit, Encoding, Fit, MergeStatus, Position, Quote, Span, decode, merge,
};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};

use code::code;

const LINES: usize = 100_000;
const ANCHORS: usize = 1_000;

/// Functions all over the file.
fn anchors(buffer: &Buffer) -> Vec<Span> {
    (0..ANCHORS)
        .map(|i| {
            let first = i * (LINES / ANCHORS);
            Span::new(
                buffer.line_span(first).start,
                buffer.line_span(first + 8).end,
            )
        })
        .collect()
}

fn typing(c: &mut Criterion) {
    let buffer = Buffer::new(&code(LINES));
    let mut spans = anchors(&buffer);
    let mut group = c.benchmark_group("typing");
    group.bench_function("1000 anchors follow a key", |b| {
        let typed = Edit {
            start: 40,
            old_end: 40,
            new_end: 41,
        };
        let undone = Edit {
            start: 40,
            old_end: 41,
            new_end: 40,
        };
        b.iter(|| {
            for span in &mut spans {
                span.follow(black_box(&typed));
                span.follow(black_box(&undone));
            }
        });
    });
    group.bench_function("a key in 100000 lines", |b| {
        let mut buffer = buffer.clone();
        let at = Position::new(50_001, 10);
        b.iter(|| {
            let span = buffer
                .span(at, at, Encoding::Utf16)
                .expect("the line is there");
            buffer.replace(span, "x");
            buffer.replace(Span::new(span.start, span.start + 1), "");
        });
    });
    group.bench_function("a key as a whole document", |b| {
        let new = code(LINES).replacen("value_5", "value_55", 1);
        b.iter_batched(
            || buffer.clone(),
            |mut buffer| assert_eq!(buffer.replace_all(&new).len(), 1),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("a formatter's whole document", |b| {
        let new = code(LINES).replace("    let", "\tlet");
        b.iter_batched(
            || buffer.clone(),
            |mut buffer| assert_eq!(buffer.replace_all(&new).len(), LINES / 10 * 7),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn finding(c: &mut Criterion) {
    let text = code(LINES);
    let buffer = Buffer::new(&text);
    let quotes: Vec<_> = anchors(&buffer)
        .into_iter()
        .map(|span| Quote::take(&buffer, span))
        .collect();
    let new = [
        ("exact", text.clone(), Fit::Exact),
        ("moved", format!("// A line more.\n{text}"), Fit::Moved),
        ("formatted", text.replace("    let", "\tlet"), Fit::Changed),
        ("changed", text.replace("value_3", "third"), Fit::Changed),
        ("gone", "// Other code.\n".repeat(LINES), Fit::Gone),
    ];
    let mut group = c.benchmark_group("finding");
    group.sample_size(10);
    for (name, new, fit) in new {
        let buffer = Buffer::new(&new);
        assert_eq!(quotes[500].find(&buffer).fit, fit, "{name}");
        group.bench_function(BenchmarkId::new("one quote", name), |b| {
            b.iter(|| quotes[500].find(black_box(&buffer)));
        });
        group.bench_function(BenchmarkId::new("1000 quotes", name), |b| {
            b.iter(|| Quote::find_all(&quotes, black_box(&buffer)));
        });
    }
    group.finish();
}

fn merging(c: &mut Criterion) {
    let mut group = c.benchmark_group("merging");
    group.sample_size(20);
    for lines in [1_000, 10_000, LINES] {
        let base = code(lines);
        let ours = base
            .replace("value_2", "second")
            .replacen("fn ", "// Typed.\nfn ", 1);
        let theirs = base.replace("value_6", "sixth");
        assert_eq!(merge(&base, &ours, &theirs).status, MergeStatus::Moved);
        group.bench_function(BenchmarkId::new("both sides all over", lines), |b| {
            b.iter(|| merge(black_box(&base), &ours, &theirs));
        });
        let ours = base.replacen("value_2", "second", 1);
        let theirs = base.replacen("value_6", "sixth", 1);
        assert_eq!(merge(&base, &ours, &theirs).status, MergeStatus::Clean);
        group.bench_function(BenchmarkId::new("a line each", lines), |b| {
            b.iter(|| merge(black_box(&base), &ours, &theirs));
        });
    }
    group.finish();
}

fn decoding(c: &mut Criterion) {
    let base = code(LINES);
    let buffer = Buffer::new(&base);
    let anchor = anchors(&buffer)[500];
    let whole = Span::new(0, base.len());
    let region = &base[anchor.start..anchor.end];
    let block = format!(
        "Here:\n```rust\n{}\n```\n",
        region.replace("value_3", "third")
    );
    let search = region.lines().nth(3).expect("a function has ten lines");
    let replace = format!("<<<<<<< SEARCH\n{search}\n=======\n    other();\n>>>>>>> REPLACE\n");
    let mut group = c.benchmark_group("decoding");
    group.sample_size(20);
    for (name, response) in [("a code block", block), ("a search/replace block", replace)] {
        assert_eq!(
            decode(&response, &base, anchor, whole)
                .expect("the response can be decoded")
                .hunks
                .len(),
            1
        );
        group.bench_function(name, |b| {
            b.iter(|| decode(black_box(&response), &base, anchor, whole))
        });
    }
    group.finish();
}

criterion_group!(benches, typing, finding, merging, decoding);
criterion_main!(benches);
