//! Spawning tasks that have a name.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::task::{Origin, spawn_home, spawn_reluctant, spawn_send, spawn_with};
use crate::{JoinHandle, Reluctant, Spawner};

/// Spawns tasks of one name; see [`Spawner::named`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use uring_executor::NamedSpawner;
///
/// let named: NamedSpawner<'_> = spawner.named("worker 7");
/// assert!(format!("{named:?}").contains("worker 7"));
/// assert_eq!(named.spawn_local(async { 42 }).await.unwrap(), 42);
/// # }) }
/// ```
#[must_use = "it does nothing before a task is spawned"]
pub struct NamedSpawner<'a> {
    spawner: &'a Spawner,
    name: Arc<str>,
}

impl<'a> NamedSpawner<'a> {
    pub(crate) fn new(spawner: &'a Spawner, name: Arc<str>) -> Self {
        Self { spawner, name }
    }

    #[track_caller]
    fn origin(self) -> Origin<Arc<str>> {
        Origin::named(Location::caller(), self.name)
    }

    /// As [`Spawner::spawn`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = std::thread::spawn(move || spawner.named("worker 7").spawn(async { 42 })).join().unwrap();
    /// assert_eq!(task.await.unwrap(), 42);
    /// # }) }
    /// ```
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_send(self.spawner.shared(), future, self.origin())
    }

    /// As [`Spawner::spawn_reluctant`].
    ///
    /// ```
    /// # use std::{future::Future, pin::Pin, task::{Context, Poll, Waker}};
    /// # use uring_executor::{Config, Executor, Reluctant};
    /// struct Call;
    /// impl Future for Call {
    ///     type Output = ();
    ///     fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
    ///         Poll::Pending
    ///     }
    /// }
    /// impl Reluctant for Call {
    ///     fn may_be_cancelled(&self) -> bool {
    ///         false
    ///     }
    /// }
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let task = executor.spawner().named("call").spawn_reluctant(Call);
    /// task.abort();
    /// while executor.run_pass() {}
    /// assert!(!task.is_finished());
    /// ```
    #[track_caller]
    pub fn spawn_reluctant<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Reluctant + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_reluctant(self.spawner.shared(), future, self.origin())
    }

    /// As [`Spawner::spawn_with`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = spawner.named("worker 7").spawn_with(|| async {
    ///     let local = std::rc::Rc::new(42);
    ///     *local
    /// });
    /// assert_eq!(task.await.unwrap(), 42);
    /// # }) }
    /// ```
    #[track_caller]
    pub fn spawn_with<C, F>(self, make: C) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        spawn_with(self.spawner.shared(), make, self.origin())
    }

    /// As [`Spawner::spawn_local`].
    ///
    /// # Panics
    ///
    /// On any other thread than the executor's.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let local = std::rc::Rc::new(42);
    /// let task = spawner.named("worker 7").spawn_local(async move { *local });
    /// assert_eq!(task.await.unwrap(), 42);
    /// # }) }
    /// ```
    #[track_caller]
    pub fn spawn_local<F: Future + 'static>(self, future: F) -> JoinHandle<F::Output> {
        let local = self.spawner.local();
        spawn_home(self.spawner.shared(), local, future, self.origin())
    }
}

impl fmt::Debug for NamedSpawner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedSpawner")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
