//! [`UnixStream`].

use std::io;
use std::path::Path;

use socket2::{Domain, Socket, Type};

use crate::net::register;
use crate::net::stream::SocketStream;
use crate::net::unix::{SocketAddr, UCred, ucred};
use crate::runtime::require;

/// A connection between two processes of one machine. Corresponds to `tokio::net::UnixStream`.
///
/// It reads and writes by the traits of futures-io, on the stream itself and on a reference to it; with the feature
/// `tokio-io` also by those of tokio.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// let (mut ours, mut theirs) = uring_rt::net::UnixStream::pair()?;
/// ours.write_all(b"hi").await?;
/// let mut buffer = [0; 2];
/// theirs.read_exact(&mut buffer).await?;
/// assert_eq!(&buffer, b"hi");
/// # Ok(())
/// # }
/// ```
pub type UnixStream = SocketStream<std::os::unix::net::UnixStream>;

impl UnixStream {
    /// Connects to the socket at `path`; one that begins with a zero byte is of the abstract namespace.
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// `NotFound`, `ConnectionRefused`, `InvalidInput` for a path that is too long, and `WouldBlock` when the
    /// listener's backlog is full, which a Unix socket does not let anybody wait for.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{UnixListener, UnixStream};
    /// let path = std::env::temp_dir().join(format!("uring-rt-doc-connect-{}", std::process::id()));
    /// let _listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path).await?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_file(path)
    /// # }
    /// ```
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        require("UnixStream::connect");
        UnixStream::connect_addr(&SocketAddr::from_path(path.as_ref())?).await
    }

    /// Connects to the socket with this address. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{UnixListener, UnixStream};
    /// let listener = UnixListener::bind(format!("\0uring-rt-doc-addr-{}", std::process::id()))?;
    /// UnixStream::connect_addr(&listener.local_addr()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<UnixStream> {
        require("UnixStream::connect_addr");
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        connect(socket, address).await
    }

    /// Two ends that are connected with each other: socketpair(2).
    ///
    /// # Errors
    ///
    /// Those of socketpair(2).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixStream::pair()?;
    /// drop(theirs);
    /// ours.readable().await
    /// # }
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        require("UnixStream::pair");
        let (one, other) = Socket::pair(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        Ok((
            UnixStream::register_connected(one.into())?,
            UnixStream::register_connected(other.into())?,
        ))
    }

    /// Who is at the other end.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, _theirs) = uring_rt::net::UnixStream::pair()?;
    /// assert_eq!(ours.peer_cred()?.uid(), rustix::process::geteuid().as_raw());
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_cred(&self) -> io::Result<UCred> {
        ucred::of_peer(self)
    }
}

/// Connects `socket`, which must be non-blocking.
pub(crate) async fn connect(socket: Socket, address: &SocketAddr) -> io::Result<UnixStream> {
    register::start_connect(&socket, &address.to_kernel()?)?;
    UnixStream::register(socket.into())?.connected().await
}

impl TryFrom<std::os::unix::net::UnixStream> for UnixStream {
    type Error = io::Error;

    /// As [`from_std`](UnixStream::from_std).
    #[track_caller]
    fn try_from(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
        UnixStream::from_std(stream)
    }
}
