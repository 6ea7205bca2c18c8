//! Where a key comes from: looked up when it is first needed, since a password manager may ask its
//! user for it, and never shown: no error here contains what was found.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::{ErrorKind, LlmError, Retry, plain_text};
use crate::config::KeySource;

/// How long a command may take to print a key: long enough for a fingerprint.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a command's pipes are waited for once it has ended.
const PIPE_GRACE: Duration = Duration::from_millis(500);

/// The most bytes that are read of a command's output or of a file.
const MOST_BYTES: usize = 64 * 1024;

/// Why there is no key, and what the user can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Neither the environment nor the editor has a key of this name.
    #[error(
        "The environment variable {0} holds no key. Set it where the editor is started, or store a key named {0} with the editor's command for that."
    )]
    Unset(String),
    /// The command could not be started.
    #[error(
        "The command `{command}` for the key could not be started: {error}. Check `api_key_command`."
    )]
    CommandStart {
        /// The command.
        command: String,
        /// Why.
        error: io::Error,
    },
    /// The command took too long.
    #[error(
        "The command `{0}` for the key did not end within {seconds} s. Run it in a terminal; it may wait for a password.",
        seconds = COMMAND_TIMEOUT.as_secs()
    )]
    CommandTimeout(String),
    /// The command failed.
    #[error(
        "The command `{command}` for the key failed ({status}){said}. Run it in a terminal to see why."
    )]
    CommandFailed {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The first line of its standard error, after a colon; or nothing.
        said: String,
    },
    /// The file could not be read.
    #[error("The key file {path} could not be read: {error}. Check `api_key_file`.")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others may read the file.
    #[error(
        "The key file {path} can be read by others (mode {mode:03o}). Run `chmod 600 {quoted}`.",
        quoted = quoted(path)
    )]
    FileMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is nothing in the first line.
    #[error("There is no key in {0}: its first line is empty.")]
    Empty(String),
    /// What was found cannot be sent.
    #[error(
        "What is in {0} is no key: it contains characters that a key cannot have (control characters or others than ASCII). Copy the key again."
    )]
    Characters(String),
}

impl From<KeyError> for LlmError {
    fn from(error: KeyError) -> Self {
        Self {
            kind: ErrorKind::Authentication,
            message: error.to_string(),
            remedy: None,
            retry: Retry::Never,
        }
    }
}

/// In words, where a key comes from: never the key.
#[must_use]
pub fn place(source: &KeySource) -> String {
    match source {
        KeySource::None => "nowhere (no key is configured)".to_owned(),
        KeySource::Env(name) => format!("the environment variable {name}"),
        KeySource::Command(command) => format!("the command `{}`", command.join(" ")),
        KeySource::File(path) => format!("the file {}", path.display()),
    }
}

/// Looks a key up. `provided` knows the keys that the editor has stored; such a key wins over an
/// environment variable of the same name. The answer is `None` only for [`KeySource::None`].
///
/// # Errors
///
/// [`KeyError`], whose text says what to do.
///
/// # Cancellation
///
/// Dropping the future ends a command that is still running.
pub async fn resolve(
    source: &KeySource,
    provided: &(dyn Fn(&str) -> Option<SecretString> + Sync),
) -> Result<Option<SecretString>, KeyError> {
    let found = match source {
        KeySource::None => return Ok(None),
        KeySource::Env(name) => match provided(name) {
            Some(key) => return checked(key.expose_secret(), source).map(Some),
            None => std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
                .ok_or_else(|| KeyError::Unset(name.clone()))?,
        },
        KeySource::Command(command) => from_command(command, COMMAND_TIMEOUT).await?,
        KeySource::File(path) => from_file(path).await?,
    };
    checked(&found, source).map(Some)
}

/// The first line, without blanks around it, if it can be sent in a header.
fn checked(found: &str, source: &KeySource) -> Result<SecretString, KeyError> {
    let key = found
        .trim_start_matches('\u{feff}')
        .lines()
        .next()
        .unwrap_or_default()
        .trim();
    if key.is_empty() {
        return Err(KeyError::Empty(place(source)));
    }
    if !key.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(KeyError::Characters(place(source)));
    }
    Ok(SecretString::from(key))
}

async fn from_command(command: &[String], timeout: Duration) -> Result<String, KeyError> {
    let shown = command.join(" ");
    let start = |error| KeyError::CommandStart {
        command: shown.clone(),
        error,
    };
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| start(io::Error::from(io::ErrorKind::InvalidInput)))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(start)?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let pipes = (child.stdout.take(), child.stderr.take());
    let ended = tokio::time::timeout(timeout, async {
        let mut reading =
            pin!(async { tokio::join!(drain(pipes.0, &mut stdout), drain(pipes.1, &mut stderr)) });
        tokio::select! {
            _ = &mut reading => child.wait().await,
            status = child.wait() => {
                // An agent that the command left behind may hold the pipes open for ever.
                let _ = tokio::time::timeout(PIPE_GRACE, reading).await;
                status
            }
        }
    });
    let status = ended
        .await
        .map_err(|_| KeyError::CommandTimeout(shown.clone()))?
        .map_err(start)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    if !status.success() {
        let line = stderr.lines().next().unwrap_or_default();
        let line = plain_text::cut(&plain_text::one_line(line));
        return Err(KeyError::CommandFailed {
            command: shown,
            status,
            said: if line.is_empty() {
                line
            } else {
                format!(": {line}")
            },
        });
    }
    Ok(stdout)
}

/// Reads a pipe to its end, so that the writer is never stopped, and keeps [`MOST_BYTES`] of it.
async fn drain(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) -> io::Result<()> {
    let Some(mut pipe) = pipe else {
        return Ok(());
    };
    let mut piece = [0; 4096];
    loop {
        let count = pipe.read(&mut piece).await?;
        if count == 0 {
            return Ok(());
        }
        let room = MOST_BYTES.saturating_sub(kept.len());
        kept.extend_from_slice(&piece[..count.min(room)]);
    }
}

async fn from_file(path: &Path) -> Result<String, KeyError> {
    let failed = |error| KeyError::File {
        path: path.to_owned(),
        error,
    };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().await.map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::FileMode {
                path: path.to_owned(),
                mode,
            });
        }
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES as u64)
        .read_to_end(&mut bytes)
        .await
        .map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-+~".contains(c))
    {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
