//! Many tasks, joined as they complete. Corresponds to `tokio::task::join_set`.
//!
//! See the example of [`JoinSet`].

use std::fmt;
use std::task::{Context, Poll};

use uring_executor::{AbortHandle, Id, JoinError};

use super::home_spawner;
use crate::runtime::Handle;

/// Tasks with a common output type, joined in the order of their completion. Dropping it aborts them all.
///
/// Corresponds to `tokio::task::JoinSet`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() {
/// use uring_rt::task::JoinSet;
///
/// let mut set = JoinSet::new();
/// for number in 0..10 {
///     set.spawn(async move { number });
/// }
/// let mut sum = 0;
/// while let Some(result) = set.join_next().await {
///     sum += result.unwrap();
/// }
/// assert_eq!(sum, 45);
/// # }
/// ```
pub struct JoinSet<T> {
    inner: uring_executor::JoinSet<T>,
}

impl<T> JoinSet<T> {
    /// An empty set.
    ///
    /// ```
    /// let set = uring_rt::task::JoinSet::<u32>::new();
    /// assert!(set.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> JoinSet<T> {
        JoinSet {
            inner: uring_executor::JoinSet::new(),
        }
    }

    /// How many tasks have not been joined.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(async {});
    /// assert_eq!(set.len(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether all tasks have been joined.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// assert!(set.is_empty());
    /// set.spawn(async {});
    /// # }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Aborts all tasks. They remain in the set and are joined as cancelled.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.abort_all();
    /// assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// # }
    /// ```
    pub fn abort_all(&mut self) {
        self.inner.abort_all();
    }

    /// Takes all tasks out of the set without aborting them.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(async {});
    /// set.detach_all();
    /// assert!(set.is_empty(), "and the task runs on");
    /// # }
    /// ```
    pub fn detach_all(&mut self) {
        self.inner.detach_all();
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task on the current runtime, as [`task::spawn`](crate::task::spawn) does.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, and on another thread than the runtime's own.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F: Future<Output = T> + 'static>(&mut self, future: F) -> AbortHandle {
        let spawner = home_spawner(
            "JoinSet::spawn",
            "`JoinSet::spawn_on`, which takes a `Send` future",
        );
        self.inner.insert(spawner.spawn_local(future))
    }

    /// The same as [`spawn`](Self::spawn).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn_local(async { 1 });
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_local<F: Future<Output = T> + 'static>(&mut self, future: F) -> AbortHandle {
        self.spawn(future)
    }

    /// Spawns a task on the runtime of `handle`, from any thread.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn_on(async { 1 }, &uring_rt::runtime::Handle::current());
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.inner.insert(handle.spawn(future))
    }

    /// Runs a call that blocks on a thread of the current runtime's pool, as
    /// [`task::spawn_blocking`](crate::task::spawn_blocking) does.
    ///
    /// # Panics
    ///
    /// As for [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn_blocking(|| 1);
    /// set.spawn_blocking(|| 2);
    /// assert_eq!(set.join_all().await.into_iter().sum::<i32>(), 3);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, call: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.inner.insert(crate::task::spawn_blocking(call))
    }

    /// Runs a call that blocks on a thread of the pool of `handle`'s runtime.
    ///
    /// # Panics
    ///
    /// When not even one thread can be started.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn_blocking_on(|| 1, &uring_rt::runtime::Handle::current());
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, call: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.inner.insert(handle.spawn_blocking(call))
    }

    /// Waits for the next task to complete; `None` if there is none in the set.
    ///
    /// Cancel safe: a dropped call has removed no task.
    ///
    /// # Errors
    ///
    /// Inside of the `Some`: a [`JoinError`] if the task panicked or was cancelled.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// while let Some(result) = set.join_next().await {
    ///     assert_eq!(result.unwrap(), 1);
    /// }
    /// # }
    /// ```
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.inner.join_next().await
    }

    /// As [`join_next`](Self::join_next), with the task's id. Cancel safe: a dropped call has removed no task.
    ///
    /// # Errors
    ///
    /// As for [`join_next`](Self::join_next); the error has the id, too.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// let id = set.spawn(async { 1 }).id();
    /// assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (id, 1));
    /// # }
    /// ```
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.inner.join_next_with_id().await
    }

    /// The next completed task, if there is one right now.
    ///
    /// # Errors
    ///
    /// As for [`join_next`](Self::join_next).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// assert!(set.try_join_next().is_none(), "it has not run");
    /// uring_rt::task::yield_now().await;
    /// assert_eq!(set.try_join_next().unwrap().unwrap(), 1);
    /// # }
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.inner.try_join_next()
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// As for [`join_next`](Self::join_next).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// let id = set.spawn(async { 1 }).id();
    /// uring_rt::task::yield_now().await;
    /// assert_eq!(set.try_join_next_with_id().unwrap().unwrap(), (id, 1));
    /// # }
    /// ```
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.inner.try_join_next_with_id()
    }

    /// Aborts all tasks and waits until their futures are dropped.
    ///
    /// Cancel safe: the first poll aborts all, and those that were not joined yet stay in the set.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.shutdown().await;
    /// assert!(set.is_empty());
    /// # }
    /// ```
    pub async fn shutdown(&mut self) {
        self.inner.shutdown().await;
    }

    /// Waits for all tasks, and returns their outputs in the order of completion.
    ///
    /// Not cancel safe: a dropped call loses outputs and aborts the tasks that are left.
    ///
    /// # Panics
    ///
    /// When a task panicked, with its payload, and when one was cancelled. The others are aborted then.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// set.spawn(async { 2 });
    /// assert_eq!(set.join_all().await, [1, 2]);
    /// # }
    /// ```
    pub async fn join_all(self) -> Vec<T> {
        self.inner.join_all().await
    }

    /// Polls for the next task to complete: `Ready(None)` if there is none in the set. After `Pending`, the waker of
    /// the last call is woken.
    ///
    /// # Errors
    ///
    /// As for [`join_next`](Self::join_next).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// let next = std::future::poll_fn(|cx| set.poll_join_next(cx)).await;
    /// assert_eq!(next.unwrap().unwrap(), 1);
    /// # }
    /// ```
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.inner.poll_join_next(cx)
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// As for [`join_next`](Self::join_next).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let mut set = uring_rt::task::JoinSet::new();
    /// let id = set.spawn(async { 1 }).id();
    /// let next = std::future::poll_fn(|cx| set.poll_join_next_with_id(cx)).await;
    /// assert_eq!(next.unwrap().unwrap(), (id, 1));
    /// # }
    /// ```
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        self.inner.poll_join_next_with_id(cx)
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> JoinSet<T> {
        JoinSet::new()
    }
}

/// Spawns each future, as [`JoinSet::spawn`] does.
impl<T: 'static, F: Future<Output = T> + 'static> FromIterator<F> for JoinSet<T> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> JoinSet<T> {
        let mut set = JoinSet::new();
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
