//! The pipes between a child and us.

#[cfg(feature = "futures-io")]
mod futures_io;
#[cfg(feature = "tokio-io")]
mod tokio_io;
#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
mod write;

use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::Stdio;
use std::task::{Context, Poll};

use rustix::io::ioctl_fionbio;
use uring_reactor::{AsyncFd, Interest};

/// Our end of a pipe, in non-blocking mode: an open file that nobody else has, so the mode is nobody else's business.
#[derive(Debug)]
pub(super) struct Pipe<P> {
    fd: AsyncFd<P>,
}

impl<P: AsFd + From<OwnedFd> + Into<OwnedFd>> Pipe<P> {
    #[track_caller]
    fn new(fd: OwnedFd, interest: Interest) -> io::Result<Pipe<P>> {
        ioctl_fionbio(&fd, true)?;
        let fd = AsyncFd::with_interest(P::from(fd), interest)?;
        Ok(Pipe { fd })
    }

    /// In blocking mode, which is what a program expects of what it inherits.
    fn into_owned_fd(self) -> io::Result<OwnedFd> {
        let fd = self.fd.into_inner().into();
        ioctl_fionbio(&fd, false)?;
        Ok(fd)
    }
}

impl Pipe<PipeReader> {
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.fd
            .poll_read_stream(cx, buffer.len(), |mut pipe| pipe.read(buffer))
    }
}

/// The pipe that a child reads as its standard input. Corresponds to `tokio::process::ChildStdin`.
///
/// Written by the traits of futures-io, and with the feature `tokio-io` by those of tokio.
///
/// The child sees the end of its input when this is dropped. Closing it as a stream (`poll_close`) does nothing, as in
/// tokio: there is no half of a pipe to close. A write to a child that has closed its end fails with `BrokenPipe`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncWriteExt;
/// use std::process::Stdio;
/// let mut child = uring_rt::process::Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
/// let mut stdin = child.stdin.take().expect("piped");
/// stdin.write_all(b"for the cat").await?;
/// drop(stdin);
/// assert!(child.wait().await?.success());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ChildStdin {
    pub(super) pipe: Pipe<PipeWriter>,
}

/// The pipe that a child writes as its standard output. Corresponds to `tokio::process::ChildStdout`.
///
/// It ends when nobody has the other end open any more: not before the child, and those that it left it to.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncReadExt;
/// use std::process::Stdio;
/// let mut child = uring_rt::process::Command::new("echo").arg("out").stdout(Stdio::piped()).spawn()?;
/// let mut text = String::new();
/// child.stdout.take().expect("piped").read_to_string(&mut text).await?;
/// assert_eq!(text, "out\n");
/// child.wait().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ChildStdout {
    pub(super) pipe: Pipe<PipeReader>,
}

/// The pipe that a child writes as its standard error. Corresponds to `tokio::process::ChildStderr`.
///
/// It ends when nobody has the other end open any more: not before the child, and those that it left it to.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncReadExt;
/// use std::process::Stdio;
/// let mut command = uring_rt::process::Command::new("sh");
/// let mut child = command.args(["-c", "echo err >&2"]).stderr(Stdio::piped()).spawn()?;
/// let mut text = String::new();
/// child.stderr.take().expect("piped").read_to_string(&mut text).await?;
/// assert_eq!(text, "err\n");
/// child.wait().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ChildStderr {
    pub(super) pipe: Pipe<PipeReader>,
}

impl ChildStdin {
    /// Takes a pipe of the standard library over.
    ///
    /// Corresponds to `tokio::process::ChildStdin::from_std`.
    ///
    /// # Errors
    ///
    /// When its mode cannot be changed, or the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::process::{Command, Stdio};
    /// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    /// let stdin = child.stdin.take().expect("piped");
    /// let stdin = uring_rt::process::ChildStdin::from_std(stdin)?;
    /// drop(stdin);
    /// child.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(inner: std::process::ChildStdin) -> io::Result<ChildStdin> {
        let pipe = Pipe::new(inner.into(), Interest::WRITABLE)?;
        Ok(ChildStdin { pipe })
    }

    /// Gives the descriptor back, in blocking mode.
    ///
    /// Corresponds to `tokio::process::ChildStdin::into_owned_fd`.
    ///
    /// # Errors
    ///
    /// When its mode cannot be changed.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::process::Stdio;
    /// let mut child = uring_rt::process::Command::new("cat").stdin(Stdio::piped()).spawn()?;
    /// let fd = child.stdin.take().expect("piped").into_owned_fd()?;
    /// drop(fd);
    /// child.wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.pipe.into_owned_fd()
    }
}

impl AsFd for ChildStdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.fd.as_fd()
    }
}

impl AsRawFd for ChildStdin {
    fn as_raw_fd(&self) -> RawFd {
        self.pipe.fd.as_raw_fd()
    }
}

/// For the standard stream of another child, in blocking mode.
impl TryFrom<ChildStdin> for Stdio {
    type Error = io::Error;

    fn try_from(pipe: ChildStdin) -> io::Result<Stdio> {
        pipe.into_owned_fd().map(Stdio::from)
    }
}

impl ChildStdout {
    /// Takes a pipe of the standard library over.
    ///
    /// Corresponds to `tokio::process::ChildStdout::from_std`.
    ///
    /// # Errors
    ///
    /// When its mode cannot be changed, or the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::process::{Command, Stdio};
    /// let mut child = Command::new("true").stdout(Stdio::piped()).spawn()?;
    /// let stdout = child.stdout.take().expect("piped");
    /// let stdout = uring_rt::process::ChildStdout::from_std(stdout)?;
    /// drop(stdout);
    /// child.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(inner: std::process::ChildStdout) -> io::Result<ChildStdout> {
        let pipe = Pipe::new(inner.into(), Interest::READABLE)?;
        Ok(ChildStdout { pipe })
    }

    /// Gives the descriptor back, in blocking mode.
    ///
    /// Corresponds to `tokio::process::ChildStdout::into_owned_fd`.
    ///
    /// # Errors
    ///
    /// When its mode cannot be changed.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::process::Stdio;
    /// let mut child = uring_rt::process::Command::new("echo").stdout(Stdio::piped()).spawn()?;
    /// let fd = child.stdout.take().expect("piped").into_owned_fd()?;
    /// drop(fd);
    /// child.wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.pipe.into_owned_fd()
    }
}

impl AsFd for ChildStdout {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.fd.as_fd()
    }
}

impl AsRawFd for ChildStdout {
    fn as_raw_fd(&self) -> RawFd {
        self.pipe.fd.as_raw_fd()
    }
}

/// For the standard stream of another child, in blocking mode.
impl TryFrom<ChildStdout> for Stdio {
    type Error = io::Error;

    fn try_from(pipe: ChildStdout) -> io::Result<Stdio> {
        pipe.into_owned_fd().map(Stdio::from)
    }
}

impl ChildStderr {
    /// Takes a pipe of the standard library over.
    ///
    /// Corresponds to `tokio::process::ChildStderr::from_std`.
    ///
    /// # Errors
    ///
    /// When its mode cannot be changed, or the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::process::{Command, Stdio};
    /// let mut child = Command::new("true").stderr(Stdio::piped()).spawn()?;
    /// let stderr = child.stderr.take().expect("piped");
    /// let stderr = uring_rt::process::ChildStderr::from_std(stderr)?;
    /// drop(stderr);
    /// child.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(inner: std::process::ChildStderr) -> io::Result<ChildStderr> {
        let pipe = Pipe::new(inner.into(), Interest::READABLE)?;
        Ok(ChildStderr { pipe })
    }

    /// Gives the descriptor back, in blocking mode.
    ///
    /// Corresponds to `tokio::process::ChildStderr::into_owned_fd`.
    ///
    /// # Errors
    ///
    /// When its mode cannot be changed.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::process::Stdio;
    /// let mut child = uring_rt::process::Command::new("echo").stderr(Stdio::piped()).spawn()?;
    /// let fd = child.stderr.take().expect("piped").into_owned_fd()?;
    /// drop(fd);
    /// child.wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.pipe.into_owned_fd()
    }
}

impl AsFd for ChildStderr {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.fd.as_fd()
    }
}

impl AsRawFd for ChildStderr {
    fn as_raw_fd(&self) -> RawFd {
        self.pipe.fd.as_raw_fd()
    }
}

/// For the standard stream of another child, in blocking mode.
impl TryFrom<ChildStderr> for Stdio {
    type Error = io::Error;

    fn try_from(pipe: ChildStderr) -> io::Result<Stdio> {
        pipe.into_owned_fd().map(Stdio::from)
    }
}
