//! Whom another thread wants woken when a task completes.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::Waker;

/// A place for one waker, which every thread may fill and empty. Boxed because it is rare, while every task has room
/// for it; a pointer without a lock, because a lock would double that room.
///
/// - **W1.** The pointer is null, or made by `Box::into_raw` and then this place's alone: whoever takes it out, by a
///   swap, owns the box.
pub(super) struct RemoteWaker(AtomicPtr<Waker>);

impl RemoteWaker {
    pub(super) const fn none() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts a waker here and gives the one that was.
    pub(super) fn replace(&self, waker: Waker) -> Option<Box<Waker>> {
        self.swap(Box::into_raw(Box::new(waker)))
    }

    /// Gives the waker that is here.
    pub(super) fn take(&self) -> Option<Box<Waker>> {
        self.swap(ptr::null_mut())
    }

    fn swap(&self, new: *mut Waker) -> Option<Box<Waker>> {
        // Release: what is in the new box is seen by who takes it out. Acquire: and what is in the old one by us.
        let old = self.0.swap(new, Ordering::AcqRel);
        // SAFETY: a box that was this place's, and is ours by the swap (W1).
        unsafe { owned(old) }
    }
}

impl Drop for RemoteWaker {
    fn drop(&mut self) {
        // Not a swap: that costs as much as all the rest of a task's end, and nobody else is left.
        let last = std::mem::replace(self.0.get_mut(), ptr::null_mut());
        // SAFETY: this place's, which ends (W1).
        drop(unsafe { owned(last) });
    }
}

/// # Safety
///
/// The pointer is null, or made by `Box::into_raw`, and the caller's.
unsafe fn owned(pointer: *mut Waker) -> Option<Box<Waker>> {
    // SAFETY: says the caller.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    struct Counted;

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn each_waker_comes_out_once_or_is_dropped() {
        let counted = Arc::new(Counted);
        let place = RemoteWaker::none();
        assert!(place.take().is_none());
        assert!(place.replace(Arc::clone(&counted).into()).is_none());
        assert!(place.replace(Arc::clone(&counted).into()).is_some());
        assert_eq!(
            Arc::strong_count(&counted),
            2,
            "the first was given back and dropped"
        );
        assert!(place.take().is_some());
        assert_eq!(Arc::strong_count(&counted), 1);
        drop(place.replace(Arc::clone(&counted).into()));
        drop(place);
        assert_eq!(
            Arc::strong_count(&counted),
            1,
            "what is left goes with the place"
        );
    }

    #[test]
    fn threads_that_replace_at_once_lose_no_waker() {
        let counted = Arc::new(Counted);
        let place = RemoteWaker::none();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        drop(place.replace(Arc::clone(&counted).into()));
                        drop(place.take());
                    }
                });
            }
        });
        drop(place);
        assert_eq!(Arc::strong_count(&counted), 1);
    }
}
