//! Task ids.

use std::fmt;
use std::num::NonZeroU64;

use crate::context;

/// The name of a task, unique in the process for as long as it runs. Ids say nothing about order.
///
/// Corresponds to `tokio::task::Id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(NonZeroU64);

impl Id {
    pub(crate) fn next() -> Self {
        Self(context::with(context::Context::next_id))
    }

    pub(crate) fn get(self) -> u64 {
        self.0.get()
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
