//! [`UnixSeqpacket`] and [`UnixSeqpacketListener`].

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::path::Path;

use socket2::{Domain, SockRef, Socket, Type};

use crate::net::datagram::DatagramSocket;
use crate::net::listener::{BACKLOG, SocketListener};
use crate::net::register;
use crate::net::unix::{Seqpacket, SeqpacketListener, SocketAddr, UCred, ucred};
use crate::runtime::require;

/// A connection between two processes of one machine that keeps messages apart: `SOCK_SEQPACKET` of unix(7). tokio has
/// none.
///
/// Messages arrive whole, once, and in order, and the end of the other side can be told: a receive of 0 bytes, which an
/// empty message also is.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::UnixSeqpacket;
/// let (ours, theirs) = UnixSeqpacket::pair()?;
/// ours.send(b"one").await?;
/// ours.send(b"two").await?;
/// drop(ours);
/// let mut buffer = [0; 16];
/// assert_eq!(theirs.recv(&mut buffer).await?, 3);
/// assert_eq!(theirs.recv(&mut buffer).await?, 3);
/// assert_eq!(theirs.recv(&mut buffer).await?, 0, "the end");
/// # Ok(())
/// # }
/// ```
pub type UnixSeqpacket = DatagramSocket<Seqpacket>;

/// A socket that accepts connections of the kind [`UnixSeqpacket`]. Dropping it leaves the file of its path behind.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::{UnixSeqpacket, UnixSeqpacketListener};
/// let name = format!("\0uring-rt-doc-seqpacket-{}", std::process::id());
/// let listener = UnixSeqpacketListener::bind(&name)?;
/// let client = UnixSeqpacket::connect(&name).await?;
/// let (server, _peer) = listener.accept().await?;
/// client.send(b"hello").await?;
/// assert_eq!(server.recv(&mut [0; 8]).await?, 5);
/// # Ok(())
/// # }
/// ```
pub type UnixSeqpacketListener = SocketListener<SeqpacketListener>;

fn socket() -> io::Result<Socket> {
    Socket::new(Domain::UNIX, Type::SEQPACKET.nonblocking(), None)
}

impl UnixSeqpacket {
    /// Connects to the socket at `path`; one that begins with a zero byte is of the abstract namespace.
    /// Cancel safe: it is done in one poll.
    ///
    /// # Errors
    ///
    /// `NotFound`, `ConnectionRefused`, `EPROTOTYPE` when a socket of another kind listens there, and `WouldBlock` when the
    /// listener's backlog is full, which a Unix socket does not let anybody wait for.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{UnixSeqpacket, UnixSeqpacketListener};
    /// let name = format!("\0uring-rt-doc-seqpacket-connect-{}", std::process::id());
    /// let _listener = UnixSeqpacketListener::bind(&name)?;
    /// let client = UnixSeqpacket::connect(&name).await?;
    /// assert_eq!(client.peer_addr()?.as_abstract_name(), Some(&name.as_bytes()[1..]));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixSeqpacket> {
        require("UnixSeqpacket::connect");
        let socket = socket()?;
        let address = SocketAddr::from_path(path.as_ref())?.to_kernel()?;
        register::start_connect(&socket, &address)?;
        // A Unix socket is connected, or refused, when connect(2) returns.
        UnixSeqpacket::register(OwnedFd::from(socket).into())
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
    /// let (ours, theirs) = uring_rt::net::UnixSeqpacket::pair()?;
    /// drop(theirs);
    /// assert_eq!(ours.recv(&mut [0; 8]).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(UnixSeqpacket, UnixSeqpacket)> {
        require("UnixSeqpacket::pair");
        let (one, other) = Socket::pair(Domain::UNIX, Type::SEQPACKET.nonblocking(), None)?;
        Ok((
            UnixSeqpacket::register(OwnedFd::from(one).into())?,
            UnixSeqpacket::register(OwnedFd::from(other).into())?,
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
    /// let (ours, _theirs) = uring_rt::net::UnixSeqpacket::pair()?;
    /// assert_eq!(ours.peer_cred()?.uid(), rustix::process::geteuid().as_raw());
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_cred(&self) -> io::Result<UCred> {
        ucred::of_peer(self)
    }

    /// Ends one half or both: shutdown(2). What waits for it returns.
    ///
    /// # Errors
    ///
    /// Those of shutdown(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let (ours, theirs) = uring_rt::net::UnixSeqpacket::pair()?;
    /// ours.shutdown(std::net::Shutdown::Write)?;
    /// assert_eq!(theirs.recv(&mut [0; 8]).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        SockRef::from(self).shutdown(how)
    }
}

impl UnixSeqpacketListener {
    /// Listens on a new socket at `path`, with a backlog of 1024; a path that begins with a zero byte is a name of the
    /// abstract namespace.
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
    /// let name = format!("\0uring-rt-doc-seqpacket-bind-{}", std::process::id());
    /// let listener = uring_rt::net::UnixSeqpacketListener::bind(&name)?;
    /// assert_eq!(listener.local_addr()?.as_abstract_name(), Some(&name.as_bytes()[1..]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixSeqpacketListener> {
        require("UnixSeqpacketListener::bind");
        let socket = socket()?;
        socket.bind(&SocketAddr::from_path(path.as_ref())?.to_kernel()?)?;
        socket.listen(BACKLOG)?;
        UnixSeqpacketListener::register(OwnedFd::from(socket).into())
    }
}
