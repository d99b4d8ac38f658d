//! [`DatagramSocket`]: what all sockets are that carry messages.

#[cfg(feature = "bytes")]
mod buf;
mod ready;
mod recv;
mod send;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use socket2::SockRef;
use uring_reactor::{AsyncFd, Ready};

use crate::net::kind::PacketSocket;
use crate::net::register::check_foreign;

/// A socket that carries messages: the type behind [`UdpSocket`](crate::net::UdpSocket),
/// [`UnixDatagram`](crate::net::UnixDatagram) and [`UnixSeqpacket`](crate::net::UnixSeqpacket).
///
/// What all of them can do is here; how one is made, and whatever takes an address, is there. All operations take
/// `&self`, and any number of tasks may use it at once.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::{DatagramSocket, PacketSocket, UnixDatagram};
///
/// async fn echo<S: PacketSocket>(socket: &DatagramSocket<S>) -> std::io::Result<usize> {
///     let mut buffer = [0; 1500];
///     let count = socket.recv(&mut buffer).await?;
///     socket.send(&buffer[..count]).await
/// }
///
/// let (ours, theirs) = UnixDatagram::pair()?;
/// ours.send(b"hi").await?;
/// echo(&theirs).await?;
/// assert_eq!(ours.recv(&mut [0; 8]).await?, 2);
/// # Ok(())
/// # }
/// ```
pub struct DatagramSocket<S> {
    fd: AsyncFd<S>,
}

impl<S: PacketSocket> DatagramSocket<S> {
    /// `socket` must be non-blocking. It can be sent to, most probably, as it is new.
    #[track_caller]
    pub(crate) fn register(socket: S) -> io::Result<DatagramSocket<S>> {
        let fd = AsyncFd::new(socket)?;
        fd.assume_ready(Ready::WRITABLE);
        Ok(DatagramSocket { fd })
    }

    pub(crate) fn fd(&self) -> &AsyncFd<S> {
        &self.fd
    }

    /// Takes a socket of the standard library over. It must be in non-blocking mode.
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
    /// let std = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// std.set_nonblocking(true)?;
    /// uring_rt::net::UdpSocket::from_std(std)?.writable().await
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(socket: S) -> io::Result<DatagramSocket<S>> {
        check_foreign(&socket)?;
        DatagramSocket::register(socket)
    }

    /// Gives the socket of the standard library back, in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today; as in tokio.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let std: std::net::UdpSocket = socket.into_std()?;
    /// std.set_nonblocking(false)
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<S> {
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
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let address = socket.local_addr()?;
    /// socket.close().await?;
    /// uring_rt::net::UdpSocket::bind(address).await.map(drop)
    /// # }
    /// ```
    pub async fn close(self) -> io::Result<()> {
        self.fd.close().await
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
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<S::Address> {
        self.fd.get_ref().local_addr()
    }

    /// The address of the connected end: getpeername(2).
    ///
    /// # Errors
    ///
    /// `NotConnected`, and others of getpeername(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.connect("127.0.0.1:9").await?;
    /// assert_eq!(socket.peer_addr()?.port(), 9);
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
    /// let socket = uring_rt::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(socket.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        SockRef::from(self).take_error()
    }
}

impl<S: fmt::Debug> fmt::Debug for DatagramSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fd.get_ref().fmt(f)
    }
}

impl<S: PacketSocket> AsFd for DatagramSocket<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl<S: PacketSocket> AsRawFd for DatagramSocket<S> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
