//! More completions than the queue holds: kept by the kernel, or lost.

use std::io;

use crate::backend::uring::Uring;

/// Looks that find the queue overflowed until a larger one is worth its memory and the arming of everything anew. One
/// burst that is a few times the size of the queue is enough, or a few that hardly exceed it.
const OVERFLOWS_BEFORE_GROWTH: u32 = 3;

/// How often the queue was too small.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    overflows: u32,
    /// The queue may have been full, on a kernel that does not flag what did not fit.
    is_suspected: bool,
    /// A larger ring was not to be had.
    is_final: bool,
}

impl Uring {
    /// Whether completions that did not fit may wait to be flushed.
    pub(super) fn may_overflow(&self) -> bool {
        self.pressure.is_suspected || self.ring.cq_overflowed()
    }

    /// After so many have been taken: whether the queue may have been full at any time since the last look, which was
    /// as long as the head stood still. From 5.5 to 5.7 nothing else tells that some did not fit, and what is asked of
    /// the kernel by rung F does not tell whether it keeps them.
    pub(super) fn suspect_overflow(&mut self, taken: u32) {
        if !self.caps.flags_overflow && taken + self.ring.cq_ready() >= self.ring.cq_entries() {
            self.pressure.is_suspected = true;
        }
    }

    /// After an enter that asks for events: what fits has been flushed. A short submit flushes nothing.
    pub(super) fn note_flush(&mut self, result: &io::Result<u32>) {
        if result.is_ok() && self.ring.to_submit() == 0 {
            self.pressure.is_suspected = false;
        }
    }

    /// Looks at the flag before an enter that will flush what it stands for.
    pub(super) fn note_overflow(&mut self) {
        if self.ring.cq_overflowed() {
            self.pressure.overflows = self.pressure.overflows.saturating_add(1);
            self.env.counters.overflows.add(1);
        }
    }

    /// Overflowed completions are kept, and each flush gives as many as fit: a larger queue needs fewer enters.
    pub(crate) fn is_crowded(&self) -> bool {
        self.caps.no_drop
            && !self.pressure.is_final
            && self.pressure.overflows >= OVERFLOWS_BEFORE_GROWTH
    }

    pub(crate) fn stay_small(&mut self) {
        self.pressure.is_final = true;
    }

    pub(crate) fn keeps_completions(&self) -> bool {
        self.caps.no_drop
    }

    /// Whether a completion was lost since the ring was built.
    pub(super) fn has_lost(&self) -> bool {
        self.ring.overflow_count() != self.lost
    }

    /// On kernels without NODROP a completion that did not fit is gone, and nobody knows which; with it, one for which
    /// the kernel had no memory. The ring is given up, and its successor arms everything again.
    pub(super) fn check_loss(&mut self) -> io::Result<()> {
        if !self.has_lost() {
            return Ok(());
        }
        self.env.counters.overflows.add(1);
        Err(io::Error::from_raw_os_error(libc::EOVERFLOW))
    }
}
