//! [`SocketListener`]: what all listeners are.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use uring_reactor::{AsyncFd, Interest};

use crate::net::incoming::Incoming;
use crate::net::kind::ListenerSocket;
use crate::net::register::{accept, check_foreign, register_accepted};

/// Connections that may wait to be accepted, where nobody says how many.
pub(crate) const BACKLOG: i32 = 1024;

/// A socket that accepts connections: the type behind [`TcpListener`](crate::net::TcpListener),
/// [`UnixListener`](crate::net::UnixListener) and [`UnixSeqpacketListener`](crate::net::UnixSeqpacketListener).
///
/// What all of them can do is here; how one is made is there.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::{ListenerSocket, SocketListener, TcpListener, TcpStream};
///
/// async fn count<L: ListenerSocket>(listener: SocketListener<L>, connections: usize) -> std::io::Result<()> {
///     for _ in 0..connections {
///         listener.accept().await?;
///     }
///     Ok(())
/// }
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let _client = TcpStream::connect(listener.local_addr()?).await?;
/// count(listener, 1).await
/// # }
/// ```
pub struct SocketListener<L> {
    fd: AsyncFd<L>,
}

impl<L: ListenerSocket> SocketListener<L> {
    /// `listener` must be non-blocking.
    #[track_caller]
    pub(crate) fn register(listener: L) -> io::Result<SocketListener<L>> {
        Ok(SocketListener {
            fd: AsyncFd::with_interest(listener, Interest::READABLE)?,
        })
    }

    /// Takes a listener of the standard library over. It must be in non-blocking mode.
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
    /// let std = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// std.set_nonblocking(true)?;
    /// let listener = uring_rt::net::TcpListener::from_std(std)?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(listener: L) -> io::Result<SocketListener<L>> {
        check_foreign(&listener)?;
        SocketListener::register(listener)
    }

    /// Gives the listener of the standard library back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let listener = uring_rt::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let std: std::net::TcpListener = listener.into_std()?;
    /// std.set_nonblocking(false)
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<L> {
        Ok(self.fd.into_inner())
    }

    /// Closes it and waits until that is done: when the kernel holds nothing of it any more. A drop does so at once on
    /// the runtime's own thread; elsewhere this is how to know. Cancel safe, as
    /// [`AsyncFd::close`](crate::io::unix::AsyncFd::close) is.
    ///
    /// # Errors
    ///
    /// That of close(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let listener = uring_rt::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let address = listener.local_addr()?;
    /// listener.close().await?;
    /// uring_rt::net::TcpListener::bind(address).await.map(drop)
    /// # }
    /// ```
    pub async fn close(self) -> io::Result<()> {
        self.fd.close().await
    }

    /// Waits for a connection. Cancel safe: a connection that was not returned stays in the backlog. Any
    /// number of tasks may wait.
    ///
    /// # Errors
    ///
    /// Those of accept(2); `EMFILE` and `ENFILE` leave the connection in the backlog, so calling again at once is
    /// a busy loop. [`incoming`](Self::incoming) knows which is which.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (_stream, peer) = listener.accept().await?;
    /// assert_eq!(peer, client.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn accept(&self) -> io::Result<(L::Connection, L::Address)> {
        let accepted = self.fd.async_io(Interest::READABLE, accept).await?;
        self.finish(accepted)
    }

    /// Polls for a connection. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// As for [`accept`](Self::accept).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let _client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (_stream, _peer) = std::future::poll_fn(|cx| listener.poll_accept(cx)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_accept(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(L::Connection, L::Address)>> {
        let accepted = ready!(self.fd.poll_read_io(cx, accept))?;
        Poll::Ready(self.finish(accepted))
    }

    fn finish(
        &self,
        (socket, peer): (socket2::Socket, socket2::SockAddr),
    ) -> io::Result<(L::Connection, L::Address)> {
        register_accepted(&self.fd, || L::connection(socket, &peer))
    }

    /// The connections as a stream, which does the right thing with each kind of error of accept(2). It never
    /// ends; one at a time, as [`poll_accept`](Self::poll_accept).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use futures_util::StreamExt;
    /// use uring_rt::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let _client = TcpStream::connect(listener.local_addr()?).await?;
    /// let mut incoming = listener.incoming();
    /// if let Some(stream) = incoming.next().await {
    ///     stream?.writable().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn incoming(&self) -> Incoming<'_, L> {
        Incoming::new(self)
    }

    /// The address that it listens on: getsockname(2).
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let listener = uring_rt::net::TcpListener::bind("127.0.0.1:0").await?;
    /// assert_ne!(listener.local_addr()?.port(), 0, "the one that was free");
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<L::Address> {
        self.fd.get_ref().local_addr()
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
    /// let listener = uring_rt::net::TcpListener::bind("127.0.0.1:0").await?;
    /// assert!(listener.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        SockRef::from(self).take_error()
    }
}

impl<L: fmt::Debug> fmt::Debug for SocketListener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fd.get_ref().fmt(f)
    }
}

impl<L: ListenerSocket> AsFd for SocketListener<L> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl<L: ListenerSocket> AsRawFd for SocketListener<L> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
