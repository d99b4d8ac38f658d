//! The memory of tasks that have ended, kept for those to come.

use std::alloc::{self, Layout};
use std::array;
use std::cell::Cell;
use std::ptr::NonNull;

/// Cells of up to so many bytes are kept; a larger future is worth its call of the allocator.
const LARGEST: usize = 512;

/// Lists of cells of one size, 16 bytes apart: what an allocator rounds to anyway.
const STEP: usize = 16;
const CLASSES: usize = LARGEST / STEP;

/// In all lists together. A thousand tasks that begin and end at once fit, and an idle program does not notice it.
const MOST_BYTES: usize = 256 * 1024;

/// The home thread's lists of free cells, each the length of its class. Tasks come and go far more often than a program
/// grows, and an allocator for all threads and sizes takes a fifth of the time of a short one.
///
/// - **L1.** What is in a list was allocated by the global allocator with the layout of the list's class, and nobody
///   else has a pointer to it. Its first bytes are a [`Link`].
pub(crate) struct FreeLists {
    first: [Cell<Option<NonNull<Link>>>; CLASSES],
    bytes: Cell<usize>,
    most_bytes: usize,
}

struct Link {
    next: Option<NonNull<Link>>,
}

// SAFETY: the lists own what is in them (L1), and memory may be freed on any thread.
unsafe impl Send for FreeLists {}

/// Where the memory for values of a type comes from.
#[derive(Clone, Copy)]
struct Class {
    layout: Layout,
    /// Of the list; `None` where the memory is not kept.
    index: Option<usize>,
}

impl Class {
    /// Eight bytes short of a multiple of the step: the allocator has those of its own, so that it rounds no further.
    const fn of<T>() -> Self {
        let layout = Layout::new::<T>();
        let index = (layout.size() + 7) / STEP;
        let is_kept = layout.align() <= align_of::<Link>() && index > 0 && index < CLASSES;
        if !is_kept {
            return Self {
                layout,
                index: None,
            };
        }
        Self {
            layout: Self::layout(index),
            index: Some(index),
        }
    }

    const fn layout(index: usize) -> Layout {
        match Layout::from_size_align(index * STEP + 8, align_of::<Link>()) {
            Ok(layout) => layout,
            Err(_) => panic!("a few hundred bytes fit into memory"),
        }
    }
}

/// Moves a value to memory of its own, from a list of the home thread if there is one.
///
/// The inverse is [`free`], on any thread.
#[inline]
pub(super) fn allocate<T>(lists: Option<&FreeLists>, value: T) -> NonNull<T> {
    let class = const { Class::of::<T>() };
    let kept = lists
        .zip(class.index)
        .and_then(|(lists, index)| lists.take(index));
    let memory = match kept {
        Some(link) => link.cast(),
        None => fresh(class.layout).cast(),
    };
    // SAFETY: as long and aligned as a `T`, and ours (L1).
    unsafe { memory.write(value) };
    memory
}

fn fresh(layout: Layout) -> NonNull<u8> {
    // SAFETY: no class and no task cell is of size zero: each has a header.
    let memory = unsafe { alloc::alloc(layout) };
    NonNull::new(memory).unwrap_or_else(|| alloc::handle_alloc_error(layout))
}

/// Gives back the memory of a value that has been dropped or moved out.
///
/// # Safety
///
/// It is from [`allocate`] of the same type, and nobody has a pointer to it any more.
#[inline]
pub(super) unsafe fn free<T>(lists: Option<&FreeLists>, memory: NonNull<T>) {
    let class = const { Class::of::<T>() };
    if let Some((lists, index)) = lists.zip(class.index)
        && lists.has_room(class.layout)
    {
        // SAFETY: of this class's layout, and of nobody else, says the caller.
        unsafe { lists.put(index, memory.cast()) };
        return;
    }
    // SAFETY: `allocate` got it from the allocator with this layout, says the caller.
    unsafe { alloc::dealloc(memory.as_ptr().cast(), class.layout) };
}

impl FreeLists {
    fn with_room(most_bytes: usize) -> Self {
        Self {
            first: array::from_fn(|_| Cell::new(None)),
            bytes: Cell::new(0),
            most_bytes,
        }
    }

    #[inline]
    fn take(&self, index: usize) -> Option<NonNull<Link>> {
        let link = self.first[index].get()?;
        // SAFETY: it begins with a link, and is nobody else's (L1).
        let next = unsafe { link.as_ref() }.next;
        self.first[index].set(next);
        let size = Class::layout(index).size();
        self.bytes.set(self.bytes.get() - size);
        Some(link)
    }

    #[inline]
    fn has_room(&self, layout: Layout) -> bool {
        self.bytes.get() + layout.size() <= self.most_bytes
    }

    /// # Safety
    ///
    /// The memory is of the class's layout, from the global allocator, and of nobody else (L1).
    #[inline]
    unsafe fn put(&self, index: usize, memory: NonNull<Link>) {
        let next = self.first[index].replace(Some(memory));
        // SAFETY: long enough for a link and aligned, as each class is, and ours now.
        unsafe { memory.write(Link { next }) };
        let size = Class::layout(index).size();
        self.bytes.set(self.bytes.get() + size);
    }

    /// Gives all of it back to the allocator.
    pub(super) fn clear(&self) {
        for index in 0..CLASSES {
            while let Some(memory) = self.take(index) {
                // SAFETY: allocated with this layout, and nobody else has a pointer to it (L1).
                unsafe { alloc::dealloc(memory.as_ptr().cast(), Class::layout(index)) };
            }
        }
    }
}

impl Default for FreeLists {
    fn default() -> Self {
        // A checker of memory is to see each task end.
        let keeps = !cfg!(any(sanitizing, fuzzing));
        Self::with_room(if keeps { MOST_BYTES } else { 0 })
    }
}

impl Drop for FreeLists {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_for_a_value_of_the_same_class() {
        let lists = FreeLists::with_room(MOST_BYTES);
        let one = allocate(Some(&lists), [1_u64; 13]);
        let other = allocate(Some(&lists), [2_u64; 13]);
        // SAFETY: from `allocate`, and not used again.
        unsafe { free(Some(&lists), one) };
        assert_eq!(lists.bytes.get(), 104);
        let smaller = allocate(Some(&lists), [3_u64; 12]);
        assert_eq!(smaller.cast(), one, "96 bytes are of the class of 104");
        assert_eq!(lists.bytes.get(), 0);
        // SAFETY: alive.
        assert_eq!(unsafe { smaller.read() }, [3; 12]);
        // SAFETY: alive.
        assert_eq!(unsafe { other.read() }, [2; 13]);
        // SAFETY: from `allocate`, and not used again.
        unsafe { free(Some(&lists), smaller) };
        // SAFETY: as above; not everybody who frees is at home.
        unsafe { free(None, other) };
        assert_eq!(lists.bytes.get(), 104);
        lists.clear();
        assert_eq!(lists.bytes.get(), 0);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let lists = FreeLists::with_room(MOST_BYTES);
        let cells: Vec<_> = (0..2 * MOST_BYTES / 504)
            .map(|_| allocate(Some(&lists), [0_u8; 504]))
            .collect();
        for cell in cells {
            // SAFETY: from `allocate`, and not used again.
            unsafe { free(Some(&lists), cell) };
        }
        assert_eq!(lists.bytes.get(), MOST_BYTES / 504 * 504);
    }

    #[test]
    fn what_is_large_or_aligned_to_more_is_not_kept() {
        #[repr(align(64))]
        struct Aligned(#[expect(dead_code, reason = "only its place matters")] u8);

        let lists = FreeLists::with_room(MOST_BYTES);
        let large = allocate(Some(&lists), [0_u8; LARGEST]);
        let aligned = allocate(Some(&lists), Aligned(0));
        assert!(aligned.as_ptr().is_aligned());
        // SAFETY: from `allocate`, and not used again.
        unsafe { free(Some(&lists), large) };
        // SAFETY: as above.
        unsafe { free(Some(&lists), aligned) };
        assert_eq!(lists.bytes.get(), 0);
    }
}
