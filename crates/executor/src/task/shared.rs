//! The part of an executor that outlives it, for the wakers and handles that do.

use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{RawWaker, RawWakerVTable, Waker};
use std::time::Duration;

use super::free_lists::FreeLists;
use super::home::Home;
use crate::inbox::Inbox;
use crate::local::Local;
use crate::metrics::Counters;

/// How many references the home thread counts at once.
const CREDIT: usize = 1024;

/// What tasks, wakers and spawners share.
pub(crate) struct Shared {
    /// See [`SharedRef`].
    references: AtomicUsize,

    /// The home thread's part.
    pub(crate) local: Home<Local>,

    /// The other threads' way in.
    pub(crate) inbox: Inbox,

    /// The root is to be polled, woken on another thread.
    root_woken: AtomicBool,

    /// Ends the home thread's sleep.
    pub(crate) unparker: Waker,

    pub(crate) counters: Counters,

    /// See [`Config::clock`](crate::Config::clock).
    pub(crate) clock: fn() -> Duration,
}

impl Shared {
    /// Something came to the empty run queue. Outside of `block_on` and `run_pass`, the thread may go on to sleep in a
    /// foreign loop that knows only the unparker.
    #[inline]
    pub(super) fn home_queue_filled(&self, local: &Local) {
        if !local.active.get() {
            self.unparker.wake_by_ref();
        }
    }

    /// Whether other threads have left something to do.
    #[inline]
    pub(crate) fn has_remote_work(&self) -> bool {
        // Relaxed: a hint; whoever acts on it calls `take_root_woken`.
        self.inbox.is_filled() || self.root_woken.load(Ordering::Relaxed)
    }

    /// Whether the root was woken on another thread since the last call.
    #[inline]
    pub(crate) fn take_root_woken(&self) -> bool {
        // Acquire: the poll to come sees what was done before the wake. The load first, because it is cheap and nearly
        // always false; a wake that it misses is told by the unparker.
        self.root_woken.load(Ordering::Relaxed) && self.root_woken.swap(false, Ordering::Acquire)
    }

    fn wake_root(&self) {
        match self.local.get() {
            Some(local) => {
                if !local.root_queued.replace(true) {
                    self.counters.wakes_local.add(1);
                }
            }
            // Release: pairs with `take_root_woken`, as a swap also when it was true already.
            None => {
                if !self.root_woken.swap(true, Ordering::Release) {
                    self.counters.count_remote_wake();
                    self.unparker.wake_by_ref();
                }
            }
        }
    }
}

/// A counted pointer to [`Shared`]; an `Arc` that costs the home thread no atomic operation.
///
/// - **S1.** `references` is the number of `SharedRef`s plus `Local::credits`. The home thread counts references in
///   advance, and hands them out from, and takes them back to, its credits.
/// - **S2.** While there are credits the count is not zero. The executor's drop gives them back, and from then on
///   (`Local::settled`) the home thread counts like every other.
pub(crate) struct SharedRef(NonNull<Shared>);

// SAFETY: `Shared` is `Sync` and `Send`, and the count is atomic where threads meet (S1).
unsafe impl Send for SharedRef {}
// SAFETY: as above.
unsafe impl Sync for SharedRef {}

/// `SharedRef` relies on it.
const fn _is_send_and_sync<T: Send + Sync>() {}
const _: () = _is_send_and_sync::<Shared>();

impl SharedRef {
    /// Makes this thread the home of an executor.
    pub(crate) fn new(unparker: Waker, clock: fn() -> Duration) -> Self {
        let shared = Box::new(Shared {
            references: AtomicUsize::new(1),
            local: Home::new(Local::default()),
            inbox: Inbox::default(),
            root_woken: AtomicBool::new(false),
            unparker,
            counters: Counters::default(),
            clock,
        });
        Self(NonNull::from(Box::leak(shared)))
    }

    /// The waker of the future given to `block_on`.
    pub(crate) fn root_waker(&self) -> Waker {
        // SAFETY: the table's functions take the data for a counted reference, and that is what it is (S1).
        unsafe { Waker::from_raw(raw_root_waker(self.clone())) }
    }

    /// What [`Waker::data`] is for the waker of the root.
    pub(crate) fn root_waker_data(&self) -> *const () {
        self.0.as_ptr().cast_const().cast()
    }

    /// Gives back the credits, at the end of the executor.
    pub(crate) fn settle(&self) {
        let Some(local) = self.local.get() else {
            return;
        };
        local.settled.set(true);
        local.free_lists.clear();
        // Relaxed: `self` is still counted, so the end comes later (S2).
        self.references
            .fetch_sub(local.credits.take(), Ordering::Relaxed);
    }

    /// As `clone`, for who has the proof of being at home (`Local`).
    #[inline]
    pub(super) fn clone_home(&self, local: &Local) -> Self {
        if local.settled.get() {
            return self.clone_remote();
        }
        if local.credits.get() == 0 {
            // Relaxed: as above.
            self.references.fetch_add(CREDIT, Ordering::Relaxed);
            local.credits.set(CREDIT);
        }
        local.credits.set(local.credits.get() - 1);
        Self(self.0)
    }

    fn clone_remote(&self) -> Self {
        // Relaxed: the caller has a reference, and nothing is published.
        self.references.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }

    /// The home thread's part, on that thread and while credits are counted there (S2).
    #[inline]
    fn counting_home(&self) -> Option<&Local> {
        self.local.get().filter(|local| !local.settled.get())
    }

    /// Drops it after `work` was done with the free lists of the home thread, if this is that thread.
    #[inline]
    pub(super) fn drop_after(self, work: impl FnOnce(Option<&FreeLists>)) {
        let Some(local) = self.counting_home() else {
            work(None);
            return;
        };
        work(Some(&local.free_lists));
        // The reference becomes a credit (S1).
        local.credits.set(local.credits.get() + 1);
        mem::forget(self);
    }
}

impl Deref for SharedRef {
    type Target = Shared;

    #[inline]
    fn deref(&self) -> &Shared {
        // SAFETY: this reference is counted (S1).
        unsafe { self.0.as_ref() }
    }
}

impl Clone for SharedRef {
    #[inline]
    fn clone(&self) -> Self {
        match self.local.get() {
            Some(local) => self.clone_home(local),
            None => self.clone_remote(),
        }
    }
}

impl Drop for SharedRef {
    #[inline]
    fn drop(&mut self) {
        if let Some(local) = self.counting_home() {
            local.credits.set(local.credits.get() + 1);
            return;
        }
        // Release: what we did happens before the end. Acquire: the end comes after what all others did.
        if self.references.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: made by `Box` in `new`; no reference and no credit is left (S1).
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

/// The data pointer is that of a `SharedRef`, and each waker with this table counts one (S1).
static ROOT_VTABLE: RawWakerVTable =
    RawWakerVTable::new(root_clone, root_wake, root_wake_by_ref, root_drop);

/// Whether a waker is that of a root.
#[inline]
pub(super) fn is_root_waker(waker: &Waker) -> bool {
    std::ptr::eq(waker.vtable(), &ROOT_VTABLE)
}

fn raw_root_waker(shared: SharedRef) -> RawWaker {
    let data = ManuallyDrop::new(shared).0.as_ptr().cast_const().cast();
    RawWaker::new(data, &ROOT_VTABLE)
}

/// # Safety
///
/// `data` is that of a waker with our table, whose reference goes to the result.
#[inline]
unsafe fn root_owned(data: *const ()) -> SharedRef {
    let shared = data.cast_mut().cast::<Shared>();
    // SAFETY: made from a `SharedRef`, which is never null.
    SharedRef(unsafe { NonNull::new_unchecked(shared) })
}

unsafe fn root_clone(data: *const ()) -> RawWaker {
    // SAFETY: std calls this with the data of a living waker of this table; its reference is not released.
    let shared = ManuallyDrop::new(unsafe { root_owned(data) });
    raw_root_waker(SharedRef::clone(&shared))
}

unsafe fn root_wake(data: *const ()) {
    // SAFETY: std calls this with the data of a waker of this table, which it consumes.
    let shared = unsafe { root_owned(data) };
    shared.wake_root();
}

unsafe fn root_wake_by_ref(data: *const ()) {
    // SAFETY: std calls this with the data of a living waker of this table; its reference is not released.
    let shared = ManuallyDrop::new(unsafe { root_owned(data) });
    shared.wake_root();
}

unsafe fn root_drop(data: *const ()) {
    // SAFETY: std calls this with the data of a waker of this table, which it consumes.
    drop(unsafe { root_owned(data) });
}
