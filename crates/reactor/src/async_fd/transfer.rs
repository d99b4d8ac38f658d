//! Operations of one poller a direction: what streams are made of.

use std::io;
use std::task::{Context, Poll};

use super::AsyncFd;
use crate::interest::Direction;
use crate::registration::Left;

impl<T> AsyncFd<T> {
    /// Calls `op` until it does not block, waiting for read readiness in between. The first call of all is
    /// made without waiting, so **the fd must be non-blocking**. One task at a time, as for
    /// [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// # Errors
    ///
    /// Those of `op`, but for `WouldBlock` and `Interrupted`, and of
    /// [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, mut peer| {
    /// peer.write_all(b"abc")?;
    /// let read = |mut stream: &UnixStream| stream.read(&mut [0; 8]);
    /// assert_eq!(std::future::poll_fn(|cx| fd.poll_read_io(cx, read)).await?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_read_io<R>(
        &self,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration
            .poll_op(Direction::Read, cx, || op(&self.inner), |_| Left::Unknown)
    }

    /// [`poll_read_io`](Self::poll_read_io) for writing.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_io`](Self::poll_read_io).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// let write = |mut stream: &UnixStream| stream.write(b"abc");
    /// assert_eq!(std::future::poll_fn(|cx| fd.poll_write_io(cx, write)).await?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_write_io<R>(
        &self,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration
            .poll_op(Direction::Write, cx, || op(&self.inner), |_| Left::Unknown)
    }

    /// [`poll_read_io`](Self::poll_read_io) for byte streams, where a read of fewer bytes than the `wanted`
    /// ones has emptied the stream: the next one waits, without a system call that would only say so.
    ///
    /// Some files end a read before their data ends: where fds were passed over a Unix socket, with the line of a tty. A
    /// poll request finds the rest when it is armed. Where events come as edges instead, the loop looks for it before it
    /// sleeps, or after some turns if it does not.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_io`](Self::poll_read_io).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, mut peer| {
    /// peer.write_all(b"abc")?;
    /// let read = |mut stream: &UnixStream| stream.read(&mut [0; 8]);
    /// assert_eq!(std::future::poll_fn(|cx| fd.poll_read_stream(cx, 8, read)).await?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_read_stream(
        &self,
        cx: &mut Context<'_>,
        wanted: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_transfer(Direction::Read, cx, wanted, Left::PerhapsMore, op)
    }

    /// [`poll_read_stream`](Self::poll_read_stream) for TCP sockets. Only urgent data ends a read of those early, and an
    /// edge of epoll tells whether there is some, so the registration must include [`Interest::PRIORITY`](crate::Interest::PRIORITY).
    ///
    /// # Errors
    ///
    /// As for [`poll_read_io`](Self::poll_read_io).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |_fd, _peer| {
    /// use std::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut peer = TcpStream::connect(listener.local_addr()?)?;
    /// let ours = listener.accept()?.0;
    /// ours.set_nonblocking(true)?;
    /// use uring_reactor::Interest;
    /// let ours = AsyncFd::with_interest(ours, Interest::READABLE | Interest::PRIORITY)?;
    /// peer.write_all(b"abc")?;
    /// let read = |mut stream: &TcpStream| stream.read(&mut [0; 8]);
    /// assert_eq!(std::future::poll_fn(|cx| ours.poll_read_tcp(cx, 8, read)).await?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_read_tcp(
        &self,
        cx: &mut Context<'_>,
        wanted: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_transfer(Direction::Read, cx, wanted, Left::NothingUnlessUrgent, op)
    }

    /// [`poll_write_io`](Self::poll_write_io) for byte streams, where a write of fewer bytes than the `wanted`
    /// ones has filled the buffer.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_io`](Self::poll_read_io).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// let write = |mut stream: &UnixStream| stream.write(b"abc");
    /// assert_eq!(std::future::poll_fn(|cx| fd.poll_write_stream(cx, 3, write)).await?, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn poll_write_stream(
        &self,
        cx: &mut Context<'_>,
        wanted: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_transfer(Direction::Write, cx, wanted, Left::Nothing, op)
    }

    /// A transfer of bytes; `if_short` says what a short one means.
    fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        wanted: usize,
        if_short: Left,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let left = |count: &usize| match *count {
            0 => Left::Unknown,
            count if count < wanted => if_short,
            _ => Left::Unknown,
        };
        self.registration
            .poll_op(direction, cx, || op(&self.inner), left)
    }
}
