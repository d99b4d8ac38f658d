//! What a runtime counts.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::runtime::Handle;

/// How often the runtime's thread went to sleep and came back: odd while it sleeps. Only that thread writes, so a load
/// and a store do for an addition; relaxed, as it orders nothing.
#[derive(Debug, Default)]
pub(super) struct Parks(AtomicU64);

impl Parks {
    fn step(&self) {
        self.0.store(self.get().wrapping_add(1), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts a park now, and its end when the guard goes: also by the panic of a waker.
    pub(super) fn park(&self) -> Parked<'_> {
        self.step();
        Parked(self)
    }
}

#[must_use = "the park ends with it"]
pub(super) struct Parked<'a>(&'a Parks);

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.step();
    }
}

/// Counters at one moment: see [`RuntimeMetrics::snapshot`].
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() {
/// let metrics = uring_rt::runtime::Handle::current().metrics();
/// let before = metrics.snapshot();
/// uring_rt::task::yield_now().await;
/// let after = metrics.snapshot();
/// assert!(after.executor.polls > before.executor.polls);
/// assert!(after.reactor.turns >= before.reactor.turns);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Looks at the kernel, and what came of them.
    pub reactor: uring_reactor::Metrics,
    /// Polls, wakes and tasks.
    pub executor: uring_executor::Metrics,
}

/// The live counters of a runtime, also after its end. Corresponds to `tokio::runtime::RuntimeMetrics`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() {
/// use uring_rt::runtime::Handle;
///
/// let metrics = Handle::current().metrics();
/// let task = uring_rt::spawn(std::future::pending::<()>());
/// assert_eq!(metrics.num_alive_tasks(), 1);
/// task.cancel().await.unwrap_err();
/// assert_eq!(metrics.num_alive_tasks(), 0);
/// assert!(metrics.snapshot().executor.polls > 0);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RuntimeMetrics {
    handle: Handle,
}

impl RuntimeMetrics {
    pub(super) fn new(handle: Handle) -> RuntimeMetrics {
        RuntimeMetrics { handle }
    }

    /// Everything that is counted, as it is now.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let metrics = uring_rt::runtime::Handle::current().metrics();
    /// println!("{:#?}", metrics.snapshot());
    /// # }
    /// ```
    pub fn snapshot(&self) -> Metrics {
        Metrics {
            reactor: self.handle.reactor().metrics(),
            executor: self.handle.spawner().metrics(),
        }
    }

    /// Threads that run tasks: one.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let metrics = uring_rt::runtime::Handle::current().metrics();
    /// assert_eq!(metrics.num_workers(), 1);
    /// # }
    /// ```
    pub fn num_workers(&self) -> usize {
        1
    }

    /// Tasks that were spawned and have not ended. One that was spawned from another thread counts from when the
    /// runtime has taken it up; one that waits for a blocking call counts, too.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let metrics = uring_rt::runtime::Handle::current().metrics();
    /// drop(uring_rt::spawn(std::future::pending::<()>()));
    /// assert_eq!(metrics.num_alive_tasks(), 1);
    /// # }
    /// ```
    pub fn num_alive_tasks(&self) -> usize {
        usize::try_from(self.snapshot().executor.tasks_alive).unwrap_or(usize::MAX)
    }

    /// How often the thread went to sleep.
    ///
    /// # Panics
    ///
    /// When `worker` is not 0.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let metrics = uring_rt::runtime::Handle::current().metrics();
    /// uring_rt::time::sleep(std::time::Duration::from_millis(1)).await;
    /// assert!(metrics.worker_park_count(0) >= 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.worker_park_unpark_count(worker).div_ceil(2)
    }

    /// How often the thread went to sleep and how often it came back, together: odd while it sleeps.
    ///
    /// # Panics
    ///
    /// When `worker` is not 0.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let metrics = uring_rt::runtime::Handle::current().metrics();
    /// assert_eq!(metrics.worker_park_unpark_count(0) % 2, 0, "not asleep");
    /// # }
    /// ```
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        assert_eq!(worker, 0, "a runtime has one worker, number 0");
        self.handle.parks().get()
    }

    /// Tasks that other threads have spawned or woken, and that the runtime has not taken up yet.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let metrics = uring_rt::runtime::Handle::current().metrics();
    /// assert_eq!(metrics.global_queue_depth(), 0);
    /// # }
    /// ```
    pub fn global_queue_depth(&self) -> usize {
        self.handle.spawner().inbox_depth()
    }
}
