//! Receiving into the buffers of the crate `bytes`.

use std::io;

use bytes::BufMut;
use uring_reactor::Interest;

use crate::net::buf_mut::read_into;
use crate::net::datagram::DatagramSocket;
use crate::net::kind::PacketSocket;

impl<S: PacketSocket> DatagramSocket<S> {
    /// [`recv`](Self::recv) into the free space of `buffer`, which grows by what was received. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// let mut buffer = Vec::with_capacity(64);
    /// ours.recv_buf(&mut buffer).await?;
    /// assert_eq!(buffer, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv_buf<B: BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        let recv =
            |socket: &S| read_into(buffer, usize::MAX, |space| Ok((socket.recv(space)?, ())));
        let (count, ()) = self.fd.async_io(Interest::READABLE, recv).await?;
        Ok(count)
    }

    /// [`try_recv`](Self::try_recv) into the free space of `buffer`, which grows by what was received.
    ///
    /// # Errors
    ///
    /// As for [`try_recv`](Self::try_recv).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// ours.readable().await?;
    /// let mut buffer = Vec::with_capacity(64);
    /// assert_eq!(ours.try_recv_buf(&mut buffer)?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_recv_buf<B: BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        let recv =
            |socket: &S| read_into(buffer, usize::MAX, |space| Ok((socket.recv(space)?, ())));
        self.fd
            .try_io(Interest::READABLE, recv)
            .map(|(count, ())| count)
    }

    /// [`recv_from`](Self::recv_from) into the free space of `buffer`, which grows by what was received.
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`recv_from`](Self::recv_from).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// let mut buffer = Vec::with_capacity(64);
    /// let (count, from) = ours.recv_buf_from(&mut buffer).await?;
    /// assert!(count == 5 && from.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv_buf_from<B: BufMut>(
        &self,
        buffer: &mut B,
    ) -> io::Result<(usize, S::Address)> {
        let recv = |socket: &S| read_into(buffer, usize::MAX, |space| socket.recv_from(space));
        self.fd.async_io(Interest::READABLE, recv).await
    }

    /// [`try_recv_from`](Self::try_recv_from) into the free space of `buffer`, which grows by what was received.
    ///
    /// # Errors
    ///
    /// As for [`try_recv_from`](Self::try_recv_from).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hello").await?;
    /// ours.readable().await?;
    /// let mut buffer = Vec::with_capacity(64);
    /// assert_eq!(ours.try_recv_buf_from(&mut buffer)?.0, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_recv_buf_from<B: BufMut>(&self, buffer: &mut B) -> io::Result<(usize, S::Address)> {
        let recv = |socket: &S| read_into(buffer, usize::MAX, |space| socket.recv_from(space));
        self.fd.try_io(Interest::READABLE, recv)
    }
}
