//! A registration that failed.

use std::error::Error;
use std::fmt;
use std::io;

/// A registration that failed, with the object that was to be registered. Corresponds to
/// `tokio::io::unix::AsyncFdRegisterError`.
///
/// ```
/// use std::{io, os::unix::net::UnixStream};
/// use uring_reactor::{AsyncFd, Options, Reactor, is_rt_shutdown_err};
///
/// let reactor = Reactor::new(Options::new())?;
/// let handle = reactor.handle();
/// let _current = handle.enter();
/// drop(reactor);
/// let (stream, peer) = UnixStream::pair()?;
/// let (stream, cause) = AsyncFd::try_new(stream).unwrap_err().into_parts();
/// assert!(is_rt_shutdown_err(&cause));
/// io::Write::write(&mut &stream, b"still ours")?;
/// # drop(peer);
/// # Ok::<(), io::Error>(())
/// ```
pub struct AsyncFdRegisterError<T> {
    inner: T,
    cause: io::Error,
}

/// The name that it had before. Corresponds to `tokio::io::unix::AsyncFdTryNewError`.
///
/// ```
/// use std::os::unix::net::UnixStream;
/// use uring_reactor::{AsyncFd, AsyncFdTryNewError, Options, Reactor};
///
/// let reactor = Reactor::new(Options::new())?;
/// let _current = reactor.handle().enter();
/// drop(reactor);
/// let refused: AsyncFdTryNewError<UnixStream> = AsyncFd::try_new(UnixStream::pair()?.0).unwrap_err();
/// assert!(refused.to_string().starts_with("cannot register the file descriptor"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub type AsyncFdTryNewError<T> = AsyncFdRegisterError<T>;

impl<T> AsyncFdRegisterError<T> {
    pub(super) fn new(inner: T, cause: io::Error) -> AsyncFdRegisterError<T> {
        AsyncFdRegisterError { inner, cause }
    }

    /// The object, and why it was not registered.
    ///
    /// ```
    /// use std::{io::Write, os::unix::net::UnixStream};
    /// use uring_reactor::{AsyncFd, Options, Reactor, is_rt_shutdown_err};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// drop(reactor);
    /// let (ours, _theirs) = UnixStream::pair()?;
    /// let (mut ours, cause) = AsyncFd::try_new(ours).unwrap_err().into_parts();
    /// assert!(is_rt_shutdown_err(&cause));
    /// ours.write_all(b"still open")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.cause)
    }
}

impl<T> fmt::Debug for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncFdRegisterError")
            .field(&self.cause)
            .finish()
    }
}

impl<T> fmt::Display for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot register the file descriptor: {}", self.cause)
    }
}

impl<T> Error for AsyncFdRegisterError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl<T> From<AsyncFdRegisterError<T>> for io::Error {
    fn from(error: AsyncFdRegisterError<T>) -> io::Error {
        error.cause
    }
}
