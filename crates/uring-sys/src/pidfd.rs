//! A process as a descriptor: readable once it has ended, and immune to the reuse of its number.
//!
//! Man pages: `pidfd_open(2)`, `pidfd_send_signal(2)`.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// `pidfd_open(pid, 0)` (Linux 5.3): a descriptor of the process, close-on-exec.
///
/// It stands for that very process. While the caller has not waited for its child, the number cannot be another's.
///
/// # Errors
///
/// `ESRCH` when there is no such process, `EMFILE`, `ENFILE`, and where the call is missing or filtered `ENOSYS` or `EPERM`.
///
/// ```
/// use std::os::fd::AsFd;
/// let mut child = std::process::Command::new("sleep").arg("1000").spawn()?;
/// # let killed =
/// uring_sys::pidfd::open(child.id()).and_then(|pidfd| uring_sys::pidfd::send_signal(pidfd.as_fd(), 9));
/// # if killed.is_err() { child.kill()? } // before Linux 5.3
/// assert!(!child.wait()?.success());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn open(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes numbers only.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0_u32) };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    let fd = RawFd::try_from(answer).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    // SAFETY: the kernel just made this descriptor for us, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `pidfd_send_signal(pidfd, signum, NULL, 0)` (Linux 5.1).
///
/// # Errors
///
/// `ESRCH` when the process was waited for, by whomever; `EPERM` when it is not ours to signal; `EINVAL` for a number that
/// is no signal; `ENOSYS` or `EPERM` where the call is missing or filtered.
pub fn send_signal(pidfd: BorrowedFd<'_>, signum: i32) -> io::Result<()> {
    let (fd, no_info, flags) = (pidfd.as_raw_fd(), ptr::null::<c_void>(), 0_u32);
    // SAFETY: without a record of its own the kernel fills one in, as kill(2) does.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signum, no_info, flags) };
    if answer == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
