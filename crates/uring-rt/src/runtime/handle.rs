//! The runtime as seen from anywhere.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use uring_executor::{JoinHandle, Spawner, with_id};

use crate::blocking::Pool;
use crate::runtime::metrics::Parks;
use crate::runtime::{Driver, Id, RuntimeFlavor, RuntimeMetrics, TryCurrentError, no_runtime};

thread_local! {
    static CURRENT: RefCell<Option<Handle>> = const { RefCell::new(None) };
    /// How many guards this thread has.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A reference to a runtime: `Send`, `Sync` and cheap to clone. It does not keep the runtime alive.
///
/// Corresponds to `tokio::runtime::Handle`.
///
/// ```
/// use uring_rt::runtime::Runtime;
///
/// let runtime = Runtime::new()?;
/// let handle = runtime.handle().clone();
/// let remote = std::thread::spawn(move || handle.spawn(async { 7 }));
/// let task = remote.join().unwrap();
/// assert_eq!(runtime.block_on(task).unwrap(), 7);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    spawner: Spawner,
    reactor: uring_reactor::Handle,
    pool: Pool,
    id: Id,
    name: Option<Arc<str>>,
    parks: Arc<Parks>,
}

/// While this lives, its runtime is the current one of the thread. Corresponds to
/// `tokio::runtime::EnterGuard`.
///
/// ```
/// use uring_rt::runtime::{Handle, Runtime};
///
/// let runtime = Runtime::new()?;
/// let guard = runtime.enter();
/// assert!(Handle::try_current().is_ok());
/// drop(guard);
/// assert!(Handle::try_current().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the runtime stays current only while the guard lives"]
pub struct EnterGuard<'a> {
    _left: Left,
    _spawner: uring_executor::EnterGuard<'a>,
    _reactor: uring_reactor::EnterGuard,
}

impl Handle {
    pub(super) fn new(
        spawner: Spawner,
        reactor: uring_reactor::Handle,
        pool: Pool,
        name: Option<Arc<str>>,
    ) -> Handle {
        Handle {
            spawner,
            reactor,
            pool,
            id: Id::next(),
            name,
            parks: Arc::default(),
        }
    }

    /// The current runtime.
    ///
    /// # Panics
    ///
    /// When there is none; see [`try_current`](Self::try_current).
    ///
    /// Corresponds to `tokio::runtime::Handle::current`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let id = uring_rt::runtime::Handle::current().id();
    /// println!("in runtime {id}");
    /// # }
    /// ```
    #[track_caller]
    pub fn current() -> Handle {
        // Not `unwrap_or_else`: a closure has no caller to name.
        match Handle::try_current() {
            Ok(handle) => handle,
            Err(_) => no_runtime("Handle::current"),
        }
    }

    /// The current runtime, if there is one.
    ///
    /// Corresponds to `tokio::runtime::Handle::try_current`.
    ///
    /// # Errors
    ///
    /// When there is none.
    ///
    /// ```
    /// use uring_rt::runtime::{Handle, Runtime};
    ///
    /// assert!(Handle::try_current().unwrap_err().is_missing_context());
    /// let runtime = Runtime::new()?;
    /// assert!(runtime.block_on(async { Handle::try_current().is_ok() }));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn try_current() -> Result<Handle, TryCurrentError> {
        match CURRENT.try_with(|current| current.borrow().clone()) {
            Ok(Some(handle)) => Ok(handle),
            Ok(None) => Err(TryCurrentError::missing_context()),
            Err(_) => Err(TryCurrentError::thread_local_destroyed()),
        }
    }

    /// Always [`RuntimeFlavor::CurrentThread`]. Corresponds to `tokio::runtime::Handle::runtime_flavor`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use uring_rt::runtime::{Handle, RuntimeFlavor};
    ///
    /// assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
    /// # }
    /// ```
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        RuntimeFlavor::CurrentThread
    }

    /// Which runtime this is. Corresponds to `tokio::runtime::Handle::id`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use uring_rt::runtime::Handle;
    ///
    /// assert_eq!(Handle::current().id(), Handle::current().id());
    /// # }
    /// ```
    pub fn id(&self) -> Id {
        self.id
    }

    /// What [`Builder::name`](crate::runtime::Builder::name) was given. Corresponds to
    /// `tokio::runtime::Handle::name`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// assert_eq!(uring_rt::runtime::Handle::current().name(), None);
    /// # }
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Makes this the current runtime of the thread until the guard is dropped. Corresponds to
    /// `tokio::runtime::Handle::enter`.
    ///
    /// # Panics
    ///
    /// Dropping guards in another order than the reverse of their making does.
    ///
    /// ```
    /// use uring_rt::runtime::Runtime;
    ///
    /// let runtime = Runtime::new()?;
    /// let _entered = runtime.handle().enter();
    /// let task = uring_rt::spawn(async { 1 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        // A thread that is ending works for none any more: a runtime that is dropped then does without.
        let previous = CURRENT
            .try_with(|current| current.replace(Some(self.clone())))
            .ok()
            .flatten();
        EnterGuard {
            _left: Left {
                previous,
                depth: DEPTH.with(|depth| {
                    depth.set(depth.get() + 1);
                    depth.get()
                }),
            },
            _spawner: self.spawner.enter(),
            _reactor: self.reactor.enter(),
        }
    }

    /// Runs a call that blocks on a thread of the pool. Corresponds to
    /// `tokio::runtime::Handle::spawn_blocking`; see [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let handle = uring_rt::runtime::Handle::current();
    /// assert_eq!(handle.spawn_blocking(|| 1).await.unwrap(), 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, call: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_named(None, call)
    }

    #[track_caller]
    pub(crate) fn spawn_blocking_named<F, R>(
        &self,
        name: Option<Arc<str>>,
        call: F,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let handle = self.clone();
        // The task of the call is known only after the call is on its way.
        let id = Arc::new(OnceLock::new());
        let theirs = Arc::clone(&id);
        let call = move || {
            let _entered = handle.enter();
            with_id(*theirs.wait(), call)
        };
        let hold = self.reactor.hold_clock();
        let task = self.pool.spawn(&self.spawner, name, hold, call);
        // It is the first and only value.
        let _ = id.set(task.id());
        task
    }

    /// Starts a task on the runtime, from any thread. After the runtime's end the task is dropped, and its
    /// handle says that it was cancelled.
    ///
    /// Corresponds to `tokio::runtime::Handle::spawn`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let handle = uring_rt::runtime::Handle::current();
    /// let elsewhere = std::thread::spawn(move || handle.spawn(async { 2 }));
    /// assert_eq!(elsewhere.join().unwrap().await.unwrap(), 2);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawner.spawn(future)
    }

    /// Sends `make` to the runtime's thread, where it makes a future that need not be `Send`, and starts that
    /// as a task.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use std::rc::Rc;
    ///
    /// let handle = uring_rt::runtime::Handle::current();
    /// let elsewhere = std::thread::spawn(move || {
    ///     handle.spawn_with(|| async {
    ///         let local = Rc::new(3);
    ///         uring_rt::task::yield_now().await;
    ///         *local
    ///     })
    /// });
    /// assert_eq!(elsewhere.join().unwrap().await.unwrap(), 3);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_with<C, F>(&self, make: C) -> JoinHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.spawner.spawn_with(make)
    }

    /// Runs `future` to its end on this thread, with the runtime as the current one. Sockets, timers and tasks
    /// in it are driven by the runtime's own thread, for as long as that runs them.
    ///
    /// On the runtime's own thread, outside of [`Runtime::block_on`](crate::runtime::Runtime::block_on), nobody
    /// drives them: a future that waits for one never ends there. Corresponds to
    /// `tokio::runtime::Handle::block_on`.
    ///
    /// # Panics
    ///
    /// Inside of a `block_on` on this thread, whose tasks it would stop.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use uring_rt::{runtime::Handle, task::spawn_blocking, time::{Duration, sleep}};
    ///
    /// let handle = Handle::current();
    /// let call = spawn_blocking(move || handle.block_on(async {
    ///     sleep(Duration::from_millis(1)).await;
    ///     "slept"
    /// }));
    /// assert_eq!(call.await.unwrap(), "slept");
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(
            !Spawner::is_driving_here(),
            "Handle::block_on was called on a thread that runs a runtime, whose tasks it would stop: await the \
             future there, or spawn it"
        );
        let _entered = self.enter();
        let unpark = Arc::new(Unpark {
            thread: thread::current(),
            is_woken: AtomicBool::new(false),
        });
        let waker = Arc::clone(&unpark).into();
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            // Not the token of `park` alone: a blocking call inside of the future may have taken it.
            while !unpark.is_woken.swap(false, Ordering::AcqRel) {
                thread::park();
            }
        }
    }

    /// Live counters. Corresponds to `tokio::runtime::Handle::metrics`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let metrics = uring_rt::runtime::Handle::current().metrics();
    /// assert_eq!(metrics.num_workers(), 1);
    /// # }
    /// ```
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(self.clone())
    }

    /// Which backend the runtime has, with which kernel features, and why not a better one. From any thread, and inside
    /// of the runtime: under `#[uring_rt::main]` this is the way to ask.
    ///
    /// ```
    /// # #[uring_rt::main(backend = "epoll")]
    /// # async fn main() {
    /// let driver = uring_rt::runtime::Handle::current().driver();
    /// assert_eq!(driver.backend(), "epoll");
    /// println!("{driver}");
    /// # }
    /// ```
    pub fn driver(&self) -> Driver {
        self.reactor.driver()
    }

    pub(super) fn parks(&self) -> &Arc<Parks> {
        &self.parks
    }

    pub(crate) fn spawner(&self) -> &Spawner {
        &self.spawner
    }

    #[cfg(any(feature = "futures-io", feature = "tokio-io"))]
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn reactor(&self) -> &uring_reactor::Handle {
        &self.reactor
    }
}

/// What was current before. It has no lifetime, so that a guard which is only dropped does not keep its runtime from
/// being moved: as in tokio.
struct Left {
    previous: Option<Handle>,
    /// Which guard of the thread this is, counted from one.
    depth: usize,
}

impl Drop for Left {
    fn drop(&mut self) {
        let depth = DEPTH.with(Cell::get);
        if depth != self.depth {
            // What is current afterwards would be anybody's guess. A second panic would end the process.
            assert!(
                thread::panicking(),
                "`EnterGuard` values dropped out of order: guards of `Handle::enter` are dropped in the reverse \
                 order of their making"
            );
            return;
        }
        DEPTH.with(|depth| depth.set(self.depth - 1));
        let left = CURRENT.try_with(|current| current.replace(self.previous.take()));
        drop(left);
    }
}

struct Unpark {
    thread: Thread,
    is_woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: what was done before the wake is seen by the poll that it leads to.
        self.is_woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

// What it refers to is behind locks that no panic leaves half-way.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}
