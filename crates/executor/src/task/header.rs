//! The part of a task cell that does not depend on its future.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::remote_waker::RemoteWaker;
use super::shared::SharedRef;
use super::state::State;
use super::task_ref::TaskPtr;
use crate::Id;
use crate::config::PanicHook;
use crate::local::Local;
use crate::polls::Polls;

/// What every task has, whatever its future. With the stage behind it, it makes a cell.
pub(super) struct Header {
    /// Flags and reference count; for all threads.
    pub(super) state: State,

    /// The functions of the cell's type (T8). Immutable.
    pub(super) vtable: &'static VTable,

    /// The executor's shared part, which the cell keeps alive. Immutable. Outlives the cell's memory, which goes back to
    /// it.
    pub(super) shared: ManuallyDrop<SharedRef>,

    /// Immutable.
    pub(super) id: Id,

    /// Where the task was spawned. Immutable.
    pub(super) location: &'static Location<'static>,

    /// Whom to wake on completion, when the `JoinHandle` was polled on another thread. Announced by REMOTE_WAKER.
    pub(super) remote_waker: RemoteWaker,

    /// Reached through [`Header::home`].
    home: HomeFields,
}

/// What only the home thread touches (T2).
pub(super) struct HomeFields {
    /// The next task of the run queue that this one is in (T6).
    next: Cell<Option<TaskPtr>>,

    /// Whom to wake on completion, when the `JoinHandle` was polled on the home thread. No lock and no flag: the
    /// completion happens on the same thread.
    pub(super) join_waker: Cell<Option<Waker>>,

    /// The key in `Local::owned`, `UNBOUND` before the task got there.
    pub(super) key: Cell<u32>,

    /// In a run queue, or complete (T6).
    pub(super) queued: Cell<bool>,

    pub(super) polls: Polls,
}

/// The key of a task that the home thread has not taken up yet.
pub(super) const UNBOUND: u32 = u32::MAX;

/// Functions that know the type of the future. All of them want the cell to be alive (T1) and to be of their type
/// (T8).
pub(super) struct VTable {
    /// Polls the future. When it is ready or panics, drops it and stores the output. Wants: home thread, not complete,
    /// not called from inside itself.
    pub(super) poll: unsafe fn(TaskPtr, &mut Context<'_>, Option<&PanicHook>) -> Poll<()>,

    /// Drops the future and stores a cancellation. Wants: as `poll`, or a refused task.
    pub(super) cancel: unsafe fn(TaskPtr, Option<&PanicHook>),

    /// Whether the future lets itself be cancelled now. Wants: as `poll`.
    pub(super) may_cancel: unsafe fn(TaskPtr) -> bool,

    /// Drops what is in the stage, be it an output or nothing. Wants: the right to the stage (T3, T4).
    pub(super) drop_output: unsafe fn(TaskPtr),

    /// Moves the output to the `Poll<Result<T, JoinError>>` behind the pointer. Wants: the right to the output (T4).
    pub(super) take_output: unsafe fn(TaskPtr, *mut ()),

    /// What the task is called. Wants nothing else.
    pub(super) name: unsafe fn(TaskPtr) -> Option<Arc<str>>,

    /// Ends the cell, and an output that is still in it. Wants: no reference left (T1), and that the last one had the
    /// right to that output, if any (T4).
    pub(super) dealloc: unsafe fn(TaskPtr),
}

impl Header {
    pub(super) fn new(
        state: State,
        vtable: &'static VTable,
        shared: SharedRef,
        location: &'static Location<'static>,
    ) -> Self {
        Self {
            state,
            vtable,
            shared: ManuallyDrop::new(shared),
            id: Id::next(),
            location,
            remote_waker: RemoteWaker::none(),
            home: HomeFields {
                next: Cell::new(None),
                join_waker: Cell::new(None),
                key: Cell::new(UNBOUND),
                queued: Cell::new(true),
                polls: Polls::default(),
            },
        }
    }

    /// The link of the run queue, whose methods are called on the home thread (T2).
    #[inline]
    pub(super) fn link(&self) -> &Cell<Option<TaskPtr>> {
        &self.home.next
    }

    /// The home thread's fields. `proof` shows that this is the home thread (T2).
    #[inline]
    pub(super) fn home(&self, proof: &Local) -> &HomeFields {
        debug_assert!(
            self.shared
                .local
                .get()
                .is_some_and(|local| std::ptr::eq(local, proof)),
            "T2: a task was reached with the proof of another executor"
        );
        &self.home
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_task_takes_at_most_128_bytes_beside_its_future() {
        // The header, the smallest stage, a slab entry, and what an allocator takes for itself.
        assert!(
            size_of::<Header>() + 16 + 16 + 8 <= 128,
            "{}",
            size_of::<Header>()
        );
    }
}
