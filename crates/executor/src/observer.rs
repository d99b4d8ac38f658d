//! Who is told of each poll.

use std::panic::Location;
use std::sync::Arc;

use crate::Id;
use crate::stall::Identity;
use crate::task::swallow;

/// Is told when each poll of a task begins and ends, on the executor's thread: for traces. The future given to `block_on`
/// is no task, and is not told of.
///
/// A panic in it is swallowed.
///
/// ```
/// use std::{cell::RefCell, rc::Rc, task::Waker};
/// use uring_executor::{Config, Executor, Observer, PolledTask};
///
/// struct Log(Rc<RefCell<Vec<String>>>);
///
/// impl Observer for Log {
///     fn poll_begins(&self, task: &PolledTask) {
///         self.0.borrow_mut().push(format!("{} begins", task.name.as_deref().unwrap_or("nobody")));
///     }
///     fn poll_ends(&self, _task: &PolledTask, is_complete: bool) {
///         self.0.borrow_mut().push(format!("complete: {is_complete}"));
///     }
/// }
///
/// let log = Rc::default();
/// let config = Config { observer: Some(Box::new(Log(Rc::clone(&log)))), ..Config::default() };
/// let executor = Executor::new(config, Waker::noop().clone());
/// drop(executor.spawner().named("worker").spawn_local(async {}));
/// while executor.run_pass() {}
/// assert_eq!(*log.borrow(), ["worker begins", "complete: true"]);
/// ```
pub trait Observer {
    /// A task is going to be polled, or cancelled where it would be.
    fn poll_begins(&self, task: &PolledTask);

    /// That has ended; with it the task, or not.
    fn poll_ends(&self, task: &PolledTask, is_complete: bool);
}

/// The task of which an [`Observer`] is told.
///
/// See the example of [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PolledTask {
    /// The task.
    pub id: Id,
    /// What it was [named](crate::Spawner::named), if it was.
    pub name: Option<Arc<str>>,
    /// The call that spawned it.
    pub spawned_at: &'static Location<'static>,
}

/// Calls `poll`, which polls the task, between the two calls of the observer. `is_complete` is asked afterwards.
pub(crate) fn observe(
    observer: &dyn Observer,
    task: &Identity,
    poll: impl FnOnce(),
    is_complete: impl FnOnce() -> bool,
) {
    let Some(id) = task.id else {
        return poll();
    };
    let task = PolledTask {
        id,
        name: task.name.clone(),
        spawned_at: task.spawned_at,
    };
    swallow(|| observer.poll_begins(&task));
    poll();
    swallow(|| observer.poll_ends(&task, is_complete()));
}
