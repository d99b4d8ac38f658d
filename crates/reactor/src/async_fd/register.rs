//! Registration of what is known by its number alone.
//!
//! The only two unsafe functions of this crate. They are unsafe to call and contain nothing unsafe: what their caller
//! vouches for is that the number stays what it is (docs/decisions/0026).

#![expect(
    unsafe_code,
    reason = "`T: AsRawFd` promises nothing about its number, so that its user has to"
)]

use std::os::fd::AsRawFd;

use crate::async_fd::{AsyncFd, AsyncFdRegisterError, BOTH};
use crate::interest::Interest;

impl<T: AsRawFd> AsyncFd<T> {
    /// Registers `inner` for reading and writing, by its number. For types that have no `AsFd`; where there is one,
    /// [`new`](Self::new) needs no promise. Corresponds to `tokio::io::unix::AsyncFd::register`.
    ///
    /// # Safety
    ///
    /// `inner.as_raw_fd()` names an open file, and the same one, until the `AsyncFd` is dropped or taken apart by
    /// [`into_inner`](Self::into_inner).
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// use std::os::fd::{AsRawFd, RawFd};
    /// use uring_reactor::{AsyncFd, Options, Reactor};
    ///
    /// struct Foreign(RawFd);
    /// impl AsRawFd for Foreign {
    ///     fn as_raw_fd(&self) -> RawFd {
    ///         self.0
    ///     }
    /// }
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// // SAFETY: stdin stays open.
    /// let stdin = unsafe { AsyncFd::register(Foreign(0)) }?;
    /// assert_eq!(stdin.as_raw_fd(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub unsafe fn register(inner: T) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        let fd = inner.as_raw_fd();
        AsyncFd::with_number(inner, fd, BOTH)
    }

    /// [`register`](Self::register) for the operations that are meant to be awaited.
    ///
    /// # Safety
    ///
    /// As for [`register`](Self::register).
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// use std::{io::Write, os::fd::{AsRawFd, RawFd}, os::unix::net::UnixStream};
    /// use uring_reactor::{AsyncFd, Interest, Options, Reactor};
    ///
    /// struct Foreign(RawFd);
    /// impl AsRawFd for Foreign {
    ///     fn as_raw_fd(&self) -> RawFd {
    ///         self.0
    ///     }
    /// }
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// let (ours, _theirs) = UnixStream::pair()?;
    /// // SAFETY: `ours` is open until the end, and is dropped after what is registered here.
    /// let writes_only =
    ///     unsafe { AsyncFd::register_with_interest(Foreign(ours.as_raw_fd()), Interest::WRITABLE) }?;
    /// assert_eq!(writes_only.as_raw_fd(), ours.as_raw_fd());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub unsafe fn register_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        let fd = inner.as_raw_fd();
        AsyncFd::with_number(inner, fd, interest)
    }
}
