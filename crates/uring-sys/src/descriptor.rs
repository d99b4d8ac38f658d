//! What the standard library does not do with a descriptor: switch its mode, and use a socket without waiting.
//!
//! Man pages: `fcntl(2)`, `recv(2)`, `send(2)`.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Whether `O_NONBLOCK` is set: `fcntl(fd, F_GETFL)`.
///
/// # Errors
///
/// None that an open descriptor has; a seccomp filter's.
pub fn is_nonblocking(fd: impl AsFd) -> io::Result<bool> {
    Ok(flags(&fd)? & libc::O_NONBLOCK != 0)
}

/// Sets or clears `O_NONBLOCK`: `fcntl(fd, F_SETFL)`, if that changes anything.
///
/// The flag belongs to the open file: every process that has it, as after a fork, sees the change.
///
/// # Errors
///
/// As for [`is_nonblocking`].
///
/// ```
/// use uring_sys::descriptor::{is_nonblocking, set_nonblocking};
/// let (reader, _writer) = std::io::pipe()?;
/// set_nonblocking(&reader, true)?;
/// assert!(is_nonblocking(&reader)?);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn set_nonblocking(fd: impl AsFd, nonblocking: bool) -> io::Result<()> {
    let before = flags(&fd)?;
    let after = if nonblocking {
        before | libc::O_NONBLOCK
    } else {
        before & !libc::O_NONBLOCK
    };
    if after == before {
        return Ok(());
    }
    // SAFETY: takes numbers only.
    check(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_SETFL, after) }).map(drop)
}

fn flags(fd: &impl AsFd) -> io::Result<c_int> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_GETFL) })
}

fn check(answer: c_int) -> io::Result<c_int> {
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer)
    }
}

/// `recv(fd, buffer, len, MSG_DONTWAIT)`: reads a socket without waiting, whatever its mode.
///
/// # Errors
///
/// [`io::ErrorKind::WouldBlock`] when nothing is there, and those of recv(2).
pub fn receive_now(fd: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the buffer is live, exclusive, and as long as is said.
    let count = unsafe {
        libc::recv(
            fd,
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            libc::MSG_DONTWAIT,
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// `send(fd, buffer, len, MSG_DONTWAIT)`: writes to a socket without waiting, whatever its mode.
///
/// # Errors
///
/// [`io::ErrorKind::WouldBlock`] when there is no room, and those of send(2). Where nobody reads any more the process gets
/// `SIGPIPE`, as with write(2); Rust programs ignore it.
///
/// ```
/// use uring_sys::descriptor::{receive_now, send_now};
/// let (ours, theirs) = std::os::unix::net::UnixStream::pair()?; // both in blocking mode
/// assert!(receive_now(&ours, &mut [0; 2]).is_err(), "nothing is there yet");
/// assert_eq!(send_now(&theirs, b"hi")?, 2);
/// assert_eq!(receive_now(&ours, &mut [0; 2])?, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn send_now(fd: impl AsFd, buffer: &[u8]) -> io::Result<usize> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the buffer is live and as long as is said.
    let count = unsafe { libc::send(fd, buffer.as_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}
