//! What there is to know of the tasks that have not completed.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::context::Context;
use crate::local::Local;
use crate::stall::write_who;
use crate::stamp::Stamp;
use crate::task::{self, SharedRef};
use crate::{Id, WakerOwner};

/// A task as it is at one moment, or the future given to `block_on`: see [`Spawner::tasks`](crate::Spawner::tasks).
///
/// Shown with `{}` it says whose it is: `task 7, "listener", spawned at src/main.rs:12:5`.
///
/// See the example of [`Spawner::tasks`](crate::Spawner::tasks).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// `None` is the future given to `block_on`.
    pub id: Option<Id>,
    /// What it was [named](crate::Spawner::named), if it was.
    pub name: Option<Arc<str>>,
    /// The call that spawned it, or that of `block_on`.
    pub spawned_at: &'static Location<'static>,
    /// How often it was polled, modulo 2^32.
    pub polls: u32,
    /// How long ago the last poll was, to a hundredth of a second or to how coarse the
    /// [clock](crate::Config::clock) is; `None` before the first. It counts from when the
    /// clock was read before that poll, and wraps after 497 days.
    pub since_last_poll: Option<Duration>,
    /// Whether it runs, is going to, or waits.
    pub state: TaskState,
    /// The tasks whose `JoinHandle` it waits for.
    pub joins: Vec<Id>,
    /// Whose wakers are this task's, to find what else it waits for.
    pub owner: WakerOwner,
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_who(f, self.id, self.name.as_deref(), self.spawned_at)
    }
}

/// What a task does at the moment.
///
/// See the example of [`Spawner::tasks`](crate::Spawner::tasks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// It is being polled: the list was asked for by it, or by what it called.
    Running,
    /// It was woken, or is new, and is going to be polled.
    Queued,
    /// It waits to be woken.
    Waiting,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TaskState::Running => "running",
            TaskState::Queued => "queued",
            TaskState::Waiting => "waiting",
        })
    }
}

/// The root first, if there is one, and then the tasks by their ids.
pub(crate) fn list(
    shared: &SharedRef,
    local: &Local,
    context: &Context,
    now: Stamp,
) -> Vec<TaskInfo> {
    let mut infos: Vec<TaskInfo> = root(shared, local, context, now).into_iter().collect();
    let mut joins = Vec::new();
    local.for_each_owned(|task| {
        let info = task.info(local, context, now);
        joins.extend(task.joiner(local).map(|joiner| (joiner, info.id)));
        infos.push(info);
    });
    infos.sort_by_key(|info| info.id.map(Id::get));
    let places: HashMap<WakerOwner, usize> = infos
        .iter()
        .enumerate()
        .map(|(place, info)| (info.owner, place))
        .collect();
    for (joiner, id) in joins {
        // Who is of another executor is not listed here.
        if let (Some(place), Some(id)) = (places.get(&joiner), id) {
            infos[*place].joins.push(id);
        }
    }
    infos
}

fn root(shared: &SharedRef, local: &Local, context: &Context, now: Stamp) -> Option<TaskInfo> {
    let root = &local.root;
    let state = if context.is_polling(shared.root_waker_data()) {
        TaskState::Running
    } else if local.root_queued.get() || local.root_deferred.get() {
        TaskState::Queued
    } else {
        TaskState::Waiting
    };
    Some(TaskInfo {
        id: None,
        name: None,
        spawned_at: root.called_at.get()?,
        polls: root.polls.count(),
        since_last_poll: root.polls.since(now),
        state,
        joins: Vec::new(),
        owner: task::root_owner(shared),
    })
}
