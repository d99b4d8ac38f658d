//! A set of tasks, to be joined in the order in which they complete.

mod join;

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Wake, Waker};

use parking_lot::Mutex;
use slab::Slab;

use crate::{AbortHandle, JoinHandle, Spawner};

/// Tasks with a common output type, joined in the order of their completion. Dropping it aborts them all.
///
/// Corresponds to `tokio::task::JoinSet`.
///
/// ```
/// # use std::task::Waker;
/// # use uring_executor::{Config, Executor, Park, ParkMode};
/// # struct Spin;
/// # impl Park for Spin {
/// #     fn park(&mut self, _: ParkMode) {}
/// #     fn unparker(&self) -> Waker { Waker::noop().clone() }
/// # }
/// # let mut park = Spin;
/// # let executor = Executor::new(Config::default(), park.unparker());
/// use uring_executor::JoinSet;
///
/// let sum: i32 = executor.block_on(&mut park, async {
///     let mut set: JoinSet<i32> = (0..10).map(|n| async move { n }).collect();
///     let mut sum = 0;
///     while let Some(result) = set.join_next().await {
///         sum += result.unwrap();
///     }
///     sum
/// });
/// assert_eq!(sum, 45);
/// ```
pub struct JoinSet<T> {
    entries: Slab<Entry<T>>,
    completed: Arc<Completed>,
}

struct Entry<T> {
    handle: JoinHandle<T>,
    /// Puts this entry's key into `Completed`.
    waker: Waker,
}

/// The keys of tasks that have something to say, in the order in which they said so. A key may come once too often,
/// and then name an entry that has nothing to say, or none.
#[derive(Default)]
struct Completed {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    keys: VecDeque<usize>,
    /// Who polls the set.
    waiter: Option<Waker>,
}

struct EntryWaker {
    key: usize,
    completed: Arc<Completed>,
}

impl Wake for EntryWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiter = {
            let mut inner = self.completed.inner.lock();
            inner.keys.push_back(self.key);
            inner.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

impl Completed {
    /// The next key.
    fn pop(&self) -> Option<usize> {
        self.inner.lock().keys.pop_front()
    }

    /// The next key, or `None` after `waker` was noted down.
    fn pop_or_wait(&self, waker: &Waker) -> Option<usize> {
        if let Some(key) = self.pop() {
            return Some(key);
        }
        // Cloned before the lock is taken, and the old one dropped after it is released: both are foreign code.
        let clone = waker.clone();
        let mut inner = self.inner.lock();
        match inner.keys.pop_front() {
            Some(key) => {
                drop(inner);
                drop(clone);
                Some(key)
            }
            None => {
                let old = inner.waiter.replace(clone);
                drop(inner);
                drop(old);
                None
            }
        }
    }
}

impl<T> JoinSet<T> {
    /// An empty set.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::<u32>::new();
    /// assert!(set.join_next().await.is_none());
    /// # }) }
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            entries: Slab::new(),
            completed: Arc::default(),
        }
    }

    /// How many tasks have not been joined.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn(async {});
    /// set.spawn(async {});
    /// assert_eq!(set.len(), 2);
    /// set.join_next().await;
    /// assert_eq!(set.len(), 1);
    /// # }) }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all tasks have been joined.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn(async {});
    /// uring_executor::yield_now().await;
    /// assert!(!set.is_empty(), "completed, but not joined");
    /// set.join_next().await;
    /// assert!(set.is_empty());
    /// # }) }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Aborts all tasks. They remain in the set and are joined as cancelled.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.abort_all();
    /// assert_eq!(set.len(), 1);
    /// assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// # }) }
    /// ```
    pub fn abort_all(&mut self) {
        for (_, entry) in &self.entries {
            entry.handle.abort();
        }
    }

    /// Takes all tasks out of the set without aborting them.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let done = Rc::new(Cell::new(false));
    /// let mut set = JoinSet::new();
    /// set.spawn({
    ///     let done = Rc::clone(&done);
    ///     async move { done.set(true) }
    /// });
    /// set.detach_all();
    /// assert!(set.is_empty());
    /// uring_executor::yield_now().await;
    /// assert!(done.get(), "it runs on");
    /// # }) }
    /// ```
    pub fn detach_all(&mut self) {
        self.entries.clear();
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task on the current executor, which must be that of this thread.
    ///
    /// # Panics
    ///
    /// Without a current executor, and where the current one's home is another thread.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// let abort = set.spawn(async { 42 });
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// assert!(abort.is_finished());
    /// # }) }
    /// ```
    #[track_caller]
    pub fn spawn<F: Future<Output = T> + 'static>(&mut self, future: F) -> AbortHandle {
        let Some(spawner) = Spawner::try_current() else {
            panic!(
                "JoinSet::spawn needs a running runtime: call it from inside `block_on` or a task, or enter the \
                 runtime first; `spawn_on` takes one by its handle"
            )
        };
        self.insert(spawner.spawn_local(future))
    }

    /// The same as [`spawn`](Self::spawn).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// let local = std::rc::Rc::new(42);
    /// set.spawn_local(async move { *local });
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// # }) }
    /// ```
    #[track_caller]
    pub fn spawn_local<F: Future<Output = T> + 'static>(&mut self, future: F) -> AbortHandle {
        self.spawn(future)
    }

    /// Spawns a task on the executor of `spawner`, from any thread. A runtime's handle is one, too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// let filled = std::thread::spawn(move || {
    ///     set.spawn_on(async { 42 }, &spawner);
    ///     set
    /// });
    /// let mut set = filled.join().unwrap();
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// # }) }
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, spawner: &impl AsRef<Spawner>) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(spawner.as_ref().spawn(future))
    }

    /// Adds a task that was spawned elsewhere.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::JoinSet;
    ///
    /// let mut set = JoinSet::new();
    /// set.insert(spawner.spawn(async { 42 }));
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// # }) }
    /// ```
    pub fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let vacant = self.entries.vacant_entry();
        let waker = Waker::from(Arc::new(EntryWaker {
            key: vacant.key(),
            completed: Arc::clone(&self.completed),
        }));
        if handle.is_complete_or_wakes(&waker) {
            waker.wake_by_ref();
        }
        vacant.insert(Entry { handle, waker });
        abort
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

/// Spawns each future, as [`JoinSet::spawn`] does.
impl<T: 'static, F: Future<Output = T> + 'static> FromIterator<F> for JoinSet<T> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// Spawns each future, as [`JoinSet::spawn`] does.
impl<T: 'static, F: Future<Output = T> + 'static> Extend<F> for JoinSet<T> {
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}
