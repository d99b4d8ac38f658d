//! epoll: the fallback for one descriptor that a ring cannot poll, or for the whole loop where there is no ring.
//!
//! Man pages: `epoll(7)`, `epoll_ctl(2)`, `epoll_wait(2)`.
//!
//! ```
//! use std::{os::{fd::AsRawFd, unix::net::UnixStream}, time::Duration};
//! use uring_sys::epoll::{
//!     EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP, Epoll, EventBuffer,
//! };
//!
//! let (ours, theirs) = UnixStream::pair()?;
//! let epoll = Epoll::new()?;
//! epoll.add(ours.as_raw_fd(), EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, 7)?;
//! drop(theirs);
//!
//! let mut events = EventBuffer::with_capacity(1);
//! epoll.wait(&mut events, Some(Duration::ZERO))?;
//! let (mask, data) = events.iter().next().expect("the peer is gone");
//! assert_eq!((mask, data), (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP, 7));
//! assert_eq!(mask & (EPOLLPRI | EPOLLERR), 0);
//!
//! epoll.wait(&mut events, Some(Duration::ZERO))?;
//! assert!(events.is_empty(), "nothing has changed since");
//! # Ok::<(), std::io::Error>(())
//! ```

mod events;

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::time::timeout_record;

pub use events::EventBuffer;

/// Readable. See the example of [`epoll`](self).
pub const EPOLLIN: u32 = 0x001;
/// Urgent data. See the example of [`epoll`](self).
pub const EPOLLPRI: u32 = 0x002;
/// Writable. See the example of [`epoll`](self).
pub const EPOLLOUT: u32 = 0x004;
/// An error is pending; always reported. See the example of [`epoll`](self).
pub const EPOLLERR: u32 = 0x008;
/// Both directions are closed; always reported. See the example of [`epoll`](self).
pub const EPOLLHUP: u32 = 0x010;
/// The peer stopped writing; reported only when asked for, unlike in a ring. See the example of [`epoll`](self).
pub const EPOLLRDHUP: u32 = 0x2000;
/// Report changes, not levels. See the example of [`epoll`](self).
pub const EPOLLET: u32 = 1 << 31;

/// Whether `epoll_pwait2` was refused once; then it is not tried again. Relaxed everywhere: learning it late costs one
/// more failing call and nothing else.
static NO_PWAIT2: AtomicBool = AtomicBool::new(false);

/// An epoll instance.
///
/// ```
/// use std::{io::Write, os::{fd::AsRawFd, unix::net::UnixStream}, time::Duration};
/// use uring_sys::epoll::{EPOLLIN, Epoll, EventBuffer};
///
/// let (ours, mut theirs) = UnixStream::pair()?;
/// let epoll = Epoll::new()?;
/// epoll.add(ours.as_raw_fd(), EPOLLIN, 7)?;
/// theirs.write_all(b"x")?;
///
/// let mut events = EventBuffer::with_capacity(8);
/// epoll.wait(&mut events, Some(Duration::from_secs(10)))?;
/// assert_eq!(events.iter().collect::<Vec<_>>(), [(EPOLLIN, 7)]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Epoll {
    /// Closed by the drop, unless disowned.
    fd: ManuallyDrop<OwnedFd>,
    /// Relaxed: whoever drops the value has it alone, and a call that does not know it yet could as well have come before.
    is_disowned: AtomicBool,
}

impl Epoll {
    /// Makes one, close-on-exec.
    ///
    /// # Errors
    ///
    /// `EMFILE`, `ENFILE`, `ENOMEM`.
    ///
    /// ```
    /// use std::{os::fd::AsRawFd, time::Duration};
    /// use uring_sys::epoll::{Epoll, EventBuffer};
    ///
    /// let epoll = Epoll::new()?;
    /// let mut events = EventBuffer::with_capacity(1);
    /// epoll.wait(&mut events, Some(Duration::ZERO))?;
    /// assert!(events.is_empty(), "nothing was added");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes a number only.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just made this descriptor for us, so nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self {
            fd: ManuallyDrop::new(fd),
            is_disowned: AtomicBool::new(false),
        })
    }

    /// Gives the descriptor up: somebody else has closed it, and its number may be anybody's by now. The drop will not
    /// close it, and whoever still holds this gets `EBADF` from every call: another set may have the number, and the
    /// entries in it are not ours.
    ///
    /// ```
    /// use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    /// use uring_sys::epoll::Epoll;
    ///
    /// let epoll = Epoll::new()?;
    /// let number = epoll.as_raw_fd();
    /// epoll.disown();
    /// let refused = epoll.delete(number).unwrap_err();
    /// assert_eq!(refused.raw_os_error(), Some(9)); // EBADF
    /// drop(epoll);
    ///
    /// // In this example nobody else has closed it.
    /// // SAFETY: the number was given up, and it is still open.
    /// let still_open = unsafe { OwnedFd::from_raw_fd(number) };
    /// assert!(still_open.try_clone().is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn disown(&self) {
        self.is_disowned.store(true, Ordering::Relaxed);
    }

    /// Reports `events` of `fd` from now on, with `data`.
    ///
    /// # Errors
    ///
    /// `EPERM` if the file cannot be polled because it is always ready (regular files, directories), `EEXIST` if it is
    /// there already, `EBADF`, `ELOOP`, `ENOMEM`, `ENOSPC`.
    ///
    /// ```
    /// use std::{fs::File, io::ErrorKind, os::{fd::AsRawFd, unix::net::UnixStream}};
    /// use uring_sys::epoll::{EPOLLOUT, Epoll};
    ///
    /// let epoll = Epoll::new()?;
    /// let (socket, _peer) = UnixStream::pair()?;
    /// epoll.add(socket.as_raw_fd(), EPOLLOUT, 1)?;
    /// let twice = epoll.add(socket.as_raw_fd(), EPOLLOUT, 1).unwrap_err();
    /// assert_eq!(twice.kind(), ErrorKind::AlreadyExists);
    ///
    /// // A regular file is always ready, and epoll does not take it.
    /// let file = File::open("Cargo.toml")?;
    /// let refused = epoll.add(file.as_raw_fd(), EPOLLOUT, 2).unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn add(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, events, data)
    }

    /// Changes events and data of `fd`. With `EPOLLET`, what is true now is reported once more.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it is not there, `EBADF`, `ENOMEM`.
    ///
    /// ```
    /// use std::{os::{fd::AsRawFd, unix::net::UnixStream}, time::Duration};
    /// use uring_sys::epoll::{EPOLLIN, EPOLLOUT, Epoll, EventBuffer};
    ///
    /// let epoll = Epoll::new()?;
    /// let (socket, _peer) = UnixStream::pair()?;
    /// let mut events = EventBuffer::with_capacity(1);
    /// epoll.add(socket.as_raw_fd(), EPOLLIN, 1)?;
    /// epoll.wait(&mut events, Some(Duration::ZERO))?;
    /// assert!(events.is_empty(), "nothing to read");
    ///
    /// epoll.modify(socket.as_raw_fd(), EPOLLOUT, 2)?;
    /// epoll.wait(&mut events, Some(Duration::ZERO))?;
    /// assert_eq!(events.iter().next(), Some((EPOLLOUT, 2)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn modify(&self, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, events, data)
    }

    /// Reports nothing of `fd` any more. Must come before `close(fd)` when a duplicate of it may exist: afterwards neither
    /// number reaches the entry.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it is not there, `EBADF`.
    ///
    /// ```
    /// use std::{io::ErrorKind, os::{fd::AsRawFd, unix::net::UnixStream}, time::Duration};
    /// use uring_sys::epoll::{EPOLLOUT, Epoll, EventBuffer};
    ///
    /// let epoll = Epoll::new()?;
    /// let (socket, _peer) = UnixStream::pair()?;
    /// epoll.add(socket.as_raw_fd(), EPOLLOUT, 1)?;
    /// epoll.delete(socket.as_raw_fd())?;
    ///
    /// let mut events = EventBuffer::with_capacity(1);
    /// epoll.wait(&mut events, Some(Duration::ZERO))?;
    /// assert!(events.is_empty());
    /// assert_eq!(epoll.delete(socket.as_raw_fd()).unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn delete(&self, fd: RawFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    fn control(&self, operation: i32, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        self.check_owned()?;
        let mut event = libc::epoll_event { events, u64: data };
        // SAFETY: `event` is a live record, only read during the call.
        let answer = unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), operation, fd, &raw mut event) };
        if answer == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// Waits until there is an event or `timeout` has passed, and puts the events into `events` in place of the old ones.
    ///
    /// `None` waits for ever, zero does not wait. Never ends early: nanoseconds where the kernel has `epoll_pwait2` (5.11),
    /// else rounded up to milliseconds. No event and no error means the time has passed.
    ///
    /// # Errors
    ///
    /// `EINTR` for a signal, also with `SA_RESTART`. `events` is empty then.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use uring_sys::epoll::{Epoll, EventBuffer};
    ///
    /// let epoll = Epoll::new()?;
    /// let mut events = EventBuffer::with_capacity(1);
    /// let (start, timeout) = (Instant::now(), Duration::from_micros(300));
    /// epoll.wait(&mut events, Some(timeout))?;
    /// assert!(events.is_empty() && start.elapsed() >= timeout);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn wait(&self, events: &mut EventBuffer, timeout: Option<Duration>) -> io::Result<()> {
        events.list.clear();
        self.check_owned()?;
        // A coarse wait is exact for these two, and older and faster.
        let exact = matches!(timeout, None | Some(Duration::ZERO));
        let count = if exact || NO_PWAIT2.load(Ordering::Relaxed) {
            self.wait_ms(events, timeout)?
        } else {
            match self.wait_ns(events, timeout) {
                Err(error) if is_refused(&error) => {
                    NO_PWAIT2.store(true, Ordering::Relaxed);
                    self.wait_ms(events, timeout)?
                }
                count => count?,
            }
        };
        // SAFETY: the kernel has filled the first `count` records, and `count` is at most the capacity it was given.
        unsafe { events.list.set_len(count) };
        Ok(())
    }

    fn check_owned(&self) -> io::Result<()> {
        if self.is_disowned.load(Ordering::Relaxed) {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        Ok(())
    }

    fn wait_ns(&self, events: &mut EventBuffer, timeout: Option<Duration>) -> io::Result<usize> {
        let time = timeout.map(timeout_record);
        let time = time.as_ref().map_or(ptr::null(), ptr::from_ref);
        // Not by libc's function: a C library older than 2.35 does not have it, and its timespec is not the kernel's
        // everywhere.
        // SAFETY: the list has room for as many records as announced, and the time is null or lives during the call.
        let count = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.fd.as_raw_fd(),
                events.list.as_mut_ptr(),
                events.limit(),
                time,
                ptr::null::<libc::sigset_t>(),
                0_usize,
            )
        };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }

    fn wait_ms(&self, events: &mut EventBuffer, timeout: Option<Duration>) -> io::Result<usize> {
        let limit = events.limit();
        let timeout_ms = timeout.map_or(-1, round_up_ms);
        let list = events.list.as_mut_ptr();
        // SAFETY: the list has room for as many records as announced.
        let count = unsafe { libc::epoll_wait(self.fd.as_raw_fd(), list, limit, timeout_ms) };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        if !*self.is_disowned.get_mut() {
            // SAFETY: the value is being dropped, so this runs once and nobody uses the field afterwards.
            unsafe { ManuallyDrop::drop(&mut self.fd) }
        }
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Epoll {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// `ENOSYS` before 5.11; `EPERM` from seccomp filters that are older than the call.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
}

/// Up, because a loop that wakes before its deadline spins until it is reached. Saturates at 24 days.
fn round_up_ms(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_rounded_up_and_saturate() {
        assert_eq!(round_up_ms(Duration::ZERO), 0);
        assert_eq!(round_up_ms(Duration::from_nanos(1)), 1);
        assert_eq!(round_up_ms(Duration::from_millis(7)), 7);
        assert_eq!(round_up_ms(Duration::from_micros(7_001)), 8);
        assert_eq!(round_up_ms(Duration::MAX), i32::MAX);
    }

    #[test]
    fn the_coarse_wait_is_not_early_either() {
        let epoll = Epoll::new().unwrap();
        let mut events = EventBuffer::with_capacity(1);
        let timeout = Duration::from_micros(1_300);
        let start = std::time::Instant::now();
        assert_eq!(epoll.wait_ms(&mut events, Some(timeout)).unwrap(), 0);
        assert!(start.elapsed() >= timeout);
    }

    #[test]
    fn constants_are_those_of_libc() {
        let ours = [
            EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, EPOLLET,
        ];
        let theirs = [
            libc::EPOLLIN,
            libc::EPOLLPRI,
            libc::EPOLLOUT,
            libc::EPOLLERR,
            libc::EPOLLHUP,
            libc::EPOLLRDHUP,
            libc::EPOLLET,
        ];
        assert_eq!(ours, theirs.map(i32::cast_unsigned));
    }
}
