//! [`UnixStream`].

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
#[cfg(feature = "futures-io")]
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::{Domain, SockAddr, Socket, Type};
use uring_reactor::{Interest, Ready};

use crate::net::stream::{self, Stream};
use crate::runtime::require;

/// A connection between two processes of one machine. Corresponds to `tokio::net::UnixStream`.
///
/// It reads and writes by the traits of futures-io, on the stream itself and on a reference to it.
#[derive(Debug)]
pub struct UnixStream {
    stream: Stream<std::os::unix::net::UnixStream>,
}

impl UnixStream {
    /// Connects to the socket at `path`. Cancel safe.
    ///
    /// # Errors
    ///
    /// `NotFound`, `ConnectionRefused`, and `WouldBlock` when the listener's backlog is full, which a Unix
    /// socket does not let anybody wait for.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        require("UnixStream::connect");
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        stream::start_connect(&socket, &SockAddr::unix(path)?)?;
        let socket = std::os::unix::net::UnixStream::from(socket);
        Ok(UnixStream {
            stream: Stream::new(socket)?.connected().await?,
        })
    }

    /// Two ends that are connected with each other.
    ///
    /// # Errors
    ///
    /// Those of socketpair(2).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::{AsyncReadExt, AsyncWriteExt};
    /// let (mut ours, mut theirs) = uring_rt::net::UnixStream::pair()?;
    /// ours.write_all(b"hi").await?;
    /// let mut buffer = [0; 2];
    /// theirs.read_exact(&mut buffer).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        require("UnixStream::pair");
        let (one, other) = std::os::unix::net::UnixStream::pair()?;
        one.set_nonblocking(true)?;
        other.set_nonblocking(true)?;
        Ok((UnixStream::from_std(one)?, UnixStream::from_std(other)?))
    }

    /// Takes a stream of the standard library over. It must be in non-blocking mode.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
        require("UnixStream::from_std");
        Ok(UnixStream {
            stream: Stream::new(stream)?,
        })
    }

    /// Gives the stream of the standard library back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixStream> {
        Ok(self.stream.into_socket())
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.socket().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// Those of getpeername(2).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.socket().peer_addr()
    }

    /// Ends one half or both: shutdown(2). Ending one that is ended already is no error.
    ///
    /// # Errors
    ///
    /// Those of shutdown(2), but for `NotConnected`.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self.stream.socket().shutdown(how) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    /// Waits for any readiness of `interest`. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.stream.ready(interest).await
    }

    /// Waits until a read would make progress. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub async fn readable(&self) -> io::Result<()> {
        self.stream.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a write would make progress. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub async fn writable(&self) -> io::Result<()> {
        self.stream.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls for read readiness. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_ready(Interest::READABLE, cx)
    }

    /// Polls for write readiness. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_ready(Interest::WRITABLE, cx)
    }

    /// Reads what is there, without waiting. Only after a wait said that something is.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recv(2).
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }

    /// [`try_read`](Self::try_read) into several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.stream.try_read_vectored(buffers)
    }

    /// Writes what there is room for, without waiting. Only after a wait said that there is some.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when no room is known to be there, and those of send(2).
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.try_write(buffer)
    }

    /// [`try_write`](Self::try_write) from several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As for [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.try_write_vectored(buffers)
    }

    /// Calls `op` if `interest` is known to be ready, and forgets that it is when `op` would block.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not ready, and those of `op`.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.stream.fd().try_io(interest, |_| op())
    }

    /// Waits for `interest` and calls `op`, again whenever that would block.
    ///
    /// # Errors
    ///
    /// Those of `op`, and when the runtime has shut down.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.stream.fd().async_io(interest, |_| op()).await
    }

    /// Takes the error out that the socket has kept (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.stream.socket().take_error()
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.fd().as_fd()
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.fd().as_raw_fd()
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncRead for &UnixStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_read_vectored(cx, buffers)
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncWrite for &UnixStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown(Shutdown::Write))
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncRead for UnixStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read_vectored(cx, buffers)
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncWrite for UnixStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_close(cx)
    }
}
