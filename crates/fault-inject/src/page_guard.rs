//! An allocator that never gives an address twice, and takes every freed page away from everybody.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Address space for all allocations that a process ever makes: a quarter of a terabyte, of which only what is alive
/// takes memory.
const REGION: usize = 1 << 38;
const PAGE: usize = 4096;

/// The global allocator of a test: each allocation on pages of its own, against the end of them, with an inaccessible
/// page after it; freed pages stay inaccessible for ever.
///
/// So a use after free, or beyond the end, is a fault: of this process (`SIGSEGV`) or of the kernel on its behalf
/// (`EFAULT`). The latter is what address sanitizers cannot see, and what a completion into a freed buffer would be.
///
/// ```
/// use uring_fault_inject::PageGuard;
///
/// #[global_allocator]
/// static ALLOCATOR: PageGuard = PageGuard::new();
/// # fn main() { drop(vec![1, 2, 3]); }
/// ```
#[derive(Debug)]
pub struct PageGuard {
    /// Where the region begins. 0: there is none to be had.
    start: OnceLock<usize>,
    /// How much of it was given away.
    used: AtomicUsize,
    freed: AtomicUsize,
}

impl Default for PageGuard {
    fn default() -> PageGuard {
        PageGuard::new()
    }
}

impl PageGuard {
    /// One for a `static`.
    pub const fn new() -> PageGuard {
        PageGuard {
            start: OnceLock::new(),
            used: AtomicUsize::new(0),
            freed: AtomicUsize::new(0),
        }
    }

    /// How many allocations have been taken back, and guarded, so far.
    pub fn freed(&self) -> usize {
        self.freed.load(Ordering::Relaxed)
    }

    fn start(&self) -> usize {
        *self.start.get_or_init(|| {
            // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
            let region = unsafe {
                libc::mmap(
                    ptr::null_mut(),
                    REGION,
                    libc::PROT_NONE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            if region == libc::MAP_FAILED {
                0
            } else {
                region.addr()
            }
        })
    }
}

/// The pages of an allocation, its guard left out.
fn pages(layout: Layout) -> usize {
    layout.size().max(1).next_multiple_of(PAGE)
}

// SAFETY: each call hands out a range that no other one ever did, of the size and alignment asked for.
unsafe impl GlobalAlloc for PageGuard {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (start, pages) = (self.start(), pages(layout));
        if start == 0 || layout.align() > PAGE {
            return ptr::null_mut();
        }
        let at = self.used.fetch_add(pages + PAGE, Ordering::Relaxed);
        if at.saturating_add(pages + PAGE) > REGION {
            return ptr::null_mut();
        }
        let first: *mut u8 = ptr::with_exposed_provenance_mut(start + at);
        // SAFETY: the range lies in the region, and nobody else has it.
        let answer =
            unsafe { libc::mprotect(first.cast(), pages, libc::PROT_READ | libc::PROT_WRITE) };
        if answer != 0 {
            return ptr::null_mut();
        }
        // Against the end, as far as the alignment allows: one byte too many is a fault as well.
        let offset = (pages - layout.size().max(1)) / layout.align() * layout.align();
        first.wrapping_add(offset)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let offset = pointer.addr() % PAGE;
        let first = pointer.wrapping_sub(offset);
        // A new mapping in the place of the old one, so that the memory goes back and the kernel can join neighbours:
        // a process may have 65 530 mappings.
        // SAFETY: the range is the one that `alloc` gave away, and its holder has given it back.
        unsafe {
            libc::mmap(
                first.cast(),
                pages(layout),
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED,
                -1,
                0,
            )
        };
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}
