//! What every task of a runtime does, for a person who asks why nothing happens.

use std::collections::HashMap;
use std::fmt;
use std::io;

use uring_executor::{WakerOwner, id};
use uring_reactor::{Wait, rt_shutdown_err};

use crate::runtime::{Handle, Id, TaskInfo, TaskState};
use crate::task;

/// Every task of a runtime at one moment: see [`Handle::dump_tasks`].
///
/// Shown with `{}` it is one line for each.
///
/// See the example of [`Handle::dump_tasks`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskDump {
    /// The runtime's id and name.
    pub runtime: (Id, Option<String>),
    /// The future given to `block_on` comes first, and then the tasks by their ids.
    pub tasks: Vec<TaskReport>,
}

/// One task of a [`TaskDump`], or the future given to `block_on`.
///
/// See the example of [`Handle::dump_tasks`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskReport {
    /// What the executor knows of it.
    pub task: TaskInfo,
    /// The fds and deadlines that it waits for. What else it may wait for is not known: a channel, a lock, and
    /// whatever it awaits through a combinator with wakers of its own, such as `FuturesUnordered` or `JoinSet`.
    pub waits_for: Vec<Wait>,
}

impl Handle {
    /// Lists every task, and the future given to `block_on`: its id, name and the line that spawned it, how often and how
    /// long ago it was polled, and what it waits for.
    ///
    /// It may be asked from any thread. On the runtime's own, the answer is there at once; elsewhere the runtime's
    /// thread makes it, so the call waits until that has a moment, and for ever while no `block_on` is active or a
    /// task does not give the thread back. A task that was spawned from another thread, and not yet taken up, is left out.
    ///
    /// The list costs what it takes to walk all tasks, fds and timers, when it is made. What is kept for it are two
    /// words in each task, and a look at a coarse clock after each sleep.
    ///
    /// [`Builder::dump_on_sigquit`](crate::runtime::Builder::dump_on_sigquit) has it printed by a signal.
    ///
    /// Corresponds to `tokio::runtime::Handle::dump` (unstable), which tells where in its code a task waits instead of
    /// what for. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the runtime has shut down: see [`is_rt_shutdown_err`](crate::runtime::is_rt_shutdown_err).
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_rt::{runtime::Handle, task, time::sleep};
    ///
    /// # #[uring_rt::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let sleeper = task::Builder::new().name("sleeper").spawn(sleep(Duration::from_secs(60)))?;
    /// task::yield_now().await;
    ///
    /// let dump = Handle::current().dump_tasks().await?;
    /// println!("{dump}");
    /// let report = &dump.tasks[1];
    /// assert_eq!(report.task.name.as_deref(), Some("sleeper"));
    /// assert!(report.to_string().contains("a timer due in"));
    /// # drop(sleeper);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn dump_tasks(&self) -> io::Result<TaskDump> {
        if let Some(dump) = self.dump_here() {
            return Ok(dump);
        }
        let handle = self.clone();
        let on_the_thread_of_the_runtime = async move {
            let dump = handle.dump_here();
            dump.map(|dump| dump.without(id()))
        };
        let task = task::Builder::new().name("dump_tasks");
        let dump = task.spawn_on(on_the_thread_of_the_runtime, self)?.await;
        dump.ok().flatten().ok_or_else(rt_shutdown_err)
    }

    /// `None` on another thread than the runtime's, and when that has shut down.
    fn dump_here(&self) -> Option<TaskDump> {
        let tasks = self.spawner().tasks()?.into_iter();
        let mut waits: HashMap<WakerOwner, Vec<Wait>> = HashMap::new();
        for (owner, wait) in self.reactor().waits(WakerOwner::of) {
            let waits = waits.entry(owner).or_default();
            // One that polls an fd by two futures says it twice.
            if !waits.contains(&wait) {
                waits.push(wait);
            }
        }
        let tasks = tasks.map(|task| TaskReport {
            waits_for: waits.remove(&task.owner).unwrap_or_default(),
            task,
        });
        Some(TaskDump {
            runtime: (self.id(), self.name().map(str::to_owned)),
            tasks: tasks.collect(),
        })
    }
}

impl TaskDump {
    /// Leaves a task out that is there for the sake of the list.
    pub(super) fn without(mut self, id: task::Id) -> TaskDump {
        self.tasks.retain(|report| report.task.id != Some(id));
        self
    }
}

impl fmt::Display for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_task = |report: &&TaskReport| report.task.id.is_some();
        let count = self.tasks.iter().filter(is_task).count();
        let (id, name) = &self.runtime;
        write!(f, "runtime {id}")?;
        if let Some(name) = name {
            write!(f, ", {name:?}")?;
        }
        write!(f, ": {count} {}", if count == 1 { "task" } else { "tasks" })?;
        self.tasks
            .iter()
            .try_for_each(|report| write!(f, "\n{report}"))
    }
}

impl fmt::Display for TaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.task;
        write!(f, "{task}: {}", task.state)?;
        if task.state == TaskState::Waiting {
            self.write_waits(f)?;
        }
        match task.since_last_poll {
            None => f.write_str("; never polled"),
            Some(since) => {
                let (polls, since) = (task.polls, since.as_secs_f64());
                let times = if polls == 1 { "time" } else { "times" };
                write!(f, "; polled {polls} {times}, last {since:.2} s ago")
            }
        }
    }
}

impl TaskReport {
    fn write_waits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits = self.waits_for.iter().map(ToString::to_string);
        let joins = self.task.joins.iter().map(|id| format!("task {id}"));
        let all: Vec<_> = waits.chain(joins).collect();
        if all.is_empty() {
            f.write_str(" for something else: a channel, a lock, or through a combinator")
        } else {
            write!(f, " for {}", all.join(", "))
        }
    }
}
