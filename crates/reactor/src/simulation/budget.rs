//! An executor's budget that runs out now and then, for the leaves of the crate to obey.

use std::cell::Cell;
use std::task::{Context, Poll};

use crate::options::Pacer;

thread_local! {
    /// Operations until the budget runs out; 0: there is none.
    static LEFT: Cell<u32> = const { Cell::new(0) };
    /// Whether it has run out since it was last asked.
    static STRUCK: Cell<bool> = const { Cell::new(false) };
}

const EVERY: u32 = 13;

pub(super) fn pacer() -> Pacer {
    LEFT.set(EVERY);
    Pacer { check, spend }
}

fn check(cx: &mut Context<'_>) -> Poll<()> {
    if LEFT.get() > 0 {
        return Poll::Ready(());
    }
    LEFT.set(EVERY);
    STRUCK.set(true);
    cx.waker().wake_by_ref();
    Poll::Pending
}

fn spend() {
    LEFT.set(LEFT.get().saturating_sub(1));
}

/// Whether the last poll was told to come again.
pub(super) fn has_struck() -> bool {
    STRUCK.replace(false)
}
