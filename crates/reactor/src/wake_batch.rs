//! Wakers collected under a lock, to be woken after it is released.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

type Payload = Box<dyn Any + Send>;

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
    /// A waker that panics does not keep the others from being woken; the first such panic goes on afterwards.
    pub(crate) fn wake_all(&mut self) {
        if let Some(payload) = self.wake_each() {
            resume_unwind(payload);
        }
    }

    /// [`wake_all`](Self::wake_all) for a destructor, where panics end: it may run because of another one, and the
    /// second would end the process.
    pub(crate) fn wake_all_and_survive(&mut self) {
        if let Some(payload) = self.wake_each() {
            discard(payload);
        }
    }

    /// Gives the first panic.
    ///
    /// The storage is taken out for the loop, so a waker that comes back and collects more finds an empty,
    /// valid batch; it is put back for the next turn.
    fn wake_each(&mut self) -> Option<Payload> {
        let mut wakers = std::mem::take(&mut self.wakers);
        let mut panicked = None;
        for waker in wakers.drain(..) {
            match catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                Ok(()) => {}
                Err(payload) if panicked.is_none() => panicked = Some(payload),
                Err(payload) => discard(payload),
            }
        }
        if self.wakers.is_empty() {
            self.wakers = wakers;
        }
        panicked
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }
}

/// Drops the payload of a panic, which may panic in its turn: that one's payload is leaked, as there is no end to it.
#[cold]
fn discard(payload: Payload) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}
