//! What only the home thread touches.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::time::Instant;

use slab::Slab;

use crate::polls::Polls;
use crate::stamp::Stamp;
use crate::task::{FreeLists, RunQueue, TaskRef};

/// The home thread's part of an executor. A `&Local` is also the proof that one is on the home thread: it is not
/// `Sync`, and `Home` lends it only there.
#[derive(Default)]
pub(crate) struct Local {
    /// Tasks to be polled.
    pub(crate) run: RunQueue,

    /// Tasks to be polled after the next look at the driver.
    pub(crate) deferred: RunQueue,

    /// All tasks that have not completed; each entry is the owner's reference to its task.
    owned: RefCell<Slab<TaskRef>>,

    /// The root is to be polled, woken on this thread.
    pub(crate) root_queued: Cell<bool>,

    /// The root is to be polled after the next look at the driver.
    pub(crate) root_deferred: Cell<bool>,

    /// What is known of the root beside that.
    pub(crate) root: Root,

    /// When the running poll of the root began, where somebody wants to know how long it takes.
    pub(crate) root_began: Cell<Option<Instant>>,

    /// A `block_on` or a `run_pass` is going on, so that what is queued will be found without the unparker.
    pub(crate) active: Cell<bool>,

    /// The time, as it was when the clock was last read.
    pub(crate) now: Cell<Stamp>,

    /// Polls since then.
    pub(crate) polled_since_clock: Cell<u32>,

    /// Polls since the last look at the driver.
    pub(crate) polled: Cell<u32>,

    /// Shut down: no task is accepted any more.
    pub(crate) closed: Cell<bool>,

    /// References to `Shared` that are counted but not handed out; see `SharedRef`.
    pub(crate) credits: Cell<usize>,

    /// The executor is gone and the credits were given back.
    pub(crate) settled: Cell<bool>,

    /// Memory of tasks that have ended.
    pub(crate) free_lists: FreeLists,

    /// The empty vector that `Inbox::take` gets.
    pub(crate) batch: Cell<Vec<TaskRef>>,
}

/// The future given to `block_on`, for the list of tasks.
#[derive(Default)]
pub(crate) struct Root {
    /// The call of `block_on`, as long as it goes on.
    pub(crate) called_at: Cell<Option<&'static Location<'static>>>,
    pub(crate) polls: Polls,
}

impl Local {
    /// Whether something can run before the next look at the driver.
    #[inline]
    pub(crate) fn is_runnable(&self) -> bool {
        !self.run.is_empty() || self.root_queued.get()
    }

    /// Whether something can run, if only after the next look at the driver.
    #[inline]
    pub(crate) fn has_work(&self) -> bool {
        self.is_runnable() || !self.deferred.is_empty() || self.root_deferred.get()
    }

    /// Keeps a task until it has completed.
    #[inline]
    pub(crate) fn own(&self, task: TaskRef) -> usize {
        self.owned.borrow_mut().insert(task)
    }

    /// Gives up a task that completes.
    #[inline]
    pub(crate) fn disown(&self, key: usize) -> TaskRef {
        self.owned.borrow_mut().remove(key)
    }

    /// Calls `f` with every task that has not completed. It must not end one, nor spawn.
    pub(crate) fn for_each_owned(&self, mut f: impl FnMut(&TaskRef)) {
        self.owned.borrow().iter().for_each(|(_, task)| f(task));
    }

    /// Gives up all tasks.
    pub(crate) fn disown_all(&self) -> Slab<TaskRef> {
        self.owned.take()
    }
}
