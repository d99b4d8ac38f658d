//! The completion queue: kernel tail, private head, published head.
//!
//! The mirror image of [`squeue`](crate::SubmissionQueue): the kernel owns the tail and we own the head.

use std::fmt;
use std::iter::FusedIterator;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::abi::{IORING_CQE_F_MORE, io_uring_cqe};

/// A completion queue entry: the answer to one request.
///
/// ```
/// use uring_sys::{Ring, Setup, Sqe};
///
/// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
/// let mut ring = Ring::new(&Setup::default())?;
/// // A poll of a number that is no descriptor.
/// ring.push(Sqe::poll_add(-1, 0).with_user_data(7))?;
/// ring.submit_and_wait(1, None)?;
/// let cqe = ring.pop().unwrap();
/// assert_eq!((cqe.user_data, cqe.result, cqe.flags), (7, -libc::EBADF, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    ///
    /// ```
    /// use uring_sys::{Cqe, abi::IORING_CQE_F_MORE};
    ///
    /// let last = Cqe { user_data: 7, result: 1, flags: 0 };
    /// assert!(!last.more());
    /// assert!(Cqe { flags: IORING_CQE_F_MORE, ..last }.more());
    /// ```
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
///
/// ```
/// use uring_sys::{Ring, Setup, Sqe};
///
/// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
/// let mut ring = Ring::new(&Setup { entries: 8, ..Setup::default() })?;
/// ring.push(Sqe::nop())?;
/// ring.submit_and_wait(1, None)?;
/// let queue = ring.cq();
/// assert_eq!((queue.ready(), queue.entries(), queue.overflow_count()), (1, 16, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// assert_eq!(ring.cq().ready(), 0);
    /// ring.push(Sqe::nop())?;
    /// ring.submit_and_wait(1, None)?;
    /// assert_eq!(ring.cq().ready(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ready(&self) -> u32 {
        self.load_tail().wrapping_sub(self.private_head)
    }

    /// How many slots there are.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let ring = Ring::new(&Setup { entries: 4, cq_entries: Some(32), ..Setup::default() })?;
    /// assert_eq!(ring.cq().entries(), 32);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn entries(&self) -> u32 {
        self.mask + 1
    }

    /// How many completions the kernel has *lost*. Does not count what waits in the overflow list.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// assert_eq!(Ring::new(&Setup::default())?.cq().overflow_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
///
/// ```
/// use uring_sys::{Completions, Ring, Setup, Sqe};
///
/// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
/// let mut ring = Ring::new(&Setup::default())?;
/// ring.push(Sqe::nop().with_user_data(1))?;
/// ring.push(Sqe::nop().with_user_data(2))?;
/// ring.submit_and_wait(2, None)?;
/// let mut batch: Completions<'_> = ring.completions();
/// assert_eq!(batch.len(), 2);
/// assert_eq!(batch.next().map(|cqe| cqe.user_data), Some(1));
/// drop(batch);
/// assert_eq!(ring.cq_ready(), 1, "what was not iterated over stays");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's side of a queue on the heap.
    struct FakeKernel {
        head: AtomicU32,
        tail: AtomicU32,
        overflow: AtomicU32,
        cqes: Vec<io_uring_cqe>,
    }

    impl FakeKernel {
        /// Both counters begin at `start`.
        fn new(entries: usize, start: u32) -> Box<Self> {
            Box::new(Self {
                head: AtomicU32::new(start),
                tail: AtomicU32::new(start),
                overflow: AtomicU32::new(0),
                cqes: vec![io_uring_cqe::default(); entries],
            })
        }

        fn queue(&mut self) -> CompletionQueue {
            let pointers = CqPointers {
                head: NonNull::from(&self.head),
                tail: NonNull::from(&self.tail),
                overflow: NonNull::from(&self.overflow),
                cqes: NonNull::new(self.cqes.as_mut_ptr()).unwrap(),
                entries: u32::try_from(self.cqes.len()).unwrap(),
            };
            // SAFETY: the test keeps the box alive longer than the queue, and touches it only as the kernel would.
            unsafe { CompletionQueue::new(pointers) }
        }

        /// Posts one entry, unless the queue is full.
        fn post(&mut self, user_data: u64) -> bool {
            let tail = self.tail.load(Ordering::Relaxed);
            let used = tail.wrapping_sub(self.head.load(Ordering::Acquire)) as usize;
            if used == self.cqes.len() {
                return false;
            }
            let slot = tail as usize & (self.cqes.len() - 1);
            // SAFETY: in bounds.
            let slot = unsafe { self.cqes.as_mut_ptr().add(slot) };
            // SAFETY: the head is past this slot, so the queue does not read it now.
            unsafe {
                slot.write(io_uring_cqe {
                    user_data,
                    res: -1,
                    flags: 2,
                })
            };
            self.tail.store(tail.wrapping_add(1), Ordering::Release);
            true
        }
    }

    #[test]
    fn entries_arrive_in_order_across_the_end_of_the_counters() {
        let mut kernel = FakeKernel::new(4, u32::MAX - 5);
        let mut queue = kernel.queue();
        let mut seen = Vec::new();
        for n in (0..30).step_by(3) {
            for n in n..n + 3 {
                assert!(kernel.post(n));
            }
            assert_eq!(queue.ready(), 3);
            seen.extend(std::iter::from_fn(|| queue.pop()).map(|cqe| cqe.user_data));
        }
        assert_eq!(seen, (0..30).collect::<Vec<_>>());
        assert!(
            kernel.head.load(Ordering::Relaxed) < 100,
            "the counters have wrapped"
        );
    }

    #[test]
    fn a_pop_copies_the_entry_and_frees_its_slot() {
        let mut kernel = FakeKernel::new(1, 0);
        let mut queue = kernel.queue();
        assert_eq!(queue.pop(), None);
        assert!(kernel.post(7));
        assert!(!kernel.post(8), "no room");
        let cqe = queue.pop().unwrap();
        assert_eq!(
            cqe,
            Cqe {
                user_data: 7,
                result: -1,
                flags: 2
            }
        );
        assert!(cqe.more());
        assert!(kernel.post(8));
    }

    #[test]
    fn a_batch_frees_all_slots_at_once_and_only_at_its_end() {
        let mut kernel = FakeKernel::new(4, u32::MAX - 1);
        let mut queue = kernel.queue();
        for n in 0..4 {
            assert!(kernel.post(n));
        }
        let before = kernel.head.load(Ordering::Relaxed);
        let mut batch = queue.completions();
        assert_eq!(batch.len(), 4);
        for n in 0..4 {
            assert_eq!(batch.next().map(|cqe| cqe.user_data), Some(n));
            assert_eq!(
                kernel.head.load(Ordering::Relaxed),
                before,
                "not yet published"
            );
        }
        assert_eq!(batch.next(), None);
        assert!(!kernel.post(4));
        drop(batch);
        assert_eq!(kernel.head.load(Ordering::Relaxed), before.wrapping_add(4));
    }

    #[test]
    fn a_batch_does_not_see_what_is_posted_while_it_is_read() {
        let mut kernel = FakeKernel::new(4, 0);
        let mut queue = kernel.queue();
        assert!(kernel.post(0));
        let mut batch = queue.completions();
        assert!(kernel.post(1));
        assert_eq!(batch.by_ref().count(), 1);
        drop(batch);
        assert_eq!(queue.completions().count(), 1);
    }

    #[test]
    fn a_batch_dropped_half_way_leaves_the_rest() {
        let mut kernel = FakeKernel::new(4, 0);
        let mut queue = kernel.queue();
        for n in 0..4 {
            assert!(kernel.post(n));
        }
        assert_eq!(queue.completions().next().map(|cqe| cqe.user_data), Some(0));
        assert_eq!(queue.ready(), 3);
        let rest = queue
            .completions()
            .map(|cqe| cqe.user_data)
            .collect::<Vec<_>>();
        assert_eq!(rest, [1, 2, 3]);
    }

    #[test]
    fn a_leaked_batch_delivers_nothing_twice() {
        let mut kernel = FakeKernel::new(2, 0);
        let mut queue = kernel.queue();
        assert!(kernel.post(0));
        let mut batch = queue.completions();
        assert!(batch.next().is_some());
        std::mem::forget(batch);
        assert_eq!(queue.pop(), None);
        assert!(kernel.post(1));
        assert!(!kernel.post(2), "the leaked slot is not free");
        assert_eq!(queue.pop().map(|cqe| cqe.user_data), Some(1));
        assert!(kernel.post(2), "the next publication frees it too");
    }

    #[test]
    fn the_overflow_count_is_the_kernels() {
        let mut kernel = FakeKernel::new(1, 0);
        let queue = kernel.queue();
        kernel.overflow.store(5, Ordering::Relaxed);
        assert_eq!(queue.overflow_count(), 5);
    }
}
