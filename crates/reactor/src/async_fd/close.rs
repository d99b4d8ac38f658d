//! [`AsyncFd::close`]: a drop that says when it is done, and what close(2) answered.

use std::io;
use std::os::fd::OwnedFd;

use crate::async_fd::AsyncFd;

impl<T: Into<OwnedFd>> AsyncFd<T> {
    /// Ends the registration, waits until the kernel has taken the poll request back, and closes the fd: when this is
    /// done, nothing of ours holds the file, and a peer has seen the end.
    ///
    /// It ends at once on the loop's thread, and when the runtime is gone. Elsewhere it waits for the loop, which is
    /// woken, to see to it. A close may block for as long as close(2) does, which is a matter of `SO_LINGER` and of
    /// network file systems.
    ///
    /// # Errors
    ///
    /// That of close(2), such as `EIO` when data written earlier was not stored. The fd is closed all the same.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Dropped before it was polled, it is a plain drop; dropped later, the fd is closed by that, and the
    /// loop takes the poll request back as it would have.
    ///
    /// ```
    /// use std::os::unix::net::UnixStream;
    /// use uring_reactor::{AsyncFd, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// let (ours, _theirs) = UnixStream::pair()?;
    /// let ours = AsyncFd::new(ours)?;
    ///
    /// // On the loop's thread there is nothing to wait for.
    /// let mut closing = std::pin::pin!(ours.close());
    /// let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    /// match closing.as_mut().poll(&mut cx) {
    ///     std::task::Poll::Ready(closed) => closed?,
    ///     std::task::Poll::Pending => unreachable!(),
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn close(self) -> io::Result<()> {
        let AsyncFd {
            registration,
            inner,
        } = self;
        let released = registration.release();
        let fd: OwnedFd = inner.into();
        released.await;
        uring_sys::syscall::close(fd)
    }
}
