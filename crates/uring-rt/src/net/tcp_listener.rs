//! [`TcpListener`].

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::net::address::{ToSocketAddrs, first_that_works};
use crate::net::listener::{BACKLOG, SocketListener};
use crate::runtime::require;

/// A socket that accepts TCP connections. Corresponds to `tokio::net::TcpListener`.
///
/// Dropping it frees its port at once, on the runtime's own thread.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (stream, peer) = listener.accept().await?;
/// assert_eq!((stream.peer_addr()?, peer), (client.local_addr()?, client.local_addr()?));
/// # Ok(())
/// # }
/// ```
pub type TcpListener = SocketListener<std::net::TcpListener>;

impl TcpListener {
    /// Listens on the first of the addresses that can be bound, with `SO_REUSEADDR` and a backlog of 1024. Port 0
    /// takes a free one. For other options there is [`TcpSocket`](crate::net::TcpSocket).
    ///
    /// Cancel safe: nothing stays bound.
    ///
    /// # Errors
    ///
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` and the like for the last of the addresses; what
    /// looking up a name answers.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::TcpListener;
    /// let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    /// let taken = TcpListener::bind(listener.local_addr()?).await.unwrap_err();
    /// assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
        require("TcpListener::bind");
        first_that_works(address, |address| async move { bind_to(address) }).await
    }

    /// `IP_TTL`: hops that a packet may take.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let listener = uring_rt::net::TcpListener::bind("127.0.0.1:0").await?;
    /// assert!(listener.ttl()? > 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        SockRef::from(self).ttl_v4()
    }

    /// Sets `IP_TTL`, for the connections that are accepted from now on.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let listener = uring_rt::net::TcpListener::bind("127.0.0.1:0").await?;
    /// listener.set_ttl(100)?;
    /// assert_eq!(listener.ttl()?, 100);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        SockRef::from(self).set_ttl_v4(ttl)
    }
}

fn bind_to(address: SocketAddr) -> io::Result<TcpListener> {
    let kind = Type::STREAM.nonblocking();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    listen(socket, BACKLOG)
}

/// Makes a listener of `socket`, which must be non-blocking.
#[track_caller]
pub(crate) fn listen(socket: Socket, backlog: i32) -> io::Result<TcpListener> {
    socket.listen(backlog)?;
    TcpListener::register(socket.into())
}

impl TryFrom<std::net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// As [`from_std`](TcpListener::from_std).
    #[track_caller]
    fn try_from(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        TcpListener::from_std(listener)
    }
}
