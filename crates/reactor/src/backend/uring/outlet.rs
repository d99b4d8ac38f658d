//! The ring as seen by a foreign loop.

use std::io;
use std::os::fd::RawFd;

use super::Uring;

impl Uring {
    /// The ring itself shows what was posted. Deferred task work is not posted before this thread asks, and wakes
    /// nobody who polls the ring; an eventfd is signalled when such work is queued.
    pub(crate) fn outlet_fd(&mut self) -> io::Result<RawFd> {
        if !self.caps.defer {
            return Ok(self.ring.raw_fd());
        }
        if let Some(bell) = &self.bell {
            return Ok(bell.raw_fd());
        }
        let bell = self.env.kernel.eventfd()?;
        self.ring.register_eventfd(&bell)?;
        let fd = bell.raw_fd();
        self.bell = Some(bell);
        Ok(fd)
    }

    pub(crate) fn is_drained(&self) -> bool {
        self.early.is_empty()
            && self.backlog.is_empty()
            && self.failure.is_none()
            && self.ring.to_submit() == 0
            && self.ring.cq_ready() == 0
            && !self.ring.taskrun_pending()
            && !self.may_overflow()
            && !self.has_lost()
            && !self.nested.as_ref().is_some_and(|nested| nested.is_due)
    }
}
