//! Which process and which thread this is, cheaply enough to ask on every turn.
//!
//! Neither number means anything to the kernel. Both exist because ring memory and registered ring indices belong to
//! one process, or even to one thread, while Rust values travel to others.
//!
//! See the example of [`process_token`].

use std::cell::Cell;
use std::ffi::c_void;
use std::io;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The last number given to a process of this family. A forked child starts with a copy, so its own number is larger
/// than its parent's.
static LAST_PROCESS: AtomicU64 = AtomicU64::new(0);
static LAST_THREAD: AtomicU64 = AtomicU64::new(0);
static MARK: OnceLock<Option<Mark>> = OnceLock::new();

thread_local! {
    static THREAD: Cell<u64> = const { Cell::new(0) };
}

/// A number that differs between a process and the children it forked, and never changes otherwise; never 0.
///
/// Usually one load: the number lies in a page that the kernel hands to a child zeroed (`MADV_WIPEONFORK`, 4.14), so that
/// a fork is noticed however it was made, also by a bare `clone(2)`. Without that advice it is the pid.
///
/// ```
/// use uring_sys::identity::process_token;
///
/// let here = process_token();
/// assert_ne!(here, 0);
/// let there = std::thread::spawn(process_token).join().unwrap();
/// assert_eq!(here, there, "threads of one process share it; a forked child does not");
/// ```
#[must_use]
pub fn process_token() -> u64 {
    match MARK.get_or_init(|| Mark::new().ok()) {
        Some(mark) => mark.token(),
        None => u64::from(std::process::id()),
    }
}

/// A number that no other thread of this process has, or had before; never 0.
///
/// ```
/// use uring_sys::identity::thread_token;
///
/// let here = thread_token();
/// assert_eq!(here, thread_token());
/// let there = std::thread::spawn(thread_token).join().unwrap();
/// assert_ne!(here, there);
/// ```
#[must_use]
pub fn thread_token() -> u64 {
    THREAD.with(|token| {
        if token.get() == 0 {
            // Relaxed: only the uniqueness of the number matters, nothing is published with it.
            token.set(LAST_THREAD.fetch_add(1, Ordering::Relaxed) + 1);
        }
        token.get()
    })
}

/// The page that is wiped on fork. Never unmapped: it lives in a static.
#[derive(Debug)]
struct Mark(NonNull<AtomicU64>);

// SAFETY: the pointer is to an atomic in a mapping that is never unmapped.
unsafe impl Send for Mark {}
// SAFETY: as above; the atomic is made to be shared.
unsafe impl Sync for Mark {}

impl Mark {
    fn new() -> io::Result<Self> {
        let len = size_of::<AtomicU64>();
        // SAFETY: a new anonymous mapping at an address of the kernel's choice touches nothing that exists.
        let page = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if page == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the advice is for the mapping made above.
        if unsafe { libc::madvise(page, len, libc::MADV_WIPEONFORK) } != 0 {
            let error = io::Error::last_os_error();
            Self::discard(page, len);
            return Err(error);
        }
        NonNull::new(page.cast())
            .map(Self)
            .ok_or_else(|| io::Error::from_raw_os_error(libc::ENOMEM))
    }

    fn discard(page: *mut c_void, len: usize) {
        // SAFETY: the caller made this mapping and holds the only pointer to it.
        unsafe { libc::munmap(page, len) };
    }

    fn token(&self) -> u64 {
        // SAFETY: the page is mapped for ever, aligned, and holds zero or a number: both are a valid atomic.
        let word = unsafe { self.0.as_ref() };
        // Relaxed throughout: the number guards no other memory; a child sees its parent's writes by the fork itself.
        match word.load(Ordering::Relaxed) {
            0 => {
                let fresh = LAST_PROCESS.fetch_add(1, Ordering::Relaxed) + 1;
                // Two threads may both find the page wiped; the first number stands for both.
                match word.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => fresh,
                    Err(first) => first,
                }
            }
            token => token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_stable_and_never_zero() {
        assert_ne!(process_token(), 0);
        assert_eq!(process_token(), process_token());
        assert_ne!(thread_token(), 0);
        assert_eq!(thread_token(), thread_token());
    }

    #[test]
    fn another_thread_is_the_same_process_and_another_thread() {
        let here = (process_token(), thread_token());
        let there = std::thread::spawn(|| (process_token(), thread_token()))
            .join()
            .unwrap();
        assert_eq!(here.0, there.0);
        assert_ne!(here.1, there.1);
    }

    #[test]
    fn a_forked_child_is_another_process() {
        let parent = process_token();
        // SAFETY: the child only loads and exchanges atomics and leaves by _exit, all of which is allowed after a fork.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = i32::from(process_token() == parent || process_token() == 0);
            // SAFETY: ends the child without running anything of the parent's.
            unsafe { libc::_exit(code) };
        }
        let mut status = -1;
        // SAFETY: `status` is writable and the child is ours.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(waited, child);
        assert_eq!(status, 0, "the child's token must be its own");
        assert_eq!(process_token(), parent);
    }
}
