//! timerfd: a deadline that can be polled like anything else; and the clock it goes by.
//!
//! Man pages: `timerfd_create(2)`, `clock_gettime(2)`.
//!
//! See the example of [`TimerFd`].

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use crate::{clock, eventfd};

/// A one-shot timer on `CLOCK_MONOTONIC`; readable from its expiry until it is drained or set again. Non-blocking,
/// close-on-exec.
///
/// ```
/// use std::{os::fd::AsRawFd, time::Duration};
/// use uring_sys::{epoll::{EPOLLIN, Epoll, EventBuffer}, timerfd::TimerFd};
///
/// let timer = TimerFd::new()?;
/// let epoll = Epoll::new()?;
/// epoll.add(timer.as_raw_fd(), EPOLLIN, 0)?;
/// timer.set(Duration::from_millis(1))?;
///
/// let mut events = EventBuffer::with_capacity(1);
/// epoll.wait(&mut events, None)?;
/// assert!(timer.drain()?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TimerFd(File);

impl TimerFd {
    /// Makes one, disarmed.
    ///
    /// # Errors
    ///
    /// `EMFILE`, `ENFILE`, `ENOMEM`, `ENODEV`.
    ///
    /// ```
    /// use uring_sys::timerfd::TimerFd;
    ///
    /// assert!(!TimerFd::new()?.drain()?, "disarmed, so it has not expired");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> io::Result<Self> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: takes numbers only.
        let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just made this descriptor for us, so nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self(File::from(fd)))
    }

    /// Expires `after` from now; zero expires at once. Replaces what was set before, an expiry not yet drained included.
    ///
    /// # Errors
    ///
    /// None that an open timerfd has; a seccomp filter's.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_sys::timerfd::TimerFd;
    ///
    /// let timer = TimerFd::new()?;
    /// timer.set(Duration::ZERO)?;
    /// assert!(timer.drain()?, "zero expires at once");
    ///
    /// timer.set(Duration::ZERO)?;
    /// timer.set(Duration::from_secs(3600))?;
    /// assert!(!timer.drain()?, "the second replaced the first");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set(&self, after: Duration) -> io::Result<()> {
        self.settime(0, to_timespec(never_zero(after)))
    }

    /// Expires when the clock of [`monotonic_now`] shows `since_clock_zero`; at once if that is past.
    ///
    /// # Errors
    ///
    /// As for [`TimerFd::set`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_sys::timerfd::{TimerFd, monotonic_now};
    ///
    /// let timer = TimerFd::new()?;
    /// timer.set_absolute(monotonic_now() + Duration::from_secs(3600))?;
    /// assert!(!timer.drain()?);
    /// timer.set_absolute(monotonic_now())?;
    /// assert!(timer.drain()?, "that moment is past");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_absolute(&self, since_clock_zero: Duration) -> io::Result<()> {
        self.settime(
            libc::TFD_TIMER_ABSTIME,
            to_timespec(never_zero(since_clock_zero)),
        )
    }

    /// Will not expire, and is not readable any more.
    ///
    /// # Errors
    ///
    /// As for [`TimerFd::set`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_sys::timerfd::TimerFd;
    ///
    /// let timer = TimerFd::new()?;
    /// timer.set(Duration::ZERO)?;
    /// timer.disarm()?;
    /// assert!(!timer.drain()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn disarm(&self) -> io::Result<()> {
        self.settime(0, to_timespec(Duration::ZERO))
    }

    /// Takes an expiry, and says whether there was one.
    ///
    /// # Errors
    ///
    /// As for [`TimerFd::set`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_sys::timerfd::TimerFd;
    ///
    /// let timer = TimerFd::new()?;
    /// timer.set(Duration::ZERO)?;
    /// assert!(timer.drain()?);
    /// assert!(!timer.drain()?, "it expires once");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn drain(&self) -> io::Result<bool> {
        eventfd::drain(&self.0)
    }

    /// Gives the descriptor up without closing it: somebody else has closed it, and its number may be anybody's by now.
    ///
    /// ```
    /// use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    /// use uring_sys::timerfd::TimerFd;
    ///
    /// let timer = TimerFd::new()?;
    /// let number = timer.as_raw_fd();
    /// timer.disown();
    ///
    /// // In this example nobody else has closed it.
    /// // SAFETY: the number was given up, and it is still open.
    /// let still_open = unsafe { OwnedFd::from_raw_fd(number) };
    /// assert!(still_open.try_clone().is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn disown(self) {
        let _number = self.0.into_raw_fd();
    }

    fn settime(&self, flags: i32, it_value: libc::timespec) -> io::Result<()> {
        let once = libc::itimerspec {
            it_interval: to_timespec(Duration::ZERO),
            it_value,
        };
        let fd = self.0.as_raw_fd();
        // SAFETY: `once` is a live record, and the old setting is not asked for.
        let answer = unsafe { libc::timerfd_settime(fd, flags, &raw const once, ptr::null_mut()) };
        if answer == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

/// A time of zero would disarm the timer instead of letting it expire at once.
fn never_zero(time: Duration) -> Duration {
    time.max(Duration::from_nanos(1))
}

/// Saturates where the seconds do not fit; the kernel saturates what its own clock cannot hold.
fn to_timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(time.subsec_nanos().cast_signed()),
    }
}

impl AsFd for TimerFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for TimerFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// The time on `CLOCK_MONOTONIC`: what [`TimerFd::set_absolute`] and absolute enters count in. Since boot, suspend excluded.
///
/// ```
/// use uring_sys::timerfd::monotonic_now;
///
/// let earlier = monotonic_now();
/// assert!(monotonic_now() >= earlier);
/// ```
#[must_use]
pub fn monotonic_now() -> Duration {
    clock::since_boot(libc::CLOCK_MONOTONIC)
}
