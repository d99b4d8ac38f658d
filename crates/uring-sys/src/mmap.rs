//! One shared mapping of a ring.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};

use crate::identity;

/// Memory shared with the kernel, unmapped on drop.
#[derive(Debug)]
pub(crate) struct Mapping {
    address: NonNull<c_void>,
    len: usize,
    /// The process that made it. In a forked child the range is a hole (see [`Mapping::new`]) which something else may
    /// have filled since, so only this process may unmap it.
    owner: u64,
}

// SAFETY: a mapping belongs to the process, not to a thread; this value only holds its address.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Maps `len` bytes of `fd` at `offset`, present in memory at once where the kernel allows.
    ///
    /// A forked child does not inherit it (`MADV_DONTFORK`): parent and child would share one tail, and a child that
    /// pushed an entry would submit in the parent's name. A child that touches the ring is killed by SIGSEGV instead,
    /// so it has to ask [`identity::process_token`] first.
    pub(crate) fn new(fd: BorrowedFd<'_>, len: usize, offset: u64) -> io::Result<Self> {
        let offset = libc::off_t::try_from(offset)
            .map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))?;
        let shared = libc::MAP_SHARED;
        // POPULATE is an optimization, and one that a low RLIMIT_MEMLOCK or a full machine may refuse.
        let address = Self::map(fd, len, offset, shared | libc::MAP_POPULATE)
            .or_else(|_| Self::map(fd, len, offset, shared))?;
        let mapping = Self {
            address,
            len,
            owner: identity::process_token(),
        };
        // SAFETY: the advice is for exactly the mapping made above.
        let advised = unsafe { libc::madvise(address.as_ptr(), len, libc::MADV_DONTFORK) };
        if advised != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(mapping)
    }

    fn map(
        fd: BorrowedFd<'_>,
        len: usize,
        offset: libc::off_t,
        flags: i32,
    ) -> io::Result<NonNull<c_void>> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: without MAP_FIXED the kernel chooses an unused range, so nothing that exists is touched.
        let address = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                protection,
                flags,
                fd.as_raw_fd(),
                offset,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(address).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOMEM))
    }

    /// The address of `count` values of `T` at `offset`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if they do not lie inside the mapping, or not aligned: an ABI that is not ours.
    pub(crate) fn at<T>(&self, offset: u32, count: u32) -> io::Result<NonNull<T>> {
        let wrong = || io::Error::from_raw_os_error(libc::EINVAL);
        let (offset, count) = (offset as usize, count as usize);
        let end = size_of::<T>()
            .checked_mul(count)
            .and_then(|bytes| bytes.checked_add(offset))
            .ok_or_else(wrong)?;
        let pointer = self.address.as_ptr().wrapping_byte_add(offset).cast::<T>();
        if end > self.len || !pointer.is_aligned() {
            return Err(wrong());
        }
        NonNull::new(pointer).ok_or_else(wrong)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.owner != identity::process_token() {
            return;
        }
        // SAFETY: this process made the mapping, and whoever holds pointers into it is dropped before it.
        unsafe { libc::munmap(self.address.as_ptr(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::abi::{IORING_OFF_SQES, io_uring_params};
    use crate::eventfd::EventFd;
    use crate::syscall;

    const PAGE: usize = 4096;

    /// The SQEs of a new ring: one page. `None` and one line on stderr where there is no ring to be had.
    #[expect(clippy::print_stderr, reason = "the runner shows and counts skips")]
    fn mapping() -> Option<Mapping> {
        let ring = match syscall::setup(64, &mut io_uring_params::default()) {
            Ok(ring) => ring,
            Err(error) => {
                eprintln!("skipped: no ring to map: {error}");
                return None;
            }
        };
        Some(Mapping::new(ring.as_fd(), PAGE, IORING_OFF_SQES).unwrap())
    }

    #[test]
    fn pointers_stay_inside_and_aligned() {
        let Some(mapping) = mapping() else { return };
        assert!(mapping.at::<u32>(0, 1024).is_ok());
        assert!(mapping.at::<u32>(4092, 1).is_ok());
        assert!(mapping.at::<u32>(4092, 2).is_err());
        assert!(mapping.at::<u32>(0, 1025).is_err());
        assert!(mapping.at::<u32>(2, 1).is_err(), "not aligned");
        assert!(mapping.at::<u64>(u32::MAX - 7, u32::MAX).is_err());
    }

    #[test]
    fn what_cannot_be_mapped_is_an_error() {
        let eventfd = EventFd::new().unwrap();
        assert!(Mapping::new(eventfd.as_fd(), PAGE, 0).is_err());
        assert!(Mapping::new(eventfd.as_fd(), PAGE, u64::MAX).is_err());
    }

    /// In the child: puts another mapping where the parent's was, drops the inherited value, and returns 0 if the new
    /// one is still there.
    fn replace_and_drop(mapping: Mapping) -> i32 {
        let address = mapping.address.as_ptr();
        // SAFETY: NOREPLACE fails instead of replacing anything.
        let page = unsafe {
            libc::mmap(
                address,
                PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
                -1,
                0,
            )
        };
        if page != address {
            return 1;
        }
        drop(mapping);
        let mut resident = 0_u8;
        // SAFETY: one page, one byte; tells ENOMEM instead of faulting if the page is gone.
        unsafe { libc::mincore(page, PAGE, &raw mut resident) }
    }

    #[test]
    fn a_forked_child_inherits_a_hole_and_does_not_unmap_what_fills_it() {
        let Some(mapping) = mapping() else { return };
        // SAFETY: the child makes a few system calls and leaves by _exit, all of which is allowed after a fork.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = replace_and_drop(mapping);
            // SAFETY: ends the child without running anything of the parent's.
            unsafe { libc::_exit(code) };
        }
        let mut status = -1;
        // SAFETY: `status` is writable and the child is ours.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!((waited, status), (child, 0));
    }
}
