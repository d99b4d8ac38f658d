//! The executor and its loop.

mod pass;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Instant;

use crate::config::PanicHook;
use crate::context::{self, Context};
use crate::coop::Budget;
use crate::local::Local;
use crate::order::Order;
use crate::stall::Identity;
use crate::stamp::Stamp;
use crate::task::{self, Origin, SharedRef, spawn_home};
use crate::{Config, JoinHandle, Metrics, Observer, Park, ParkMode, Spawner, StallWatch};

/// Runs tasks on the thread that made it.
///
/// The queue is plain first-in first-out. One pass runs only what was queued when it began, and between two looks at
/// the driver there are at most [`Config::event_interval`] polls.
///
/// Dropping it [shuts it down](Self::shutdown). Wakers, handles and spawners may outlive it.
///
/// Corresponds to tokio's current-thread scheduler with a `LocalSet` in it.
///
/// ```
/// use std::task::Waker;
/// use uring_executor::{Config, Executor};
///
/// // In a loop of one's own; the example of the crate has a driver that sleeps.
/// let executor = Executor::new(Config::default(), Waker::noop().clone());
/// let task = executor.spawn(async { 42 });
/// assert!(executor.has_work());
/// while executor.run_pass() {}
/// assert!(task.is_finished());
/// assert_eq!(executor.metrics().polls, 1);
/// executor.shutdown();
/// ```
pub struct Executor {
    shared: SharedRef,
    event_interval: u32,
    task_budget: Budget,
    /// Says who runs first, where that is not who was ready first.
    order: Option<Order>,
    on_task_panic: Option<Box<PanicHook>>,
    stall_watch: Option<StallWatch>,
    observer: Option<Box<dyn Observer>>,
    /// None of `order`, `stall_watch` and `observer` is there.
    is_plain: bool,
    /// It owns futures that are not `Send`.
    not_send: PhantomData<*const ()>,
}

impl Executor {
    /// Makes an executor whose home is this thread. `unparker` is woken when there is something to do that the loop
    /// could not know of: see [`Park`].
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// assert!(!executor.has_work(), "there is no task yet");
    /// ```
    #[must_use]
    pub fn new(config: Config, unparker: Waker) -> Self {
        let is_plain =
            config.seed.is_none() && config.stall_watch.is_none() && config.observer.is_none();
        Self {
            shared: SharedRef::new(unparker, config.clock),
            event_interval: config.event_interval.max(1),
            task_budget: Budget::new(config.task_budget),
            order: config.seed.map(Order::new),
            on_task_panic: config.on_task_panic,
            stall_watch: config.stall_watch,
            observer: config.observer,
            is_plain,
            not_send: PhantomData,
        }
    }

    /// Spawns a task. It first runs in a later pass, when a [`block_on`](Self::block_on) or
    /// [`run_pass`](Self::run_pass) is going on.
    ///
    /// Corresponds to `tokio::task::spawn_local`.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let task = executor.spawn(async { 42 });
    /// assert!(!task.is_finished(), "it runs in a later pass");
    /// executor.run_pass();
    /// assert!(task.is_finished());
    /// ```
    #[track_caller]
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        spawn_home(
            &self.shared,
            self.local(),
            future,
            Origin::at(Location::caller()),
        )
    }

    /// Runs `future` to completion on this thread, and the tasks meanwhile. The future is borrowed: it need not be
    /// `'static`. May be called many times in a row; tasks that are left over run on in the next call.
    ///
    /// Corresponds to `tokio::runtime::Runtime::block_on`.
    ///
    /// # Panics
    ///
    /// When this thread is already inside a `block_on` or `run_pass`, and when `future` panics.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor, Park, ParkMode, yield_now};
    ///
    /// struct Spin;
    /// impl Park for Spin {
    ///     fn park(&mut self, _mode: ParkMode) {}
    ///     fn unparker(&self) -> Waker {
    ///         Waker::noop().clone()
    ///     }
    /// }
    ///
    /// let executor = Executor::new(Config::default(), Spin.unparker());
    /// let text = String::from("borrowed");
    /// let len = executor.block_on(&mut Spin, async {
    ///     yield_now().await;
    ///     text.len()
    /// });
    /// assert_eq!(len, 8);
    /// ```
    #[track_caller]
    pub fn block_on<F: Future, P: Park>(&self, park: &mut P, future: F) -> F::Output {
        let local = self.local();
        let _drive = Drive::start(local, "block_on");
        let spawner = self.spawner();
        let _entered = spawner.enter();
        let future = pin!(future);
        let called_at = Location::caller();
        context::with(|context| self.run(park, future, called_at, local, context))
    }

    /// Runs what is queued now, at most [`Config::event_interval`] polls, and tells whether there is more to do. For
    /// embedding in a foreign loop, which looks at the driver before each call, and which sleeps, until the driver
    /// has news or the unparker is woken, only after this returned false.
    ///
    /// # Panics
    ///
    /// When this thread is already inside a `block_on` or `run_pass`.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor, yield_now};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let task = executor.spawn(yield_now());
    /// assert!(executor.run_pass(), "it has yielded, and is to be polled again");
    /// assert!(!executor.run_pass());
    /// assert!(task.is_finished());
    /// ```
    #[track_caller]
    pub fn run_pass(&self) -> bool {
        let local = self.local();
        let _drive = Drive::start(local, "run_pass");
        let spawner = self.spawner();
        let _entered = spawner.enter();
        context::with(|context| {
            // The foreign loop may have slept.
            self.read_clock(local);
            self.driver_was_polled(local, context);
            self.drain_inbox(local);
            self.pass(local, context);
        });
        spawner.has_work()
    }

    /// Whether there is something to do right now.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let task = executor.spawn(async {});
    /// assert!(executor.has_work());
    /// executor.run_pass();
    /// assert!(!executor.has_work());
    /// # drop(task);
    /// ```
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.spawner().has_work()
    }

    /// Drops the futures of all tasks, on this thread, and refuses new ones. Join handles resolve to a cancelled
    /// [`JoinError`](crate::JoinError). A task that is running right now is cancelled when its poll ends.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let task = executor.spawn(std::future::pending::<()>());
    /// executor.shutdown();
    /// assert!(task.is_finished());
    /// assert!(executor.spawn(async {}).is_finished(), "refused");
    /// ```
    pub fn shutdown(&self) {
        let local = self.local();
        local.closed.set(true);
        self.shared.inbox.close();
        self.drain_inbox(local);
        context::with(|context| {
            task::shutdown(local, context, self.hook());
            // Clones of tasks' wakers may wait here, and would keep the tasks' memory.
            context::wake_deferred(context);
        });
    }

    /// A handle for other places and threads.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let spawner = executor.spawner();
    /// let task = std::thread::spawn(move || spawner.spawn(async {})).join().unwrap();
    /// executor.run_pass();
    /// assert!(task.is_finished());
    /// ```
    #[must_use]
    pub fn spawner(&self) -> Spawner {
        Spawner::new(self.shared.clone())
    }

    /// What was counted so far.
    ///
    /// ```
    /// use std::task::Waker;
    /// use uring_executor::{Config, Executor};
    ///
    /// let executor = Executor::new(Config::default(), Waker::noop().clone());
    /// let task = executor.spawn(async {});
    /// assert_eq!(executor.metrics().tasks_alive, 1);
    /// executor.run_pass();
    /// assert_eq!((executor.metrics().tasks_alive, executor.metrics().polls), (0, 1));
    /// # drop(task);
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared.counters.snapshot()
    }

    #[inline]
    fn local(&self) -> &Local {
        self.shared
            .local
            .get()
            .expect("an executor is not `Send`, so this is its thread")
    }

    fn hook(&self) -> Option<&PanicHook> {
        self.on_task_panic.as_deref()
    }

    /// The loop. The root is polled first, because whoever calls `block_on` has something new.
    fn run<F: Future, P: Park>(
        &self,
        park: &mut P,
        mut future: Pin<&mut F>,
        called_at: &'static Location<'static>,
        local: &Local,
        context: &Context,
    ) -> F::Output {
        let waker = self.shared.root_waker();
        let mut cx = TaskContext::from_waker(&waker);
        local.root_queued.set(true);
        local.root.called_at.set(Some(called_at));
        local.root.polls.reset();
        // Whatever was done since the last call.
        self.read_clock(local);
        let mut root_is_last = false;
        loop {
            self.drain_inbox(local);
            if self.is_turn_of_tasks(root_is_last, local) {
                root_is_last = false;
            // Not `||`: both flags are to be taken.
            } else if local.root_queued.take() | self.shared.take_root_woken() {
                root_is_last = true;
                context.begin_poll(waker.data(), 0, self.task_budget);
                local.root.polls.add(local.now.get());
                if let Some(watch) = &self.stall_watch {
                    local.root_began.set(Some(watch.begin()));
                }
                let polled = future.as_mut().poll(&mut cx);
                // Not a variable: of two ways through the poll, known to differ, the compiler would make two polls and
                // have neither in line.
                if let Some(began) = local.root_began.get() {
                    self.root_polled(began, called_at);
                }
                self.count_polls(1, local, context);
                match polled {
                    Poll::Ready(output) => return output,
                    Poll::Pending if context.yielded() => local.root_deferred.set(true),
                    Poll::Pending => {}
                }
            }
            self.pass(local, context);
            let mode = if local.polled.get() >= self.event_interval {
                ParkMode::Poll
            } else if local.is_runnable() || self.shared.has_remote_work() {
                continue;
            } else if local.has_work() || context.has_deferred() {
                // Only what waits for the driver is left.
                ParkMode::Poll
            } else {
                // What another thread adds from here on is announced by the unparker.
                ParkMode::Block
            };
            park.park(mode);
            if mode == ParkMode::Block {
                self.read_clock(local);
            }
            self.driver_was_polled(local, context);
        }
    }

    /// Whether a root that has something to do stands back for the tasks.
    fn is_turn_of_tasks(&self, root_is_last: bool, local: &Local) -> bool {
        // With room for one poll between two looks, it goes to the root and the tasks in turn: or a root that always has
        // something to do would stop all others.
        let is_narrow = root_is_last && self.event_interval == 1;
        let is_drawn = || self.order.as_ref().is_some_and(Order::coin);
        !local.run.is_empty() && (is_narrow || is_drawn())
    }

    #[cold]
    fn root_polled(&self, began: Instant, called_at: &'static Location<'static>) {
        if let Some(watch) = &self.stall_watch {
            let root = Identity {
                id: None,
                name: None,
                spawned_at: called_at,
            };
            watch.end(began, root, &self.shared.counters.stalls);
        }
    }

    /// Queues what waited for the driver.
    fn driver_was_polled(&self, local: &Local, context: &Context) {
        self.count_towards_clock(local.polled.take(), local);
        context.advance_tick();
        local.run.append(&local.deferred);
        if local.root_deferred.take() {
            local.root_queued.set(true);
        }
        context::wake_deferred(context);
    }

    /// The clock is read after each sleep, and after as many polls as may lie between two looks at the driver. It costs as
    /// much as the rest of a look that finds nothing, which follows each poll where one task yields.
    fn count_towards_clock(&self, polls: u32, local: &Local) {
        let unread = local.polled_since_clock.get().saturating_add(polls);
        local.polled_since_clock.set(unread);
        if unread >= self.event_interval {
            self.read_clock(local);
        }
    }

    fn read_clock(&self, local: &Local) {
        local.polled_since_clock.set(0);
        local.now.set(Stamp::of((self.shared.clock)()));
    }

    /// Queues what came from other threads.
    fn drain_inbox(&self, local: &Local) {
        if !self.shared.inbox.is_filled() {
            return;
        }
        let mut batch = local.batch.take();
        self.shared.inbox.take(&mut batch);
        for task in batch.drain(..) {
            task.arrive(local);
        }
        local.batch.set(batch);
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.shutdown();
        self.shared.settle();
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("event_interval", &self.event_interval)
            .field("metrics", &self.metrics())
            .finish_non_exhaustive()
    }
}

/// The time in which an executor drives its thread. Ends also when the root panics.
struct Drive<'a> {
    local: &'a Local,
}

impl<'a> Drive<'a> {
    #[track_caller]
    fn start(local: &'a Local, call: &str) -> Self {
        context::with(|context| {
            assert!(
                !context.is_driving(),
                "`{call}` was called from inside a `block_on` on the same thread: the thread is driving tasks, and \
                 blocking it would stop them all; `.await` the future or spawn it instead"
            );
            context.set_driving(true);
        });
        local.active.set(true);
        Self { local }
    }
}

impl Drop for Drive<'_> {
    fn drop(&mut self) {
        self.local.active.set(false);
        self.local.root.called_at.set(None);
        context::with(|context| {
            context.end_polls();
            context.set_driving(false);
        });
    }
}
