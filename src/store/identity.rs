//! Whether the database is still the file that was opened.
//!
//! A file that was removed while it is open can be written all the same, and what is written is gone with
//! the process. So whoever promises that a change is on disk looks first whether the disk still knows the file.

use std::path::{Path, PathBuf};

use super::{Result, StoreError};

/// Which file was opened.
pub(super) struct Identity {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl Identity {
    /// The file that is there now.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            file: identify(path),
        }
    }

    /// The database of a simulation, which is no file.
    #[cfg(test)]
    pub(super) const fn none() -> Self {
        Self {
            path: PathBuf::new(),
            file: None,
        }
    }

    /// Fails with [`StoreError::Gone`] when another file, or none, is there now.
    pub(super) fn check(&self) -> Result<()> {
        if self.file.is_some() && identify(&self.path) != self.file {
            return Err(StoreError::Gone {
                path: self.path.clone(),
            });
        }
        Ok(())
    }
}

/// Device and number of the file.
#[cfg(unix)]
fn identify(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// An open file cannot be removed here.
#[cfg(not(unix))]
fn identify(_: &Path) -> Option<(u64, u64)> {
    None
}
