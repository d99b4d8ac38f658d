//! Task ids.

use std::fmt;
use std::num::NonZeroU64;

use crate::context;

/// The name of a task, unique in the process for as long as it runs. Ids say nothing about when tasks were spawned; they
/// have an order so that they can be keys.
///
/// Corresponds to `tokio::task::Id`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// let (one, other) = (spawner.spawn(async {}), spawner.spawn(async {}));
/// assert_ne!(one.id(), other.id());
/// println!("tasks {} and {}", one.id(), other.id());
///
/// let mut peers = std::collections::BTreeMap::from([(one.id(), "alice"), (other.id(), "bob")]);
/// assert_eq!(peers.remove(&other.id()), Some("bob"));
/// # }) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(NonZeroU64);

impl Id {
    pub(crate) fn next() -> Self {
        Self(context::with(context::Context::next_id))
    }

    pub(crate) fn get(self) -> u64 {
        self.0.get()
    }
}

/// Calls `work` as a part of the task `id`, which is then what [`id()`](crate::id()) says: for what is done in a task's
/// name outside of its polls, as on a thread for blocking calls.
///
/// ```
/// # use uring_executor::{id, with_id, try_id, Id};
/// # fn example(task: Id) {
/// assert_eq!(with_id(task, id), task);
/// assert_eq!(try_id(), None);
/// # }
/// ```
pub fn with_id<R>(id: Id, work: impl FnOnce() -> R) -> R {
    let _back = IdBack(context::with(|context| context.task.replace(id.get())));
    work()
}

/// What was the running task before, put back also when the work panics.
struct IdBack(u64);

impl Drop for IdBack {
    fn drop(&mut self) {
        context::with(|context| context.task.set(self.0));
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of the task that is running on this thread.
///
/// Corresponds to `tokio::task::id`.
///
/// # Panics
///
/// Outside of a task. The future given to `block_on` is not a task.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// let task = spawner.spawn(async { uring_executor::id() });
/// let id = task.id();
/// assert_eq!(task.await.unwrap(), id);
/// # }) }
/// ```
#[track_caller]
pub fn id() -> Id {
    try_id().expect("can't get a task id when not inside a task")
}

/// The id of the task that is running on this thread, if there is one.
///
/// Corresponds to `tokio::task::try_id`.
///
/// ```
/// assert_eq!(uring_executor::try_id(), None);
/// ```
pub fn try_id() -> Option<Id> {
    NonZeroU64::new(context::with(|context| context.task.get())).map(Id)
}
