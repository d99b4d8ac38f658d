//! [`UnixSocket`].

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::path::Path;

use socket2::{Domain, Socket, Type};

use crate::net::unix::SocketAddr;
use crate::net::{UnixDatagram, UnixListener, UnixStream, unix_listener, unix_stream};
use crate::runtime::require;

/// A Unix socket that is neither connected nor listening yet. Corresponds to `tokio::net::UnixSocket`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::UnixSocket;
/// let name = format!("\0uring-rt-doc-socket-{}", std::process::id());
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&name)?;
/// let listener = socket.listen(16)?;
/// let client = UnixSocket::new_stream()?.connect(&name).await?;
/// listener.accept().await?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct UnixSocket {
    inner: Socket,
    /// Whether somebody else made it, so that it may be in blocking mode.
    is_foreign: bool,
}

impl UnixSocket {
    /// A socket for [`datagram`](Self::datagram).
    ///
    /// # Errors
    ///
    /// Those of socket(2).
    ///
    /// ```
    /// let socket = uring_rt::net::UnixSocket::new_datagram()?; // outside of a runtime, too
    /// # drop(socket);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new_datagram() -> io::Result<UnixSocket> {
        UnixSocket::new(Type::DGRAM)
    }

    /// A socket for [`connect`](Self::connect) and [`listen`](Self::listen).
    ///
    /// # Errors
    ///
    /// Those of socket(2).
    ///
    /// ```
    /// let socket = uring_rt::net::UnixSocket::new_stream()?;
    /// # drop(socket);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new_stream() -> io::Result<UnixSocket> {
        UnixSocket::new(Type::STREAM)
    }

    fn new(kind: Type) -> io::Result<UnixSocket> {
        Ok(UnixSocket {
            inner: Socket::new(Domain::UNIX, kind.nonblocking(), None)?,
            is_foreign: false,
        })
    }

    /// Gives it a path, or a name of the abstract namespace when that begins with a zero byte: bind(2).
    ///
    /// # Errors
    ///
    /// `AddrInUse` when the path exists, `InvalidInput` for one that is too long, and others of bind(2).
    ///
    /// ```
    /// let socket = uring_rt::net::UnixSocket::new_stream()?;
    /// socket.bind(format!("\0uring-rt-doc-socket-bind-{}", std::process::id()))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.inner
            .bind(&SocketAddr::from_path(path.as_ref())?.to_kernel()?)
    }

    /// Makes a listener of it: listen(2). `backlog` is how many connections may wait to be accepted.
    ///
    /// # Errors
    ///
    /// For a datagram socket; those of listen(2); when the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UnixSocket::new_stream()?;
    /// socket.bind(format!("\0uring-rt-doc-socket-listen-{}", std::process::id()))?;
    /// let _listener = socket.listen(16)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        require("UnixSocket::listen");
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        unix_listener::listen(self.into_kind(Type::STREAM, "listen")?, backlog)
    }

    /// Connects it to the socket at `path`. Cancel safe.
    ///
    /// # Errors
    ///
    /// For a datagram socket; those of [`UnixStream::connect`].
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let name = format!("\0uring-rt-doc-socket-connect-{}", std::process::id());
    /// let _listener = uring_rt::net::UnixListener::bind(&name)?;
    /// uring_rt::net::UnixSocket::new_stream()?.connect(&name).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        require("UnixSocket::connect");
        let socket = self.into_kind(Type::STREAM, "connect")?;
        unix_stream::connect(socket, &SocketAddr::from_path(path.as_ref())?).await
    }

    /// Makes a [`UnixDatagram`] of it.
    ///
    /// # Errors
    ///
    /// For a stream socket; when the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UnixSocket::new_datagram()?.datagram()?;
    /// assert!(socket.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        require("UnixSocket::datagram");
        let socket = self.into_kind(Type::DGRAM, "datagram")?;
        UnixDatagram::register(socket.into())
    }

    /// The socket in non-blocking mode, if it is of the `kind` that `call` needs.
    fn into_kind(self, kind: Type, call: &str) -> io::Result<Socket> {
        let actual = self.inner.r#type()?;
        if actual != kind {
            let what = match actual {
                Type::STREAM => "a stream socket",
                Type::DGRAM => "a datagram socket",
                _ => "a socket of this kind",
            };
            let text = format!("{call} cannot be called on {what}");
            return Err(io::Error::other(text));
        }
        if self.is_foreign {
            self.inner.set_nonblocking(true)?;
        }
        Ok(self.inner)
    }
}

/// What tokio does by the unsafe `FromRawFd`. It should be a Unix socket.
impl From<OwnedFd> for UnixSocket {
    fn from(fd: OwnedFd) -> UnixSocket {
        UnixSocket {
            inner: fd.into(),
            is_foreign: true,
        }
    }
}

impl From<UnixSocket> for OwnedFd {
    fn from(socket: UnixSocket) -> OwnedFd {
        socket.inner.into()
    }
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl AsRawFd for UnixSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl IntoRawFd for UnixSocket {
    fn into_raw_fd(self) -> RawFd {
        self.inner.into_raw_fd()
    }
}
