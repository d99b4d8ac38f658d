//! Signals by their kind. Corresponds to `tokio::signal::unix`.

use std::future::poll_fn;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use uring_reactor::{AsyncFd, Interest};

use crate::runtime::require;
use crate::signal::registry::{self, Listener};

/// Which signal. Corresponds to `tokio::signal::unix::SignalKind`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SignalKind(i32);

impl SignalKind {
    /// The signal of that number.
    pub const fn from_raw(signum: i32) -> SignalKind {
        SignalKind(signum)
    }

    /// The signal's number.
    pub const fn as_raw_value(&self) -> i32 {
        self.0
    }

    /// `SIGALRM`, of alarm(2).
    pub const fn alarm() -> SignalKind {
        SignalKind(libc::SIGALRM)
    }

    /// `SIGCHLD`: a child has ended or stopped.
    pub const fn child() -> SignalKind {
        SignalKind(libc::SIGCHLD)
    }

    /// `SIGHUP`: the terminal is gone; by custom, read the configuration again.
    pub const fn hangup() -> SignalKind {
        SignalKind(libc::SIGHUP)
    }

    /// `SIGINT`: Ctrl-C.
    pub const fn interrupt() -> SignalKind {
        SignalKind(libc::SIGINT)
    }

    /// `SIGIO`: an fd is ready.
    pub const fn io() -> SignalKind {
        SignalKind(libc::SIGIO)
    }

    /// `SIGPIPE`: a write that nobody reads.
    pub const fn pipe() -> SignalKind {
        SignalKind(libc::SIGPIPE)
    }

    /// `SIGQUIT`: Ctrl-\.
    pub const fn quit() -> SignalKind {
        SignalKind(libc::SIGQUIT)
    }

    /// `SIGTERM`: a polite request to end.
    pub const fn terminate() -> SignalKind {
        SignalKind(libc::SIGTERM)
    }

    /// `SIGUSR1`, for whatever the program likes.
    pub const fn user_defined1() -> SignalKind {
        SignalKind(libc::SIGUSR1)
    }

    /// `SIGUSR2`, for whatever the program likes.
    pub const fn user_defined2() -> SignalKind {
        SignalKind(libc::SIGUSR2)
    }

    /// `SIGWINCH`: the terminal has another size.
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
#[derive(Debug)]
pub struct Signal {
    kind: SignalKind,
    listener: Arc<Listener>,
    wake_fd: AsyncFd<BorrowedFd<'static>>,
}

/// Listens for a kind of signal, from now on. Corresponds to `tokio::signal::unix::signal`.
///
/// # Errors
///
/// `InvalidInput` for a kind that cannot be caught (`SIGKILL`, `SIGSTOP`) or that must not be (`SIGILL`,
/// `SIGFPE`, `SIGSEGV`); when no descriptor is free.
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    require("signal::unix::signal");
    let wake_fd = AsyncFd::with_interest(uring_sys::signal::wake_fd()?, Interest::READABLE)?;
    let listener = registry::add(kind.0)?;
    Ok(Signal {
        kind,
        listener,
        wake_fd,
    })
}

impl Signal {
    /// Waits for the signal. Cancel safe: a signal that was not taken is there for the next call. `None` says
    /// that the runtime has shut down, so that none will be received any more.
    pub async fn recv(&mut self) -> Option<()> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Polls for the signal.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        drop(self.listener.set_waker(cx.waker().clone()));
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
                // Without a runtime nothing more can be received.
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
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
