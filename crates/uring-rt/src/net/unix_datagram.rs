//! [`UnixDatagram`].

use std::io;
use std::net::Shutdown;
use std::path::Path;
use std::task::{Context, Poll};

use socket2::{Domain, Socket, Type};
use uring_reactor::Interest;

use crate::net::datagram::DatagramSocket;
use crate::net::unix::SocketAddr;
use crate::runtime::require;

/// A socket for messages between processes of one machine. Corresponds to `tokio::net::UnixDatagram`. All
/// operations take `&self`, and any number of tasks may use it at once. Nothing is lost or reordered: a sender
/// waits when the receiver's queue is full.
///
/// A path that begins with a zero byte is a name of the abstract namespace. Dropping the socket leaves the file of
/// its path behind.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::UnixDatagram;
/// let path = std::env::temp_dir().join(format!("uring-rt-doc-dgram-{}", std::process::id()));
/// let server = UnixDatagram::bind(&path)?;
/// let client = UnixDatagram::unbound()?;
/// client.send_to(b"hi", &path).await?;
/// let (count, from) = server.recv_from(&mut [0; 8]).await?;
/// assert!(count == 2 && from.is_unnamed());
/// # std::fs::remove_file(path)
/// # }
/// ```
pub type UnixDatagram = DatagramSocket<std::os::unix::net::UnixDatagram>;

impl UnixDatagram {
    /// Makes a socket at `path`.
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
    /// let name = format!("\0uring-rt-doc-dgram-bind-{}", std::process::id());
    /// let socket = uring_rt::net::UnixDatagram::bind(&name)?;
    /// assert_eq!(socket.local_addr()?.as_abstract_name(), Some(&name.as_bytes()[1..]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        require("UnixDatagram::bind");
        let socket = Socket::new(Domain::UNIX, Type::DGRAM.nonblocking(), None)?;
        socket.bind(&SocketAddr::from_path(path.as_ref())?.to_kernel()?)?;
        UnixDatagram::register(socket.into())
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
    /// let (ours, theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// ours.send(b"hi").await?;
    /// assert_eq!(theirs.recv(&mut [0; 8]).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        require("UnixDatagram::pair");
        let (one, other) = Socket::pair(Domain::UNIX, Type::DGRAM.nonblocking(), None)?;
        Ok((
            UnixDatagram::register(one.into())?,
            UnixDatagram::register(other.into())?,
        ))
    }

    /// A socket without a name: it can send, and receive once it is connected from both sides.
    ///
    /// # Errors
    ///
    /// Those of socket(2).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = uring_rt::net::UnixDatagram::unbound()?;
    /// assert!(socket.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn unbound() -> io::Result<UnixDatagram> {
        require("UnixDatagram::unbound");
        let socket = Socket::new(Domain::UNIX, Type::DGRAM.nonblocking(), None)?;
        UnixDatagram::register(socket.into())
    }

    /// Fixes the other end: [`send`](Self::send) goes there, and [`recv`](Self::recv) takes only what comes
    /// from there.
    ///
    /// # Errors
    ///
    /// `NotFound`, `ConnectionRefused`, and others of connect(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::net::UnixDatagram;
    /// let name = format!("\0uring-rt-doc-dgram-connect-{}", std::process::id());
    /// let server = UnixDatagram::bind(&name)?;
    /// let client = UnixDatagram::unbound()?;
    /// client.connect(&name)?;
    /// client.send(b"hi").await?;
    /// assert_eq!(server.recv(&mut [0; 8]).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let address = SocketAddr::from_path(path.as_ref())?;
        self.fd().get_ref().connect_addr(address.as_std())
    }

    /// Sends a message to the socket at `path`: sendto(2). Waits while its queue is full. Cancel safe: it was sent
    /// or not.
    ///
    /// # Errors
    ///
    /// `NotFound`, `ConnectionRefused`, and others of sendto(2).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let nobody = uring_rt::net::UnixDatagram::unbound()?.send_to(b"hi", "/nobody").await.unwrap_err();
    /// assert_eq!(nobody.kind(), std::io::ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_to(&self, packet: &[u8], target: impl AsRef<Path>) -> io::Result<usize> {
        let target = SocketAddr::from_path(target.as_ref())?;
        self.fd()
            .async_io(Interest::WRITABLE, |socket| {
                socket.send_to_addr(packet, target.as_std())
            })
            .await
    }

    /// Polls to send a message to the socket at `path`. One task at a time: the last one that polls is woken.
    ///
    /// # Errors
    ///
    /// As for [`send_to`](Self::send_to).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let name = format!("\0uring-rt-doc-dgram-poll-{}", std::process::id());
    /// let socket = uring_rt::net::UnixDatagram::bind(&name)?;
    /// assert_eq!(std::future::poll_fn(|cx| socket.poll_send_to(cx, b"hi", &name)).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        packet: &[u8],
        target: impl AsRef<Path>,
    ) -> Poll<io::Result<usize>> {
        let target = SocketAddr::from_path(target.as_ref())?;
        self.fd()
            .poll_write_io(cx, |socket| socket.send_to_addr(packet, target.as_std()))
    }

    /// Sends without waiting. Only after a wait said that it can be done.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not known to be possible, and those of [`send_to`](Self::send_to).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let name = format!("\0uring-rt-doc-dgram-try-{}", std::process::id());
    /// let socket = uring_rt::net::UnixDatagram::bind(&name)?;
    /// socket.writable().await?;
    /// assert_eq!(socket.try_send_to(b"hi", &name)?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_send_to(&self, packet: &[u8], target: impl AsRef<Path>) -> io::Result<usize> {
        let target = SocketAddr::from_path(target.as_ref())?;
        self.fd().try_io(Interest::WRITABLE, |socket| {
            socket.send_to_addr(packet, target.as_std())
        })
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
    /// let (ours, _theirs) = uring_rt::net::UnixDatagram::pair()?;
    /// ours.shutdown(std::net::Shutdown::Both)?;
    /// assert_eq!(ours.recv(&mut [0; 8]).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.fd().get_ref().shutdown(how)
    }
}

impl TryFrom<std::os::unix::net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    /// As [`from_std`](UnixDatagram::from_std).
    #[track_caller]
    fn try_from(socket: std::os::unix::net::UnixDatagram) -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(socket)
    }
}
