//! References to a task.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::header::{Header, UNBOUND};
use super::owner::WakerOwner;
use super::state::Notify;
use super::waker;
use crate::context::Context;
use crate::inbox::Pushed;
use crate::local::Local;
use crate::stamp::Stamp;
use crate::{TaskInfo, TaskState};

/// The address of a task cell. Counts nothing: whoever uses it says why the cell is alive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskPtr(NonNull<Header>);

impl TaskPtr {
    /// `pointer` keeps the provenance of the whole cell.
    pub(super) fn new(pointer: NonNull<Header>) -> Self {
        Self(pointer)
    }

    pub(super) fn as_ptr(self) -> *mut Header {
        self.0.as_ptr()
    }

    /// # Safety
    ///
    /// The cell is alive for `'a` (T1).
    #[inline]
    pub(super) unsafe fn header<'a>(self) -> &'a Header {
        // SAFETY: the caller knows that the cell is alive (T1); what in it changes is in cells and atomics.
        unsafe { self.0.as_ref() }
    }
}

/// A counted reference to a task (T1). It has no right to the stage.
pub(crate) struct TaskRef(TaskPtr);

// SAFETY: counting is atomic, and every access through a reference checks for the home thread where it must (T2, T9).
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// # Safety
    ///
    /// One reference is counted for the result and belongs to nobody else (T1).
    #[inline]
    pub(super) unsafe fn from_counted(pointer: TaskPtr) -> Self {
        Self(pointer)
    }

    /// Gives up the reference without releasing it.
    #[inline]
    pub(super) fn into_counted(self) -> TaskPtr {
        ManuallyDrop::new(self).0
    }

    #[inline]
    pub(super) fn ptr(&self) -> TaskPtr {
        self.0
    }

    #[inline]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: this reference keeps the cell alive (T1).
        unsafe { self.0.header() }
    }

    /// Makes sure that the task is polled again, from any thread.
    #[inline]
    pub(super) fn wake(&self) {
        let header = self.header();
        match header.shared.local.get() {
            Some(local) => self.wake_home(local),
            None => self.notify(false),
        }
    }

    /// Asks for cancellation and makes sure that it is seen to, from any thread.
    pub(super) fn abort(&self) {
        let header = self.header();
        match header.shared.local.get() {
            Some(local) => {
                header.state.set_abort();
                self.wake_home(local);
            }
            None => self.notify(true),
        }
    }

    #[inline]
    fn wake_home(&self, local: &Local) {
        let header = self.header();
        if header.home(local).queued.replace(true) {
            return;
        }
        header.shared.counters.wakes_local.add(1);
        let first = local.run.is_empty();
        // SAFETY: `queued` was false, so it is in no queue (T6) and not complete (T6), so it has an owner (T5).
        unsafe { local.run.push(self.0) };
        if first {
            header.shared.home_queue_filled(local);
        }
    }

    #[cold]
    fn notify(&self, abort: bool) {
        let header = self.header();
        if header.state.notify(abort) == Notify::Nothing {
            return;
        }
        header.shared.counters.count_remote_wake();
        // SAFETY: `notify` has counted the entry's reference (T7).
        let entry = unsafe { Self::from_counted(self.0) };
        match header.shared.inbox.push(entry) {
            Pushed::First => header.shared.unparker.wake_by_ref(),
            // A refused entry is released: its task is complete or about to be.
            Pushed::Another | Pushed::Closed(_) => {}
        }
    }

    /// What there is to know of the task, on the home thread.
    pub(crate) fn info(&self, local: &Local, context: &Context, now: Stamp) -> TaskInfo {
        let header = self.header();
        let home = header.home(local);
        let state = if context.is_polling(waker::data(self.0)) {
            TaskState::Running
        } else if home.queued.get() {
            TaskState::Queued
        } else {
            TaskState::Waiting
        };
        TaskInfo {
            id: Some(header.id),
            // SAFETY: alive by this reference (T1), and of its table's type (T8).
            name: unsafe { (header.vtable.name)(self.0) },
            spawned_at: header.location,
            polls: home.polls.count(),
            since_last_poll: home.polls.since(now),
            state,
            joins: Vec::new(),
            owner: WakerOwner::task(header.id),
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.header().state.load().is_complete()
    }

    /// Who waits on the home thread for the task to complete.
    pub(crate) fn joiner(&self, local: &Local) -> Option<WakerOwner> {
        let slot = &self.header().home(local).join_waker;
        let waker = slot.take()?;
        let owner = WakerOwner::of(&waker);
        slot.set(Some(waker));
        owner
    }

    /// Takes an entry of the inbox to the run queue.
    pub(crate) fn arrive(self, local: &Local) {
        let header = self.header();
        let home = header.home(local);
        if home.key.get() == UNBOUND {
            header.state.leave_inbox();
            self.bind(local);
            return;
        }
        if !home.queued.replace(true) {
            // SAFETY: as in `wake_home`.
            unsafe { local.run.push(self.0) };
        }
        // Into the pointer first, so that the drop below does not release it a second time.
        let pointer = self.into_counted();
        // SAFETY: the entry's reference, not yet released, keeps the cell alive (T1).
        let header = unsafe { pointer.header() };
        if header.state.leave_inbox_and_release() {
            // SAFETY: that was the last reference (T1), and the vtable is the cell's (T8).
            unsafe { (header.vtable.dealloc)(pointer) };
        }
    }

    /// Makes this the owner's reference of a new task, and queues it for its first poll.
    #[inline]
    pub(super) fn bind(self, local: &Local) {
        let pointer = self.0;
        // SAFETY: the reference goes to `Local::owned` and stays there until the task completes (T5).
        let header = unsafe { pointer.header() };
        let shared = &header.shared;
        let key = local.own(self);
        let key = u32::try_from(key).expect("four thousand million tasks do not fit in memory");
        header.home(local).key.set(key);
        shared.counters.tasks_alive.add(1);
        let first = local.run.is_empty();
        // SAFETY: new, so in no queue although `queued` is true (T6), and owned (T5).
        unsafe { local.run.push(pointer) };
        if first {
            shared.home_queue_filled(local);
        }
    }
}

impl Clone for TaskRef {
    #[inline]
    fn clone(&self) -> Self {
        self.header().state.add_reference();
        Self(self.0)
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        let header = self.header();
        if header.state.release() {
            // SAFETY: that was the last reference (T1), and the vtable is the cell's (T8).
            unsafe { (header.vtable.dealloc)(self.0) };
        }
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.header();
        f.debug_struct("Task")
            .field("id", &header.id)
            .field("location", header.location)
            .field("state", &header.state)
            .finish()
    }
}
