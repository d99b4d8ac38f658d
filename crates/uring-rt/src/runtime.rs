//! The runtime: tasks, and the reactor that wakes them, on one thread. Corresponds to `tokio::runtime`.
//!
//! ```
//! use uring_rt::runtime::Runtime;
//!
//! let runtime = Runtime::new()?;
//! println!("{}", runtime.driver()); // which backend, and why not a better one
//! assert_eq!(runtime.block_on(async { 7 }), 7);
//! # Ok::<(), std::io::Error>(())
//! ```

mod backend;
mod builder;
mod dump;
mod embed;
mod handle;
mod identity;
mod metrics;
mod seed;
#[cfg(feature = "tracing")]
mod trace;

pub use backend::Backend;
pub use builder::Builder;
pub use dump::{TaskDump, TaskReport};
pub use handle::{EnterGuard, Handle};
pub use identity::{Id, LocalOptions, RuntimeFlavor, TryCurrentError};
use metrics::Parks;
pub use metrics::{Metrics, RuntimeMetrics};
pub use uring_executor::{Stall, TaskInfo, TaskPanic, TaskState};
pub(crate) use uring_reactor::no_runtime;
pub use uring_reactor::{Driver, Feature, Refusal, Rung, TimerMode, Wait, is_rt_shutdown_err};

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use uring_executor::{Executor, JoinHandle, Park, ParkMode, Spawner};
use uring_reactor::{Options, Pollable, Reactor, Turn};

use crate::blocking::Pool;
use crate::process::orphans;

/// Runs futures on the thread that built it.
///
/// It owns tasks that need not be `Send`, so it is not `Send` itself; its [`Handle`] is. Dropping it drops all
/// its tasks, on this thread; what they had registered is taken back from the kernel first, so ports can be
/// bound and peers see the end when the drop returns. Blocking calls that have begun are waited for; see
/// [`shutdown_timeout`](Self::shutdown_timeout).
///
/// Corresponds to `tokio::runtime::Runtime` with the current-thread scheduler and a `LocalSet` in it.
///
/// ```
/// let runtime = uring_rt::runtime::Runtime::new()?;
/// println!("{}", runtime.driver());
/// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    /// Borrowed while a `block_on` runs. `None` only during the drop.
    driver: RefCell<Option<ReactorPark>>,
    executor: Executor,
    handle: Handle,
    pool: Pool,
    /// What a foreign loop polls, once it has asked.
    outlet: OnceCell<Pollable>,
    /// What determines the order of the tasks, if something does.
    seed: Option<seed::Seed>,
    /// How long the drop waits for blocking calls; `None` is until they return.
    blocking_limit: Option<Duration>,
}

/// A runtime whose tasks need not be `Send`, as all are here. Corresponds to `tokio::runtime::LocalRuntime`.
///
/// ```
/// use uring_rt::runtime::LocalRuntime;
///
/// let runtime = LocalRuntime::new()?;
/// let shared = std::rc::Rc::new(7);
/// assert_eq!(runtime.block_on(runtime.spawn(async move { *shared })).unwrap(), 7);
/// # Ok::<(), std::io::Error>(())
/// ```
pub type LocalRuntime = Runtime;

impl Runtime {
    /// Builds a runtime with the defaults: see [`Builder`].
    ///
    /// # Errors
    ///
    /// As for [`Builder::build`].
    ///
    /// Corresponds to `tokio::runtime::Runtime::new`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// assert_eq!(runtime.block_on(async { 2 }), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> io::Result<Runtime> {
        Builder::new().build()
    }

    fn assemble(
        reactor: Reactor,
        config: uring_executor::Config,
        hooks: ParkHooks,
        pool: Pool,
        name: Option<Arc<str>>,
    ) -> Runtime {
        let mut driver = ReactorPark {
            reactor,
            hooks,
            spawner: None,
            parks: None,
        };
        let executor = Executor::new(config, driver.unparker());
        driver.spawner = driver.hooks.before.is_some().then(|| executor.spawner());
        let reactor = driver.reactor.handle();
        let handle = Handle::new(executor.spawner(), reactor, pool.clone(), name);
        driver.parks = Some(Arc::clone(handle.parks()));
        orphans::add_home(&handle);
        Runtime {
            driver: RefCell::new(Some(driver)),
            executor,
            handle,
            pool,
            outlet: OnceCell::new(),
            seed: None,
            blocking_limit: None,
        }
    }

    /// Runs `future` to its end on this thread, and the tasks meanwhile. The future may borrow.
    ///
    /// May be called many times in a row: tasks that are left over run on in the next call.
    ///
    /// # Panics
    ///
    /// Inside of another `block_on` on this thread, and when `future` panics. Also when the event loop is lost
    /// and cannot be built anew, as no descriptor or memory is left.
    ///
    /// Corresponds to `tokio::runtime::Runtime::block_on`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let mut list = vec![1];
    /// runtime.block_on(async { list.push(2) });
    /// assert_eq!(list, [1, 2]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let Ok(mut driver) = self.driver.try_borrow_mut() else {
            nested_block_on()
        };
        let Some(driver) = driver.as_mut() else {
            nested_block_on()
        };
        let _entered = self.handle.enter();
        self.executor.block_on(driver, future)
    }

    /// Starts a task. It runs whenever a [`block_on`](Self::block_on) is active.
    ///
    /// Corresponds to `tokio::runtime::Runtime::spawn`, without `Send`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let shared = std::rc::Rc::new(3);
    /// let task = runtime.spawn(async move { *shared });
    /// assert_eq!(runtime.block_on(task).unwrap(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.executor.spawn(future)
    }

    /// The same as [`spawn`](Self::spawn). Corresponds to `tokio::runtime::LocalRuntime::spawn_local`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let task = runtime.spawn_local(async { 1 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_local<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.spawn(future)
    }

    /// Runs a call that blocks on a thread of the pool: see
    /// [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// Corresponds to `tokio::runtime::Runtime::spawn_blocking`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let call = runtime.spawn_blocking(|| std::thread::current().name().map(str::to_owned));
    /// assert_eq!(runtime.block_on(call).unwrap().as_deref(), Some("uring-rt-blocking"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, call: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(call)
    }

    /// Drops the runtime, and waits at most this long for blocking calls that have begun. Those that are left
    /// go on, and end with the process at the latest.
    ///
    /// Corresponds to `tokio::runtime::Runtime::shutdown_timeout`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// runtime.shutdown_timeout(Duration::from_millis(100));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_timeout(mut self, limit: Duration) {
        self.blocking_limit = Some(limit);
    }

    /// Drops the runtime and does not wait for blocking calls.
    ///
    /// Corresponds to `tokio::runtime::Runtime::shutdown_background`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let (end, ended) = std::sync::mpsc::channel::<()>();
    /// drop(runtime.spawn_blocking(move || ended.recv()));
    /// runtime.shutdown_background();
    /// drop(end); // only now does the call return
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// A reference for other threads.
    ///
    /// Corresponds to `tokio::runtime::Runtime::handle`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let elsewhere = std::thread::spawn(move || handle.spawn(async { 4 }));
    /// let task = elsewhere.join().unwrap();
    /// assert_eq!(runtime.block_on(task).unwrap(), 4);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes this the current runtime of the thread until the guard is dropped, so that sockets, timers and
    /// tasks can be made outside of `block_on`.
    ///
    /// Corresponds to `tokio::runtime::Runtime::enter`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let pair = {
    ///     let _entered = runtime.enter();
    ///     uring_rt::net::UnixStream::pair()?
    /// };
    /// runtime.block_on(pair.0.writable())?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Which backend runs, with which kernel features, and why not a better one.
    ///
    /// The report may be another one later: a backend that is lost while running is replaced, and that is listed, too.
    ///
    /// ```
    /// let driver = uring_rt::runtime::Runtime::new()?.driver();
    /// for refusal in &driver.refused {
    ///     println!("{refusal}");
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn driver(&self) -> Driver {
        self.handle.driver()
    }

    /// Live counters. Corresponds to `tokio::runtime::Runtime::metrics`.
    ///
    /// ```
    /// let runtime = uring_rt::runtime::Runtime::new()?;
    /// let metrics = runtime.metrics();
    /// runtime.block_on(async {});
    /// assert_eq!(metrics.snapshot().executor.polls, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(seed) = self.seed {
            seed.tell_on_panic();
        }
        let _entered = self.handle.enter();
        // Before the tasks go: children in them are for another runtime to reap.
        orphans::remove_home(&self.handle);
        // The reactor first: it takes everything back from the kernel in one go, and dropping the tasks then
        // costs no system call but their own closes.
        drop(self.driver.get_mut().take());
        self.executor.shutdown();
        self.pool.shut_down(self.blocking_limit);
    }
}

// A panic leaves it in order: `block_on` ends in the destructors of its guards.
impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("executor", &self.executor)
            .finish_non_exhaustive()
    }
}

/// What a runtime would run on here, found out without building one.
///
/// # Errors
///
/// What keeps every runtime from being built, such as no free file descriptor.
///
/// ```
/// println!("{}", uring_rt::probe()?);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn probe() -> io::Result<Driver> {
    Ok(Reactor::new(Options::new().from_env()?)?.driver())
}

/// Which worker of the current runtime this thread is: `Some(0)` inside of a `block_on`, and else `None`. Corresponds to
/// `tokio::runtime::worker_index`.
///
/// ```
/// use uring_rt::runtime::{Runtime, worker_index};
///
/// assert_eq!(worker_index(), None);
/// assert_eq!(Runtime::new()?.block_on(async { worker_index() }), Some(0));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn worker_index() -> Option<usize> {
    Spawner::is_driving_here().then_some(0)
}

/// A callback around a sleep.
pub(crate) type Hook = Option<Arc<dyn Fn() + Send + Sync>>;

#[derive(Clone, Default)]
pub(crate) struct ParkHooks {
    pub(crate) before: Hook,
    pub(crate) after: Hook,
}

/// The seam: the executor parks on the reactor.
struct ReactorPark {
    reactor: Reactor,
    hooks: ParkHooks,
    /// Present where a hook could make work.
    spawner: Option<Spawner>,
    /// Set as soon as there is a handle to ask for it.
    parks: Option<Arc<Parks>>,
}

impl Park for ReactorPark {
    fn park(&mut self, mode: ParkMode) {
        #[cfg(feature = "tracing")]
        let _turn = trace::TurnSpan::enter(&self.reactor.handle(), mode == ParkMode::Block);
        let result = match mode {
            ParkMode::Poll => self.reactor.turn(Turn::Poll),
            ParkMode::Block => {
                self.hooks.before.iter().for_each(|hook| hook());
                // The hook may have made work: on this thread that needs no notification, so look.
                let has_work = self.spawner.as_ref().is_some_and(Spawner::has_work);
                let turn = if has_work { Turn::Poll } else { Turn::Wait };
                let parked = self.parks.as_deref().map(Parks::park);
                let result = self.reactor.turn(turn);
                drop(parked);
                self.hooks.after.iter().for_each(|hook| hook());
                result
            }
        };
        if let Err(error) = result {
            panic!("the event loop is lost and cannot be built anew: {error}");
        }
    }

    fn unparker(&self) -> Waker {
        self.reactor.handle().unparker()
    }
}

#[track_caller]
fn nested_block_on() -> ! {
    panic!(
        "Runtime::block_on was called inside of Runtime::block_on: a thread that runs a runtime cannot wait \
         for another future; await it instead"
    )
}

/// The panic of a call that was made outside of a runtime, under the name that its caller knows.
#[track_caller]
pub(crate) fn require(what: &str) {
    if !uring_reactor::Handle::has_current() {
        no_runtime(what);
    }
}
