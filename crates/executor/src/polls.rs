//! How often and when something was polled.

use std::cell::Cell;
use std::time::Duration;

use crate::stamp::Stamp;

/// Two words in every task, written at each poll.
#[derive(Debug, Default)]
pub(crate) struct Polls {
    /// Wraps: to stop at the largest number would take as many instructions as all the rest.
    count: Cell<u32>,
    /// When the last one was, if there was one.
    last: Cell<Stamp>,
}

impl Polls {
    #[inline]
    pub(crate) fn add(&self, now: Stamp) {
        self.count.set(self.count.get().wrapping_add(1));
        self.last.set(now);
    }

    pub(crate) fn count(&self) -> u32 {
        self.count.get()
    }

    /// `None` before the first.
    pub(crate) fn since(&self, now: Stamp) -> Option<Duration> {
        (self.count() > 0).then(|| now.since(self.last.get()))
    }

    pub(crate) fn reset(&self) {
        self.count.set(0);
    }
}
