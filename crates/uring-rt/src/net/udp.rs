//! [`UdpSocket`].

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll};

use uring_reactor::{AsyncFd, Interest, Ready};

use crate::net::address::{ToSocketAddrs, first_that_works, resolve};
use crate::runtime::require;

/// A socket for datagrams. Corresponds to `tokio::net::UdpSocket`. All operations take `&self`, and any number
/// of tasks may use it at once.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::UdpSocket;
/// let ours = UdpSocket::bind("127.0.0.1:0").await?;
/// let theirs = UdpSocket::bind("127.0.0.1:0").await?;
/// ours.send_to(b"hi", theirs.local_addr()?).await?;
/// let mut buffer = [0; 8];
/// let (count, from) = theirs.recv_from(&mut buffer).await?;
/// assert_eq!((&buffer[..count], from), (&b"hi"[..], ours.local_addr()?));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    fd: AsyncFd<std::net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to the first of the addresses that can be bound. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// Those of bind(2) for the last of the addresses; what looking up a name answers.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        require("UdpSocket::bind");
        let bind = |address: SocketAddr| async move {
            let socket = std::net::UdpSocket::bind(address)?;
            socket.set_nonblocking(true)?;
            UdpSocket::from_std(socket)
        };
        first_that_works(address, bind).await
    }

    /// Takes a socket of the standard library over. It must be in non-blocking mode.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        require("UdpSocket::from_std");
        Ok(UdpSocket {
            fd: AsyncFd::new(socket)?,
        })
    }

    /// Gives the socket of the standard library back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        Ok(self.fd.into_inner())
    }

    /// Fixes the other end: [`send`](Self::send) goes there, and [`recv`](Self::recv) takes only what comes
    /// from there.
    ///
    /// # Errors
    ///
    /// Those of connect(2) for the last of the addresses.
    pub async fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        first_that_works(address, |address| async move {
            self.fd.get_ref().connect(address)
        })
        .await
    }

    /// Sends a datagram to the connected end. Cancel safe: it was sent or not.
    ///
    /// # Errors
    ///
    /// Those of send(2); `ConnectionRefused` may be about an earlier datagram.
    pub async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.fd
            .async_io(Interest::WRITABLE, |socket| socket.send(datagram))
            .await
    }

    /// Receives a datagram from the connected end. What does not fit is lost. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd
            .async_io(Interest::READABLE, |socket| socket.recv(buffer))
            .await
    }

    /// Sends a datagram to the first of the addresses. Cancel safe: it was sent or not.
    ///
    /// # Errors
    ///
    /// Those of sendto(2).
    pub async fn send_to(&self, datagram: &[u8], target: impl ToSocketAddrs) -> io::Result<usize> {
        let no_address = || io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
        let target = resolve(target).await?.next().ok_or_else(no_address)?;
        self.fd
            .async_io(Interest::WRITABLE, |socket| {
                socket.send_to(datagram, target)
            })
            .await
    }

    /// Receives a datagram, and who sent it. What does not fit is lost. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd
            .async_io(Interest::READABLE, |socket| socket.recv_from(buffer))
            .await
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram in the socket.
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd
            .async_io(Interest::READABLE, |socket| socket.peek_from(buffer))
            .await
    }

    /// Polls to receive a datagram from the connected end. One task at a time.
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    pub fn poll_recv(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.fd.poll_read_io(cx, |socket| socket.recv(buffer))
    }

    /// Polls to receive a datagram, and who sent it. One task at a time.
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.fd.poll_read_io(cx, |socket| socket.recv_from(buffer))
    }

    /// Polls to send a datagram to the connected end. One task at a time.
    ///
    /// # Errors
    ///
    /// Those of send(2).
    pub fn poll_send(&self, cx: &mut Context<'_>, datagram: &[u8]) -> Poll<io::Result<usize>> {
        self.fd.poll_write_io(cx, |socket| socket.send(datagram))
    }

    /// Polls to send a datagram. One task at a time.
    ///
    /// # Errors
    ///
    /// Those of sendto(2).
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        datagram: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.fd
            .poll_write_io(cx, |socket| socket.send_to(datagram, target))
    }

    /// Waits for any readiness of `interest`. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.fd.ready(interest).await?.ready())
    }

    /// Waits until a datagram is there. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a datagram could be sent. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Receives without waiting. Only after a wait said that something is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recvfrom(2).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd
            .try_io(Interest::READABLE, |socket| socket.recv_from(buffer))
    }

    /// Sends without waiting. Only after a wait said that it can be done.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not known to be possible, and those of sendto(2).
    pub fn try_send_to(&self, datagram: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.fd.try_io(Interest::WRITABLE, |socket| {
            socket.send_to(datagram, target)
        })
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }

    /// The address of the connected end.
    ///
    /// # Errors
    ///
    /// Those of getpeername(2).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().peer_addr()
    }

    /// Takes the error out that the socket has kept (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.fd.get_ref().take_error()
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
