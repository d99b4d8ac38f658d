//! The submission queue: private tail, published tail, kernel head.
//!
//! Three free-running 32-bit counters; a slot is a counter modulo the size. `head <= published tail <= private tail`, all
//! differences taken with wrapping arithmetic, so nothing special happens when a counter passes `u32::MAX`.

use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::abi::{IORING_SQ_CQ_OVERFLOW, IORING_SQ_TASKRUN, io_uring_sqe};
use crate::sqe::Sqe;

/// The queue has no free slot: submit, then push again. The entry was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl fmt::Display for QueueFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the submission queue is full")
    }
}

impl std::error::Error for QueueFull {}

/// Where the words of a submission queue lie.
#[derive(Debug)]
pub(crate) struct SqPointers {
    pub(crate) head: NonNull<AtomicU32>,
    pub(crate) tail: NonNull<AtomicU32>,
    pub(crate) flags: NonNull<AtomicU32>,
    pub(crate) dropped: NonNull<AtomicU32>,
    pub(crate) sqes: NonNull<io_uring_sqe>,
    /// The indirection array, unless the ring has none.
    pub(crate) array: Option<NonNull<AtomicU32>>,
    /// A power of two.
    pub(crate) entries: u32,
}

/// The half of a ring that requests go into; owned by [`Ring`](crate::Ring).
pub struct SubmissionQueue {
    /// How far the kernel has read; it alone writes it.
    head: NonNull<AtomicU32>,
    /// How far the kernel may read; only [`SubmissionQueue::publish`] writes it.
    tail: NonNull<AtomicU32>,
    flags: NonNull<AtomicU32>,
    dropped: NonNull<AtomicU32>,
    /// `mask + 1` slots. Ours from the private tail on until it has gone once around to the kernel's head.
    sqes: NonNull<io_uring_sqe>,
    mask: u32,
    /// How far entries are written. Ahead of `tail` between a push and the next publication.
    private_tail: u32,
}

// SAFETY: the pointers are to process-wide shared memory, and all writing goes through `&mut self`.
unsafe impl Send for SubmissionQueue {}

impl SubmissionQueue {
    /// # Safety
    ///
    /// The pointers must stay valid for as long as this value is used, nobody but this value and the kernel may use them,
    /// and `entries` must be a power of two, the length of `sqes` and of `array`.
    pub(crate) unsafe fn new(pointers: SqPointers) -> Self {
        let SqPointers {
            head,
            tail,
            flags,
            dropped,
            sqes,
            array,
            entries,
        } = pointers;
        if let Some(array) = array {
            // Slot i always names entry i: the indirection is for programs which build entries out of order.
            for index in 0..entries {
                // SAFETY: index < entries, the length of the array.
                let slot = unsafe { array.add(index as usize) };
                // SAFETY: the slot is in the array, aligned, and any bits are a valid atomic.
                let slot = unsafe { slot.as_ref() };
                // Relaxed: the kernel reads it after the Release of the first published tail.
                slot.store(index, Ordering::Relaxed);
            }
        }
        let mut queue = Self {
            head,
            tail,
            flags,
            dropped,
            sqes,
            mask: entries - 1,
            private_tail: 0,
        };
        // Relaxed: nobody else writes the tail.
        queue.private_tail = queue.word(queue.tail).load(Ordering::Relaxed);
        queue
    }

    fn word(&self, word: NonNull<AtomicU32>) -> &AtomicU32 {
        // SAFETY: one of this queue's own words, valid as long as the queue by the contract of `new`.
        unsafe { word.as_ref() }
    }

    /// Writes `sqe` into the next slot; the kernel does not see it before [`SubmissionQueue::publish`].
    pub(crate) fn push(&mut self, sqe: Sqe) -> Result<(), QueueFull> {
        if self.to_submit() > self.mask {
            return Err(QueueFull);
        }
        let index = self.private_tail & self.mask;
        // SAFETY: masked, so inside the `mask + 1` slots.
        let slot = unsafe { self.sqes.add(index as usize) };
        // SAFETY: the kernel's head (Acquire, in `to_submit`) is past this slot, so it has been read and is ours again.
        unsafe { slot.write(sqe.into_raw()) };
        self.private_tail = self.private_tail.wrapping_add(1);
        Ok(())
    }

    /// Shows the kernel all entries written so far.
    pub(crate) fn publish(&self) {
        // Release: the entries must be in memory before the tail that announces them. The kernel pairs it with an
        // acquire load; an enter on the same thread would order them too, but the rule costs nothing on x86.
        self.word(self.tail)
            .store(self.private_tail, Ordering::Release);
    }

    /// How many entries were pushed and not yet consumed by the kernel.
    #[must_use]
    pub fn to_submit(&self) -> u32 {
        // Acquire: the kernel has finished reading a slot before its head passes it; only then may we write it again.
        self.private_tail
            .wrapping_sub(self.word(self.head).load(Ordering::Acquire))
    }

    /// How many slots there are.
    #[must_use]
    pub fn entries(&self) -> u32 {
        self.mask + 1
    }

    /// Whether completions wait in the kernel's overflow list.
    #[must_use]
    pub fn cq_overflowed(&self) -> bool {
        self.flags() & IORING_SQ_CQ_OVERFLOW != 0
    }

    /// Whether completion work waits for an enter.
    #[must_use]
    pub fn taskrun_pending(&self) -> bool {
        self.flags() & IORING_SQ_TASKRUN != 0
    }

    fn flags(&self) -> u32 {
        // Relaxed: a hint to enter the kernel, which then orders everything itself. (Only NEED_WAKEUP wants a fence.)
        self.word(self.flags).load(Ordering::Relaxed)
    }

    /// How many entries the kernel skipped because of a bad index; the array is the identity, so always 0.
    #[must_use]
    pub fn dropped_count(&self) -> u32 {
        // Relaxed: a statistic.
        self.word(self.dropped).load(Ordering::Relaxed)
    }
}

impl fmt::Debug for SubmissionQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmissionQueue")
            .field("entries", &self.entries())
            .field("to_submit", &self.to_submit())
            .field("flags", &self.flags())
            .finish_non_exhaustive()
    }
}
