//! An allocator that never gives an address twice, and takes every freed page away from everybody.

use std::alloc::{GlobalAlloc, Layout, System};
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
    unguarded: AtomicUsize,
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
            unguarded: AtomicUsize::new(0),
        }
    }

    /// How many allocations have been taken back, and guarded, so far.
    pub fn freed(&self) -> usize {
        self.freed.load(Ordering::Relaxed)
    }

    /// How many allocations came from the system's own allocator: for alignments above a page, and when a process has
    /// all the mappings it may have (65 530), as the backtrace of a panic takes.
    pub fn unguarded(&self) -> usize {
        self.unguarded.load(Ordering::Relaxed)
    }

    fn start(&self) -> Option<usize> {
        let start = *self.start.get_or_init(|| {
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
        });
        (start != 0).then_some(start)
    }

    /// Pages that nobody had before. None: there are none, or no mapping for them.
    fn fresh_pages(&self, layout: Layout) -> Option<*mut u8> {
        if layout.align() > PAGE {
            return None;
        }
        let (start, pages) = (self.start()?, pages(layout));
        let at = self.used.fetch_add(pages + PAGE, Ordering::Relaxed);
        if at.saturating_add(pages + PAGE) > REGION {
            return None;
        }
        let first: *mut u8 = ptr::with_exposed_provenance_mut(start + at);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the range lies in the region, and nobody else has it.
        let answer = unsafe { libc::mprotect(first.cast(), pages, access) };
        (answer == 0).then_some(first)
    }

    fn is_guarded(&self, pointer: *mut u8) -> bool {
        self.start()
            .is_some_and(|start| (start..start + REGION).contains(&pointer.addr()))
    }
}

/// The pages of an allocation, its guard left out.
fn pages(layout: Layout) -> usize {
    layout.size().max(1).next_multiple_of(PAGE)
}

// SAFETY: each call hands out a range that no other one ever did, of the size and alignment asked for; or what the
// system's allocator gives, which then takes it back.
unsafe impl GlobalAlloc for PageGuard {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(first) = self.fresh_pages(layout) else {
            self.unguarded.fetch_add(1, Ordering::Relaxed);
            // SAFETY: the caller's promise is the same as this one.
            return unsafe { System.alloc(layout) };
        };
        // Against the end, as far as the alignment allows: one byte too many is a fault as well.
        let slack = pages(layout) - layout.size().max(1);
        first.wrapping_add(slack / layout.align() * layout.align())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if !self.is_guarded(pointer) {
            // SAFETY: it is not ours, so it is what `alloc` got from there.
            return unsafe { System.dealloc(pointer, layout) };
        }
        let first = pointer.wrapping_sub(pointer.addr() % PAGE);
        // A new mapping in the place of the old one, so that the memory goes back and the kernel can join neighbours:
        // the number of mappings is limited.
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
