//! Calls on the pool that no task waits for: for what is polled, as the standard streams are.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::task::{Context, Poll};

use uring_reactor::ClockHold;

use crate::blocking::{Job, Pool, ResultSlot};

impl Pool {
    /// Runs `call` on a thread of the pool; its result is polled for, without a task. `None`: the runtime has ended.
    ///
    /// With `is_mandatory` it runs even if nobody polls, or the runtime ends before it has begun.
    pub(crate) fn call<F, R>(&self, is_mandatory: bool, hold: ClockHold, call: F) -> Option<Call<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let slot = Arc::new(ResultSlot::new());
        let theirs = Arc::clone(&slot);
        let is_accepted = self.push(Job {
            call: Box::new(move || {
                theirs.run(call);
                drop(hold);
            }),
            is_mandatory,
        });
        is_accepted.then_some(Call { slot, is_mandatory })
    }
}

/// A call of [`Pool::call`].
pub(crate) struct Call<R> {
    slot: Arc<ResultSlot<R>>,
    is_mandatory: bool,
}

impl<R> Call<R> {
    /// The result, once; a panic of the call goes on here.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<R> {
        self.slot
            .poll_take(cx)
            .map(|outcome| outcome.unwrap_or_else(|payload| resume_unwind(payload)))
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        if !self.is_mandatory {
            let _ = self.slot.abandon();
        }
    }
}

impl<R> std::fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
