//! The system's sockets behind `UnixSeqpacket` and its listener, which the standard library does not have.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net;

use rustix::net::SendFlags;
use uring_reactor::Ready;

use crate::net::kind::{ListenerSocket, PacketSocket, sealed};
use crate::net::unix::SocketAddr;
use crate::net::unix_seqpacket::UnixSeqpacket;

/// A socket of the kind `SOCK_SEQPACKET`: what [`UnixSeqpacket::from_std`] takes and
/// [`into_std`](UnixSeqpacket::into_std) gives, as the standard library has none. It converts from and to an `OwnedFd`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use std::os::fd::OwnedFd;
/// use uring_rt::net::UnixSeqpacket;
/// let (ours, _theirs) = UnixSeqpacket::pair()?;
/// let fd = OwnedFd::from(ours.into_std()?);
/// let ours = UnixSeqpacket::from_std(fd.into())?;
/// # drop(ours);
/// # Ok(())
/// # }
/// ```
// The calls for addresses and messages are those of a datagram socket.
#[derive(Debug)]
pub struct Seqpacket(net::UnixDatagram);

impl From<OwnedFd> for Seqpacket {
    fn from(fd: OwnedFd) -> Seqpacket {
        Seqpacket(fd.into())
    }
}

impl From<Seqpacket> for OwnedFd {
    fn from(socket: Seqpacket) -> OwnedFd {
        socket.0.into()
    }
}

impl AsFd for Seqpacket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl sealed::Socket for Seqpacket {
    const NAME: &'static str = "UnixSeqpacket";
}

impl sealed::PacketSocket for Seqpacket {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buffer)
    }

    fn send(&self, packet: &[u8]) -> io::Result<usize> {
        // std uses write(2) for this, which raises SIGPIPE where a program has not ignored it.
        Ok(rustix::net::send(&self.0, packet, SendFlags::NOSIGNAL)?)
    }
}

impl PacketSocket for Seqpacket {
    type Address = SocketAddr;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr().map(SocketAddr::from)
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr().map(SocketAddr::from)
    }

    fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (count, from) = self.0.recv_from(buffer)?;
        Ok((count, from.into()))
    }
}

/// A listening socket of the kind `SOCK_SEQPACKET`, as the standard library has none. It converts from and to an
/// `OwnedFd`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::net::UnixSeqpacketListener;
/// let name = format!("\0uring-rt-doc-seqpacket-std-{}", std::process::id());
/// let std = UnixSeqpacketListener::bind(&name)?.into_std()?;
/// let listener = UnixSeqpacketListener::from_std(std)?;
/// # drop(listener);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SeqpacketListener(net::UnixListener);

impl From<OwnedFd> for SeqpacketListener {
    fn from(fd: OwnedFd) -> SeqpacketListener {
        SeqpacketListener(fd.into())
    }
}

impl From<SeqpacketListener> for OwnedFd {
    fn from(socket: SeqpacketListener) -> OwnedFd {
        socket.0.into()
    }
}

impl AsFd for SeqpacketListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl sealed::Socket for SeqpacketListener {
    const NAME: &'static str = "UnixSeqpacketListener";
}

impl ListenerSocket for SeqpacketListener {
    type Connection = UnixSeqpacket;
    type Address = SocketAddr;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr().map(SocketAddr::from)
    }

    fn connection(
        socket: socket2::Socket,
        peer: &socket2::SockAddr,
    ) -> io::Result<(UnixSeqpacket, SocketAddr)> {
        let peer = SocketAddr::from_kernel(peer)?;
        let socket = Seqpacket::from(OwnedFd::from(socket));
        let connection = UnixSeqpacket::register(socket)?;
        connection
            .fd()
            .assume_ready(Ready::READABLE | Ready::WRITABLE);
        Ok((connection, peer))
    }
}
