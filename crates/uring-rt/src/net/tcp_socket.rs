//! [`TcpSocket`].

mod options;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

use socket2::{Domain, Protocol, Socket, Type};

use crate::net::{TcpListener, TcpStream, tcp_listener, tcp_stream};
use crate::runtime::require;

/// A TCP socket that is neither connected nor listening yet, to set its options before it is. Corresponds to
/// `tokio::net::TcpSocket`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::TcpSocket;
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.set_recv_buffer_size(1 << 20)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(16)?;
/// TcpSocket::new_v4()?.connect(listener.local_addr()?).await?;
/// # Ok(())
/// # }
/// ```
pub struct TcpSocket {
    inner: Socket,
    /// Whether somebody else made it, so that it may be in blocking mode.
    is_foreign: bool,
}

impl TcpSocket {
    /// A socket for addresses of version 4.
    ///
    /// # Errors
    ///
    /// Those of socket(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?; // outside of a runtime, too
    /// # drop(socket);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new_v4() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV4)
    }

    /// A socket for addresses of version 6.
    ///
    /// # Errors
    ///
    /// Those of socket(2).
    ///
    /// ```
    /// # if uring_rt::net::TcpSocket::new_v6().is_err() { return Ok(()) } // a machine without IPv6
    /// let socket = uring_rt::net::TcpSocket::new_v6()?;
    /// # drop(socket);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new_v6() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV6)
    }

    fn new(domain: Domain) -> io::Result<TcpSocket> {
        let kind = Type::STREAM.nonblocking();
        Ok(TcpSocket {
            inner: Socket::new(domain, kind, Some(Protocol::TCP))?,
            is_foreign: false,
        })
    }

    /// Takes a socket over that another crate has made, such as socket2, wrapped as a stream that is not connected.
    /// Unlike in tokio it may be in blocking mode, which ends with [`connect`](Self::connect) or
    /// [`listen`](Self::listen).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use socket2::{Domain, Socket, Type};
    /// let theirs = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    /// theirs.set_tcp_mss(1200)?;
    /// let socket = uring_rt::net::TcpSocket::from_std_stream(theirs.into());
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// let _listener = socket.listen(16)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std_stream(stream: std::net::TcpStream) -> TcpSocket {
        TcpSocket::from(OwnedFd::from(stream))
    }

    /// Gives it an address of this machine: bind(2). Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` and others of bind(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.inner.bind(&address.into())
    }

    /// Connects it. Cancel safe: the attempt ends, and the socket is closed, with the future.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused`, `TimedOut` and others of connect(2).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::{TcpListener, TcpSocket};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpSocket::new_v4()?.connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        require("TcpSocket::connect");
        tcp_stream::connect(self.into_nonblocking()?, address).await
    }

    /// Makes a listener of it: listen(2). `backlog` is how many connections may wait to be accepted; the kernel's
    /// limit is the sysctl `net.core.somaxconn`.
    ///
    /// # Errors
    ///
    /// `AddrInUse` and others of listen(2); when the runtime has shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// let listener = socket.listen(16)?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        require("TcpSocket::listen");
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        tcp_listener::listen(self.into_nonblocking()?, backlog)
    }

    fn into_nonblocking(self) -> io::Result<Socket> {
        if self.is_foreign {
            self.inner.set_nonblocking(true)?;
        }
        Ok(self.inner)
    }

    /// The address that it is bound to: getsockname(2).
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert!(socket.local_addr()?.ip().is_unspecified());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.inner.local_addr()?.as_socket();
        address.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not an IP socket"))
    }

    /// Takes the error out that the socket has kept (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// ```
    /// let socket = uring_rt::net::TcpSocket::new_v4()?;
    /// assert!(socket.take_error()?.is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }
}

impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// What tokio does by the unsafe `FromRawFd`. It should be a TCP socket.
impl From<OwnedFd> for TcpSocket {
    fn from(fd: OwnedFd) -> TcpSocket {
        TcpSocket {
            inner: fd.into(),
            is_foreign: true,
        }
    }
}

impl From<TcpSocket> for OwnedFd {
    fn from(socket: TcpSocket) -> OwnedFd {
        socket.inner.into()
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl IntoRawFd for TcpSocket {
    fn into_raw_fd(self) -> RawFd {
        self.inner.into_raw_fd()
    }
}
