//! What a thread knows about the executor it is driving, if any.
//!
//! All of it is plain cells without destructors, so that reading one is a load relative to the thread pointer. A
//! pass looks the context up once and then only stores to it.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU64;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use crate::coop::Budget;
use crate::task;

/// Ids are taken from the process-wide counter in blocks, so that a spawn needs no shared counter.
const ID_BLOCK: u64 = 1024;

static NEXT_TOKEN: AtomicU64 = AtomicU64::new(1);
static NEXT_ID_BLOCK: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static CONTEXT: Context = const { Context::new() };

    /// Wakers that are neither the running task's nor the root's, and asked to be woken after the next look at the
    /// driver. Apart from `CONTEXT` because it has a destructor.
    static DEFERRED: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
pub(crate) struct Context {
    /// Names this thread for as long as the process runs; 0 until the first executor is made on it. Unlike an
    /// address or a pthread id it is never used again after the thread's end.
    token: Cell<u64>,

    /// An executor is driving tasks on this thread.
    driving: Cell<bool>,

    /// The data pointer of the waker of what is being polled: a task or the root. Only ever compared.
    polling: Cell<*const ()>,

    /// The running task's id, 0 outside of a task.
    pub(crate) task: Cell<u64>,

    /// What the running task may still do in this poll.
    pub(crate) budget: Cell<Budget>,

    /// What is being polled asked to be queued again, but only after the next look at the driver.
    yielded: Cell<bool>,

    /// Polls that ended because the budget was used up; moved to the executor's counters after each pass.
    pub(crate) budget_yields: Cell<u64>,

    /// How many times the driver was looked at.
    tick: Cell<u64>,

    /// The length of `DEFERRED`.
    deferred: Cell<usize>,

    /// The unused ids of this thread's block.
    next_id: Cell<u64>,
    end_id: Cell<u64>,
}

impl Context {
    const fn new() -> Self {
        Self {
            token: Cell::new(0),
            driving: Cell::new(false),
            polling: Cell::new(ptr::null()),
            task: Cell::new(0),
            budget: Cell::new(Budget::UNLIMITED),
            yielded: Cell::new(false),
            budget_yields: Cell::new(0),
            tick: Cell::new(0),
            deferred: Cell::new(0),
            next_id: Cell::new(0),
            end_id: Cell::new(0),
        }
    }

    /// Called before each poll of a task (`task` is its id) or of the root (`task` is 0).
    #[inline]
    pub(crate) fn begin_poll(&self, waker_data: *const (), task: u64, budget: Budget) {
        self.polling.set(waker_data);
        self.task.set(task);
        self.budget.set(budget);
        self.yielded.set(false);
    }

    /// Called after the last poll of a pass.
    pub(crate) fn end_polls(&self) {
        self.begin_poll(ptr::null(), 0, Budget::UNLIMITED);
    }

    /// Whether what was polled last asked for [`defer`].
    #[inline]
    pub(crate) fn yielded(&self) -> bool {
        self.yielded.get()
    }

    #[inline]
    pub(crate) fn is_polling(&self, waker_data: *const ()) -> bool {
        ptr::eq(self.polling.get(), waker_data)
    }

    pub(crate) fn is_driving(&self) -> bool {
        self.driving.get()
    }

    pub(crate) fn set_driving(&self, driving: bool) {
        self.driving.set(driving);
    }

    pub(crate) fn tick(&self) -> u64 {
        self.tick.get()
    }

    /// The driver was looked at.
    pub(crate) fn advance_tick(&self) {
        self.tick.set(self.tick.get().wrapping_add(1));
    }

    pub(crate) fn has_deferred(&self) -> bool {
        self.deferred.get() != 0
    }

    pub(crate) fn next_id(&self) -> NonZeroU64 {
        if self.next_id.get() == self.end_id.get() {
            // Relaxed: only the uniqueness of the result matters, and every read-modify-write has that.
            let start = NEXT_ID_BLOCK.fetch_add(ID_BLOCK, Ordering::Relaxed);
            self.next_id.set(start);
            self.end_id.set(start + ID_BLOCK);
        }
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        NonZeroU64::new(id).expect("ids start at 1 and 2^64 of them are never used up")
    }
}

/// Calls `f` with this thread's context.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Context) -> R) -> R {
    CONTEXT.with(f)
}

/// This thread's token, 0 if it never had an executor.
#[inline]
pub(crate) fn token() -> u64 {
    CONTEXT.with(|context| context.token.get())
}

/// This thread's token, made if need be.
pub(crate) fn claim_token() -> u64 {
    CONTEXT.with(|context| {
        if context.token.get() == 0 {
            // Relaxed: only the uniqueness of the result matters.
            let token = NEXT_TOKEN.fetch_add(1, Ordering::Relaxed);
            context.token.set(token);
        }
        context.token.get()
    })
}

/// Wakes `waker` after the next look at the driver; at once where there is no driver.
///
/// The waker of what is being polled is only flagged. Others, which combinators make, are cloned and kept.
pub(crate) fn defer(waker: &Waker) {
    CONTEXT.with(|context| {
        if !context.driving.get() {
            waker.wake_by_ref();
        } else if context.is_polling(waker.data()) && task::is_own_waker(waker) {
            context.yielded.set(true);
        } else {
            // Cloned before the list is borrowed: it is foreign code.
            let clone = waker.clone();
            let kept = DEFERRED.try_with(|deferred| deferred.borrow_mut().push(clone));
            match kept {
                Ok(()) => context.deferred.set(context.deferred.get() + 1),
                // The thread is ending and its list is gone.
                Err(_) => waker.wake_by_ref(),
            }
        }
    });
}

/// Wakes what [`defer`] kept.
pub(crate) fn wake_deferred(context: &Context) {
    if !context.has_deferred() {
        return;
    }
    context.deferred.set(0);
    // Taken out first: a waker is foreign code and may defer again.
    let wakers = DEFERRED.try_with(RefCell::take).unwrap_or_default();
    for waker in wakers {
        // One that panics must not keep the others from being woken.
        task::swallow(|| waker.wake());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_of_several_threads_are_all_different() {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    (0..3000)
                        .map(|_| with(Context::next_id))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let ids: HashSet<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(ids.len(), 4 * 3000);
    }

    #[test]
    fn a_token_belongs_to_one_thread() {
        let mine = claim_token();
        assert_eq!(mine, token());
        std::thread::spawn(move || {
            assert_eq!(token(), 0);
            assert_ne!(claim_token(), mine);
        })
        .join()
        .unwrap();
    }
}
