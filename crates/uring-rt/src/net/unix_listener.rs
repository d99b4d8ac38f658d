//! [`UnixListener`].

use std::io;
use std::path::Path;

use socket2::{Domain, Socket, Type};

use crate::net::listener::{BACKLOG, SocketListener};
use crate::net::unix::SocketAddr;
use crate::runtime::require;

/// A socket that accepts connections from processes of the same machine. Corresponds to
/// `tokio::net::UnixListener`. Dropping it leaves the file of its path behind.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::{UnixListener, UnixStream};
/// let path = std::env::temp_dir().join(format!("uring-rt-doc-{}", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let client = UnixStream::connect(&path).await?;
/// let (stream, peer) = listener.accept().await?;
/// assert!(peer.is_unnamed()); // as most clients are
/// assert_eq!(client.peer_addr()?.as_pathname(), Some(&*path));
/// # drop(stream);
/// # std::fs::remove_file(path)
/// # }
/// ```
pub type UnixListener = SocketListener<std::os::unix::net::UnixListener>;

impl UnixListener {
    /// Listens on a new socket at `path`, with a backlog of 1024; a path that begins with a zero byte is a name of
    /// the abstract namespace.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when the path exists, `InvalidInput` for one that is too long, and others of bind(2).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{UnixListener, UnixStream};
    /// let name = format!("\0uring-rt-doc-bind-{}", std::process::id());
    /// let _listener = UnixListener::bind(&name)?;
    /// UnixStream::connect(&name).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        require("UnixListener::bind");
        UnixListener::bind_addr(&SocketAddr::from_path(path.as_ref())?)
    }

    /// Listens on a new socket with this address.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
    /// let name = SocketAddr::from_abstract_name(format!("uring-rt-doc-addr2-{}", std::process::id()))?;
    /// let _listener = uring_rt::net::UnixListener::bind_addr(&name.into())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixListener> {
        require("UnixListener::bind_addr");
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        socket.bind(&address.to_kernel()?)?;
        listen(socket, BACKLOG)
    }
}

/// Makes a listener of `socket`, which must be non-blocking.
#[track_caller]
pub(crate) fn listen(socket: Socket, backlog: i32) -> io::Result<UnixListener> {
    socket.listen(backlog)?;
    UnixListener::register(socket.into())
}

impl TryFrom<std::os::unix::net::UnixListener> for UnixListener {
    type Error = io::Error;

    /// As [`from_std`](UnixListener::from_std).
    #[track_caller]
    fn try_from(listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
        UnixListener::from_std(listener)
    }
}
