//! [`UnixListener`].

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::task::{Context, Poll, ready};

use uring_reactor::{AsyncFd, Interest};

use crate::net::stream;
use crate::net::unix_stream::UnixStream;
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
#[derive(Debug)]
pub struct UnixListener {
    fd: AsyncFd<std::os::unix::net::UnixListener>,
}

impl UnixListener {
    /// Listens on a new socket at `path`.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when the path exists, and others of bind(2).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        require("UnixListener::bind");
        let listener = std::os::unix::net::UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    }

    /// Takes a listener of the standard library over. It must be in non-blocking mode.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
        require("UnixListener::from_std");
        Ok(UnixListener {
            fd: AsyncFd::with_interest(listener, Interest::READABLE)?,
        })
    }

    /// Gives the listener of the standard library back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixListener> {
        Ok(self.fd.into_inner())
    }

    /// Waits for a connection. Cancel safe: a connection that was not returned stays in the backlog. Any
    /// number of tasks may wait.
    ///
    /// # Errors
    ///
    /// Those of accept(2).
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let accepted = self.fd.async_io(Interest::READABLE, stream::accept).await?;
        stream::register_accepted(&self.fd, || finish(accepted))
    }

    /// Polls for a connection. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// As for [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let accepted = ready!(self.fd.poll_read_io(cx, stream::accept))?;
        Poll::Ready(stream::register_accepted(&self.fd, || finish(accepted)))
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }

    /// Takes the error out that the socket has kept (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.fd.get_ref().take_error()
    }
}

fn finish(
    (socket, peer): (socket2::Socket, socket2::SockAddr),
) -> io::Result<(UnixStream, SocketAddr)> {
    let peer = match peer.as_abstract_namespace() {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        // Most clients have no address; the empty path is how std makes that.
        None => SocketAddr::from_pathname(peer.as_pathname().unwrap_or(Path::new("")))?,
    };
    Ok((UnixStream::from_std(socket.into())?, peer))
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
