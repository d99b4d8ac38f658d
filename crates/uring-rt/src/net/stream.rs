//! What all byte-stream sockets share.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::AsFd;
use std::task::{Context, Poll};

use socket2::{SockAddr, SockRef};
use uring_reactor::{AsyncFd, Interest, Ready};

/// A socket of the standard library that carries bytes.
pub(crate) trait Socket: AsFd + 'static {
    /// Whether nothing but urgent data ends a read before the data ends. On a Unix socket a message that carries
    /// file descriptors does so too.
    const IS_TCP: bool;
}

impl Socket for std::net::TcpStream {
    const IS_TCP: bool = true;
}

impl Socket for std::os::unix::net::UnixStream {
    const IS_TCP: bool = false;
}

/// accept4(2): the new socket is non-blocking and closed on exec from the start.
pub(crate) fn accept(listener: &impl AsFd) -> io::Result<(socket2::Socket, SockAddr)> {
    SockRef::from(listener).accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
}

/// Registers what `listener` has accepted: with the current runtime, and on a thread that has none with the
/// listener's own.
pub(crate) fn register_accepted<L, R>(listener: &AsyncFd<L>, register: impl FnOnce() -> R) -> R {
    if uring_reactor::Handle::has_current() {
        return register();
    }
    let _entered = listener.reactor().enter();
    register()
}

/// Starts a non-blocking connect(2) and gives the socket, on which write readiness then tells the outcome.
pub(crate) fn start_connect(socket: &socket2::Socket, address: &SockAddr) -> io::Result<()> {
    match socket.connect(address) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        result => result,
    }
}

/// A non-blocking stream at the reactor.
#[derive(Debug)]
pub(crate) struct Stream<S> {
    fd: AsyncFd<S>,
}

impl<S: Socket> Stream<S>
where
    for<'a> &'a S: Read + Write,
{
    /// `socket` must be non-blocking.
    #[track_caller]
    pub(crate) fn new(socket: S) -> io::Result<Stream<S>> {
        let both = Interest::READABLE | Interest::WRITABLE;
        // Asked for, urgent data costs nothing; unasked, a read that stops at its mark could not be told.
        let interest = if S::IS_TCP {
            both | Interest::PRIORITY
        } else {
            both
        };
        Ok(Stream {
            fd: AsyncFd::with_interest(socket, interest)?,
        })
    }

    /// Waits until a connect(2) that was started has an outcome.
    pub(crate) async fn connected(self) -> io::Result<Stream<S>> {
        self.ready(Interest::WRITABLE).await?;
        match SockRef::from(self.socket()).take_error()? {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    pub(crate) fn socket(&self) -> &S {
        self.fd.get_ref()
    }

    pub(crate) fn fd(&self) -> &AsyncFd<S> {
        &self.fd
    }

    pub(crate) fn into_socket(self) -> S {
        self.fd.into_inner()
    }

    fn poll_some(
        &self,
        cx: &mut Context<'_>,
        wanted: usize,
        op: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if S::IS_TCP {
            self.fd.poll_read_tcp(cx, wanted, op)
        } else {
            self.fd.poll_read_stream(cx, wanted, op)
        }
    }

    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_some(cx, buffer.len(), |mut socket| socket.read(buffer))
    }

    pub(crate) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        self.poll_some(cx, wanted, |mut socket| socket.read_vectored(buffers))
    }

    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.fd
            .poll_write_stream(cx, buffer.len(), |mut socket| socket.write(buffer))
    }

    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        self.fd
            .poll_write_stream(cx, wanted, |mut socket| socket.write_vectored(buffers))
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::READABLE, |mut socket| socket.read(buffer))
    }

    pub(crate) fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.fd.try_io(Interest::READABLE, |mut socket| {
            socket.read_vectored(buffers)
        })
    }

    pub(crate) fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.fd
            .try_io(Interest::WRITABLE, |mut socket| socket.write(buffer))
    }

    pub(crate) fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.fd.try_io(Interest::WRITABLE, |mut socket| {
            socket.write_vectored(buffers)
        })
    }

    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.fd.ready(interest).await?.ready())
    }

    pub(crate) fn poll_ready(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = if interest.is_readable() {
            self.fd.poll_read_ready(cx)
        } else {
            self.fd.poll_write_ready(cx)
        };
        guard.map_ok(drop)
    }
}
