//! How many instructions the paths of a keystroke, a streamed token and a submit take, counted by valgrind.
//!
//! `npm run counts` runs it. What is counted is the work itself; what is prepared for it is not. The store does
//! its work on threads of its own, which can only be counted as a whole: each of its steps also does what
//! those before it do, and `tests/counts.mjs` takes the difference.

#[path = "../hot_paths/mod.rs"]
mod hot_paths;

use std::hint::black_box;
use std::path::Path;

use backchat::config::Format;
use backchat::llm::Prompt;
use gungraun::prelude::*;
use gungraun::{Callgrind, EntryPoint};

use hot_paths::prompting::{Asking, Proposing, code_with_secret, find_secret};
use hot_paths::storing::Storing;
use hot_paths::streaming::Response;
use hot_paths::typing::{KEYS, Typing, hovers, open, take};

#[library_benchmark]
#[bench::lines_10000(args = (10_000), setup = Typing::in_lines)]
#[bench::lines_100000(args = (100_000), setup = Typing::in_lines)]
fn a_hundred_keys(mut typing: Typing) -> Typing {
    typing.run();
    typing
}

#[library_benchmark]
#[bench::lines_1000(args = (1_000), setup = open)]
#[bench::lines_100000(args = (100_000), setup = open)]
fn a_buffer_is_opened(message: Vec<u8>) {
    take(black_box(&message), 1);
}

#[library_benchmark]
#[bench::hovers(args = (KEYS), setup = hovers)]
fn a_hundred_requests_are_read(messages: Vec<u8>) {
    take(black_box(&messages), KEYS);
}

/// A response whose recorded pieces come so often that it has about a thousand.
fn response(format: Format) -> Response {
    Response::recorded(format, 100)
}

#[library_benchmark]
#[bench::anthropic(args = (Format::Anthropic), setup = response)]
#[bench::openai_chat(args = (Format::OpenaiChat), setup = response)]
#[bench::openai_responses(args = (Format::OpenaiResponses), setup = response)]
fn a_response_is_decoded(response: Response) {
    response.run();
}

#[library_benchmark]
#[bench::lines_10000(args = (10_000), setup = Asking::in_lines)]
fn a_prompt_is_built(asking: Asking) -> Prompt {
    black_box(&asking).build()
}

/// With the patterns compiled, as in a process that has looked before.
fn asking(lines: usize) -> (Asking, Prompt) {
    find_secret(&code_with_secret(1));
    let asking = Asking::in_lines(lines);
    let prompt = asking.build();
    (asking, prompt)
}

#[library_benchmark]
#[bench::lines_10000(args = (10_000), setup = asking)]
fn secrets_are_looked_for((asking, prompt): (Asking, Prompt)) {
    asking.survey(black_box(&prompt));
}

#[library_benchmark]
#[bench::lines_10000(args = (10_000), setup = Proposing::in_lines)]
fn a_proposal_is_read_and_merged(proposing: Proposing) {
    black_box(&proposing).run();
}

/// How many requests go through the store.
const REQUESTS: usize = 100;

/// How many pieces of text each of them gets.
const PIECES: usize = 10;

// The steps of a request's life, each for [`REQUESTS`] of them.
#[library_benchmark(config = LibraryBenchmarkConfig::default()
    .tool(Callgrind::with_args(["--collect-atstart=yes"]).entry_point(EntryPoint::None)))]
#[bench::store_opened(0)]
#[bench::submitted(1)]
#[bench::claimed(2)]
#[bench::text_appended(3)]
#[bench::finished(4)]
#[bench::pages_of_sessions(5)]
fn a_hundred_requests(steps: usize) {
    let mut storing = Storing::open(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let mut claimed = Vec::new();
    if steps >= 1 {
        (0..REQUESTS).for_each(|_| drop(storing.submit()));
    }
    if steps >= 2 {
        claimed.extend((0..REQUESTS).flat_map(|_| storing.claim(1)));
    }
    if steps >= 3 {
        for id in &claimed {
            (0..PIECES).for_each(|_| storing.append(id));
        }
    }
    if steps >= 4 {
        claimed.iter().for_each(|id| storing.finish(id));
    }
    if steps >= 5 {
        (0..REQUESTS).for_each(|_| storing.page());
    }
}

library_benchmark_group!(
    name = typing,
    benchmarks = [
        a_hundred_keys,
        a_buffer_is_opened,
        a_hundred_requests_are_read
    ]
);
library_benchmark_group!(name = streaming, benchmarks = [a_response_is_decoded]);
library_benchmark_group!(
    name = prompting,
    benchmarks = [
        a_prompt_is_built,
        secrets_are_looked_for,
        a_proposal_is_read_and_merged
    ]
);
library_benchmark_group!(name = storing, benchmarks = [a_hundred_requests]);

main!(library_benchmark_groups = [typing, streaming, prompting, storing]);
