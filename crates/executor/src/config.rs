//! What can be set when an executor is made.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::{Id, Observer, StallWatch, stamp};

/// A function that is told of each panic in a task.
///
/// ```
/// use std::{cell::Cell, rc::Rc, task::Waker};
/// use uring_executor::{Config, Executor, PanicHook};
///
/// let panics = Rc::new(Cell::new(0));
/// let counter = Rc::clone(&panics);
/// let hook: Box<PanicHook> = Box::new(move |_panic| counter.set(counter.get() + 1));
/// let config = Config { on_task_panic: Some(hook), ..Config::default() };
/// let executor = Executor::new(config, Waker::noop().clone());
/// drop(executor.spawn(async { panic!("of no use") }));
/// executor.run_pass();
/// assert_eq!(panics.get(), 1);
/// ```
pub type PanicHook = dyn Fn(&TaskPanic<'_>);

/// The settings of an [`Executor`](crate::Executor).
///
/// ```
/// use uring_executor::Config;
///
/// let config = Config { event_interval: 31, ..Config::default() };
/// assert_eq!(config.task_budget, 128);
/// ```
pub struct Config {
    /// How many polls may lie between two looks at the driver. 61 by default; 0 counts as 1.
    pub event_interval: u32,

    /// How many units of progress a task may make in one poll before [`coop`](crate::coop) lets it yield.
    /// 128 by default; 0 counts as 1.
    pub task_budget: u32,

    /// With a seed, tasks that are ready at the same time run in an order that it determines, and the future given to
    /// `block_on` before or after them. Else first in, first out, and that future before them.
    pub seed: Option<u64>,

    /// Called on the executor's thread when a task, or the destructor of its future, has panicked. The panic still
    /// ends in the task's [`JoinError`](crate::JoinError). A panic in the hook itself is swallowed.
    pub on_task_panic: Option<Box<PanicHook>>,

    /// The time since any fixed point. Asked after each sleep and after each `event_interval` polls, to tell how long ago
    /// a task was polled: so it should be cheap, and may be coarse. By default it is the system's.
    pub clock: fn() -> Duration,

    /// Who is told of each poll. Nobody by default, and then no poll is slower for it.
    pub observer: Option<Box<dyn Observer>>,

    /// What watches for polls that hold the thread for too long. Nothing by default, and then no poll is measured.
    pub stall_watch: Option<StallWatch>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            event_interval: 61,
            task_budget: 128,
            seed: None,
            on_task_panic: None,
            clock: stamp::elapsed,
            observer: None,
            stall_watch: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("event_interval", &self.event_interval)
            .field("task_budget", &self.task_budget)
            .field("seed", &self.seed)
            .field("on_task_panic", &self.on_task_panic.is_some())
            .field("observer", &self.observer.is_some())
            .field("stall_watch", &self.stall_watch)
            .finish()
    }
}

/// A panic in a task, as [`Config::on_task_panic`] is told of it.
///
/// ```
/// use uring_executor::{Config, Executor, TaskPanic};
///
/// fn report(panic: &TaskPanic<'_>) {
///     let message = panic.payload().downcast_ref::<&str>().unwrap_or(&"something");
///     println!("task {} of {} panicked: {message}", panic.id(), panic.location());
/// }
///
/// let config = Config { on_task_panic: Some(Box::new(report)), ..Config::default() };
/// let executor = Executor::new(config, std::task::Waker::noop().clone());
/// let task = executor.spawn(async { panic!("of no use") });
/// while executor.run_pass() {}
/// assert!(task.is_finished());
/// # let _: uring_executor::JoinHandle<()> = task;
/// ```
#[derive(Debug)]
pub struct TaskPanic<'a> {
    id: Id,
    location: &'static Location<'static>,
    name: Option<Arc<str>>,
    payload: &'a (dyn Any + Send),
}

impl<'a> TaskPanic<'a> {
    pub(crate) fn new(
        id: Id,
        location: &'static Location<'static>,
        name: Option<Arc<str>>,
        payload: &'a (dyn Any + Send),
    ) -> Self {
        Self {
            id,
            location,
            name,
            payload,
        }
    }

    /// The task that panicked.
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc, task::Waker};
    /// use uring_executor::{Config, Executor, TaskPanic};
    ///
    /// let seen = Rc::new(RefCell::new(None));
    /// let told = Rc::clone(&seen);
    /// let hook = move |panic: &TaskPanic<'_>| *told.borrow_mut() = Some(panic.id());
    /// let config = Config { on_task_panic: Some(Box::new(hook)), ..Config::default() };
    /// let executor = Executor::new(config, Waker::noop().clone());
    /// let task = executor.spawn(async { panic!("of no use") });
    /// executor.run_pass();
    /// assert_eq!(*seen.borrow(), Some(task.id()));
    /// # let _: uring_executor::JoinHandle<()> = task;
    /// ```
    pub fn id(&self) -> Id {
        self.id
    }

    /// What the task was [named](crate::Spawner::named), if it was.
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc, task::Waker};
    /// use uring_executor::{Config, Executor, TaskPanic};
    ///
    /// let seen = Rc::new(RefCell::new(Vec::new()));
    /// let told = Rc::clone(&seen);
    /// let hook = move |panic: &TaskPanic<'_>| told.borrow_mut().push(panic.name().map(str::to_owned));
    /// let config = Config { on_task_panic: Some(Box::new(hook)), ..Config::default() };
    /// let executor = Executor::new(config, Waker::noop().clone());
    /// drop(executor.spawn(async { panic!("of no use") }));
    /// drop(executor.spawner().named("second").spawn_local(async { panic!("of no use") }));
    /// executor.run_pass();
    /// assert_eq!(*seen.borrow(), [None, Some("second".to_owned())]);
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where the task was spawned.
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc, task::Waker};
    /// use uring_executor::{Config, Executor, TaskPanic};
    ///
    /// let seen = Rc::new(RefCell::new(None));
    /// let told = Rc::clone(&seen);
    /// let hook = move |panic: &TaskPanic<'_>| *told.borrow_mut() = Some(panic.location());
    /// let config = Config { on_task_panic: Some(Box::new(hook)), ..Config::default() };
    /// let executor = Executor::new(config, Waker::noop().clone());
    /// let task = executor.spawn(async { panic!("of no use") });
    /// executor.run_pass();
    /// assert_eq!(seen.borrow().unwrap().file(), file!());
    /// # let _: uring_executor::JoinHandle<()> = task;
    /// ```
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// What it panicked with: usually a `&'static str` or a `String`.
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc, task::Waker};
    /// use uring_executor::{Config, Executor, TaskPanic};
    ///
    /// let seen = Rc::new(RefCell::new(None));
    /// let told = Rc::clone(&seen);
    /// let hook = move |panic: &TaskPanic<'_>| *told.borrow_mut() = panic.payload().downcast_ref().copied();
    /// let config = Config { on_task_panic: Some(Box::new(hook)), ..Config::default() };
    /// let executor = Executor::new(config, Waker::noop().clone());
    /// let task = executor.spawn(async { panic!("of no use") });
    /// executor.run_pass();
    /// assert_eq!(*seen.borrow(), Some("of no use"));
    /// # let _: uring_executor::JoinHandle<()> = task;
    /// ```
    pub fn payload(&self) -> &'a (dyn Any + Send) {
        self.payload
    }
}
