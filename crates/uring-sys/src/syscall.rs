//! The three calls, as thin as they can be: C spelling, `io::Result`, no policy.
//!
//! None of them retries. What an errno means is decided where it is known: [`crate::SetupError`] for setup, the reactor
//! for enter.
//!
//! See the example of [`setup`].

use std::ffi::{c_long, c_void};
use std::io;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};

use crate::abi::{SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup, io_uring_params};

/// Names errno once: -1 becomes the calling thread's last error, anything else is the answer.
fn check(answer: c_long) -> io::Result<u32> {
    u32::try_from(answer).map_err(|_| io::Error::last_os_error())
}

/// `io_uring_setup(entries, params)`: makes a ring of `entries` submission slots. The descriptor is close-on-exec.
///
/// # Errors
///
/// `EINVAL` for a size or flag the kernel does not take, `ENOMEM` for `RLIMIT_MEMLOCK`, `EPERM`, `EACCES` or `ENOSYS`
/// where `io_uring` is switched off or filtered, `EMFILE`/`ENFILE`. Man page: `io_uring_setup(2)`.
///
/// ```
/// use uring_sys::{abi::io_uring_params, syscall};
///
/// let mut params = io_uring_params::default();
/// let too_many = syscall::setup(u32::MAX, &mut params).unwrap_err();
/// # if too_many.raw_os_error() != Some(libc::EINVAL) { return Ok(()) } // no io_uring on this machine
/// assert_eq!(too_many.raw_os_error(), Some(libc::EINVAL));
///
/// let _ring = syscall::setup(5, &mut params)?;
/// assert_eq!((params.sq_entries, params.cq_entries), (8, 16), "rounded up by the kernel");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn setup(entries: u32, params: &mut io_uring_params) -> io::Result<OwnedFd> {
    // SAFETY: `params` is a live, exclusive record of the size the kernel copies in and out.
    let answer = unsafe { libc::syscall(SYS_io_uring_setup, entries, &raw mut *params) };
    let fd = check(answer)?;
    let fd = RawFd::try_from(fd).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    // SAFETY: the kernel just made this descriptor for us, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `io_uring_enter(fd, to_submit, min_complete, flags, arg, argsz)`: returns how many entries were consumed.
///
/// # Errors
///
/// Listed at [`crate::Ring`]. Man page: `io_uring_enter(2)`.
///
/// # Safety
///
/// `arg` must be null or point to `argsz` readable bytes of the record that `flags` announces, including what that record
/// points to; and every published SQE must be one whose pointers stay valid until its completion.
///
/// ```
/// use std::{os::fd::AsRawFd, ptr};
/// use uring_sys::{abi::io_uring_params, syscall};
///
/// # let Ok(_) = syscall::setup(8, &mut io_uring_params::default()) else { return Ok(()) }; // no io_uring
/// let ring = syscall::setup(8, &mut io_uring_params::default())?;
/// // SAFETY: no argument, and nothing was published.
/// let consumed = unsafe { syscall::enter(ring.as_raw_fd(), 0, 0, 0, ptr::null(), 0) }?;
/// assert_eq!(consumed, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub unsafe fn enter(
    fd: RawFd,
    to_submit: u32,
    min_complete: u32,
    flags: u32,
    arg: *const c_void,
    argsz: usize,
) -> io::Result<u32> {
    // SAFETY: the caller vouches for `arg` and for the published entries.
    let answer = unsafe {
        libc::syscall(
            SYS_io_uring_enter,
            fd,
            to_submit,
            min_complete,
            flags,
            arg,
            argsz,
        )
    };
    check(answer)
}

/// `io_uring_register(fd, opcode, arg, nr)`: returns what the opcode says, mostly 0.
///
/// # Errors
///
/// `EINVAL` for an opcode the kernel does not know, `EEXIST` from a task that is not the single issuer, and those of the
/// opcode. Man page: `io_uring_register(2)`.
///
/// # Safety
///
/// `arg` must be what `opcode` expects: null, or `nr` records that the kernel may read *and write*, and that stay valid
/// for as long as the opcode says.
///
/// ```
/// use std::{os::fd::AsRawFd, ptr};
/// use uring_sys::{abi::{IORING_REGISTER_ENABLE_RINGS, io_uring_params}, syscall};
///
/// # let Ok(_) = syscall::setup(8, &mut io_uring_params::default()) else { return Ok(()) }; // no io_uring
/// let ring = syscall::setup(8, &mut io_uring_params::default())?;
/// let (fd, opcode) = (ring.as_raw_fd(), IORING_REGISTER_ENABLE_RINGS);
/// // SAFETY: this opcode takes no argument.
/// let refused = unsafe { syscall::register(fd, opcode, ptr::null(), 0) }.unwrap_err();
/// assert_eq!(refused.raw_os_error(), Some(libc::EBADFD), "the ring was made enabled");
/// # Ok::<(), std::io::Error>(())
/// ```
pub unsafe fn register(fd: RawFd, opcode: u32, arg: *const c_void, nr: u32) -> io::Result<u32> {
    // SAFETY: the caller vouches for `arg`.
    let answer = unsafe { libc::syscall(SYS_io_uring_register, fd, opcode, arg, nr) };
    check(answer)
}

/// `close(fd)`, with the answer that dropping an `OwnedFd` throws away.
///
/// The number is free again whatever the answer is, `EINTR` included, so there is nothing to repeat.
///
/// # Errors
///
/// `EIO`, `ENOSPC`, `EDQUOT`: data that was written earlier could not be stored. `EBADF`: somebody else had closed the
/// number. Man page: `close(2)`.
///
/// ```
/// use std::{io::{ErrorKind, Write}, os::{fd::OwnedFd, unix::net::UnixStream}};
///
/// let (mut ours, theirs) = UnixStream::pair()?;
/// uring_sys::syscall::close(OwnedFd::from(theirs))?;
/// assert_eq!(ours.write_all(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn close(fd: OwnedFd) -> io::Result<()> {
    // SAFETY: the number was owned, and is given up here.
    let answer = unsafe { libc::close(fd.into_raw_fd()) };
    check(answer.into()).map(drop)
}

/// `poll(fds, count, 0)`: writes into each record what its descriptor is ready for now, without sleeping. Says how many
/// are.
///
/// # Errors
///
/// `EINVAL` for more than `RLIMIT_NOFILE`, `ENOMEM`. A number that is not open is none: it has `POLLNVAL`. Man page:
/// `poll(2)`.
///
/// ```
/// use std::{io::Write, os::{fd::AsRawFd, unix::net::UnixStream}};
///
/// let (ours, mut theirs) = UnixStream::pair()?;
/// let mut fds = [libc::pollfd { fd: ours.as_raw_fd(), events: libc::POLLIN, revents: 0 }];
/// assert_eq!(uring_sys::syscall::poll_now(&mut fds)?, 0);
/// theirs.write_all(b"x")?;
/// assert_eq!(uring_sys::syscall::poll_now(&mut fds)?, 1);
/// assert_eq!(fds[0].revents, libc::POLLIN);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn poll_now(fds: &mut [libc::pollfd]) -> io::Result<u32> {
    let count = libc::nfds_t::try_from(fds.len()).unwrap_or(libc::nfds_t::MAX);
    // SAFETY: `fds` are as many live, exclusive records as the kernel is told.
    let answer = unsafe { libc::poll(fds.as_mut_ptr(), count, 0) };
    check(answer.into())
}

/// `fcntl(fd, F_DUPFD_CLOEXEC, 0)`: a second number for the same open file, close-on-exec.
///
/// # Errors
///
/// `EBADF`, `EMFILE`. Man page: `fcntl(2)`.
///
/// ```
/// use std::{fs::File, io::{Read, Write}, os::{fd::AsRawFd, unix::net::UnixStream}};
///
/// let (ours, mut theirs) = UnixStream::pair()?;
/// let mut second = File::from(uring_sys::syscall::duplicate(ours.as_raw_fd())?);
/// drop(ours);
/// theirs.write_all(b"x")?;
/// second.read_exact(&mut [0])?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the call takes numbers only; a number that is not open is refused with EBADF.
    let answer = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
    let duplicate =
        RawFd::try_from(check(answer.into())?).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the kernel just made this descriptor for us, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(duplicate) })
}
