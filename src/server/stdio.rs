//! Standard input and output, read and written as the runtime does with sockets.
//!
//! The runtime's own handles pass each read and each write to another thread, as neither may block. That costs
//! two changes of threads a message. Editors give their servers pipes or sockets, which can be waited for;
//! anything else, a terminal or a file, still goes the long way.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;

use rustix::fs::{FileType, fstat};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

/// What the client sends.
pub(super) type Input = Box<dyn AsyncRead + Send + Unpin>;

/// What the client is sent.
pub(super) type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Standard input. From here on it does not block, whoever else reads it.
pub(super) fn input() -> Input {
    fn waited_for(stdin: BorrowedFd<'_>) -> io::Result<Option<Input>> {
        let file = stdin.try_clone_to_owned()?;
        Ok(match kind(&file)? {
            FileType::Fifo => Some(Box::new(pipe::Receiver::from_owned_fd(file)?)),
            FileType::Socket => Some(Box::new(socket(file)?)),
            _ => None,
        })
    }
    match waited_for(io::stdin().as_fd()) {
        Ok(Some(input)) => input,
        Ok(None) | Err(_) => Box::new(tokio::io::stdin()),
    }
}

/// Standard output. From here on it does not block, whoever else writes to it.
pub(super) fn output() -> Output {
    fn waited_for(stdout: BorrowedFd<'_>) -> io::Result<Option<Output>> {
        let file = stdout.try_clone_to_owned()?;
        Ok(match kind(&file)? {
            FileType::Fifo => Some(Box::new(pipe::Sender::from_owned_fd(file)?)),
            FileType::Socket => Some(Box::new(socket(file)?)),
            _ => None,
        })
    }
    match waited_for(io::stdout().as_fd()) {
        Ok(Some(output)) => output,
        Ok(None) | Err(_) => Box::new(tokio::io::stdout()),
    }
}

fn kind(file: &OwnedFd) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(fstat(file)?.st_mode))
}

fn socket(file: OwnedFd) -> io::Result<UnixStream> {
    let stream = StdUnixStream::from(file);
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}
