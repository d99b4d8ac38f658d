//! Sending to the connected end.

use std::io;
use std::task::{Context, Poll};

use uring_reactor::Interest;

use crate::net::datagram::DatagramSocket;
use crate::net::kind::PacketSocket;

impl<S: PacketSocket> DatagramSocket<S> {
    /// Sends a message to the connected end: send(2). Cancel safe: it was sent or not.
    ///
    /// # Errors
    ///
    /// Those of send(2); `ConnectionRefused` may be about an earlier message.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// assert_eq!(ours.send(b"hi").await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self, packet: &[u8]) -> io::Result<usize> {
        self.fd
            .async_io(Interest::WRITABLE, |socket| socket.send(packet))
            .await
    }

    /// Sends without waiting. Only after a wait said that it can be done.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not known to be possible, and those of send(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// ours.writable().await?;
    /// assert_eq!(ours.try_send(b"hi")?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_send(&self, packet: &[u8]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::WRITABLE, |socket| socket.send(packet))
    }

    /// Polls to send a message to the connected end. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// Those of send(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// assert_eq!(std::future::poll_fn(|cx| ours.poll_send(cx, b"hi")).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8]) -> Poll<io::Result<usize>> {
        self.fd.poll_write_io(cx, |socket| socket.send(packet))
    }
}
