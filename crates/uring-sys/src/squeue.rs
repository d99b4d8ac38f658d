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
///
/// ```
/// use uring_sys::{QueueFull, Ring, Setup, Sqe};
///
/// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
/// let mut ring = Ring::new(&Setup { entries: 1, ..Setup::default() })?;
/// for number in 0..3 {
///     let sqe = Sqe::nop().with_user_data(number);
///     while let Err(QueueFull) = ring.push(sqe) {
///         ring.submit()?;
///     }
/// }
/// # assert_eq!(ring.cq_ready() + ring.to_submit(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use uring_sys::{Ring, Setup, Sqe};
///
/// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
/// let mut ring = Ring::new(&Setup { entries: 8, ..Setup::default() })?;
/// ring.push(Sqe::nop())?;
/// let queue = ring.sq();
/// assert_eq!((queue.to_submit(), queue.entries(), queue.dropped_count()), (1, 8, 0));
/// assert!(!queue.cq_overflowed() && !queue.taskrun_pending());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// assert_eq!(ring.sq().to_submit(), 1);
    /// ring.submit()?;
    /// assert_eq!(ring.sq().to_submit(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_submit(&self) -> u32 {
        // Acquire: the kernel has finished reading a slot before its head passes it; only then may we write it again.
        self.private_tail
            .wrapping_sub(self.word(self.head).load(Ordering::Acquire))
    }

    /// How many slots there are.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let ring = Ring::new(&Setup { entries: 5, ..Setup::default() })?;
    /// assert_eq!(ring.sq().entries(), 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn entries(&self) -> u32 {
        self.mask + 1
    }

    /// Whether completions wait in the kernel's overflow list.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe, abi::IORING_FEAT_NODROP};
    ///
    /// let setup = Setup { entries: 1, cq_entries: Some(1), ..Setup::default() };
    /// # let Ok(_) = Ring::new(&setup) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&setup)?;
    /// # if ring.features() & IORING_FEAT_NODROP == 0 { return Ok(()) } // an old kernel
    /// for overflowed in [false, true] {
    ///     ring.push(Sqe::nop())?;
    ///     ring.submit()?;
    ///     assert_eq!(ring.sq().cq_overflowed(), overflowed);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cq_overflowed(&self) -> bool {
        self.flags() & IORING_SQ_CQ_OVERFLOW != 0
    }

    /// Whether completion work waits for an enter.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup, Sqe};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// let mut ring = Ring::new(&Setup::default())?;
    /// ring.push(Sqe::nop())?;
    /// ring.submit()?;
    /// assert!(!ring.sq().taskrun_pending(), "a NOP leaves no work behind");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn taskrun_pending(&self) -> bool {
        self.flags() & IORING_SQ_TASKRUN != 0
    }

    fn flags(&self) -> u32 {
        // Relaxed: a hint to enter the kernel, which then orders everything itself. (Only NEED_WAKEUP wants a fence.)
        self.word(self.flags).load(Ordering::Relaxed)
    }

    /// How many entries the kernel skipped because of a bad index; the array is the identity, so always 0.
    ///
    /// ```
    /// use uring_sys::{Ring, Setup};
    ///
    /// # let Ok(_) = Ring::new(&Setup::default()) else { return Ok(()) }; // no io_uring on this machine
    /// assert_eq!(Ring::new(&Setup::default())?.sq().dropped_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's side of a queue on the heap.
    struct FakeKernel {
        head: AtomicU32,
        tail: AtomicU32,
        flags: AtomicU32,
        dropped: AtomicU32,
        array: Vec<AtomicU32>,
        sqes: Vec<io_uring_sqe>,
    }

    impl FakeKernel {
        /// Both counters begin at `start`.
        fn new(entries: u32, start: u32) -> Box<Self> {
            Box::new(Self {
                head: AtomicU32::new(start),
                tail: AtomicU32::new(start),
                flags: AtomicU32::new(0),
                dropped: AtomicU32::new(0),
                array: (0..entries).map(|_| AtomicU32::new(u32::MAX)).collect(),
                sqes: vec![io_uring_sqe::default(); entries as usize],
            })
        }

        fn queue(&mut self) -> SubmissionQueue {
            let pointers = SqPointers {
                head: NonNull::from(&self.head),
                tail: NonNull::from(&self.tail),
                flags: NonNull::from(&self.flags),
                dropped: NonNull::from(&self.dropped),
                sqes: NonNull::new(self.sqes.as_mut_ptr()).unwrap(),
                array: NonNull::new(self.array.as_mut_ptr()),
                entries: u32::try_from(self.array.len()).unwrap(),
            };
            // SAFETY: the test keeps the box alive longer than the queue, and touches it only as the kernel would.
            unsafe { SubmissionQueue::new(pointers) }
        }

        /// Takes up to `most` published entries, and returns their user_data.
        fn consume(&self, most: u32) -> Vec<u64> {
            let head = self.head.load(Ordering::Relaxed);
            let count = most.min(self.tail.load(Ordering::Acquire).wrapping_sub(head));
            let mask = u32::try_from(self.array.len()).unwrap() - 1;
            let taken = (0..count).map(|n| {
                let slot = (head.wrapping_add(n) & mask) as usize;
                let index = self.array[slot].load(Ordering::Relaxed) as usize;
                assert!(
                    index < self.sqes.len(),
                    "the array names a slot that is not there"
                );
                // SAFETY: in bounds, and published by the queue.
                let slot = unsafe { self.sqes.as_ptr().add(index) };
                // SAFETY: the queue does not write a slot before the head has passed it.
                unsafe { slot.read() }.user_data
            });
            let taken = taken.collect();
            self.head.store(head.wrapping_add(count), Ordering::Release);
            taken
        }
    }

    fn nop(n: u64) -> Sqe {
        Sqe::nop().with_user_data(n)
    }

    #[test]
    fn entries_arrive_in_order_across_the_end_of_the_counters() {
        let mut kernel = FakeKernel::new(4, u32::MAX - 6);
        let mut queue = kernel.queue();
        let mut seen = Vec::new();
        for n in (0..30).step_by(3) {
            for n in n..n + 3 {
                queue.push(nop(n)).unwrap();
            }
            queue.publish();
            assert_eq!(queue.to_submit(), 3);
            seen.extend(kernel.consume(u32::MAX));
        }
        assert_eq!(seen, (0..30).collect::<Vec<_>>());
        assert_eq!(queue.to_submit(), 0);
        assert!(
            kernel.tail.load(Ordering::Relaxed) < 100,
            "the counters have wrapped"
        );
    }

    #[test]
    fn a_full_queue_refuses_and_loses_nothing() {
        // From just before the end, so that head > tail numerically while it is full.
        let mut kernel = FakeKernel::new(4, u32::MAX - 1);
        let mut queue = kernel.queue();
        for n in 0..4 {
            queue.push(nop(n)).unwrap();
        }
        for _ in 0..3 {
            assert_eq!(queue.push(nop(99)), Err(QueueFull));
        }
        queue.publish();
        assert_eq!(
            queue.push(nop(99)),
            Err(QueueFull),
            "published is not consumed"
        );
        assert_eq!(kernel.consume(1), [0]);
        queue.push(nop(4)).unwrap();
        assert_eq!(queue.push(nop(99)), Err(QueueFull));
        queue.publish();
        assert_eq!(kernel.consume(9), [1, 2, 3, 4]);
    }

    #[test]
    fn to_submit_follows_the_kernels_head() {
        let mut kernel = FakeKernel::new(8, 0);
        let mut queue = kernel.queue();
        for n in 0..5 {
            queue.push(nop(n)).unwrap();
        }
        assert_eq!(queue.to_submit(), 5, "unpublished entries count");
        queue.publish();
        kernel.consume(2);
        assert_eq!(queue.to_submit(), 3, "a short submit leaves the rest");
        queue.push(nop(5)).unwrap();
        assert_eq!(queue.to_submit(), 4);
        queue.publish();
        assert_eq!(kernel.consume(9), [2, 3, 4, 5]);
        assert_eq!(queue.to_submit(), 0);
    }

    #[test]
    fn the_kernel_sees_nothing_before_the_publication() {
        let mut kernel = FakeKernel::new(8, 0);
        let mut queue = kernel.queue();
        for n in 0..5 {
            queue.push(nop(n)).unwrap();
        }
        assert_eq!(kernel.tail.load(Ordering::Acquire), 0);
        assert!(kernel.consume(9).is_empty());
        queue.publish();
        assert_eq!(kernel.tail.load(Ordering::Acquire), 5);
    }

    #[test]
    fn a_reused_slot_holds_nothing_of_its_last_entry() {
        let mut kernel = FakeKernel::new(1, 0);
        let mut queue = kernel.queue();
        queue
            .push(
                Sqe::poll_add_multi(3, u32::MAX)
                    .skip_success()
                    .with_user_data(1),
            )
            .unwrap();
        queue.publish();
        assert_eq!(kernel.consume(1), [1]);
        queue.push(Sqe::poll_remove(7)).unwrap();
        queue.publish();
        assert_eq!(kernel.consume(1), [0]);
        // SAFETY: the only slot, consumed.
        let raw = unsafe { kernel.sqes.as_ptr().read() };
        assert_eq!(
            format!("{raw:?}"),
            format!("{:?}", Sqe::poll_remove(7).into_raw())
        );
    }

    #[test]
    fn flags_and_counters_are_the_kernels() {
        let mut kernel = FakeKernel::new(1, 0);
        let queue = kernel.queue();
        assert!(!queue.cq_overflowed() && !queue.taskrun_pending());
        kernel.flags.store(IORING_SQ_CQ_OVERFLOW, Ordering::Relaxed);
        assert!(queue.cq_overflowed() && !queue.taskrun_pending());
        kernel.flags.store(IORING_SQ_TASKRUN, Ordering::Relaxed);
        assert!(!queue.cq_overflowed() && queue.taskrun_pending());
        kernel.dropped.store(3, Ordering::Relaxed);
        assert_eq!(queue.dropped_count(), 3);
    }
}
