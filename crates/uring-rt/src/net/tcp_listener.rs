//! [`TcpListener`].

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use uring_reactor::{AsyncFd, Interest};

use crate::net::address::{ToSocketAddrs, first_that_works};
use crate::net::stream;
use crate::net::tcp_stream::TcpStream;
use crate::runtime::require;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A socket that accepts TCP connections. Corresponds to `tokio::net::TcpListener`.
///
/// Dropping it frees its port at once, on the runtime's own thread.
#[derive(Debug)]
pub struct TcpListener {
    fd: AsyncFd<std::net::TcpListener>,
}

impl TcpListener {
    /// Listens on the first of the addresses that can be bound, with `SO_REUSEADDR`. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` and the like for the last of the addresses; what
    /// looking up a name answers.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
        require("TcpListener::bind");
        first_that_works(
            address,
            |address| async move { TcpListener::bind_to(address) },
        )
        .await
    }

    fn bind_to(address: SocketAddr) -> io::Result<TcpListener> {
        let kind = Type::STREAM.nonblocking();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::register(socket.into())
    }

    fn register(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        Ok(TcpListener {
            fd: AsyncFd::with_interest(listener, Interest::READABLE)?,
        })
    }

    /// Takes a listener of the standard library over. It must be in non-blocking mode.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        require("TcpListener::from_std");
        TcpListener::register(listener)
    }

    /// Gives the listener of the standard library back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        Ok(self.fd.into_inner())
    }

    /// Waits for a connection. Cancel safe: a connection that was not returned stays in the backlog. Any
    /// number of tasks may wait.
    ///
    /// # Errors
    ///
    /// Those of accept(2); `EMFILE` and `ENFILE` leave the connection in the backlog.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.fd.async_io(Interest::READABLE, stream::accept).await?;
        stream::register_accepted(&self.fd, || finish(accepted))
    }

    /// Polls for a connection. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// As for [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = ready!(self.fd.poll_read_io(cx, stream::accept))?;
        Poll::Ready(stream::register_accepted(&self.fd, || finish(accepted)))
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }

    /// `IP_TTL`: hops that a packet may take.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    pub fn ttl(&self) -> io::Result<u32> {
        self.fd.get_ref().ttl()
    }

    /// Sets `IP_TTL`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.fd.get_ref().set_ttl(ttl)
    }
}

fn finish((socket, peer): (Socket, SockAddr)) -> io::Result<(TcpStream, SocketAddr)> {
    let peer = peer.as_socket().ok_or(io::ErrorKind::InvalidData)?;
    Ok((TcpStream::from_std(socket.into())?, peer))
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
