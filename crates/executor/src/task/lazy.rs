//! A future that is made where it runs.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A closure until it is first polled, then the future it made. That is how a future that is not `Send` gets to the
/// home thread: only the closure travels (T9).
pub(super) enum Lazy<C, F> {
    Closure(C),
    /// The closure panicked, or is running.
    Empty,
    Future(F),
}

impl<C: FnOnce() -> F, F: Future> Future for Lazy<C, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: a `Future` is never moved out of `this` (only a `Closure` is, which nobody ever saw pinned).
        let this = unsafe { self.get_unchecked_mut() };
        if matches!(this, Self::Closure(_))
            && let Self::Closure(closure) = std::mem::replace(this, Self::Empty)
        {
            *this = Self::Future(closure());
        }
        let Self::Future(future) = this else {
            panic!("a task was polled again after its closure had panicked");
        };
        // SAFETY: pinned with the whole, and dropped in place with it.
        unsafe { Pin::new_unchecked(future) }.poll(cx)
    }
}
