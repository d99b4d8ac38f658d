//! Foreign code must not unwind into the loop.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `foreign` and swallows a panic; the process's panic hook has told of it.
#[inline]
pub(crate) fn swallow(foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
        discard(payload);
    }
}

/// Drops the payload of a panic, which may panic in its turn: that one's payload is leaked, as there is no end to it.
#[cold]
pub(super) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
}
