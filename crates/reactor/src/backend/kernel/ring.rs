//! A ring of whichever kernel. What each verb does stands at those of [`uring_sys::Ring`].

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use crate::backend::kernel::EventFd;
use uring_sys::{Cqe, QueueFull, Sqe};

/// One `io_uring`.
#[derive(Debug)]
pub(crate) enum Ring {
    Linux(uring_sys::Ring),
    #[cfg(test)]
    Sim(crate::backend::sim::Ring),
}

impl Ring {
    pub(crate) fn features(&self) -> u32 {
        match self {
            Ring::Linux(ring) => ring.features(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.features(),
        }
    }

    pub(crate) fn sq_entries(&self) -> u32 {
        match self {
            Ring::Linux(ring) => ring.sq_entries(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.sq_entries(),
        }
    }

    pub(crate) fn cq_entries(&self) -> u32 {
        match self {
            Ring::Linux(ring) => ring.cq_entries(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.cq_entries(),
        }
    }

    pub(crate) fn push(&mut self, sqe: Sqe) -> Result<(), QueueFull> {
        match self {
            Ring::Linux(ring) => ring.push(sqe),
            #[cfg(test)]
            Ring::Sim(ring) => ring.push(sqe),
        }
    }

    pub(crate) fn to_submit(&self) -> u32 {
        match self {
            Ring::Linux(ring) => ring.to_submit(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.to_submit(),
        }
    }

    pub(crate) fn submit(&mut self) -> io::Result<u32> {
        match self {
            Ring::Linux(ring) => ring.submit(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.submit(),
        }
    }

    pub(crate) fn submit_and_get_events(&mut self) -> io::Result<u32> {
        match self {
            Ring::Linux(ring) => ring.submit_and_get_events(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.submit_and_get_events(),
        }
    }

    pub(crate) fn submit_and_wait(
        &mut self,
        min_complete: u32,
        timeout: Option<Duration>,
    ) -> io::Result<u32> {
        match self {
            Ring::Linux(ring) => ring.submit_and_wait(min_complete, timeout),
            #[cfg(test)]
            Ring::Sim(ring) => ring.submit_and_wait(min_complete, timeout),
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Cqe> {
        match self {
            Ring::Linux(ring) => ring.pop(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.pop(),
        }
    }

    pub(crate) fn cq_ready(&self) -> u32 {
        match self {
            Ring::Linux(ring) => ring.cq_ready(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.cq_ready(),
        }
    }

    pub(crate) fn cq_overflowed(&self) -> bool {
        match self {
            Ring::Linux(ring) => ring.cq_overflowed(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.cq_overflowed(),
        }
    }

    pub(crate) fn taskrun_pending(&self) -> bool {
        match self {
            Ring::Linux(ring) => ring.taskrun_pending(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.taskrun_pending(),
        }
    }

    pub(crate) fn overflow_count(&self) -> u32 {
        match self {
            Ring::Linux(ring) => ring.overflow_count(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.overflow_count(),
        }
    }

    pub(crate) fn dropped_count(&self) -> u32 {
        match self {
            Ring::Linux(ring) => ring.dropped_count(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.dropped_count(),
        }
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        match self {
            Ring::Linux(ring) => ring.as_raw_fd(),
            #[cfg(test)]
            Ring::Sim(ring) => ring.raw_fd(),
        }
    }

    pub(crate) fn register_eventfd(&self, eventfd: &EventFd) -> io::Result<()> {
        match (self, eventfd) {
            (Ring::Linux(ring), EventFd::Linux(eventfd)) => ring.register_eventfd(eventfd.as_fd()),
            #[cfg(test)]
            (Ring::Sim(ring), EventFd::Sim(eventfd)) => ring.register_eventfd(eventfd),
            #[cfg(test)]
            _ => unreachable!("one kernel makes both"),
        }
    }

    /// Gives the descriptor up, which somebody has closed behind our back: its number may be anybody's by now.
    ///
    /// # Errors
    ///
    /// When there is no descriptor to put in its place; then nothing has changed.
    pub(crate) fn disown(&mut self) -> io::Result<()> {
        match self {
            Ring::Linux(ring) => {
                ring.disown_fd(uring_sys::eventfd::EventFd::new()?.into());
                Ok(())
            }
            #[cfg(test)]
            Ring::Sim(ring) => {
                ring.disown();
                Ok(())
            }
        }
    }
}
