//! Readiness, and calls of the user's own.

use std::io;
use std::task::{Context, Poll};

use uring_reactor::{Interest, Ready};

use crate::net::datagram::DatagramSocket;
use crate::net::kind::PacketSocket;

impl<S: PacketSocket> DatagramSocket<S> {
    /// Waits for any readiness of `interest`. Any number of tasks may wait at once. Cancel safe: readiness stays
    /// until a call would block.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::io::Interest;
    /// let (ours, _theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// let ready = ours.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert!(ready.is_writable() && !ready.is_readable());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.fd.ready(interest).await?.ready())
    }

    /// Waits until a message is there. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hi").await?;
    /// ours.readable().await?;
    /// assert_eq!(ours.try_recv(&mut [0; 8])?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a message could be sent. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
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
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls for a message to be there. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// theirs.send(b"hi").await?;
    /// std::future::poll_fn(|cx| ours.poll_recv_ready(cx)).await
    /// # }
    /// ```
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_read_ready(cx).map_ok(drop)
    }

    /// Polls for room to send. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// std::future::poll_fn(|cx| ours.poll_send_ready(cx)).await
    /// # }
    /// ```
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_write_ready(cx).map_ok(drop)
    }

    /// Calls `op` if `interest` is known to be ready, and forgets that it is when `op` would block. For system
    /// calls that this type does not have; `op` must make them on this socket.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not ready, and those of `op`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::io::Interest;
    /// let (ours, _theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// ours.writable().await?;
    /// let send = || Ok(rustix::net::send(&ours, b"hi", rustix::net::SendFlags::NOSIGNAL)?);
    /// assert_eq!(ours.try_io(Interest::WRITABLE, send)?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.fd.try_io(interest, |_| op())
    }

    /// Waits for `interest` and calls `op`, again whenever that would block. For system calls that this type does
    /// not have; `op` must make them on this socket. Cancel safe as long as `op` is.
    ///
    /// # Errors
    ///
    /// Those of `op`, and when the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::io::Interest;
    /// let (ours, _theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// let send = || Ok(rustix::net::send(&ours, b"hi", rustix::net::SendFlags::NOSIGNAL)?);
    /// assert_eq!(ours.async_io(Interest::WRITABLE, send).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.fd.async_io(interest, |_| op()).await
    }
}
