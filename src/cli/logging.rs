//! The log: a file a day in the state directory, one line an event, each with the request that it is about.
//!
//! What people ask, their code and what models answer is in no line, unless `--log-content` was given.

use std::path::Path;

use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Config;
use crate::store::Store;
use crate::worker::CONTENT;

/// How many days of logs are kept.
const DAYS: usize = 7;

/// How many lines may wait for the disk; more are dropped, and counted. The appender's own limit would
/// take 4 MiB at the start of every server.
const BUFFERED_LINES: usize = 4_096;

/// Said wherever content is logged.
pub const CONTENT_WARNING: &str = "--log-content is on: prompts, code and answers are written to the log; \
     switch it off and remove the log when you have found what you looked for";

/// Begins to log to a file a day in `state/logs`. The log is written as long as the guard lives. `content` puts
/// prompts and answers into it as well.
///
/// Without a directory that can be written there is no log, and the program goes on.
pub(super) fn to_file(state: &Path, content: bool) -> Option<WorkerGuard> {
    if content {
        super::output::remark(&format!("backchat: {CONTENT_WARNING}"));
    }
    let directory = state.join(Store::LOGS);
    crate::store::prepare_directory(state).ok()?;
    crate::store::create_private_directory(&directory).ok()?;
    files_for_the_user_alone();
    let files = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("backchat")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(directory)
        .ok()?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .finish(files);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_filter(FilterFn::new(move |line| {
            tells_no_secret(line) && (content || line.target() != CONTENT)
        }));
    let filter = if content {
        filter().add_directive(format!("{CONTENT}=info").parse().ok()?)
    } else {
        filter()
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .ok()?;
    if content {
        tracing::warn!("{CONTENT_WARNING}");
    }
    Some(guard)
}

/// The log's files are made by a library, at midnight too: the process itself makes none that others may read.
fn files_for_the_user_alone() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Whether a line may be in the log at all, whatever the settings say. Libraries write whole messages
/// at their finer levels, with the prompts and keys in them; Backchat's own lines hold neither.
fn tells_no_secret(line: &Metadata<'_>) -> bool {
    let target = line.target();
    let is_own = target == "backchat" || target.starts_with("backchat::");
    is_own || *line.level() <= Level::INFO
}

fn filter() -> EnvFilter {
    let directives = Config::load(&super::environment)
        .map_or_else(|_| "info".to_owned(), |config| config.log.value);
    EnvFilter::try_new(&directives).unwrap_or_else(|_| EnvFilter::new("info"))
}
