//! [`SocketStream`]: what TCP and Unix streams are.

#[cfg(feature = "bytes")]
mod buf;
#[cfg(feature = "futures-io")]
mod futures_io;
#[cfg(feature = "hyper")]
mod hyper;
mod ready;
#[cfg(feature = "tokio-io")]
mod tokio_io;
#[cfg(any(feature = "futures-io", feature = "tokio-io", feature = "hyper"))]
mod transfer;

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use socket2::SockRef;
use uring_reactor::{AsyncFd, Interest, Ready};

use crate::net::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadSide, WriteSide};
use crate::net::kind::StreamSocket;
use crate::net::register::check_foreign;

/// A connection that carries bytes: the type behind [`TcpStream`](crate::net::TcpStream) and
/// [`UnixStream`](crate::net::UnixStream), which are names for two cases of it.
///
/// What both can do is here; what only one can, such as connecting, is there. Code that works with either takes
/// a `SocketStream<S>`.
///
/// It reads and writes by the traits of futures-io, on the stream itself and on a reference to it, so two tasks
/// can have a half each; with the feature `tokio-io` also by those of tokio. Dropping it closes the connection at
/// once, on the runtime's own thread.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::AsyncWriteExt;
/// use uring_rt::net::{SocketStream, StreamSocket, UnixStream};
///
/// async fn greet<S: StreamSocket>(mut stream: SocketStream<S>) -> std::io::Result<()> {
///     stream.write_all(b"hello").await
/// }
///
/// let (ours, theirs) = UnixStream::pair()?;
/// greet(ours).await?;
/// theirs.readable().await?;
/// assert_eq!(theirs.try_read(&mut [0; 8])?, 5);
/// # Ok(())
/// # }
/// ```
pub struct SocketStream<S> {
    fd: AsyncFd<S>,
}

impl<S: StreamSocket> SocketStream<S> {
    /// `socket` must be non-blocking, and may be about to connect.
    #[track_caller]
    pub(crate) fn register(socket: S) -> io::Result<SocketStream<S>> {
        let both = Interest::READABLE | Interest::WRITABLE;
        // Asked for, urgent data costs nothing; unasked, a read that stops at its mark could not be told.
        let interest = if S::IS_TCP {
            both | Interest::PRIORITY
        } else {
            both
        };
        Ok(SocketStream {
            fd: AsyncFd::with_interest(socket, interest)?,
        })
    }

    /// `socket` must be non-blocking, and connected. That of a new connection can be written to, most probably.
    #[track_caller]
    pub(crate) fn register_connected(socket: S) -> io::Result<SocketStream<S>> {
        let stream = SocketStream::register(socket)?;
        stream.fd.assume_ready(Ready::WRITABLE);
        Ok(stream)
    }

    /// As [`register_connected`](Self::register_connected). What a client says first is often there when it is
    /// accepted, so that is looked at without asking the kernel before.
    #[track_caller]
    pub(crate) fn register_accepted(socket: S) -> io::Result<SocketStream<S>> {
        let stream = SocketStream::register(socket)?;
        stream.fd.assume_ready(Ready::READABLE | Ready::WRITABLE);
        Ok(stream)
    }

    /// Waits until a connect(2) that was started has an outcome.
    pub(crate) async fn connected(self) -> io::Result<SocketStream<S>> {
        self.ready(Interest::WRITABLE).await?;
        match self.take_error()? {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    pub(crate) fn fd(&self) -> &AsyncFd<S> {
        &self.fd
    }

    /// Takes a stream of the standard library over. It must be in non-blocking mode.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for one in blocking mode, and when the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = std::os::unix::net::UnixStream::pair()?;
    /// ours.set_nonblocking(true)?;
    /// let stream = uring_rt::net::UnixStream::from_std(ours)?;
    /// stream.writable().await
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(stream: S) -> io::Result<SocketStream<S>> {
        check_foreign(&stream)?;
        SocketStream::register_connected(stream)
    }

    /// Gives the stream of the standard library back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// let std = ours.into_std()?;
    /// std.set_nonblocking(false)
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<S> {
        Ok(self.fd.into_inner())
    }

    /// The address of this end: getsockname(2).
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert!(ours.local_addr()?.is_unnamed() && theirs.peer_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<S::Address> {
        self.fd.get_ref().local_addr()
    }

    /// The address of the other end: getpeername(2).
    ///
    /// # Errors
    ///
    /// Those of getpeername(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<S::Address> {
        self.fd.get_ref().peer_addr()
    }

    /// Takes the error out that the socket has kept (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert!(ours.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        SockRef::from(self).take_error()
    }

    /// Ends one half or both: shutdown(2). Ending one that is ended already is no error.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self.fd.get_ref().shutdown(how) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    /// Lends a half each to two futures of one task. Costs nothing; for halves that go to different tasks there
    /// is [`into_split`](Self::into_split).
    ///
    /// Where `AsyncReadExt` of futures-util is in scope, `stream.split()` means the method of that name there, which
    /// takes the stream; write `TcpStream::split(&mut stream)` for this one.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::{AsyncReadExt, AsyncWriteExt, try_join};
    /// let (mut ours, mut theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (mut read, mut write) = uring_rt::net::UnixStream::split(&mut ours);
    /// let mut echo = [0; 4];
    /// try_join!(write.write_all(b"ping"), async { theirs.write_all(b"pong").await })?;
    /// read.read_exact(&mut echo).await?;
    /// assert_eq!(&echo, b"pong");
    /// # Ok(())
    /// # }
    /// ```
    pub fn split(&mut self) -> (ReadSide<&SocketStream<S>>, WriteSide<&SocketStream<S>>) {
        halves::split(self)
    }

    /// Makes two halves of it that can go to different tasks. Dropping the write half ends what the peer can
    /// read; the connection is closed when both are gone.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::{AsyncReadExt, AsyncWriteExt};
    /// let (ours, mut theirs) = uring_rt::net::UnixStream::pair()?;
    /// let (_read, mut write) = ours.into_split();
    /// let writer = uring_rt::spawn(async move { write.write_all(b"all of it").await });
    /// let mut received = Vec::new();
    /// theirs.read_to_end(&mut received).await?; // ends, as the write half is dropped
    /// assert_eq!(received, b"all of it");
    /// writer.await?
    /// # }
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
        halves::into_split(self)
    }
}

impl<S: fmt::Debug> fmt::Debug for SocketStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fd.get_ref().fmt(f)
    }
}

impl<S: StreamSocket> AsRef<SocketStream<S>> for SocketStream<S> {
    fn as_ref(&self) -> &SocketStream<S> {
        self
    }
}

impl<S: StreamSocket> AsFd for SocketStream<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl<S: StreamSocket> AsRawFd for SocketStream<S> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
