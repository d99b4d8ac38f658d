//! [`Sender`].

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::fs::OFlags;
use rustix::io::ioctl_fionbio;
use uring_reactor::{AsyncFd, Interest, Ready};

use crate::net::unix::pipe::check;
use crate::runtime::require;

/// The writing end of a pipe or FIFO. Corresponds to `tokio::net::unix::pipe::Sender`.
///
/// Writing where nobody reads any more is `BrokenPipe`. `close` and `shutdown` of the I/O traits do nothing, as in tokio: the
/// receiver sees the end when the sender is dropped.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
/// sender.writable().await?;
/// assert_eq!(sender.try_write(b"hi")?, 2);
/// receiver.readable().await?;
/// assert_eq!(receiver.try_read(&mut [0; 8])?, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sender {
    fd: AsyncFd<File>,
}

impl Sender {
    /// Takes a pipe over, and sets it to non-blocking mode, for everybody who has this open file.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for what is no pipe, or not open for writing; when the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let no_pipe = uring_rt::net::unix::pipe::Sender::from_file(std::fs::File::open("/dev/null")?).unwrap_err();
    /// assert_eq!(no_pipe.kind(), std::io::ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Sender> {
        Sender::from_owned_fd(file.into())
    }

    /// As [`from_file`](Self::from_file), of a descriptor.
    ///
    /// # Errors
    ///
    /// As for [`from_file`](Self::from_file).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (reader, writer) = std::io::pipe()?;
    /// let sender = uring_rt::net::unix::pipe::Sender::from_owned_fd(writer.into())?;
    /// # drop((sender, reader));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_owned_fd(fd: OwnedFd) -> io::Result<Sender> {
        require("pipe::Sender::from_owned_fd");
        check(&fd, OFlags::WRONLY, "not in O_WRONLY or O_RDWR access mode")?;
        Sender::from_owned_fd_unchecked(fd)
    }

    /// Takes whatever `file` is over. It must be in non-blocking mode.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let null = std::fs::File::options().write(true).open("/dev/null")?;
    /// let sender = uring_rt::net::unix::pipe::Sender::from_file_unchecked(null)?;
    /// sender.writable().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Sender> {
        require("pipe::Sender::from_file_unchecked");
        let fd = AsyncFd::with_interest(file, Interest::WRITABLE)?;
        Ok(Sender { fd })
    }

    /// The writing end of a new pipe, which has room.
    #[track_caller]
    pub(super) fn of_new_pipe(fd: OwnedFd) -> io::Result<Sender> {
        let sender = Sender::from_owned_fd_unchecked(fd)?;
        sender.fd.assume_ready(Ready::WRITABLE);
        Ok(sender)
    }

    /// As [`from_file_unchecked`](Self::from_file_unchecked), of a descriptor.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let null = std::fs::File::options().write(true).open("/dev/null")?;
    /// let sender = uring_rt::net::unix::pipe::Sender::from_owned_fd_unchecked(null.into())?;
    /// # drop(sender);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_owned_fd_unchecked(fd: OwnedFd) -> io::Result<Sender> {
        require("pipe::Sender::from_owned_fd_unchecked");
        Sender::from_file_unchecked(fd.into())
    }

    /// Waits for any readiness of `interest`. Any number of tasks may wait at once. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// let ready = sender.ready(uring_rt::io::Interest::WRITABLE).await?;
    /// assert!(ready.is_writable());
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.fd.ready(interest).await?.ready())
    }

    /// Waits until a write would make progress. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls for write readiness. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// std::future::poll_fn(|cx| sender.poll_write_ready(cx)).await?;
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_write_ready(cx).map_ok(drop)
    }

    /// Writes what there is room for, without waiting. Only after a wait said that there is some.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when no room is known to be there, and those of write(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write(b"hi")?, 2);
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::WRITABLE, |mut pipe| pipe.write(buffer))
    }

    /// [`try_write`](Self::try_write) from several buffers, one after the other: writev(2).
    ///
    /// # Errors
    ///
    /// As for [`try_write`](Self::try_write).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write_vectored(&[std::io::IoSlice::new(b"hi")])?, 2);
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::WRITABLE, |mut pipe| pipe.write_vectored(buffers))
    }

    /// Calls `op` if it is known to be ready, and forgets that it is when `op` would block. For system calls that this type
    /// does not have.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not ready, and those of `op`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// let write = || Ok(rustix::io::write(&sender, b"hi")?);
    /// assert_eq!(sender.try_io(write)?, 2);
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io<R>(&self, op: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.fd.try_io(Interest::WRITABLE, |_| op())
    }

    /// Gives the descriptor back, in blocking mode, as most programs expect it.
    ///
    /// # Errors
    ///
    /// Those of fcntl(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// let _fd = sender.into_blocking_fd()?;
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        let fd = self.into_nonblocking_fd()?;
        ioctl_fionbio(&fd, false)?;
        Ok(fd)
    }

    /// Gives the descriptor back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// let _fd = sender.into_nonblocking_fd()?;
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        Ok(self.fd.into_inner().into())
    }
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Sender {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncWrite for Sender {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.fd.poll_write_io(cx, |mut pipe| pipe.write(buffer))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.fd
            .poll_write_io(cx, |mut pipe| pipe.write_vectored(buffers))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(feature = "tokio-io")]
impl tokio::io::AsyncWrite for Sender {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.fd.poll_write_io(cx, |mut pipe| pipe.write(buffer))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.fd
            .poll_write_io(cx, |mut pipe| pipe.write_vectored(buffers))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
