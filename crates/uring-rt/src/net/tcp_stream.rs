//! [`TcpStream`].

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
#[cfg(feature = "futures-io")]
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use uring_reactor::{Interest, Ready};

use crate::net::address::{ToSocketAddrs, first_that_works};
use crate::net::stream::{self, Stream};
use crate::runtime::require;

/// A TCP connection. Corresponds to `tokio::net::TcpStream`.
///
/// It reads and writes by the traits of futures-io, on the stream itself and on a reference to it, so two tasks
/// can have a half each. Dropping it closes the connection at once, on the runtime's own thread.
#[derive(Debug)]
pub struct TcpStream {
    stream: Stream<std::net::TcpStream>,
}

impl TcpStream {
    /// Connects to the first of the addresses that answers. Cancel safe: the attempt ends with the future.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused`, `TimedOut` and the like for the last of the addresses; what looking up a name
    /// answers.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        require("TcpStream::connect");
        first_that_works(address, TcpStream::connect_to).await
    }

    async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
        let kind = Type::STREAM.nonblocking();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
        // Registered only once the connect is under way: before, the kernel calls the socket hung up.
        stream::start_connect(&socket, &address.into())?;
        let stream = Stream::new(std::net::TcpStream::from(socket))?
            .connected()
            .await?;
        Ok(TcpStream { stream })
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
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        require("TcpStream::from_std");
        Ok(TcpStream {
            stream: Stream::new(stream)?,
        })
    }

    /// Gives the stream of the standard library back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
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

    /// Reads without taking the bytes out of the socket. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream
            .fd()
            .async_io(Interest::READABLE, |socket| socket.peek(buffer))
            .await
    }

    /// `TCP_NODELAY`: whether small writes are sent at once.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    pub fn nodelay(&self) -> io::Result<bool> {
        self.stream.socket().nodelay()
    }

    /// Sets `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.stream.socket().set_nodelay(nodelay)
    }

    /// `SO_LINGER`: how long a close waits for what was written to be sent; `None` is the kernel's way.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self).linger()
    }

    /// `IP_TTL`: hops that a packet may take.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    pub fn ttl(&self) -> io::Result<u32> {
        self.stream.socket().ttl()
    }

    /// Sets `IP_TTL`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.stream.socket().set_ttl(ttl)
    }

    /// `SO_LINGER` of zero: a close discards what was not sent, and resets the connection.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    pub fn set_zero_linger(&self) -> io::Result<()> {
        SockRef::from(self).set_linger(Some(Duration::ZERO))
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

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.fd().as_fd()
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.fd().as_raw_fd()
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncRead for &TcpStream {
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
impl futures_io::AsyncWrite for &TcpStream {
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
impl futures_io::AsyncRead for TcpStream {
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
impl futures_io::AsyncWrite for TcpStream {
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
