//! Whether the disk of the state directory is one that a store can live on.

use std::path::Path;

use super::report::Finding;
use crate::store;

/// Less free space than this is soon none.
const LITTLE: u64 = 16 * 1024 * 1024;

/// How much space is free. Nothing where that cannot be told.
pub(super) fn space(directory: &Path) -> Option<Finding> {
    let free = free(directory)?;
    let value = format!("{} MiB are free", free / (1024 * 1024));
    Some(if free >= LITTLE {
        Finding::good("space", value)
    } else {
        let remedy = format!(
            "free some on the disk of {}, or set BACKCHAT_STATE_DIR to a directory on another one",
            directory.display()
        );
        Finding::bad("space", value, Some(remedy))
    })
}

#[cfg(unix)]
fn free(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// Whether files can be locked, without which SQLite cannot keep several processes apart.
pub(super) fn locks(directory: &Path) -> Finding {
    match store::locks_work(directory) {
        Ok(true) => Finding::good("locks", "work"),
        Ok(false) => Finding::bad(
            "locks",
            format!("files in {} cannot be locked", directory.display()),
            Some("set BACKCHAT_STATE_DIR to a directory on a local disk".to_owned()),
        ),
        Err(error) => Finding::bad(
            "locks",
            format!("cannot be tried: {error}"),
            Some(format!("check {}", directory.display())),
        ),
    }
}
