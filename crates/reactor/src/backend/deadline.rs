//! How long a wait may take, and the timerfd that ends it where the wait itself takes no timeout.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use crate::backend::kernel::{Kernel, TimerFd};
use crate::clock::Instant;

/// How one look at the kernel treats time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// Take what is there.
    NonBlocking,
    /// Sleep until something happens, or until this time of the system's clock.
    Until(Option<Instant>),
}

/// How the earliest deadline reaches the kernel.
///
/// ```
/// use uring_reactor::{Options, Reactor, TimerMode};
///
/// let reactor = Reactor::new(Options::new().timer(TimerMode::TimerFd))?;
/// # drop(reactor);
/// assert_eq!(TimerMode::TimerFd.name(), "timerfd");
/// assert_eq!(TimerMode::default(), TimerMode::WaitTimeout);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum TimerMode {
    /// As the timeout of the wait: no system call of its own, some 65 ns a turn. Needs Linux 5.11 on the ring.
    #[default]
    WaitTimeout,
    /// By a timerfd in the poll set, set again only when the earliest deadline has become earlier: no cost
    /// while it stays, one `timerfd_settime` (some 540 ns) when it does not. Works on every kernel.
    TimerFd,
}

impl TimerMode {
    /// The name used in reports.
    ///
    /// ```
    /// use uring_reactor::TimerMode;
    ///
    /// assert_eq!(TimerMode::TimerFd.name(), "timerfd");
    /// assert_ne!(TimerMode::WaitTimeout.name(), TimerMode::TimerFd.name());
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            TimerMode::WaitTimeout => "wait timeout",
            TimerMode::TimerFd => "timerfd",
        }
    }
}

/// What setting a deadline took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Set {
    /// At most a system call.
    AsItWas,
    /// Another descriptor, which has to be polled from now on.
    Anew,
}

/// A timerfd that is set lazily.
#[derive(Debug)]
pub(crate) struct DeadlineFd {
    fd: TimerFd,
    /// What it is set to; `None` when it is not, or has fired.
    set_to: Option<Instant>,
}

impl DeadlineFd {
    pub(crate) fn new(kernel: &Kernel) -> io::Result<DeadlineFd> {
        Ok(DeadlineFd {
            fd: kernel.timerfd()?,
            set_to: None,
        })
    }

    /// Makes sure that it fires at `deadline` or before. One that fires too early costs a turn, which finds
    /// nothing due and sets it again; a system call for each change of the deadline would cost more.
    ///
    /// Somebody may have closed its number, or put another file there: then a new timer takes its place, which is not
    /// polled yet.
    pub(crate) fn fire_by(
        &mut self,
        deadline: Instant,
        now: Instant,
        kernel: &Kernel,
    ) -> io::Result<Set> {
        if self.set_to.is_some_and(|set_to| set_to <= deadline) {
            return Ok(Set::AsItWas);
        }
        let after = deadline.duration_since(now).max(Duration::from_nanos(1));
        // Setting it also makes it unreadable again, so the arm that follows sees only the new deadline.
        let set = match self.fd.set(after) {
            Ok(()) => Set::AsItWas,
            Err(error) if matches!(error.raw_os_error(), Some(libc::EBADF | libc::EINVAL)) => {
                let fresh = kernel.timerfd()?;
                // Its number is nobody's or somebody else's: not ours to close.
                std::mem::replace(&mut self.fd, fresh).disown();
                self.fd.set(after)?;
                Set::Anew
            }
            Err(error) => return Err(error),
        };
        self.set_to = Some(deadline);
        Ok(set)
    }

    pub(crate) fn fired(&mut self) {
        self.set_to = None;
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.fd.raw_fd()
    }
}
