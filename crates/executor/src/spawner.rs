//! The handle of an executor for every place and thread, and the current one of each thread.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::sync::MutexGuard;

use crate::local::Local;
use crate::stamp::Stamp;
use crate::task::{Origin, SharedRef, spawn_home, spawn_reluctant, spawn_send, spawn_with};
use crate::{JoinHandle, Metrics, NamedSpawner, Reluctant, TaskInfo, context, listing};

thread_local! {
    static CURRENT: RefCell<Option<Spawner>> = const { RefCell::new(None) };
}

/// Spawns onto an [`Executor`](crate::Executor) from any thread.
///
/// It may outlive the executor. What is spawned after the executor's end, or its
/// [`shutdown`](crate::Executor::shutdown), is dropped at once and its [`JoinHandle`] resolves to a cancelled
/// [`JoinError`](crate::JoinError).
///
/// Corresponds to the spawning half of `tokio::runtime::Handle`.
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
/// let spawner = executor.spawner();
/// let task = std::thread::spawn(move || spawner.spawn(async { 42 })).join().unwrap();
/// assert_eq!(executor.block_on(&mut park, task).unwrap(), 42);
/// ```
#[derive(Clone)]
pub struct Spawner {
    shared: SharedRef,
}

impl Spawner {
    pub(crate) fn new(shared: SharedRef) -> Self {
        Self { shared }
    }

    /// The spawner of the executor that drives this thread, or that was [entered](Self::enter) last.
    ///
    /// Corresponds to `tokio::runtime::Handle::try_current`.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor, Spawner};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// assert!(Spawner::try_current().is_none());
    /// let spawner = executor.spawner();
    /// let _entered = spawner.enter();
    /// assert!(Spawner::try_current().is_some());
    /// ```
    #[must_use]
    pub fn try_current() -> Option<Self> {
        // A thread that is ending has none any more.
        CURRENT
            .try_with(|current| current.borrow().clone())
            .ok()
            .flatten()
    }

    /// As [`try_current`](Self::try_current).
    ///
    /// # Panics
    ///
    /// If there is none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::Spawner;
    ///
    /// let task = Spawner::current().spawn(async { 42 });
    /// assert_eq!(task.await.unwrap(), 42);
    /// # drop(spawner);
    /// # }) }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        Self::try_current().expect(
            "no executor on this thread: call this from inside `block_on`, or enter a `Spawner` first",
        )
    }

    /// Makes this the current spawner of the thread until the guard is dropped. Guards are to be dropped in the
    /// reverse order of their making.
    ///
    /// Corresponds to `tokio::runtime::Handle::enter`.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor, Spawner};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let spawner = executor.spawner();
    /// let guard = spawner.enter();
    /// let task = Spawner::current().spawn_local(async { 42 });
    /// assert!(spawner.has_work() && spawner.is_home() && !Spawner::is_driving_here());
    /// assert_eq!((spawner.inbox_depth(), spawner.metrics().polls), (0, 0));
    /// drop(guard);
    /// assert!(Spawner::try_current().is_none());
    /// # drop(task);
    /// ```
    #[must_use = "the spawner is current only as long as the guard lives"]
    pub fn enter(&self) -> EnterGuard<'_> {
        let previous = CURRENT
            .try_with(|current| current.replace(Some(self.clone())))
            .ok()
            .flatten();
        EnterGuard {
            _left: Left(previous),
            spawner: PhantomData,
        }
    }

    /// Spawns a future, from any thread. It is allocated here and polled and dropped on the executor's thread.
    ///
    /// Corresponds to `tokio::runtime::Handle::spawn`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let task = std::thread::spawn(move || spawner.spawn(async { 42 })).join().unwrap();
    /// assert_eq!(task.await.unwrap(), 42);
    /// # }) }
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_send(&self.shared, future, Origin::at(Location::caller()))
    }

    /// Spawns a future that has a say in its cancellation, from any thread: an abort ends it only when it lets it.
    /// Otherwise as [`spawn`](Self::spawn). The executor's end drops it in any case.
    ///
    /// ```
    /// # use std::{future::Future, pin::Pin, task::{Context, Poll, Waker}};
    /// # use uring_executor::{Config, Executor, Park, ParkMode, Reluctant, yield_now};
    /// # struct Spin;
    /// # impl Park for Spin {
    /// #     fn park(&mut self, _: ParkMode) {}
    /// #     fn unparker(&self) -> Waker { Waker::noop().clone() }
    /// # }
    /// # let mut park = Spin;
    /// # let executor = Executor::new(Config::default(), park.unparker());
    /// /// Ready in its third poll, and not to be stopped before.
    /// struct Third(u32);
    ///
    /// impl Future for Third {
    ///     type Output = &'static str;
    ///     fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
    ///         self.0 += 1;
    ///         cx.waker().wake_by_ref();
    ///         if self.0 < 3 { Poll::Pending } else { Poll::Ready("done") }
    ///     }
    /// }
    ///
    /// impl Reluctant for Third {
    ///     fn may_be_cancelled(&self) -> bool {
    ///         false
    ///     }
    /// }
    ///
    /// let task = executor.spawner().spawn_reluctant(Third(0));
    /// task.abort();
    /// assert_eq!(executor.block_on(&mut park, task).unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn spawn_reluctant<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Reluctant + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_reluctant(&self.shared, future, Origin::at(Location::caller()))
    }

    /// Spawns, from any thread, a future that need not be `Send`: `make` is called on the executor's thread, as part
    /// of the first poll. A panic in it is a panic of the task.
    ///
    /// ```
    /// # use std::{rc::Rc, task::Waker};
    /// # use uring_executor::{Config, Executor, Park, ParkMode, yield_now};
    /// # struct Spin;
    /// # impl Park for Spin {
    /// #     fn park(&mut self, _: ParkMode) {}
    /// #     fn unparker(&self) -> Waker { Waker::noop().clone() }
    /// # }
    /// # let mut park = Spin;
    /// # let executor = Executor::new(Config::default(), park.unparker());
    /// let task = executor.spawner().spawn_with(|| async {
    ///     let local = Rc::new(42);
    ///     yield_now().await;
    ///     *local
    /// });
    /// assert_eq!(executor.block_on(&mut park, task).unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn spawn_with<C, F>(&self, make: C) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        spawn_with(&self.shared, make, Origin::at(Location::caller()))
    }

    /// Spawns a future that need not be `Send`, on the executor's own thread.
    ///
    /// Corresponds to `tokio::task::spawn_local`.
    ///
    /// # Panics
    ///
    /// On any other thread. See [`is_home`](Self::is_home), [`spawn`](Self::spawn) and
    /// [`spawn_with`](Self::spawn_with).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// let local = std::rc::Rc::new(42);
    /// let task = spawner.spawn_local(async move { *local });
    /// assert_eq!(task.await.unwrap(), 42);
    /// # }) }
    /// ```
    #[track_caller]
    pub fn spawn_local<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        let local = self.local();
        spawn_home(&self.shared, local, future, Origin::at(Location::caller()))
    }

    /// Spawns the next task under this name, by which reports of panics and stalls, and lists of tasks, call it. Several
    /// tasks may have the same. It is kept beside the task, and one without a name has no room for it.
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc, task::Waker};
    /// use uring_executor::{Config, Executor, TaskPanic};
    ///
    /// let told = Rc::new(RefCell::new(None));
    /// let tell = Rc::clone(&told);
    /// let report = move |panic: &TaskPanic<'_>| *tell.borrow_mut() = panic.name().map(str::to_owned);
    /// let config = Config { on_task_panic: Some(Box::new(report)), ..Config::default() };
    /// let executor = Executor::new(config, Waker::noop().clone());
    /// let task = executor.spawner().named("worker 7").spawn_local(async { panic!("of no use") });
    /// while executor.run_pass() {}
    /// assert_eq!(told.take().as_deref(), Some("worker 7"));
    /// # let _: uring_executor::JoinHandle<()> = task;
    /// ```
    pub fn named(&self, name: impl Into<Arc<str>>) -> NamedSpawner<'_> {
        NamedSpawner::new(self, name.into())
    }

    pub(crate) fn shared(&self) -> &SharedRef {
        &self.shared
    }

    /// The proof that this is the executor's thread.
    #[track_caller]
    pub(crate) fn local(&self) -> &Local {
        self.shared.local.get().expect(
            "`spawn_local` was called off the executor's thread: use `Spawner::spawn` for a `Send` future, \
             or `Spawner::spawn_with` for a closure that makes one which is not",
        )
    }

    /// Whether this is the executor's thread.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// assert!(spawner.is_home());
    /// assert!(!std::thread::spawn(move || spawner.is_home()).join().unwrap());
    /// # }) }
    /// ```
    #[must_use]
    pub fn is_home(&self) -> bool {
        self.shared.local.get().is_some()
    }

    /// Whether any executor is driving tasks on this thread, so that blocking it would stop them.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::Spawner;
    ///
    /// assert!(Spawner::is_driving_here());
    /// assert!(!std::thread::spawn(Spawner::is_driving_here).join().unwrap());
    /// # drop(spawner);
    /// # }) }
    /// ```
    #[must_use]
    pub fn is_driving_here() -> bool {
        context::with(context::Context::is_driving)
    }

    /// Whether the executor has something to do right now. On another thread this knows only of what came from other
    /// threads.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let spawner = executor.spawner();
    /// assert!(!spawner.has_work());
    /// drop(executor.spawn(async {}));
    /// assert!(spawner.has_work());
    /// ```
    #[must_use]
    pub fn has_work(&self) -> bool {
        let here =
            self.shared.local.get().is_some_and(|local| {
                local.has_work() || context::with(context::Context::has_deferred)
            });
        here || self.shared.has_remote_work()
    }

    /// How many tasks came from other threads and wait to be taken up.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let (here, there) = (executor.spawner(), executor.spawner());
    /// std::thread::spawn(move || drop(there.spawn(async {}))).join().unwrap();
    /// assert_eq!(here.inbox_depth(), 1);
    /// executor.run_pass();
    /// assert_eq!(here.inbox_depth(), 0);
    /// ```
    #[must_use]
    pub fn inbox_depth(&self) -> usize {
        self.shared.inbox.len()
    }

    /// All tasks that have not completed, and the future given to `block_on`, which comes first. `None` on any other thread
    /// than the executor's, and after its end. A task spawned from another thread is listed from when the home thread has taken it up.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use uring_executor::{TaskState, yield_now};
    ///
    /// let never = spawner.named("sleeper").spawn_local(std::future::pending::<()>());
    /// yield_now().await;
    /// let [root, task] = &spawner.tasks().unwrap()[..] else { panic!("two") };
    /// assert_eq!((root.id, root.state), (None, TaskState::Running));
    /// assert_eq!((task.id, task.name.as_deref()), (Some(never.id()), Some("sleeper")));
    /// assert_eq!((task.polls, task.state), (1, TaskState::Waiting));
    /// println!("spawned at {}, polled {:?} ago", task.spawned_at, task.since_last_poll);
    /// # }) }
    /// ```
    #[must_use]
    pub fn tasks(&self) -> Option<Vec<TaskInfo>> {
        let local = self
            .shared
            .local
            .get()
            .filter(|local| !local.closed.get())?;
        let now = Stamp::of((self.shared.clock)());
        let list = |context: &context::Context| listing::list(&self.shared, local, context, now);
        Some(context::with(list))
    }

    /// What the executor has counted so far.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// spawner.spawn(async {}).await.unwrap();
    /// let metrics = std::thread::spawn(move || spawner.metrics()).join().unwrap();
    /// assert_eq!(metrics.tasks_alive, 0);
    /// assert!(metrics.polls >= 2, "the task, and who waited for it");
    /// # }) }
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared.counters.snapshot()
    }
}

impl AsRef<Spawner> for Spawner {
    fn as_ref(&self) -> &Spawner {
        self
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner")
            .field("is_home", &self.is_home())
            .finish_non_exhaustive()
    }
}

/// Keeps a [`Spawner`] current; see [`Spawner::enter`].
///
/// ```
/// use std::task::Waker;
/// use uring_executor::{Config, EnterGuard, Executor, Spawner};
///
/// let executor = Executor::new(Config::default(), Waker::noop().clone());
/// let spawner = executor.spawner();
/// let entered: EnterGuard<'_> = spawner.enter();
/// assert!(Spawner::try_current().is_some());
/// drop(entered);
/// assert!(Spawner::try_current().is_none());
/// ```
pub struct EnterGuard<'a> {
    _left: Left,
    /// Also keeps the guard on its thread: as one of a mutex, it may be looked at from others, and is dropped here.
    spawner: PhantomData<(&'a Spawner, MutexGuard<'static, ()>)>,
}

/// Has no lifetime, so that a guard which is only dropped does not keep its runtime from being moved: as in tokio.
struct Left(Option<Spawner>);

impl Drop for Left {
    fn drop(&mut self) {
        let previous = self.0.take();
        // Handed out of the closure: what is dropped must not find the cell borrowed.
        let _entered = CURRENT.try_with(|current| current.replace(previous));
    }
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}
