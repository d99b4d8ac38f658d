//! [`Receiver`].

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
use std::pin::Pin;
#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
use std::task::ready;
use std::task::{Context, Poll};

use rustix::fs::OFlags;
use rustix::io::ioctl_fionbio;
use uring_reactor::{AsyncFd, Interest, Ready};

#[cfg(feature = "bytes")]
use crate::net::buf_mut::{LIMIT, read_into};
use crate::net::unix::pipe::check;
use crate::runtime::require;

/// The reading end of a pipe or FIFO. Corresponds to `tokio::net::unix::pipe::Receiver`.
///
/// Nothing can be read of a FIFO that nobody has opened for writing yet, not even its end: a read waits. Once the last writer
/// has gone, reads answer 0 until the next one comes.
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
pub struct Receiver {
    fd: AsyncFd<File>,
}

impl Receiver {
    /// Takes a pipe over, and sets it to non-blocking mode, for everybody who has this open file.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for what is no pipe, or not open for reading; when the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let no_pipe = uring_rt::net::unix::pipe::Receiver::from_file(std::fs::File::open("/dev/null")?).unwrap_err();
    /// assert_eq!(no_pipe.kind(), std::io::ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Receiver> {
        Receiver::from_owned_fd(file.into())
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
    /// let receiver = uring_rt::net::unix::pipe::Receiver::from_owned_fd(reader.into())?;
    /// # drop((receiver, writer));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_owned_fd(fd: OwnedFd) -> io::Result<Receiver> {
        require("pipe::Receiver::from_owned_fd");
        check(&fd, OFlags::RDONLY, "not in O_RDONLY or O_RDWR access mode")?;
        Receiver::from_owned_fd_unchecked(fd)
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
    /// let null = std::fs::File::options().read(true).open("/dev/null")?;
    /// let receiver = uring_rt::net::unix::pipe::Receiver::from_file_unchecked(null)?;
    /// receiver.readable().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Receiver> {
        require("pipe::Receiver::from_file_unchecked");
        let fd = AsyncFd::with_interest(file, Interest::READABLE)?;
        Ok(Receiver { fd })
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
    /// let null = std::fs::File::options().read(true).open("/dev/null")?;
    /// let receiver = uring_rt::net::unix::pipe::Receiver::from_owned_fd_unchecked(null.into())?;
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_owned_fd_unchecked(fd: OwnedFd) -> io::Result<Receiver> {
        require("pipe::Receiver::from_owned_fd_unchecked");
        Receiver::from_file_unchecked(fd.into())
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
    /// drop(sender); // the end can be read
    /// let ready = receiver.ready(uring_rt::io::Interest::READABLE).await?;
    /// assert!(ready.is_readable());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.fd.ready(interest).await?.ready())
    }

    /// Waits until a read would make progress. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// drop(sender); // the end can be read
    /// receiver.readable().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Polls for read readiness. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// drop(sender); // the end can be read
    /// std::future::poll_fn(|cx| receiver.poll_read_ready(cx)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_read_ready(cx).map_ok(drop)
    }

    /// Reads what is there, without waiting. Only after a wait said that something is.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of read(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// drop(sender); // the end can be read
    /// receiver.readable().await?;
    /// assert_eq!(receiver.try_read(&mut [0; 8])?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::READABLE, |mut pipe| pipe.read(buffer))
    }

    /// [`try_read`](Self::try_read) into several buffers, one after the other: readv(2).
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// drop(sender); // the end can be read
    /// receiver.readable().await?;
    /// let mut space = [0; 8];
    /// assert_eq!(receiver.try_read_vectored(&mut [std::io::IoSliceMut::new(&mut space)])?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::READABLE, |mut pipe| pipe.read_vectored(buffers))
    }

    #[cfg(feature = "bytes")]
    /// [`try_read`](Self::try_read) into the free space of `buffer`, which grows by what was read. At most 64 KiB a call.
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = uring_rt::net::unix::pipe::pipe()?;
    /// drop(sender); // the end can be read
    /// receiver.readable().await?;
    /// assert_eq!(receiver.try_read_buf(&mut Vec::with_capacity(8))?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read_buf<B: bytes::BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        let read = |mut pipe: &File| read_into(buffer, LIMIT, |space| Ok((pipe.read(space)?, ())));
        let read = self.fd.try_io(Interest::READABLE, read);
        read.map(|(count, ())| count)
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
    /// drop(sender); // the end can be read
    /// receiver.readable().await?;
    /// let read = || Ok(rustix::io::read(&receiver, &mut [0; 8])?);
    /// assert_eq!(receiver.try_io(read)?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io<R>(&self, op: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.fd.try_io(Interest::READABLE, |_| op())
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
    /// let _fd = receiver.into_blocking_fd()?;
    /// # drop(sender);
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
    /// let _fd = receiver.into_nonblocking_fd()?;
    /// # drop(sender);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        Ok(self.fd.into_inner().into())
    }

    /// Unlike a socket a FIFO may not be read on the mere presumption that something is there: while nobody has opened it for
    /// writing, read(2) answers 0, although there is no end to tell of.
    #[cfg(any(feature = "futures-io", feature = "tokio-io"))]
    fn poll_some(
        &self,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&File) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx))?;
            match guard.try_io(|fd| op(fd.get_ref())) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Receiver {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncRead for Receiver {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_some(cx, |mut pipe| pipe.read(buffer))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_some(cx, |mut pipe| pipe.read_vectored(buffers))
    }
}

#[cfg(feature = "tokio-io")]
impl tokio::io::AsyncRead for Receiver {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        crate::net::read_buf::poll_into(buffer, |space| {
            self.poll_some(cx, |mut pipe| pipe.read(space))
        })
    }
}
