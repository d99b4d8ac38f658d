//! The word on which threads agree: flags and the reference count of a task.

use crate::sync::{AtomicUsize, Ordering};

/// The stage holds no future any more (T3).
const COMPLETE: usize = 1;
/// A `JoinHandle` exists (T4).
const INTEREST: usize = 1 << 1;
/// `Header::remote_waker` may hold a waker.
const REMOTE_WAKER: usize = 1 << 2;
/// The inbox has an entry for this task, or is about to have one (T7).
const REMOTE: usize = 1 << 3;
/// The task is to be cancelled where it would next suspend.
const ABORT: usize = 1 << 4;
/// One reference. The count takes all bits above the flags; leaking handles until it overflows takes centuries.
const REF: usize = 1 << 5;

/// The state word. All methods may be called from any thread, except where they say otherwise.
#[derive(Debug)]
pub(super) struct State(AtomicUsize);

/// A value that the state had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot(usize);

impl Snapshot {
    #[inline]
    pub(super) fn is_complete(self) -> bool {
        self.0 & COMPLETE != 0
    }

    #[inline]
    pub(super) fn has_interest(self) -> bool {
        self.0 & INTEREST != 0
    }

    #[inline]
    pub(super) fn has_remote_waker(self) -> bool {
        self.0 & REMOTE_WAKER != 0
    }

    #[inline]
    pub(super) fn is_aborted(self) -> bool {
        self.0 & ABORT != 0
    }

    #[inline]
    fn references(self) -> usize {
        self.0 / REF
    }
}

/// What a wake from another thread has to do next.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Notify {
    /// Push an entry to the inbox; the reference for it is already counted.
    Push,
    /// A poll is to come anyway, or never again.
    Nothing,
}

/// What a `JoinHandle` has to do when it goes away.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Detach {
    /// Nothing: its reference is released, and the home thread will drop the output.
    Done,
    /// The task is complete and this is the last reference: end the cell, and the output with it.
    Last,
    /// The task is complete: drop the output, then release the reference.
    OwnsOutput,
}

impl State {
    /// A task spawned on its home thread: the owner's reference and the handle's.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new((2 * REF) | INTEREST))
    }

    /// A task on its way through the inbox: the same, as the owner's reference travels with the entry.
    pub(super) fn new_remote() -> Self {
        Self(AtomicUsize::new((2 * REF) | INTEREST | REMOTE))
    }

    #[inline]
    pub(super) fn load(&self) -> Snapshot {
        // Acquire: who sees COMPLETE sees the output, who sees itself alone sees what the others did before they
        // left.
        Snapshot(self.0.load(Ordering::Acquire))
    }

    #[inline]
    pub(super) fn add_reference(&self) {
        // Relaxed: the caller has a reference, so the cell cannot go away, and nothing is published.
        self.0.fetch_add(REF, Ordering::Relaxed);
    }

    /// Releases one reference and tells whether it was the last.
    #[inline]
    #[must_use]
    pub(super) fn release(&self) -> bool {
        // A sole reference stays sole: new ones are only made from existing ones. Saves the read-modify-write.
        if self.load().references() == 1 {
            return true;
        }
        // Release: what we did to the cell happens before its end. Acquire: the end comes after what all did.
        let old = Snapshot(self.0.fetch_sub(REF, Ordering::AcqRel));
        old.references() == 1
    }

    /// Asks for cancellation. Home thread only: no entry for the inbox.
    pub(super) fn set_abort(&self) {
        // Relaxed: only the home thread acts on it, and that is us.
        self.0.fetch_or(ABORT, Ordering::Relaxed);
    }

    /// Announces a wake, or with `abort` a cancellation, from another thread than home (T7).
    pub(super) fn notify(&self, abort: bool) -> Notify {
        // Relaxed: the compare-exchange below validates it.
        let mut old = self.0.load(Ordering::Relaxed);
        loop {
            if old & COMPLETE != 0 {
                return Notify::Nothing;
            }
            let flag = if abort { old | ABORT } else { old };
            let next = if flag & REMOTE == 0 {
                (flag | REMOTE) + REF
            } else {
                flag
            };
            // Release even when nothing changes: the home thread, which clears REMOTE with an Acquire, then sees what
            // was done before this wake. A mere load of REMOTE could be satisfied before our earlier stores are
            // visible, and the wake be lost.
            match self
                .0
                .compare_exchange_weak(old, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) if old & REMOTE == 0 => return Notify::Push,
                Ok(_) => return Notify::Nothing,
                Err(now) => old = now,
            }
        }
    }

    /// A new task leaves the inbox. Home thread only; its reference becomes the owner's.
    pub(super) fn leave_inbox(&self) {
        // Acquire: pairs with the Release in `notify`, so that the poll to come sees what the wakers did.
        self.0.fetch_and(!REMOTE, Ordering::Acquire);
    }

    /// A woken task leaves the inbox and the entry's reference is released. Home thread only. Tells whether it was the
    /// last.
    #[must_use]
    pub(super) fn leave_inbox_and_release(&self) -> bool {
        // AcqRel: Acquire as in `leave_inbox`, both as in `release`. REMOTE is set (T7), so the subtraction clears it.
        let old = Snapshot(self.0.fetch_sub(REF | REMOTE, Ordering::AcqRel));
        old.references() == 1
    }

    /// Sets COMPLETE if the state is still `seen`, and with `release` gives up the owner's reference in the same step.
    /// Home thread only. Tells whether that was the last reference. If it was not, another thread may release that one
    /// before this returns: after a release the cell must not be touched.
    ///
    /// # Errors
    ///
    /// The state as it is now, when another thread changed it.
    #[inline]
    pub(super) fn complete(&self, seen: Snapshot, release: bool) -> Result<bool, Snapshot> {
        let references = if release { REF } else { 0 };
        let next = (seen.0 | COMPLETE) - references;
        // Release: the stage is published. Acquire: when it ends the life of the cell, as in `release`; and with
        // REMOTE_WAKER comes the waker.
        match self
            .0
            .compare_exchange(seen.0, next, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => Ok(Snapshot(next).references() == 0),
            Err(now) => Err(Snapshot(now)),
        }
    }

    /// Sets COMPLETE on a task that was never shared with the home thread.
    pub(super) fn complete_refused(&self) {
        // Release: the stage is published to whatever thread the handle goes to.
        self.0.fetch_or(COMPLETE, Ordering::Release);
    }

    /// Announces a waker in `Header::remote_waker`. Tells whether the task is complete, in which case nobody may ever
    /// look at it.
    #[must_use]
    pub(super) fn announce_remote_waker(&self) -> bool {
        // AcqRel: either we see COMPLETE and with it the output, or the completion sees the flag. It is a
        // read-modify-write on both sides, so one comes after the other.
        Snapshot(self.0.fetch_or(REMOTE_WAKER, Ordering::AcqRel)).is_complete()
    }

    /// The `JoinHandle` goes away.
    pub(super) fn detach(&self) -> Detach {
        let mut old = self.load();
        loop {
            if old.is_complete() {
                return if old.references() == 1 {
                    Detach::Last
                } else {
                    Detach::OwnsOutput
                };
            }
            // The owner's reference exists (T5), so this one is not the last.
            let next = (old.0 & !INTEREST) - REF;
            // Release: what was done through the handle happens before the end of the cell.
            match self
                .0
                .compare_exchange_weak(old.0, next, Ordering::Release, Ordering::Acquire)
            {
                Ok(_) => return Detach::Done,
                Err(now) => old = Snapshot(now),
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_two_remote_wakes_pushes() {
        let state = State::new();
        assert_eq!(state.notify(false), Notify::Push);
        assert_eq!(state.notify(false), Notify::Nothing);
        assert_eq!(state.load().references(), 3);
        assert!(!state.leave_inbox_and_release());
        assert_eq!(state.notify(false), Notify::Push);
    }

    #[test]
    fn an_abort_is_kept_even_when_a_wake_is_on_its_way() {
        let state = State::new_remote();
        assert_eq!(state.notify(true), Notify::Nothing);
        state.leave_inbox();
        assert!(state.load().is_aborted());
    }

    #[test]
    fn a_completed_task_is_not_notified() {
        let state = State::new();
        assert!(!state.complete(state.load(), true).unwrap());
        assert_eq!(state.notify(true), Notify::Nothing);
        assert!(!state.load().is_aborted());
        assert_eq!(state.detach(), Detach::Last);
        assert!(state.release());
    }

    #[test]
    fn completion_notices_that_the_handle_went_away() {
        let state = State::new();
        let seen = state.load();
        assert_eq!(state.detach(), Detach::Done);
        let now = state.complete(seen, true).unwrap_err();
        assert!(!now.has_interest());
        assert!(state.complete(now, true).unwrap());
    }

    #[test]
    fn a_remote_waker_is_announced_before_completion_or_told_of_it() {
        let state = State::new();
        assert!(!state.announce_remote_waker());
        let seen = state.load();
        assert!(seen.has_remote_waker());
        assert!(!state.complete(seen, false).unwrap());
        assert!(state.announce_remote_waker());
    }
}
