//! Wakers collected under a lock, to be woken after it is released.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// A list of wakers that are due.
///
/// A waker is foreign code: waking, cloning or dropping one can run a destructor that comes back into the
/// reactor. So the code under a lock only ever *moves* wakers, and this is where it moves them to.
#[derive(Debug, Default)]
pub(crate) struct WakeBatch {
    wakers: Vec<Waker>,
}

impl WakeBatch {
    pub(crate) fn push(&mut self, waker: Waker) {
        self.wakers.push(waker);
    }

    /// Wakes everything collected so far. The caller holds no lock and no borrow of the reactor.
    ///
    /// The storage is taken out for the loop, so a waker that comes back and collects more finds an empty,
    /// valid batch; it is put back for the next turn. A waker that panics does not keep the others from being
    /// woken; the first such panic goes on afterwards.
    pub(crate) fn wake_all(&mut self) {
        let mut wakers = std::mem::take(&mut self.wakers);
        let mut panicked = None;
        for waker in wakers.drain(..) {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panicked.get_or_insert(payload);
            }
        }
        if self.wakers.is_empty() {
            self.wakers = wakers;
        }
        if let Some(payload) = panicked {
            resume_unwind(payload);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }
}
