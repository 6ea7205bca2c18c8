//! The worker that goes on after the editor was closed: the same program, detached, until the queue
//! is empty.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use secrecy::{ExposeSecret as _, SecretString};

/// Starts `backchat worker --drain`, detached, with the keys on its standard input: they would be
/// seen in arguments, and an environment is passed on to children.
pub(super) fn spawn(keys: &[(String, SecretString)]) -> std::io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["worker", "--drain", "--keys-from-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir(std::env::temp_dir());
    // A group of its own: what ends the editor's processes does not end this one.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        for (name, key) in keys {
            writeln!(stdin, "{name}={}", key.expose_secret())?;
        }
    }
    tracing::info!(pid = child.id(), "a detached worker goes on with the queue");
    Ok(())
}

/// Reads the keys that [`spawn`] wrote: lines of `NAME=KEY`, to the end of the input.
///
/// # Errors
///
/// When the input cannot be read.
pub fn read_keys(input: impl std::io::BufRead) -> std::io::Result<Vec<(String, SecretString)>> {
    let mut keys = Vec::new();
    for line in input.lines() {
        if let Some((name, key)) = line?.split_once('=') {
            keys.push((name.to_owned(), SecretString::from(key.to_owned())));
        }
    }
    Ok(keys)
}

/// Held by the one detached worker of a store: closing ten windows leaves one worker, not ten.
pub struct DrainLock {
    /// Held, not used: closing it gives the lock back.
    _lock: File,
}

impl DrainLock {
    /// Takes the lock, or says that another detached worker has it.
    ///
    /// # Errors
    ///
    /// When the lock's file cannot be made.
    pub fn take(state: &Path) -> std::io::Result<Option<Self>> {
        let lock = crate::store::create_private_file(&state.join("drain.lock"))?;
        match lock.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            // A file system without locks lets several work; the store keeps them apart.
            Ok(()) | Err(std::fs::TryLockError::Error(_)) => Ok(Some(Self { _lock: lock })),
        }
    }
}
