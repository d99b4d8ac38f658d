//! Signals by their kind. Corresponds to `tokio::signal::unix`.
//!
//! See the example of [`signal`].

use std::future::poll_fn;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use uring_reactor::{AsyncFd, Handle, Interest};

use crate::runtime::require;
use crate::signal::registry::{self, Listener};

/// Which signal. Corresponds to `tokio::signal::unix::SignalKind`.
///
/// ```
/// use uring_rt::signal::unix::SignalKind;
///
/// for (kind, number) in [
///     (SignalKind::alarm(), libc::SIGALRM),
///     (SignalKind::child(), libc::SIGCHLD),
///     (SignalKind::hangup(), libc::SIGHUP),
///     (SignalKind::interrupt(), libc::SIGINT),
///     (SignalKind::io(), libc::SIGIO),
///     (SignalKind::pipe(), libc::SIGPIPE),
///     (SignalKind::quit(), libc::SIGQUIT),
///     (SignalKind::terminate(), libc::SIGTERM),
///     (SignalKind::user_defined1(), libc::SIGUSR1),
///     (SignalKind::user_defined2(), libc::SIGUSR2),
///     (SignalKind::window_change(), libc::SIGWINCH),
/// ] {
///     assert_eq!(kind.as_raw_value(), number);
///     assert_eq!(SignalKind::from(number), kind);
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SignalKind(i32);

impl SignalKind {
    /// The signal of that number.
    ///
    /// ```
    /// let kind = uring_rt::signal::unix::SignalKind::from_raw(libc::SIGRTMIN());
    /// assert_eq!(kind.as_raw_value(), libc::SIGRTMIN());
    /// ```
    pub const fn from_raw(signum: i32) -> SignalKind {
        SignalKind(signum)
    }

    /// The signal's number.
    ///
    /// ```
    /// use uring_rt::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::interrupt().as_raw_value(), 2);
    /// assert_eq!(SignalKind::from_raw(2), SignalKind::interrupt());
    /// ```
    pub const fn as_raw_value(&self) -> i32 {
        self.0
    }

    /// `SIGALRM`, of alarm(2).
    ///
    /// See the example of [`SignalKind`].
    pub const fn alarm() -> SignalKind {
        SignalKind(libc::SIGALRM)
    }

    /// `SIGCHLD`: a child has ended or stopped.
    ///
    /// See the example of [`SignalKind`].
    pub const fn child() -> SignalKind {
        SignalKind(libc::SIGCHLD)
    }

    /// `SIGHUP`: the terminal is gone; by custom, read the configuration again.
    ///
    /// See the example of [`SignalKind`].
    pub const fn hangup() -> SignalKind {
        SignalKind(libc::SIGHUP)
    }

    /// `SIGINT`: Ctrl-C.
    ///
    /// See the example of [`SignalKind`].
    pub const fn interrupt() -> SignalKind {
        SignalKind(libc::SIGINT)
    }

    /// `SIGIO`: an fd is ready.
    ///
    /// See the example of [`SignalKind`].
    pub const fn io() -> SignalKind {
        SignalKind(libc::SIGIO)
    }

    /// `SIGPIPE`: a write that nobody reads.
    ///
    /// See the example of [`SignalKind`].
    pub const fn pipe() -> SignalKind {
        SignalKind(libc::SIGPIPE)
    }

    /// `SIGQUIT`: Ctrl-\.
    ///
    /// See the example of [`SignalKind`].
    pub const fn quit() -> SignalKind {
        SignalKind(libc::SIGQUIT)
    }

    /// `SIGTERM`: a polite request to end.
    ///
    /// See the example of [`SignalKind`].
    pub const fn terminate() -> SignalKind {
        SignalKind(libc::SIGTERM)
    }

    /// `SIGUSR1`, for whatever the program likes.
    ///
    /// See the example of [`SignalKind`].
    pub const fn user_defined1() -> SignalKind {
        SignalKind(libc::SIGUSR1)
    }

    /// `SIGUSR2`, for whatever the program likes.
    ///
    /// See the example of [`SignalKind`].
    pub const fn user_defined2() -> SignalKind {
        SignalKind(libc::SIGUSR2)
    }

    /// `SIGWINCH`: the terminal has another size.
    ///
    /// See the example of [`SignalKind`].
    pub const fn window_change() -> SignalKind {
        SignalKind(libc::SIGWINCH)
    }
}

impl From<i32> for SignalKind {
    fn from(signum: i32) -> SignalKind {
        SignalKind::from_raw(signum)
    }
}

impl From<SignalKind> for i32 {
    fn from(kind: SignalKind) -> i32 {
        kind.as_raw_value()
    }
}

/// A listener for one kind of signal. Corresponds to `tokio::signal::unix::Signal`, and is a [`Stream`] that
/// does not end.
///
/// Any number may listen to one kind; each gets every signal, but several that come before it looks count as
/// one. When the last listener of a kind is dropped, the signal does again what it did before.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::StreamExt;
/// use uring_rt::signal::unix::{SignalKind, signal};
/// let mut hangups = signal(SignalKind::hangup())?;
/// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP)?;
/// // elsewhere: kill -HUP
/// assert_eq!(hangups.next().await, Some(()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a signal is received by `recv`"]
pub struct Signal {
    kind: SignalKind,
    listener: Arc<Listener>,
    wake_fd: AsyncFd<BorrowedFd<'static>>,
}

/// Listens for a kind of signal, from now on. Corresponds to `tokio::signal::unix::signal`.
///
/// # Errors
///
/// `Other` for a number that is no signal, for `SIGKILL` and `SIGSTOP`, which cannot be caught, and for `SIGILL`,
/// `SIGFPE` and `SIGSEGV`, which would come again for ever; `EINVAL` for the two that the C library keeps for itself
/// (32 and 33 with glibc); when no descriptor is free, and when the runtime has shut down.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use uring_rt::signal::unix::{SignalKind, signal};
/// let mut terminations = signal(SignalKind::terminate())?; // from now on the process is not ended by it
/// uring_rt::spawn(async move {
///     terminations.recv().await;
///     println!("good bye");
/// });
/// assert!(signal(SignalKind::from_raw(libc::SIGKILL)).is_err());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    require("signal::unix::signal");
    let wake_fd = wake_fd()?;
    let listener = registry::add(kind.0).map_err(|error| refused(kind, error))?;
    Ok(Signal {
        kind,
        listener,
        wake_fd,
    })
}

/// What tokio answers to a number that is no signal or must not be caught, and what the kernel says to others.
fn refused(kind: SignalKind, error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::InvalidInput && error.raw_os_error().is_none() {
        return io::Error::other(format!("signal {} cannot be listened to", kind.0));
    }
    error
}

/// What every signal makes readable, at the current runtime.
fn wake_fd() -> io::Result<AsyncFd<BorrowedFd<'static>>> {
    AsyncFd::with_interest(uring_sys::signal::wake_fd()?, Interest::READABLE)
}

impl Signal {
    /// Waits for the signal. `None` says that no runtime is there any more to receive it.
    ///
    /// A listener that has outlived its runtime goes on in the one that it is polled in. Cancel safe: a signal that
    /// was not taken is there for the next call.
    ///
    /// Corresponds to `tokio::signal::unix::Signal::recv`, which never gives `None`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use uring_rt::signal::unix::{SignalKind, signal};
    /// let mut hangups = signal(SignalKind::hangup())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP)?;
    /// // elsewhere: kill -HUP
    /// assert_eq!(hangups.recv().await, Some(()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv(&mut self) -> Option<()> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Polls for the signal. Corresponds to `tokio::signal::unix::Signal::poll_recv`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::future::poll_fn;
    /// use uring_rt::signal::unix::{SignalKind, signal};
    /// let mut quits = signal(SignalKind::quit())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::QUIT)?;
    /// assert_eq!(poll_fn(|cx| quits.poll_recv(cx)).await, Some(()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        drop(self.listener.set_waker(cx.waker().clone()));
        let mut is_moved = false;
        loop {
            if self.listener.take() {
                return Poll::Ready(Some(()));
            }
            match self.wake_fd.poll_read_ready(cx) {
                Poll::Ready(Ok(mut guard)) => {
                    // Drained before the signals are looked at: one that comes in between makes it readable
                    // again. Another runtime may have been faster; then there is nothing to take.
                    let _ = uring_sys::signal::drain_wake_fd();
                    guard.clear_ready();
                    registry::dispatch();
                }
                Poll::Pending => return Poll::Pending,
                // Its runtime is gone.
                Poll::Ready(Err(_)) if is_moved || !Handle::has_current() => {
                    return Poll::Ready(None);
                }
                Poll::Ready(Err(_)) => {
                    is_moved = true;
                    match wake_fd() {
                        Ok(fd) => self.wake_fd = fd,
                        Err(_) => return Poll::Ready(None),
                    }
                    // What came while nobody looked.
                    registry::dispatch();
                }
            }
        }
    }

    /// The reactor that wakes it.
    pub(crate) fn reactor(&self) -> Handle {
        self.wake_fd.reactor()
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        registry::remove(self.kind.0, &self.listener);
    }
}

impl Stream for Signal {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.get_mut().poll_recv(cx)
    }
}
