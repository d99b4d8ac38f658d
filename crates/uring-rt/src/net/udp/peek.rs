//! Looking at a datagram that stays in the socket.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use uring_reactor::Interest;

use crate::net::UdpSocket;
use crate::net::fill::Fill;

impl UdpSocket {
    /// As [`recv`](Self::recv), and leaves the datagram in the socket. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// assert_eq!(socket.peek(&mut [0; 8]).await?, 2);
    /// assert_eq!(socket.recv(&mut [0; 8]).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd()
            .async_io(Interest::READABLE, |socket| socket.peek(buffer))
            .await
    }

    /// Polls for [`peek`](Self::peek). One task at a time: the last one that polls is woken. What the answer is
    /// depends on the buffer, see [`Fill`].
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// let count = std::future::poll_fn(|cx| socket.poll_peek(cx, &mut [0; 8])).await?;
    /// assert_eq!(count, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_peek<B: Fill + ?Sized>(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut B,
    ) -> Poll<io::Result<B::Received>> {
        let peek =
            |socket: &std::net::UdpSocket| buffer.fill(|space| Ok((socket.peek(space)?, ())));
        let polled = self.fd().poll_read_io(cx, peek);
        polled.map_ok(|(count, ())| B::received(count))
    }

    /// [`peek`](Self::peek) without waiting. Only after a wait said that something is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// socket.readable().await?;
    /// assert_eq!(socket.try_peek(&mut [0; 8])?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd()
            .try_io(Interest::READABLE, |socket| socket.peek(buffer))
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram in the socket. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// assert_eq!(socket.peek_from(&mut [0; 8]).await?, (2, socket.local_addr()?));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd()
            .async_io(Interest::READABLE, |socket| socket.peek_from(buffer))
            .await
    }

    /// Polls for [`peek_from`](Self::peek_from). One task at a time: the last one that polls is woken. What the
    /// answer is depends on the buffer, see [`Fill`].
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// let peeked = std::future::poll_fn(|cx| socket.poll_peek_from(cx, &mut [0; 8])).await?;
    /// assert_eq!(peeked, (2, socket.local_addr()?));
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_peek_from<B: Fill + ?Sized>(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut B,
    ) -> Poll<io::Result<B::ReceivedFrom<SocketAddr>>> {
        let peek = |socket: &std::net::UdpSocket| buffer.fill(|space| socket.peek_from(space));
        let polled = self.fd().poll_read_io(cx, peek);
        polled.map_ok(|(count, from)| B::received_from(count, from))
    }

    /// [`peek_from`](Self::peek_from) without waiting. Only after a wait said that something is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// socket.readable().await?;
    /// assert_eq!(socket.try_peek_from(&mut [0; 8])?, (2, socket.local_addr()?));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd()
            .try_io(Interest::READABLE, |socket| socket.peek_from(buffer))
    }

    /// Who sent the datagram that is next, which stays in the socket. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// assert_eq!(socket.peek_sender().await?, socket.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        self.fd().async_io(Interest::READABLE, sender).await
    }

    /// Polls for [`peek_sender`](Self::peek_sender). One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// let sender = std::future::poll_fn(|cx| socket.poll_peek_sender(cx)).await?;
    /// assert_eq!(sender, socket.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_peek_sender(&self, cx: &mut Context<'_>) -> Poll<io::Result<SocketAddr>> {
        self.fd().poll_read_io(cx, sender)
    }

    /// [`peek_sender`](Self::peek_sender) without waiting. Only after a wait said that something is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.send_to(b"hi", socket.local_addr()?).await?;
    /// socket.readable().await?;
    /// assert_eq!(socket.try_peek_sender()?, socket.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_peek_sender(&self) -> io::Result<SocketAddr> {
        self.fd().try_io(Interest::READABLE, sender)
    }
}

/// A datagram has a sender even for a buffer without room.
fn sender(socket: &std::net::UdpSocket) -> io::Result<SocketAddr> {
    socket.peek_from(&mut []).map(|(_, from)| from)
}
