//! The task cell, everything that points to it, and its run queue. All `unsafe` of the crate is here.
//!
//! One piece of memory holds a task: a [`Header`](header::Header), then the future and later its output (the *stage*).
//! Five kinds of reference lead to it, and each counts one: the owner's, a `JoinHandle`, an `AbortHandle`, a waker,
//! and an entry of the inbox.
//!
//! # Invariants
//!
//! The `SAFETY` comments of this module refer to these by number.
//!
//! - **T1, life.** A cell lives until its reference count is zero. Every [`TaskRef`] counts one.
//! - **T2, home.** The home fields of a header, and the stage until the task is complete, are touched only on the
//!   executor's home thread. Before a cell is shared it belongs to the thread that made it; a task that a closed
//!   executor refuses still does.
//! - **T3, stage.** The stage is the future until the future is dropped, in place, and never moved before that. Then
//!   the output is written, and then `COMPLETE` is set, once. It is never cleared.
//! - **T4, output.** From `COMPLETE` on the stage belongs to the `JoinHandle`. A handle that was dropped earlier
//!   cleared `INTEREST`, and the home thread then dropped the output before it set `COMPLETE`.
//! - **T5, owner.** A task that is not complete has an owner's reference: in the inbox when it was spawned from
//!   another thread and not yet taken up, else in `Local::owned`. It is released when the task completes, or, if
//!   the task is in a run queue then, when it is taken from there.
//! - **T6, queue.** A task is in at most one run queue and at most once, and its `queued` flag is true while it is.
//!   The flag is cleared when the task is taken out, *before* it is polled, so that a wake during the poll queues it
//!   again. It starts true, because a new task is on its way to the queue, and is true for ever after completion,
//!   because a completed task is never queued again.
//! - **T7, inbox.** A thread other than the home thread may put a task in the inbox if it was the one to set
//!   `REMOTE`. The home thread clears it when the entry leaves the inbox, before it polls the task. So there is at
//!   most one entry per task.
//! - **T8, types.** The vtable of a header is that of its cell's type, and a `JoinHandle<T>` belongs to a cell whose
//!   future's output is `T`.
//! - **T9, threads.** A stage that is not `Send` was made on the home thread. What another thread puts in a cell is
//!   `Send`, and turns into something that is not only when it is first polled. A `JoinHandle` is only `Send` if
//!   the output is.
//!
//! Where `queued` is true or `REMOTE` is set, a poll is going to come: that is why a wake may stop there. A task woken
//! from both sides at once may be polled once more than necessary.

#![expect(
    unsafe_code,
    reason = "a task is one allocation shared by pointers of several types and threads; std has no safe form of it"
)]

mod cell;
mod free_lists;
mod header;
mod home;
mod join;
mod lazy;
#[cfg(all(test, loom))]
mod loom_model;
mod origin;
mod owner;
mod queue;
mod remote_waker;
mod run;
mod shared;
mod spawn;
mod state;
mod task_ref;
mod unwind;
mod waker;

pub(crate) use free_lists::FreeLists;
pub use join::{AbortHandle, JoinHandle};
pub(crate) use origin::Origin;
pub use owner::WakerOwner;
pub(crate) use owner::root_owner;
pub(crate) use queue::RunQueue;
pub(crate) use run::shutdown;
pub(crate) use shared::SharedRef;
pub(crate) use spawn::{spawn_home, spawn_reluctant, spawn_send, spawn_with};
pub(crate) use task_ref::TaskRef;
pub(crate) use unwind::swallow;
pub(crate) use waker::is_own_waker;
