//! What is stored is for its user alone: directories 0700, files 0600.
//!
//! New files are made so. Files that were not, because another program copied them or an older one made
//! them, are put right when the store is opened.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{Result, StoreError};

/// Makes a directory, and what is missing above it, that only its user may enter.
///
/// # Errors
///
/// When it cannot be made.
pub fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a file, or opens it as it is, that only its user may read.
///
/// # Errors
///
/// When it cannot be made or opened.
pub fn create_file(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes the rights of others away from everything in the state directory, two levels deep.
pub(super) fn repair(state: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let mut directories = vec![state.to_owned()];
        let mut is_top = true;
        while let Some(directory) = directories.pop() {
            let Ok(entries) = fs::read_dir(&directory) else {
                continue;
            };
            for entry in entries.flatten() {
                let path = entry.path();
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if kind.is_dir() && is_top {
                    directories.push(path.clone());
                }
                if kind.is_dir() || kind.is_file() {
                    close_to_others(&path)?;
                }
            }
            is_top = false;
        }
    }
    #[cfg(not(unix))]
    let _ = state;
    Ok(())
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // Files of processes come and go.
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)) {
        Ok(()) => {
            tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "other users could read this; now they cannot");
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => Err(StoreError::Permissions {
            path: path.to_owned(),
            mode,
        }),
    }
}
