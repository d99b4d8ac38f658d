//! The completion queue: kernel tail, private head, published head.
//!
//! The mirror image of [`squeue`](crate::SubmissionQueue): the kernel owns the tail and we own the head.

use std::fmt;
use std::iter::FusedIterator;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::abi::{IORING_CQE_F_MORE, io_uring_cqe};

/// A completion queue entry: the answer to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cqe {
    /// The number the request was pushed with.
    pub user_data: u64,
    /// What the operation says: an event mask for a poll, or a negated errno.
    pub result: i32,
    /// `IORING_CQE_F_*`.
    pub flags: u32,
}

impl Cqe {
    /// Whether the same request will complete again; if not, its `user_data` is free.
    #[must_use]
    pub fn more(&self) -> bool {
        self.flags & IORING_CQE_F_MORE != 0
    }
}

/// Where the words of a completion queue lie.
#[derive(Debug)]
pub(crate) struct CqPointers {
    pub(crate) head: NonNull<AtomicU32>,
    pub(crate) tail: NonNull<AtomicU32>,
    pub(crate) overflow: NonNull<AtomicU32>,
    pub(crate) cqes: NonNull<io_uring_cqe>,
    /// A power of two.
    pub(crate) entries: u32,
}

/// The half of a ring that answers come out of; owned by [`Ring`](crate::Ring).
pub struct CompletionQueue {
    /// How far we have read, as the kernel knows it; only [`CompletionQueue::publish`] writes it.
    head: NonNull<AtomicU32>,
    /// How far the kernel has written; it alone writes it.
    tail: NonNull<AtomicU32>,
    overflow: NonNull<AtomicU32>,
    /// `mask + 1` slots. Ours between head and tail, the kernel's otherwise.
    cqes: NonNull<io_uring_cqe>,
    mask: u32,
    /// How far we have read. Ahead of `head` only while a batch is being read.
    private_head: u32,
}

// SAFETY: the pointers are to process-wide shared memory, and all writing goes through `&mut self`.
unsafe impl Send for CompletionQueue {}

impl CompletionQueue {
    /// # Safety
    ///
    /// The pointers must stay valid for as long as this value is used, nobody but this value and the kernel may use them,
    /// and `entries` must be a power of two and the length of `cqes`.
    pub(crate) unsafe fn new(pointers: CqPointers) -> Self {
        let CqPointers {
            head,
            tail,
            overflow,
            cqes,
            entries,
        } = pointers;
        let mut queue = Self {
            head,
            tail,
            overflow,
            cqes,
            mask: entries - 1,
            private_head: 0,
        };
        // Relaxed: nobody else writes the head.
        queue.private_head = queue.word(queue.head).load(Ordering::Relaxed);
        queue
    }

    fn word(&self, word: NonNull<AtomicU32>) -> &AtomicU32 {
        // SAFETY: one of this queue's own words, valid as long as the queue by the contract of `new`.
        unsafe { word.as_ref() }
    }

    fn load_tail(&self) -> u32 {
        // Acquire: the kernel's tail is stored after the entries it announces; they must not be read before it.
        self.word(self.tail).load(Ordering::Acquire)
    }

    /// Takes the entry at the private head if that is not `tail`, a value of [`CompletionQueue::load_tail`].
    fn take(&mut self, tail: u32) -> Option<Cqe> {
        if self.private_head == tail {
            return None;
        }
        let index = self.private_head & self.mask;
        // SAFETY: masked, so inside the `mask + 1` slots.
        let slot = unsafe { self.cqes.add(index as usize) };
        // SAFETY: before the tail, so written by the kernel, and not written again before the head has passed it.
        let raw = unsafe { slot.read() };
        self.private_head = self.private_head.wrapping_add(1);
        Some(Cqe {
            user_data: raw.user_data,
            result: raw.res,
            flags: raw.flags,
        })
    }

    fn publish(&self) {
        // Release: the entries must have been read before the kernel may write over them.
        self.word(self.head)
            .store(self.private_head, Ordering::Release);
    }

    /// Takes the oldest entry and frees its slot.
    pub(crate) fn pop(&mut self) -> Option<Cqe> {
        let cqe = self.take(self.load_tail())?;
        self.publish();
        Some(cqe)
    }

    /// Takes all that are there now, as one batch.
    pub(crate) fn completions(&mut self) -> Completions<'_> {
        let tail = self.load_tail();
        Completions { queue: self, tail }
    }

    /// How many entries can be taken.
    #[must_use]
    pub fn ready(&self) -> u32 {
        self.load_tail().wrapping_sub(self.private_head)
    }

    /// How many slots there are.
    #[must_use]
    pub fn entries(&self) -> u32 {
        self.mask + 1
    }

    /// How many completions the kernel has *lost*. Does not count what waits in the overflow list.
    #[must_use]
    pub fn overflow_count(&self) -> u32 {
        // Relaxed: a statistic; whoever reacts to a change re-arms everything by entering the kernel.
        self.word(self.overflow).load(Ordering::Relaxed)
    }
}

impl fmt::Debug for CompletionQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionQueue")
            .field("entries", &self.entries())
            .field("ready", &self.ready())
            .field("overflow_count", &self.overflow_count())
            .finish()
    }
}

/// The entries that were in the queue when the batch began. Reads the tail once, and gives all slots back to the kernel
/// at once when dropped; what was not iterated over stays in the queue.
///
/// If it is leaked, the slots are given back with the next batch: nothing is delivered twice.
#[derive(Debug)]
pub struct Completions<'ring> {
    queue: &'ring mut CompletionQueue,
    tail: u32,
}

impl Iterator for Completions<'_> {
    type Item = Cqe;

    fn next(&mut self) -> Option<Cqe> {
        self.queue.take(self.tail)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.tail.wrapping_sub(self.queue.private_head) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Completions<'_> {}
impl FusedIterator for Completions<'_> {}

impl Drop for Completions<'_> {
    fn drop(&mut self) {
        self.queue.publish();
    }
}
