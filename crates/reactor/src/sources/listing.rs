//! Who waits for which fd.

use std::os::fd::RawFd;
use std::task::Waker;

use super::Sources;
use crate::interest::Interest;

impl Sources {
    /// Calls `f` for each waker that waits for an fd. It is called under the lock of the sources.
    pub(crate) fn for_each_waiter(&self, mut f: impl FnMut(&Waker, RawFd, Interest)) {
        for (_, source) in &self.slab {
            let interests = [Interest::READABLE, Interest::WRITABLE];
            for (poller, interest) in source.pollers.iter().zip(interests) {
                if let Some(waker) = poller {
                    f(waker, source.fd, interest);
                }
            }
            for waiter in source.waiters.iter() {
                f(&waiter.waker, source.fd, waiter.interest);
            }
        }
    }
}
