//! Polls that hold the thread for too long.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Id;
use crate::metrics::HomeCounter;
use crate::task;

/// A function that is told of each stall.
///
/// ```
/// use std::time::{Duration, Instant};
/// use uring_executor::{StallHook, StallWatch};
///
/// let hook: Box<StallHook> = Box::new(|stall| eprintln!("{stall}"));
/// let watch = StallWatch { threshold: Duration::from_millis(5), clock: Instant::now, on_stall: hook };
/// # assert_eq!(watch.threshold, Duration::from_millis(5));
/// ```
pub type StallHook = dyn Fn(&Stall);

/// What measures polls, and whom it tells of those that take too long.
///
/// Each poll is measured by itself: a task that awaits, however long, does not stall. The report comes when the poll has
/// ended, so one that never ends is not reported.
///
/// ```
/// use std::{task::Waker, time::{Duration, Instant}};
/// use uring_executor::{Config, Executor, Stall, StallWatch};
///
/// let watch = StallWatch {
///     threshold: Duration::ZERO, // tells of every poll
///     clock: Instant::now,
///     on_stall: Box::new(|stall: &Stall| println!("{stall}")),
/// };
/// let config = Config { stall_watch: Some(watch), ..Config::default() };
/// let executor = Executor::new(config, Waker::noop().clone());
/// drop(executor.spawn(async {}));
/// while executor.run_pass() {}
/// assert_eq!(executor.metrics().stalls, 1);
/// ```
pub struct StallWatch {
    /// How long a poll may hold the thread.
    pub threshold: Duration,

    /// What time it is: [`Instant::now`], but for tests. Called twice for each poll.
    pub clock: fn() -> Instant,

    /// Called on the executor's thread after a poll that took `threshold` or longer. A panic in it is swallowed.
    pub on_stall: Box<StallHook>,
}

impl StallWatch {
    /// A poll begins. [`end`](Self::end) gets the answer.
    #[cold]
    pub(crate) fn begin(&self) -> Instant {
        (self.clock)()
    }

    /// The poll has ended: counts it and tells of it, if it has taken too long.
    #[cold]
    pub(crate) fn end(&self, begin: Instant, who: Identity, stalls: &HomeCounter) {
        let held = (self.clock)().saturating_duration_since(begin);
        if held < self.threshold {
            return;
        }
        stalls.add(1);
        let stall = Stall {
            id: who.id,
            name: who.name,
            spawned_at: who.spawned_at,
            held,
        };
        task::swallow(|| (self.on_stall)(&stall));
    }
}

impl fmt::Debug for StallWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StallWatch")
            .field("threshold", &self.threshold)
            .finish_non_exhaustive()
    }
}

/// Whose poll it was.
pub(crate) struct Identity {
    /// `None` is the root.
    pub(crate) id: Option<Id>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
}

/// Whose it is, in words: those of every report.
pub(crate) fn write_who(
    f: &mut fmt::Formatter<'_>,
    id: Option<Id>,
    name: Option<&str>,
    spawned_at: &Location<'_>,
) -> fmt::Result {
    match (id, name) {
        (Some(id), Some(name)) => write!(f, "task {id}, {name:?}, spawned at {spawned_at}"),
        (Some(id), None) => write!(f, "task {id}, spawned at {spawned_at}"),
        (None, _) => write!(f, "the future of `block_on` at {spawned_at}"),
    }
}

/// A poll that held the thread for too long: nothing else could run meanwhile.
///
/// Shown with `{}` it is one line that says all of it.
///
/// ```
/// use std::{cell::RefCell, rc::Rc, task::Waker, time::{Duration, Instant}};
/// use uring_executor::{Config, Executor, Stall, StallWatch};
///
/// let seen: Rc<RefCell<Vec<Stall>>> = Rc::default();
/// let told = Rc::clone(&seen);
/// let watch = StallWatch {
///     threshold: Duration::from_millis(1),
///     clock: Instant::now,
///     on_stall: Box::new(move |stall| told.borrow_mut().push(stall.clone())),
/// };
/// let config = Config { stall_watch: Some(watch), ..Config::default() };
/// let executor = Executor::new(config, Waker::noop().clone());
/// let task = executor.spawn(async { std::thread::sleep(Duration::from_millis(1)) });
/// executor.run_pass();
///
/// let stall = seen.borrow_mut().pop().unwrap();
/// assert_eq!((stall.id, stall.spawned_at.file()), (Some(task.id()), file!()));
/// assert!(stall.held >= Duration::from_millis(1));
/// assert!(stall.to_string().contains("held the thread"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stall {
    /// The task; `None` is the future given to `block_on`.
    pub id: Option<Id>,
    /// What the task was [named](crate::Spawner::named), if it was.
    pub name: Option<Arc<str>>,
    /// The call that spawned the task, or that of `block_on`.
    pub spawned_at: &'static Location<'static>,
    /// How long the poll took.
    pub held: Duration,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_who(f, self.id, self.name.as_deref(), self.spawned_at)?;
        let comma = if self.id.is_some() { "," } else { "" };
        let held = self.held;
        write!(f, "{comma} held the thread for {held:.1?} in one poll")
    }
}
