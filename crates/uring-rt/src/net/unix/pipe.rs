//! Pipes and FIFOs. Corresponds to `tokio::net::unix::pipe`.
//!
//! See the example of [`pipe`].

mod open;
mod receiver;
mod sender;

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::runtime::require;

pub use open::OpenOptions;
pub use receiver::Receiver;
pub use sender::Sender;

/// A new pipe: pipe2(2).
///
/// # Errors
///
/// Those of pipe2(2); when the runtime has shut down.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// let (mut sender, mut receiver) = uring_rt::net::unix::pipe::pipe()?;
/// sender.write_all(b"through a pipe").await?;
/// drop(sender);
/// let mut text = String::new();
/// receiver.read_to_string(&mut text).await?;
/// assert_eq!(text, "through a pipe");
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    require("pipe::pipe");
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    Ok((
        Sender::of_new_pipe(writer)?,
        Receiver::from_owned_fd_unchecked(reader)?,
    ))
}

/// Whether `fd` is a pipe or a FIFO.
fn is_pipe(fd: &impl AsFd) -> io::Result<bool> {
    let mode = fstat(fd)?.st_mode;
    Ok(FileType::from_raw_mode(mode) == FileType::Fifo)
}

fn not_a_pipe() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a pipe")
}

/// Refuses what is no pipe, or not open for this direction, or for both. Leaves it in non-blocking mode.
fn check(fd: &impl AsFd, wanted: OFlags, refusal: &str) -> io::Result<()> {
    if !is_pipe(fd)? {
        return Err(not_a_pipe());
    }
    let flags = fcntl_getfl(fd)?;
    let access = flags & OFlags::RWMODE;
    if access != wanted && access != OFlags::RDWR {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, refusal));
    }
    Ok(rustix::io::ioctl_fionbio(fd, true)?)
}
