//! Counters.

use std::sync::atomic::{AtomicU64, Ordering};

/// What an executor counted since it was made. A copy: it does not change.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use uring_executor::{Metrics, yield_now};
///
/// let before: Metrics = spawner.metrics();
/// spawner.spawn(yield_now()).await.unwrap();
/// let after = spawner.metrics();
/// assert!(after.polls >= before.polls + 2, "the task was polled twice");
/// assert_eq!((after.stalls, after.budget_yields, after.tasks_alive), (0, 0, 0));
/// # }) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Polls of tasks and of futures given to `block_on`.
    pub polls: u64,
    /// Wakes on the home thread that have a task, or the future given to `block_on`, polled again. A wake of one that
    /// is going to be polled anyway does not count, and neither does a spawn.
    pub wakes_local: u64,
    /// Wakes from other threads that have a task, or the future given to `block_on`, polled again, and tasks that other
    /// threads have spawned.
    pub wakes_remote: u64,
    /// Tasks spawned and not yet completed. One spawned from another thread counts from when the home thread has
    /// taken it up.
    pub tasks_alive: u64,
    /// Polls that ended because the task's budget was used up.
    pub budget_yields: u64,
    /// Polls that held the thread for too long. Always 0 without a [`Config::stall_watch`](crate::Config::stall_watch).
    pub stalls: u64,
}

/// The live side of [`Metrics`].
///
/// Ordering is relaxed throughout: a counter publishes nothing but itself.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) polls: HomeCounter,
    pub(crate) wakes_local: HomeCounter,
    pub(crate) tasks_alive: HomeCounter,
    pub(crate) budget_yields: HomeCounter,
    pub(crate) stalls: HomeCounter,
    wakes_remote: AtomicU64,
}

impl Counters {
    pub(crate) fn count_remote_wake(&self) {
        self.wakes_remote.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Metrics {
        Metrics {
            polls: self.polls.get(),
            wakes_local: self.wakes_local.get(),
            wakes_remote: self.wakes_remote.load(Ordering::Relaxed),
            tasks_alive: self.tasks_alive.get(),
            budget_yields: self.budget_yields.get(),
            stalls: self.stalls.get(),
        }
    }
}

/// A counter that only the home thread writes, so that a load and a store do for an addition.
#[derive(Debug, Default)]
pub(crate) struct HomeCounter(AtomicU64);

impl HomeCounter {
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.set(self.get().wrapping_add(n));
    }

    #[inline]
    pub(crate) fn sub(&self, n: u64) {
        self.set(self.get().wrapping_sub(n));
    }

    #[inline]
    fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    #[inline]
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
