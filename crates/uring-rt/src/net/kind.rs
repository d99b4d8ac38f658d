//! The sockets of the standard library that the types of this module are made of.

use std::net::Shutdown;
use std::os::unix::net as unix;
use std::{io, net};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::net::unix::SocketAddr as UnixAddr;
use crate::net::{TcpStream, UnixStream};

/// A socket that carries bytes. It cannot be implemented outside of this crate.
///
/// [`SocketStream`](crate::net::SocketStream) is generic over it, for code that does not care what carries its
/// bytes; `std::net::TcpStream` and `std::os::unix::net::UnixStream` are the two there are.
///
/// ```
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use uring_rt::net::{SocketStream, StreamSocket, UnixStream};
///
/// async fn greet<S: StreamSocket>(stream: &mut SocketStream<S>) -> std::io::Result<()> {
///     stream.write_all(b"hello").await
/// }
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let (mut a, mut b) = UnixStream::pair()?;
/// greet(&mut a).await?;
/// let mut greeting = [0; 5];
/// b.read_exact(&mut greeting).await?;
/// assert_eq!(&greeting, b"hello");
/// # Ok(())
/// # }
/// ```
pub trait StreamSocket: sealed::StreamSocket {
    /// What names an end of it.
    type Address;

    #[doc(hidden)]
    fn local_addr(&self) -> io::Result<Self::Address>;
    #[doc(hidden)]
    fn peer_addr(&self) -> io::Result<Self::Address>;
}

pub(crate) mod sealed {
    use std::fmt::Debug;
    use std::io::{self, Read, Write};
    use std::net::Shutdown;
    use std::os::fd::{AsFd, OwnedFd};

    /// What a socket has to be for an `AsyncFd` and for handles that any thread may use.
    pub trait Socket: AsFd + Into<OwnedFd> + Debug + Send + Sync + Unpin + 'static {
        /// The type that users know, for messages.
        const NAME: &'static str;
    }

    pub trait StreamSocket: Socket {
        /// Whether nothing but urgent data ends a read before the data ends. On a Unix socket a message that
        /// carries file descriptors does so too.
        const IS_TCP: bool;

        fn io(&self) -> impl Read + Write;
        fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    }

    pub trait PacketSocket: Socket {
        fn recv(&self, buffer: &mut [u8]) -> io::Result<usize>;
        fn send(&self, packet: &[u8]) -> io::Result<usize>;
    }
}

impl sealed::Socket for net::TcpStream {
    const NAME: &'static str = "TcpStream";
}

impl sealed::StreamSocket for net::TcpStream {
    const IS_TCP: bool = true;

    fn io(&self) -> impl io::Read + io::Write {
        self
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        net::TcpStream::shutdown(self, how)
    }
}

impl StreamSocket for net::TcpStream {
    type Address = net::SocketAddr;

    fn local_addr(&self) -> io::Result<net::SocketAddr> {
        net::TcpStream::local_addr(self)
    }

    fn peer_addr(&self) -> io::Result<net::SocketAddr> {
        net::TcpStream::peer_addr(self)
    }
}

impl sealed::Socket for unix::UnixStream {
    const NAME: &'static str = "UnixStream";
}

impl sealed::StreamSocket for unix::UnixStream {
    const IS_TCP: bool = false;

    fn io(&self) -> impl io::Read + io::Write {
        self
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        unix::UnixStream::shutdown(self, how)
    }
}

impl StreamSocket for unix::UnixStream {
    type Address = UnixAddr;

    fn local_addr(&self) -> io::Result<UnixAddr> {
        unix::UnixStream::local_addr(self).map(UnixAddr::from)
    }

    fn peer_addr(&self) -> io::Result<UnixAddr> {
        unix::UnixStream::peer_addr(self).map(UnixAddr::from)
    }
}

/// A socket that accepts connections. It cannot be implemented outside of this crate.
///
/// [`SocketListener`](crate::net::SocketListener) is generic over it.
///
/// ```
/// use uring_rt::net::{ListenerSocket, SocketListener, TcpListener, TcpStream};
///
/// async fn count<S: ListenerSocket>(listener: &SocketListener<S>, connections: u32) -> std::io::Result<u32> {
///     for _ in 0..connections {
///         listener.accept().await?;
///     }
///     Ok(connections)
/// }
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// assert_eq!(count(&listener, 1).await?, 1);
/// # drop(client);
/// # Ok(())
/// # }
/// ```
pub trait ListenerSocket: sealed::Socket {
    /// What is accepted.
    type Connection;
    /// What names the listener, and who connects.
    type Address;

    #[doc(hidden)]
    fn local_addr(&self) -> io::Result<Self::Address>;
    #[doc(hidden)]
    fn connection(
        socket: socket2::Socket,
        peer: &socket2::SockAddr,
    ) -> io::Result<(Self::Connection, Self::Address)>;
}

impl sealed::Socket for net::TcpListener {
    const NAME: &'static str = "TcpListener";
}

impl ListenerSocket for net::TcpListener {
    type Connection = TcpStream;
    type Address = net::SocketAddr;

    fn local_addr(&self) -> io::Result<net::SocketAddr> {
        net::TcpListener::local_addr(self)
    }

    fn connection(
        socket: socket2::Socket,
        peer: &socket2::SockAddr,
    ) -> io::Result<(TcpStream, net::SocketAddr)> {
        let peer = peer.as_socket().ok_or(io::ErrorKind::InvalidData)?;
        Ok((TcpStream::register_accepted(socket.into())?, peer))
    }
}

impl sealed::Socket for unix::UnixListener {
    const NAME: &'static str = "UnixListener";
}

impl ListenerSocket for unix::UnixListener {
    type Connection = UnixStream;
    type Address = UnixAddr;

    fn local_addr(&self) -> io::Result<UnixAddr> {
        unix::UnixListener::local_addr(self).map(UnixAddr::from)
    }

    fn connection(
        socket: socket2::Socket,
        peer: &socket2::SockAddr,
    ) -> io::Result<(UnixStream, UnixAddr)> {
        let peer = UnixAddr::from_kernel(peer)?;
        Ok((UnixStream::register_accepted(socket.into())?, peer))
    }
}

/// A socket that carries messages. It cannot be implemented outside of this crate.
///
/// [`DatagramSocket`](crate::net::DatagramSocket) is generic over it.
///
/// ```
/// use uring_rt::net::{DatagramSocket, PacketSocket, UnixDatagram};
///
/// async fn first_length<S: PacketSocket>(socket: &DatagramSocket<S>) -> std::io::Result<usize> {
///     socket.recv(&mut [0; 64]).await
/// }
///
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// let (a, b) = UnixDatagram::pair()?;
/// a.send(b"seven b").await?;
/// assert_eq!(first_length(&b).await?, 7);
/// # Ok(())
/// # }
/// ```
pub trait PacketSocket: sealed::PacketSocket {
    /// What names an end of it.
    type Address;

    #[doc(hidden)]
    fn local_addr(&self) -> io::Result<Self::Address>;
    #[doc(hidden)]
    fn peer_addr(&self) -> io::Result<Self::Address>;
    #[doc(hidden)]
    fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, Self::Address)>;
}

impl sealed::Socket for net::UdpSocket {
    const NAME: &'static str = "UdpSocket";
}

impl sealed::PacketSocket for net::UdpSocket {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        net::UdpSocket::recv(self, buffer)
    }

    fn send(&self, packet: &[u8]) -> io::Result<usize> {
        net::UdpSocket::send(self, packet)
    }
}

impl PacketSocket for net::UdpSocket {
    type Address = net::SocketAddr;

    fn local_addr(&self) -> io::Result<net::SocketAddr> {
        net::UdpSocket::local_addr(self)
    }

    fn peer_addr(&self) -> io::Result<net::SocketAddr> {
        net::UdpSocket::peer_addr(self)
    }

    fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, net::SocketAddr)> {
        net::UdpSocket::recv_from(self, buffer)
    }
}

impl sealed::Socket for unix::UnixDatagram {
    const NAME: &'static str = "UnixDatagram";
}

impl sealed::PacketSocket for unix::UnixDatagram {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match unix::UnixDatagram::recv(self, buffer) {
            Err(error) if is_ended(self, &error) => Ok(0),
            result => result,
        }
    }

    fn send(&self, packet: &[u8]) -> io::Result<usize> {
        unix::UnixDatagram::send(self, packet)
    }
}

impl PacketSocket for unix::UnixDatagram {
    type Address = UnixAddr;

    fn local_addr(&self) -> io::Result<UnixAddr> {
        unix::UnixDatagram::local_addr(self).map(UnixAddr::from)
    }

    fn peer_addr(&self) -> io::Result<UnixAddr> {
        unix::UnixDatagram::peer_addr(self).map(UnixAddr::from)
    }

    fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, UnixAddr)> {
        match unix::UnixDatagram::recv_from(self, buffer) {
            Ok((count, from)) => Ok((count, from.into())),
            Err(error) if is_ended(self, &error) => Ok((0, UnixAddr::unnamed()?)),
            Err(error) => Err(error),
        }
    }
}

/// Whether a receive would block for ever because this end was shut down.
///
/// A blocking recv(2) answers 0 then, and so does a non-blocking one of every other kind of socket. Only a Unix
/// datagram socket says `EAGAIN` (unix_dgram_recvmsg, seen on Linux 6.18), while poll(2) calls it readable: whoever
/// waits and tries again spins. The question is asked only when a call is about to wait.
fn is_ended(socket: &unix::UnixDatagram, error: &io::Error) -> bool {
    if error.kind() != io::ErrorKind::WouldBlock {
        return false;
    }
    let mut asked = [PollFd::new(socket, PollFlags::RDHUP)];
    let now = Timespec::default();
    poll(&mut asked, Some(&now)).is_ok() && asked[0].revents().contains(PollFlags::RDHUP)
}
