//! The figures of the whole program, each beside what it is compared with, in one run.
//!
//! `npm run bench` builds the release program and runs this with its path; what it writes is JSON,
//! one object a figure, which `tests/bench.mjs` makes a table of.
//!
//!     figures --server PATH --out FILE [--peer PATH] [--only NAME] [--quick]
//!     figures --server PATH --soak MINUTES

#![allow(
    clippy::print_stderr,
    reason = "a benchmark that takes minutes says on a terminal what it does"
)]
#![allow(
    clippy::unwrap_used,
    reason = "what cannot be measured ends the benchmark"
)]

mod client;
mod disk;
mod figure;
mod idle;
mod large_store;
mod memory;
mod model;
mod process;
mod requests;
mod samples;
mod server;
mod soak;
mod source;
mod start;
mod streaming;
mod typing;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use figure::Figures;
use model::{Answer, Model};
use server::Server;

/// What the benchmark is told.
#[derive(Parser)]
struct Arguments {
    /// The release build of Backchat.
    #[arg(long)]
    server: PathBuf,
    /// lsp-ai 0.7, to be measured beside it.
    #[arg(long)]
    peer: Option<PathBuf>,
    /// Where the figures are written.
    #[arg(long, required_unless_present = "soak")]
    out: Option<PathBuf>,
    /// Measures nothing, but uses the program for so many minutes.
    #[arg(long)]
    soak: Option<f64>,
    /// Only the groups of figures with these names.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Fewer samples: to try the benchmark out, not to believe it.
    #[arg(long)]
    quick: bool,
    /// Cargo says it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What every group of figures gets.
pub struct Setting {
    /// Ours.
    pub ours: Server,
    /// The peer, where it is installed.
    pub peer: Option<Server>,
    /// The model that both ask.
    pub model: Model,
    /// A folder on a real disk, which is emptied at the end.
    pub folder: tempfile::TempDir,
    quick: bool,
}

impl Setting {
    /// So many samples, or enough to see that it works.
    pub fn samples(&self, many: usize) -> usize {
        if self.quick { many.div_ceil(10) } else { many }
    }

    /// The servers that there are.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.ours).chain(&self.peer)
    }
}

type Group = fn(&Setting, &mut Figures);

/// The groups in their order: those that want a fresh machine first.
const GROUPS: [(&str, Group); 9] = [
    ("start", start::measure),
    ("memory", memory::measure),
    ("typing", typing::measure),
    ("requests", requests::measure),
    ("burst", requests::measure_burst),
    ("streaming", streaming::measure),
    ("store", large_store::measure),
    ("idle", idle::measure),
    ("size", memory::measure_size),
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let folder = tempfile::Builder::new()
        .prefix("figures-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .unwrap();
    let setting = Setting {
        ours: Server::Backchat {
            program: arguments.server,
            folder: folder.path().join("ours"),
        },
        peer: arguments.peer.map(|program| Server::LspAi { program }),
        model: Model::start(Answer::after(Duration::ZERO)),
        folder,
        quick: arguments.quick,
    };
    setting.ours.configure(&setting.model.base_url);
    if let Some(minutes) = arguments.soak {
        return soak::run(&setting, minutes);
    }
    let mut figures = Figures::default();
    for (name, measure) in GROUPS {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == name) {
            eprintln!("measuring: {name}");
            measure(&setting, &mut figures);
        }
    }
    if let Some(out) = &arguments.out {
        figures.write(out);
    }
    ExitCode::SUCCESS
}
