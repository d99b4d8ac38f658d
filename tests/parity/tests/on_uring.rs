//! The same cases on uring-rt.

/// The one line that differs.
pub(crate) use uring_rt as rt;

#[path = "../cases/async_fd.rs"]
mod async_fd;
#[path = "../cases/clock.rs"]
mod clock;
#[path = "../cases/coop.rs"]
mod coop;
#[path = "../cases/interval.rs"]
mod interval;
#[path = "../cases/join_set.rs"]
mod join_set;
#[path = "../cases/runtime.rs"]
mod runtime;
#[path = "../cases/sleep.rs"]
mod sleep;
#[path = "../cases/support.rs"]
mod support;
#[path = "../cases/task.rs"]
mod task;
#[path = "../cases/task_local.rs"]
mod task_local;
#[path = "../cases/timeout.rs"]
mod timeout;
