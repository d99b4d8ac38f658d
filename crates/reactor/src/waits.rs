//! Who waits for what, for a person who asks why nothing happens.

use std::fmt;
use std::os::fd::RawFd;
use std::task::Waker;
use std::time::Duration;

use crate::handle::Handle;
use crate::interest::Interest;

/// What somebody waits for: see [`Handle::waits`].
///
/// Shown with `{}`: `fd 7 to be READABLE`, `a timer due in 1.5s`.
///
/// See the example of [`Handle::waits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// An fd, to be ready in this way.
    Fd {
        /// As it was registered.
        fd: RawFd,
        /// For a future that waits for several, all of them.
        interest: Interest,
    },
    /// A deadline.
    Timer {
        /// How far off it is, by the reactor's clock; zero when it is due.
        due_in: Duration,
    },
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::Fd { fd, interest } => write!(f, "fd {fd} to be {interest:?}"),
            Wait::Timer { due_in } => write!(f, "a timer due in {due_in:.1?}"),
        }
    }
}

impl Handle {
    /// Everything that is waited for, for each waker that `whose` knows. The wakers of combinators, such as
    /// `FuturesUnordered`, are theirs and not a task's.
    ///
    /// `whose` is called under the reactor's locks: it is to look at the waker and call nothing else of it, nor of the
    /// reactor. That is why it is a function without surroundings.
    ///
    /// ```
    /// use std::{os::fd::AsRawFd, os::unix::net::UnixStream, pin::pin, task::{Context, Waker}};
    /// use uring_reactor::{AsyncFd, Interest, Options, Reactor, Wait};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let handle = reactor.handle();
    /// let _current = handle.enter();
    /// let (ours, _theirs) = UnixStream::pair()?;
    /// ours.set_nonblocking(true)?;
    /// let fd = AsyncFd::new(ours)?;
    ///
    /// let mut readable = pin!(fd.readable());
    /// assert!(readable.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    /// let is_noop = |waker: &Waker| waker.will_wake(Waker::noop()).then_some("nobody");
    /// let wait = Wait::Fd { fd: fd.get_ref().as_raw_fd(), interest: Interest::READABLE };
    /// assert_eq!(handle.waits(is_noop), [("nobody", wait)]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn waits<K>(&self, whose: fn(&Waker) -> Option<K>) -> Vec<(K, Wait)> {
        let mut waits = Vec::new();
        let mut push = |waker: &Waker, wait| {
            waits.extend(whose(waker).map(|owner| (owner, wait)));
        };
        self.shared
            .sources
            .lock()
            .for_each_waiter(|waker, fd, interest| {
                push(waker, Wait::Fd { fd, interest });
            });
        let clock = self.clock();
        let now = clock.now();
        self.shared.timers.lock().for_each_waiter(|waker, tick| {
            let due_in = clock.instant(tick).saturating_duration_since(now);
            push(waker, Wait::Timer { due_in });
        });
        waits
    }
}
