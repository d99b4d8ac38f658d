//! Readiness, and calls without waiting.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::task::{Context, Poll};

use uring_reactor::{Interest, Ready};

use crate::net::kind::StreamSocket;
use crate::net::stream::SocketStream;

impl<S: StreamSocket> SocketStream<S> {
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
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// let ready = ours.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert!(ready.is_writable() && !ready.is_readable());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.fd.ready(interest).await?.ready())
    }

    /// Waits until a read would make progress. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// drop(theirs);
    /// ours.readable().await?; // the end can be read
    /// assert_eq!(ours.try_read(&mut [0; 8])?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a write would make progress. Cancel safe. There may be false alarms.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// ours.writable().await?;
    /// assert_eq!(ours.try_write(b"hello")?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls for read readiness. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// drop(theirs);
    /// std::future::poll_fn(|cx| ours.poll_read_ready(cx)).await
    /// # }
    /// ```
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_read_ready(cx).map_ok(drop)
    }

    /// Polls for write readiness. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// std::future::poll_fn(|cx| ours.poll_write_ready(cx)).await
    /// # }
    /// ```
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fd.poll_write_ready(cx).map_ok(drop)
    }

    /// Reads what is there, without waiting. Only after a wait said that something is.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is known to be there, and those of recv(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::AsyncWriteExt;
    /// let (ours, mut theirs) = uring_rt::net::UnixStream::pair()?;
    /// theirs.write_all(b"hello").await?;
    /// ours.readable().await?;
    /// let mut buffer = [0; 8];
    /// let count = ours.try_read(&mut buffer)?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::READABLE, |socket| socket.io().read(buffer))
    }

    /// [`try_read`](Self::try_read) into several buffers, one after the other: readv(2).
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::AsyncWriteExt;
    /// use std::io::IoSliceMut;
    /// let (ours, mut theirs) = uring_rt::net::UnixStream::pair()?;
    /// theirs.write_all(b"headbody").await?;
    /// ours.readable().await?;
    /// let (mut head, mut body) = ([0; 4], [0; 4]);
    /// let mut both = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
    /// assert_eq!(ours.try_read_vectored(&mut both)?, 8);
    /// assert_eq!((&head, &body), (b"head", b"body"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.fd.try_io(Interest::READABLE, |socket| {
            socket.io().read_vectored(buffers)
        })
    }

    /// Writes what there is room for, without waiting. Once a write would have blocked, only after a wait said that there
    /// is room again.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when no room is known to be there, and those of send(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// while ours.try_write(&[0; 4096]).is_ok() {}
    /// let full = ours.try_write(b"hello").unwrap_err();
    /// assert_eq!(full.kind(), std::io::ErrorKind::WouldBlock);
    /// drop(theirs);
    /// ours.writable().await?; // to learn that nobody reads any more
    /// assert_eq!(ours.try_write(b"hello").unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::WRITABLE, |socket| socket.io().write(buffer))
    }

    /// [`try_write`](Self::try_write) from several buffers, one after the other: writev(2).
    ///
    /// # Errors
    ///
    /// As for [`try_write`](Self::try_write).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::io::IoSlice;
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// ours.writable().await?;
    /// let parts = [IoSlice::new(b"head"), IoSlice::new(b"body")];
    /// assert_eq!(ours.try_write_vectored(&parts)?, 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.fd.try_io(Interest::WRITABLE, |socket| {
            socket.io().write_vectored(buffers)
        })
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
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
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
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
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
