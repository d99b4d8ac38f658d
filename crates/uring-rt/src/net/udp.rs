//! [`UdpSocket`].

mod options;
mod peek;

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, Socket, Type};
use uring_reactor::Interest;

use crate::net::address::{ToSocketAddrs, first_that_works, no_address, resolve};
use crate::net::datagram::DatagramSocket;
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
pub type UdpSocket = DatagramSocket<std::net::UdpSocket>;

impl UdpSocket {
    /// Binds to the first of the addresses that can be bound. Port 0 takes a free one.
    ///
    /// Cancel safe: nothing stays bound.
    ///
    /// # Errors
    ///
    /// Those of bind(2) for the last of the addresses; what looking up a name answers.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind(("127.0.0.1", 0)).await?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        require("UdpSocket::bind");
        first_that_works(address, |address| async move { bind_to(address) }).await
    }

    /// Fixes the other end: [`send`](Self::send) goes there, and [`recv`](Self::recv) takes only what comes
    /// from there. The first of the addresses that can be is taken. Cancel safe: only looking up a name takes time.
    ///
    /// # Errors
    ///
    /// Those of connect(2) for the last of the addresses.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::UdpSocket;
    /// let (ours, theirs) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// ours.connect(theirs.local_addr()?).await?;
    /// ours.send(b"hi").await?;
    /// assert_eq!(theirs.recv(&mut [0; 8]).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        first_that_works(address, |address| async move {
            self.fd().get_ref().connect(address)
        })
        .await
    }

    /// Sends a datagram to the first of the addresses: sendto(2). Cancel safe: it was sent or not.
    ///
    /// # Errors
    ///
    /// Those of sendto(2); `InvalidInput` for a name without any address.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let to = socket.local_addr()?;
    /// assert_eq!(socket.send_to(b"to myself", to).await?, 9);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_to(&self, packet: &[u8], target: impl ToSocketAddrs) -> io::Result<usize> {
        let target = resolve(target).await?.next().ok_or_else(no_address)?;
        self.fd()
            .async_io(Interest::WRITABLE, |socket| socket.send_to(packet, target))
            .await
    }

    /// Polls to send a datagram. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// Those of sendto(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let to = socket.local_addr()?;
    /// assert_eq!(std::future::poll_fn(|cx| socket.poll_send_to(cx, b"hi", to)).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        packet: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.fd()
            .poll_write_io(cx, |socket| socket.send_to(packet, target))
    }

    /// Sends without waiting. Only after a wait said that it can be done.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not known to be possible, and those of sendto(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.writable().await?;
    /// assert_eq!(socket.try_send_to(b"hi", socket.local_addr()?)?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_send_to(&self, packet: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.fd()
            .try_io(Interest::WRITABLE, |socket| socket.send_to(packet, target))
    }
}

fn bind_to(address: SocketAddr) -> io::Result<UdpSocket> {
    let kind = Type::DGRAM.nonblocking();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::UDP))?;
    socket.bind(&address.into())?;
    UdpSocket::register(socket.into())
}

impl TryFrom<std::net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    /// As [`from_std`](UdpSocket::from_std).
    #[track_caller]
    fn try_from(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        UdpSocket::from_std(socket)
    }
}
