//! [`AsyncFd`]: any file descriptor, awaited.

mod close;
mod error;
mod guards;
mod register;
mod transfer;
mod wait;

pub use error::{AsyncFdRegisterError, AsyncFdTryNewError};
pub use guards::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use crate::backend::Route;
use crate::handle::Handle;
use crate::interest::{Interest, Ready};
use crate::registration::Registration;

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
/// The fd must stay open while somebody waits. One that was closed before ends the wait with `EBADF`. One that is closed,
/// or replaced by `dup2(2)`, in the middle of a wait goes on being watched as the file that it was where a ring does it, and
/// so does one whose [events come as edges](Self::is_edge_triggered) between two waits; an epoll set forgets it without a
/// word, and the wait does not end.
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
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |_fd, _peer| {
    /// let (stream, _other) = UnixStream::pair()?;
    /// stream.set_nonblocking(true)?;
    /// let fd = AsyncFd::new(stream)?;
    /// assert!(fd.writable().await?.ready().is_writable());
    /// # Ok(())
    /// # }) }
    /// ```
    #[track_caller]
    pub fn new(inner: T) -> io::Result<AsyncFd<T>> {
        AsyncFd::with_interest(inner, BOTH)
    }

    /// Registers `inner` for the operations that are meant to be awaited.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// As for [`new`](Self::new).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |_fd, _peer| {
    /// use uring_reactor::Interest;
    ///
    /// let (stream, _other) = UnixStream::pair()?;
    /// let reads_only = AsyncFd::with_interest(stream, Interest::READABLE)?;
    /// assert!(reads_only.get_ref().peer_addr().is_ok());
    /// # Ok(())
    /// # }) }
    /// ```
    #[track_caller]
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<AsyncFd<T>> {
        AsyncFd::try_with_interest(inner, interest).map_err(io::Error::from)
    }

    /// Like [`new`](Self::new), and gives `inner` back on failure.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |_fd, _peer| {
    /// let (stream, _other) = UnixStream::pair()?;
    /// match AsyncFd::try_new(stream) {
    ///     Ok(registered) => drop(registered),
    ///     Err(error) => {
    ///         let (_stream, cause) = error.into_parts();
    ///         return Err(cause);
    ///     }
    /// }
    /// # Ok(())
    /// # }) }
    /// ```
    #[track_caller]
    pub fn try_new(inner: T) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        AsyncFd::try_with_interest(inner, BOTH)
    }

    /// Like [`with_interest`](Self::with_interest), and gives `inner` back on failure.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |_fd, _peer| {
    /// use uring_reactor::Interest;
    ///
    /// let (stream, _other) = UnixStream::pair()?;
    /// let reads_only = AsyncFd::try_with_interest(stream, Interest::READABLE)?;
    /// assert!(reads_only.get_ref().peer_addr().is_ok());
    /// # Ok(())
    /// # }) }
    /// ```
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
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// assert!(fd.get_ref().peer_addr().is_ok());
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The object that was registered, mutably. Replacing its fd does not change what is awaited.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |mut fd, mut peer| {
    /// peer.write_all(b"x")?;
    /// fd.readable().await?.retain_ready();
    /// assert_eq!(fd.get_mut().read(&mut [0; 8])?, 1);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Ends the registration and gives the object back. No poll request of ours holds its file any more when
    /// this returns on the loop's thread.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// let stream: UnixStream = fd.into_inner();
    /// assert!(stream.peer_addr().is_ok(), "still open");
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn into_inner(self) -> T {
        let AsyncFd {
            registration,
            inner,
        } = self;
        drop(registration);
        inner
    }

    /// The reactor that it is registered with.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// assert_eq!(fd.reactor().metrics().sources, 1);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn reactor(&self) -> Handle {
        self.registration.reactor()
    }

    /// Which mechanism serves this fd. It is decided when the fd is first waited for; until then the answer
    /// is [`Route::Ring`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// use uring_reactor::Route;
    ///
    /// fd.writable().await?.retain_ready();
    /// println!("served by {:?}", fd.registration());
    /// assert_eq!(fd.registration() == Route::Ring, fd.reactor().driver().backend() == "io_uring");
    /// # Ok(())
    /// # }) }
    /// ```
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
    /// it again only with the next change. On epoll they always do, on a ring for an fd that has been waited for often.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
    /// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
    /// fd.writable().await?.retain_ready();
    /// assert_eq!(fd.is_edge_triggered(), fd.reactor().driver().backend() == "epoll");
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn is_edge_triggered(&self) -> bool {
        self.registration.is_edge()
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
