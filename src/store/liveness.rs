//! Which processes of this store are alive.
//!
//! Each process that opens the store holds a lock on a file of its own for as long as it lives. The
//! kernel gives the lock back at the very moment at which the process dies, however it dies, so a
//! worker that was killed is noticed at once and not only when its lease runs out. On file systems
//! without locks the lease alone decides.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Result, StoreError, private};

const DIRECTORY: &str = "processes";

/// What the name of an entry begins with until it is locked.
const UNNAMED: &str = "new-";

/// An entry that was not locked for so long was left behind by a process that died over it.
const LONGEST_UNNAMED: Duration = Duration::from_secs(60);

/// The name of a process that claims requests: new for every start of the program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(pub String);

/// This process's own entry.
pub(super) struct Owner {
    id: OwnerId,
    path: PathBuf,
    /// Held, not used: closing it gives the lock back.
    _lock: File,
}

impl Owner {
    pub(super) fn register(state: &Path) -> Result<Self> {
        let directory = state.join(DIRECTORY);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Directory { path, source }
        };
        private::create_directory(&directory).map_err(failed(&directory))?;
        let id = OwnerId(format!("{}-{}", std::process::id(), uuid::Uuid::now_v7()));
        let path = directory.join(&id.0);
        // Locked before it has its name: an entry without a lock is that of a dead process, and
        // whoever starts at the same moment would remove it.
        let unnamed = directory.join(format!("{UNNAMED}{}", id.0));
        let lock = private::create_file(&unnamed).map_err(failed(&unnamed))?;
        // A file system without locks leaves the lease to decide.
        let _ = lock.try_lock();
        fs::rename(&unnamed, &path).map_err(failed(&path))?;
        Ok(Self {
            id,
            path,
            _lock: lock,
        })
    }

    pub(super) const fn id(&self) -> &OwnerId {
        &self.id
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the process of this name is surely gone. A `false` means only that it is not known.
pub(super) fn is_dead(state: &Path, owner: &str) -> bool {
    let path = state.join(DIRECTORY).join(owner);
    match File::open(&path) {
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        Ok(file) => match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        },
    }
}

/// Whether the file system of the state directory has locks: a second one on the same file is refused.
///
/// # Errors
///
/// When the file that is tried cannot be made.
pub fn locks_work(state: &Path) -> std::io::Result<bool> {
    let path = state.join(format!("lock-{}", uuid::Uuid::now_v7()));
    let (first, second) = (private::create_file(&path)?, private::create_file(&path));
    let _ = fs::remove_file(&path);
    Ok(first.try_lock().is_ok() && matches!(second?.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Removes the entries of processes that are gone, as a killed one could not do so itself.
pub(super) fn sweep(state: &Path) {
    let Ok(entries) = fs::read_dir(state.join(DIRECTORY)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with(UNNAMED) && !is_older(&entry, LONGEST_UNNAMED) {
            continue;
        }
        if is_dead(state, name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_older(entry: &fs::DirEntry, age: Duration) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed > age))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_starts_is_never_taken_for_a_dead_one() {
        let state = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let starting = scope.spawn(|| {
                for _ in 0..500 {
                    let owner = Owner::register(state.path()).unwrap();
                    assert!(!is_dead(state.path(), &owner.id.0), "{}", owner.id.0);
                }
            });
            while !starting.is_finished() {
                sweep(state.path());
            }
        });
    }

    #[test]
    fn a_process_that_has_ended_is_dead() {
        let state = tempfile::tempdir().unwrap();
        let owner = Owner::register(state.path()).unwrap();
        let id = owner.id().clone();
        assert!(!is_dead(state.path(), &id.0));
        drop(owner);
        assert!(is_dead(state.path(), &id.0));
    }
}
