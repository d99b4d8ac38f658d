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
