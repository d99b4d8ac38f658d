//! [`AsyncFd`]: any file descriptor, awaited.

mod close;
mod error;
mod guards;
mod register;

pub use error::{AsyncFdRegisterError, AsyncFdTryNewError};
pub use guards::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use crate::backend::Route;
use crate::handle::Handle;
use crate::interest::{Direction, Interest, Ready};
use crate::registration::{Left, Registration};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A file descriptor whose readiness can be awaited. Corresponds to `tokio::io::unix::AsyncFd`.
///
/// Any fd will do: sockets, pipes, ttys, eventfds, timerfds, signalfds, inotify, pidfds, epoll sets, and files
/// that are always ready. The fd should be non-blocking: readiness is a hint, and an operation may block all
/// the same when somebody else was faster.
///
/// Nothing is asked of the kernel before somebody waits. Dropping an `AsyncFd` on its loop's thread takes the
/// poll request back before the fd is closed, so the peer sees the end at once; dropped on another thread, the
/// loop is woken to do it.
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::os::unix::net::UnixStream;
/// use uring_reactor::{AsyncFd, Options, Reactor, Turn};
///
/// let mut reactor = Reactor::new(Options::new())?;
/// let _current = reactor.handle().enter();
///
/// let (ours, mut theirs) = UnixStream::pair()?;
/// ours.set_nonblocking(true)?;
/// let ours = AsyncFd::new(ours)?;
///
/// theirs.write_all(b"hi")?;
/// let mut waiting = std::pin::pin!(async {
///     let mut buffer = [0; 8];
///     let mut guard = ours.readable().await?;
///     guard.try_io(|fd| fd.get_ref().read(&mut buffer)).expect("ready")
/// });
/// let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// let read = loop {
///     if let std::task::Poll::Ready(read) = waiting.as_mut().poll(&mut cx) {
///         break read?;
///     }
///     reactor.turn(Turn::Wait)?;
/// };
/// assert_eq!(read, 2);
/// # Ok::<(), io::Error>(())
/// ```
pub struct AsyncFd<T> {
    /// Dropped before `inner`: the kernel lets go of the file before the file is closed.
    registration: Registration,
    inner: T,
}

impl<T: AsFd> AsyncFd<T> {
    /// Registers `inner` for reading and writing.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down, or `inner` has no valid fd number.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn new(inner: T) -> io::Result<AsyncFd<T>> {
        AsyncFd::with_interest(inner, BOTH)
    }

    /// Registers `inner` for the operations that are meant to be awaited. Errors and panics as for
    /// [`new`](Self::new).
    #[track_caller]
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<AsyncFd<T>> {
        AsyncFd::try_with_interest(inner, interest).map_err(io::Error::from)
    }

    /// Like [`new`](Self::new), and gives `inner` back on failure.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    #[track_caller]
    pub fn try_new(inner: T) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        AsyncFd::try_with_interest(inner, BOTH)
    }

    /// Like [`with_interest`](Self::with_interest), and gives `inner` back on failure.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    #[track_caller]
    pub fn try_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        let fd = inner.as_fd().as_raw_fd();
        AsyncFd::with_number(inner, fd, interest)
    }
}

impl<T> AsyncFd<T> {
    /// Registers `fd`, which is that of `inner` for as long as this lives.
    #[track_caller]
    fn with_number(
        inner: T,
        fd: RawFd,
        interest: Interest,
    ) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        match Registration::new(fd, interest) {
            Ok(registration) => Ok(AsyncFd {
                registration,
                inner,
            }),
            Err(cause) => Err(AsyncFdRegisterError::new(inner, cause)),
        }
    }

    /// The object that was registered.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The object that was registered, mutably. Replacing its fd does not change what is awaited.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Ends the registration and gives the object back. No poll request of ours holds its file any more when
    /// this returns on the loop's thread.
    pub fn into_inner(self) -> T {
        let AsyncFd {
            registration,
            inner,
        } = self;
        drop(registration);
        inner
    }

    /// The reactor that it is registered with.
    pub fn reactor(&self) -> Handle {
        self.registration.reactor()
    }

    /// Which mechanism serves this fd. It is decided when the fd is first waited for; until then the answer
    /// is [`Route::Ring`].
    pub fn registration(&self) -> Route {
        self.registration.route()
    }

    /// Takes `ready` for granted until a call would block. For an fd that is known to be ready, or most probably is, when
    /// it is registered, such as an accepted socket: waits end and tries are made at once, without a request to the kernel.
    ///
    /// Nobody who waits already is woken, so it is for the time before the first wait.
    ///
    /// ```
    /// use std::io::Write;
    /// use uring_reactor::{AsyncFd, Interest, Options, Reactor, Ready};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// let (ours, _theirs) = std::os::unix::net::UnixStream::pair()?;
    /// ours.set_nonblocking(true)?;
    /// let ours = AsyncFd::new(ours)?;
    /// ours.assume_ready(Ready::WRITABLE);
    /// assert_eq!(ours.try_io(Interest::WRITABLE, |mut fd| fd.write(b"hi"))?, 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn assume_ready(&self, ready: Ready) {
        self.registration.assume(ready);
    }

    /// Whether events come as edges: a caller that clears readiness although the fd is still ready hears of
    /// it again only with the next change.
    pub fn is_edge_triggered(&self) -> bool {
        self.registration.is_edge()
    }

    /// Waits for read readiness. One task at a time: the last waker given is the one that is woken, and
    /// [`readable`](Self::readable) is for many.
    ///
    /// # Errors
    ///
    /// `EBADF` when the fd was closed, and an error when the runtime has shut down.
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(Direction::Read, cx))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, event)))
    }

    /// [`poll_read_ready`](Self::poll_read_ready) with a guard that gives the object mutably.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(Direction::Read, cx))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, event)))
    }

    /// Waits for write readiness, as [`poll_read_ready`](Self::poll_read_ready) does for reading.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(Direction::Write, cx))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, event)))
    }

    /// [`poll_write_ready`](Self::poll_write_ready) with a guard that gives the object mutably.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(Direction::Write, cx))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, event)))
    }

    /// Waits for any readiness of `interest`. Any number of tasks may wait at once; all that an event concerns
    /// are woken. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let event = self.registration.ready(interest).await?;
        Ok(AsyncFdReadyGuard::new(self, event))
    }

    /// [`ready`](Self::ready) with a guard that gives the object mutably. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let event = self.registration.ready(interest).await?;
        Ok(AsyncFdReadyMutGuard::new(self, event))
    }

    /// Waits until a read would make progress. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// [`readable`](Self::readable) with a guard that gives the object mutably. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until a write would make progress. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// [`writable`](Self::writable) with a guard that gives the object mutably. Cancel safe.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_ready`](Self::poll_read_ready).
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// Waits for `interest` and calls `op`, again whenever that answers `WouldBlock`. Cancel safe as long as
    /// `op` is: it is called anew by the next future.
    ///
    /// # Errors
    ///
    /// Those of `op`, and of [`poll_read_ready`](Self::poll_read_ready).
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration
            .async_op(interest, || op(&self.inner))
            .await
    }

    /// [`async_io`](Self::async_io) with the object mutably.
    ///
    /// # Errors
    ///
    /// As for [`async_io`](Self::async_io).
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let AsyncFd {
            registration,
            inner,
        } = self;
        registration.async_op(interest, || op(inner)).await
    }

    /// Calls `op` if `interest` is known to be ready, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when it is not, and those of `op`.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.try_op(interest, || op(&self.inner))
    }

    /// [`try_io`](Self::try_io) with the object mutably.
    ///
    /// # Errors
    ///
    /// As for [`try_io`](Self::try_io).
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        op: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let AsyncFd {
            registration,
            inner,
        } = self;
        registration.try_op(interest, || op(inner))
    }

    /// Calls `op` until it does not block, waiting for read readiness in between. The first call of all is
    /// made without waiting, so **the fd must be non-blocking**. One task at a time, as for
    /// [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// # Errors
    ///
    /// Those of `op`, but for `WouldBlock` and `Interrupted`, and of
    /// [`poll_read_ready`](Self::poll_read_ready).
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
    /// Where events come as edges that shortcut is not taken, as some files end a read before their data ends.
    ///
    /// # Errors
    ///
    /// As for [`poll_read_io`](Self::poll_read_io).
    pub fn poll_read_stream(
        &self,
        cx: &mut Context<'_>,
        wanted: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_transfer(Direction::Read, cx, wanted, Left::PerhapsMore, op)
    }

    /// [`poll_read_stream`](Self::poll_read_stream) for TCP sockets, with the shortcut on edges as well. Only
    /// urgent data ends a read of those early, so the registration must include [`Interest::PRIORITY`].
    ///
    /// # Errors
    ///
    /// As for [`poll_read_io`](Self::poll_read_io).
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

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl<T: fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
