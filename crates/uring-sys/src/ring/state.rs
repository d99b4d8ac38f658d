//! What a ring is, and what its shared memory says right now: no system call.

use super::Ring;
use crate::cqueue::CompletionQueue;
use crate::squeue::SubmissionQueue;

impl Ring {
    /// `abi::IORING_FEAT_*` of this kernel, less those hidden by [`Setup::feature_mask`].
    #[must_use]
    pub fn features(&self) -> u32 {
        self.features
    }

    /// `abi::IORING_SETUP_*` the ring was made with, `CQSIZE` included.
    #[must_use]
    pub fn setup_flags(&self) -> u32 {
        self.setup_flags
    }

    /// Slots of the submission queue.
    #[must_use]
    pub fn sq_entries(&self) -> u32 {
        self.sq.entries()
    }

    /// Slots of the completion queue.
    #[must_use]
    pub fn cq_entries(&self) -> u32 {
        self.cq.entries()
    }

    /// How many completions are in the queue. There may be more behind it: see [`Ring::cq_overflowed`] and
    /// [`Ring::taskrun_pending`].
    #[must_use]
    pub fn cq_ready(&self) -> u32 {
        self.cq.ready()
    }

    /// Whether the queue was too small and completions wait in the kernel's overflow list (5.8). Only
    /// [`Ring::submit_and_get_events`] or a wait moves them into the queue, as far as there is room.
    #[must_use]
    pub fn cq_overflowed(&self) -> bool {
        self.sq.cq_overflowed()
    }

    /// Whether completions wait for the kernel to be entered. Always false without `IORING_SETUP_TASKRUN_FLAG` (5.19).
    ///
    /// A `DEFER_TASKRUN` ring runs at most 20 of them per call (6.13), and after a sleep only as many as were waited for:
    /// go on with [`Ring::submit_and_get_events`] while this is true.
    #[must_use]
    pub fn taskrun_pending(&self) -> bool {
        self.sq.taskrun_pending()
    }

    /// How many completions the kernel has lost: where `IORING_FEAT_NODROP` is missing (before 5.5), or when it had no
    /// memory. Wraps around; every change means that any request may have ended unseen.
    #[must_use]
    pub fn overflow_count(&self) -> u32 {
        self.cq.overflow_count()
    }

    /// How many requests the kernel skipped for a bad index; stays 0.
    #[must_use]
    pub fn dropped_count(&self) -> u32 {
        self.sq.dropped_count()
    }

    /// The submission half, for a look at it.
    #[must_use]
    pub fn sq(&self) -> &SubmissionQueue {
        &self.sq
    }

    /// The completion half, for a look at it.
    #[must_use]
    pub fn cq(&self) -> &CompletionQueue {
        &self.cq
    }
}
