//! The log: a file in the state directory for what runs unseen, standard error for what runs seen.

use std::path::Path;

use tracing::{Level, Metadata};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Config;

/// How many days of logs are kept.
const DAYS: usize = 7;

/// Begins to log to a file a day in `state/logs`. The log is written as long as the guard lives.
///
/// Without a directory that can be written there is no log, and the program goes on.
pub(super) fn to_file(state: &Path) -> Option<WorkerGuard> {
    let directory = state.join("logs");
    crate::store::prepare_directory(state).ok()?;
    std::fs::create_dir_all(&directory).ok()?;
    let files = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("backchat")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(directory)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_filter(FilterFn::new(tells_no_secret));
    tracing_subscriber::registry()
        .with(filter())
        .with(lines)
        .try_init()
        .ok()?;
    Some(guard)
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
