//! What tokio does, so that the cases say what is so and not what we think.
#![expect(
    deprecated,
    reason = "tokio 1.54 would have `AsyncFd::new` be `unsafe fn register`; programs have `new`"
)]

/// The one line that differs.
pub(crate) use tokio as rt;

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
