//! Tasks that wait for a time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::backend::sim::Sim;
use crate::backend::sim::watch::{Awaited, Flag};
use crate::clock::Instant;
use crate::simulation::budget;
use crate::sleep::Sleep;

/// Deadlines later than this do not come.
const NEVER_NS: u64 = 1 << 62;

/// A [`Sleep`], and what the model knows of it.
pub(super) struct Nap {
    sleep: Sleep,
    flag: Arc<Flag>,
    waker: Waker,
    awaited: Option<usize>,
    /// It was set to another time after it had been woken, perhaps, by the old one; or the budget ran out.
    may_wake_early: bool,
    /// Deadlines are those of the system's clock, so the kernel can judge them.
    is_timed: bool,
}

impl Nap {
    pub(super) fn new(after: Duration, is_timed: bool) -> Nap {
        let flag = Arc::new(Flag::default());
        Nap {
            // Two ways to say the same; neither is told from the other afterwards.
            sleep: if after.as_nanos().is_multiple_of(2) {
                Sleep::after(after)
            } else {
                Sleep::until(Instant::now() + after)
            },
            waker: Waker::from(Arc::clone(&flag)),
            flag,
            awaited: None,
            may_wake_early: false,
            is_timed,
        }
    }

    pub(super) fn is_woken(&self) -> bool {
        self.flag.is_set()
    }

    pub(super) fn is_elapsed(&self) -> bool {
        self.sleep.is_elapsed()
    }

    /// Polls it. An error is what the model has to say.
    pub(super) fn poll(&mut self, sim: &Sim) -> Result<Poll<()>, String> {
        self.unawait(sim);
        let was_woken = self.flag.take();
        let polled = Pin::new(&mut self.sleep).poll(&mut Context::from_waker(&self.waker));
        let is_paced = budget::has_struck();
        let now = Instant::now();
        let deadline = self.sleep.deadline();
        match polled {
            Poll::Ready(()) if now < deadline => {
                return Err(format!("a timer ended {:?} early", deadline - now));
            }
            Poll::Ready(()) => {}
            Poll::Pending if was_woken && !self.may_wake_early && !is_paced => {
                return Err(format!("a timer woke its task {:?} early", deadline - now));
            }
            Poll::Pending => {
                self.may_wake_early = is_paced;
                self.await_it(sim);
            }
        }
        Ok(polled)
    }

    pub(super) fn reset(&mut self, after: Duration, sim: &Sim) {
        let is_awaited = self.awaited.is_some();
        self.unawait(sim);
        // Woken by the old deadline, nobody wakes it for the new one before it is polled.
        self.may_wake_early |= self.flag.is_set();
        self.sleep.reset(Instant::now() + after);
        if is_awaited && !self.flag.is_set() {
            self.await_it(sim);
        }
    }

    fn await_it(&mut self, sim: &Sim) {
        if !self.is_timed {
            return;
        }
        let mut state = sim.lock();
        let at_ns = state.ns(self.sleep.deadline());
        if at_ns >= NEVER_NS {
            return;
        }
        self.awaited = Some(state.await_it(Awaited::Deadline(at_ns), Arc::clone(&self.flag)));
    }

    pub(super) fn unawait(&mut self, sim: &Sim) {
        if let Some(key) = self.awaited.take() {
            sim.lock().unawait(key);
        }
    }
}
