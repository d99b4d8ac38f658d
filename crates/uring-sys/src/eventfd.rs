//! eventfd: how another thread wakes a sleeping loop.
//!
//! Man page: `eventfd(2)`.
//!
//! See the example of [`EventFd`].

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// A counter in the kernel; readable while it is not zero. Non-blocking, close-on-exec.
///
/// ```
/// use std::{sync::Arc, thread};
/// use uring_sys::eventfd::EventFd;
///
/// let counter = Arc::new(EventFd::new()?);
/// let theirs = Arc::clone(&counter);
/// thread::spawn(move || theirs.notify()).join().unwrap()?;
/// assert!(counter.drain()?, "a loop that polls it was woken");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct EventFd(File);

impl EventFd {
    /// Makes one, at zero.
    ///
    /// # Errors
    ///
    /// `EMFILE`, `ENFILE`, `ENOMEM`, `ENODEV`.
    ///
    /// ```
    /// use uring_sys::eventfd::EventFd;
    ///
    /// let counter = EventFd::new()?;
    /// assert!(!counter.drain()?, "it starts at zero");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes numbers only.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just made this descriptor for us, so nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self(File::from(fd)))
    }

    /// Puts a fresh counter, at zero, under the same number: what a forked child does, whose copy is its parent's.
    ///
    /// In one step, so that whoever notifies meanwhile reaches the one or the other, and no lock is needed that another
    /// thread might have held when the process forked.
    ///
    /// # Errors
    ///
    /// Those of [`EventFd::new`], and of `dup3(2)`. The old counter is still there.
    ///
    /// ```
    /// use std::os::fd::AsRawFd;
    /// use uring_sys::eventfd::EventFd;
    ///
    /// let counter = EventFd::new()?;
    /// let number = counter.as_raw_fd();
    /// counter.notify()?;
    /// counter.renew()?;
    /// assert_eq!(counter.as_raw_fd(), number);
    /// assert!(!counter.drain()?, "the fresh one was not notified");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn renew(&self) -> io::Result<()> {
        let fresh = Self::new()?;
        // SAFETY: both numbers are open and ours; the old counter is closed by the call, and nobody needs it here.
        let number = unsafe { libc::dup3(fresh.as_raw_fd(), self.as_raw_fd(), libc::O_CLOEXEC) };
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Whether the number is open. It may be another file's, if somebody has closed ours.
    ///
    /// ```
    /// use uring_sys::eventfd::EventFd;
    ///
    /// assert!(EventFd::new()?.is_open());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_open(&self) -> bool {
        // SAFETY: takes numbers only.
        let flags = unsafe { libc::fcntl(self.as_raw_fd(), libc::F_GETFD) };
        flags >= 0
    }

    /// Puts a fresh counter, at zero, under the same number after somebody else has closed it.
    ///
    /// # Errors
    ///
    /// `EEXIST` when the number is in use, be it by this counter or by another file, which is left alone; and those of
    /// [`EventFd::new`].
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use uring_sys::eventfd::EventFd;
    ///
    /// // Nobody has closed it, so there is nothing to put back, and it is left alone.
    /// let counter = EventFd::new()?;
    /// counter.notify()?;
    /// assert_eq!(counter.restore().unwrap_err().kind(), ErrorKind::AlreadyExists);
    /// assert!(counter.drain()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn restore(&self) -> io::Result<()> {
        let fresh = OwnedFd::from(Self::new()?);
        let number = self.as_raw_fd();
        if fresh.as_raw_fd() == number {
            // The lowest free number was the one. It is `self`'s from here on.
            let _number = fresh.into_raw_fd();
            return Ok(());
        }
        // Not dup3, which would close what somebody has opened meanwhile: this one takes the lowest free number from
        // `number` on.
        // SAFETY: takes numbers only.
        let got = unsafe { libc::fcntl(fresh.as_raw_fd(), libc::F_DUPFD_CLOEXEC, number) };
        if got < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just made this descriptor for us, so nobody else owns it.
        let got = unsafe { OwnedFd::from_raw_fd(got) };
        if got.as_raw_fd() != number {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        let _number = got.into_raw_fd();
        Ok(())
    }

    /// Adds 1. From any thread; a counter at its maximum stays there, which is readable just as well.
    ///
    /// # Errors
    ///
    /// None that an open eventfd has; a seccomp filter's.
    ///
    /// ```
    /// use uring_sys::eventfd::EventFd;
    ///
    /// let counter = EventFd::new()?;
    /// counter.notify()?;
    /// counter.notify()?;
    /// assert!(counter.drain()?);
    /// assert!(!counter.drain()?, "one drain takes both");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn notify(&self) -> io::Result<()> {
        // An eventfd takes all 8 bytes or none, so this is one write, repeated on EINTR.
        match (&self.0).write_all(&1_u64.to_ne_bytes()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            result => result,
        }
    }

    /// Sets the counter to zero and says whether it was not.
    ///
    /// # Errors
    ///
    /// As for [`EventFd::notify`].
    ///
    /// ```
    /// use uring_sys::eventfd::EventFd;
    ///
    /// let counter = EventFd::new()?;
    /// assert!(!counter.drain()?);
    /// counter.notify()?;
    /// assert!(counter.drain()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn drain(&self) -> io::Result<bool> {
        drain(&self.0)
    }
}

/// Reads the 8 bytes of an eventfd or timerfd, and says whether there was anything.
pub(crate) fn drain(mut file: &File) -> io::Result<bool> {
    // Gives all 8 bytes or none, so this is one read, repeated on EINTR.
    match file.read_exact(&mut [0; 8]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        result => result.map(|()| true),
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl From<EventFd> for OwnedFd {
    fn from(eventfd: EventFd) -> Self {
        eventfd.0.into()
    }
}
