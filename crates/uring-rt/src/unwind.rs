//! Foreign code must not unwind into ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `foreign` and swallows a panic; the process's panic hook has told of it.
pub(crate) fn survive(foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign))
        // Its drop may panic in its turn. That one's payload is leaked, as there is no end to it.
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(second);
    }
}
