//! Receiving.

use std::io;
use std::task::{Context, Poll};

use uring_reactor::Interest;

use crate::net::datagram::DatagramSocket;
use crate::net::fill::Fill;
use crate::net::kind::PacketSocket;

impl<S: PacketSocket> DatagramSocket<S> {
    /// Receives a message: recv(2). What does not fit is lost. Cancel safe: a message that was not returned stays.
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// let mut buffer = [0; 2];
    /// assert_eq!(ours.recv(&mut buffer).await?, 2, "the rest of the message is gone");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd
            .async_io(Interest::READABLE, |socket| socket.recv(buffer))
            .await
    }

    /// Receives without waiting. Only after a wait said that something is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// ours.readable().await?;
    /// assert_eq!(ours.try_recv(&mut [0; 8])?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::READABLE, |socket| socket.recv(buffer))
    }

    /// Polls to receive a message. One task at a time: the last one that polls is woken. What the answer is depends
    /// on the buffer, see [`Fill`].
    ///
    /// # Errors
    ///
    /// Those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// let mut buffer = [0; 8];
    /// assert_eq!(std::future::poll_fn(|cx| ours.poll_recv(cx, &mut buffer)).await?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_recv<B: Fill + ?Sized>(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut B,
    ) -> Poll<io::Result<B::Received>> {
        let recv = |socket: &S| buffer.fill(|space| Ok((socket.recv(space)?, ())));
        let polled = self.fd.poll_read_io(cx, recv);
        polled.map_ok(|(count, ())| B::received(count))
    }

    /// Receives a message, and who sent it: recvfrom(2). What does not fit is lost. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::UdpSocket;
    /// let (ours, theirs) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// theirs.send_to(b"hello", ours.local_addr()?).await?;
    /// let (count, from) = ours.recv_from(&mut [0; 8]).await?;
    /// assert_eq!((count, from), (5, theirs.local_addr()?));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, S::Address)> {
        self.fd
            .async_io(Interest::READABLE, |socket| socket.recv_from(buffer))
            .await
    }

    /// As [`recv_from`](Self::recv_from), without waiting. Only after a wait said that something is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// ours.readable().await?;
    /// let (count, from) = ours.try_recv_from(&mut [0; 8])?;
    /// assert!(count == 5 && from.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, S::Address)> {
        self.fd
            .try_io(Interest::READABLE, |socket| socket.recv_from(buffer))
    }

    /// Polls to receive a message, and who sent it. One task at a time: the last one that polls is woken. What the
    /// answer is depends on the buffer, see [`Fill`].
    ///
    /// # Errors
    ///
    /// Those of recvfrom(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// let mut buffer = [0; 8];
    /// let (count, _from) = std::future::poll_fn(|cx| ours.poll_recv_from(cx, &mut buffer)).await?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_recv_from<B: Fill + ?Sized>(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut B,
    ) -> Poll<io::Result<B::ReceivedFrom<S::Address>>> {
        let recv = |socket: &S| buffer.fill(|space| socket.recv_from(space));
        let polled = self.fd.poll_read_io(cx, recv);
        polled.map_ok(|(count, from)| B::received_from(count, from))
    }
}
