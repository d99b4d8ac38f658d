//! A budget per poll, so that a task whose sources are always ready lets the others run.
//!
//! A leaf future calls [`check`] before it tries, and [`spend`] after it made progress. They are two functions
//! because an attempt that ends in `Pending` must cost nothing: a `join_all` over hundreds of idle sockets would
//! otherwise use up the budget by looking at them, and spin.
//!
//! The budget is set anew before each poll of a task and of the future given to `block_on`. On a thread that drives
//! no executor it is unlimited. Corresponds to `tokio::task::coop`.
//!
//! See the example of [`cooperative`].

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::context;

/// What is left of a budget: a positive number of units, 0 when used up, -1 when used up and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget(i32);

impl Budget {
    /// Never decreases.
    pub(crate) const UNLIMITED: Self = Self(i32::MAX);

    /// At least one unit, or nothing could ever make progress.
    pub(crate) fn new(units: u32) -> Self {
        Self(i32::try_from(units.max(1)).unwrap_or(i32::MAX))
    }

    fn is_left(self) -> bool {
        self.0 > 0
    }

    fn spent(self) -> Self {
        if self == Self::UNLIMITED || !self.is_left() {
            self
        } else {
            Self(self.0 - 1)
        }
    }
}

/// Whether the running task may go on. `Pending` when its budget is used up; it is then polled again after the
/// driver was looked at.
///
/// To be called by a leaf future before it tries. It costs nothing by itself: see [`spend`].
///
/// ```
/// use std::task::{Context, Poll, Waker};
/// use uring_executor::coop;
///
/// // Outside of an executor there is no limit.
/// let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(coop::check(&mut cx), Poll::Ready(()));
/// ```
#[inline]
pub fn check(cx: &mut Context<'_>) -> Poll<()> {
    if has_budget_remaining() {
        return Poll::Ready(());
    }
    exhausted(cx)
}

#[cold]
fn exhausted(cx: &mut Context<'_>) -> Poll<()> {
    context::with(|context| {
        // Many leaves of one task may ask after the end; it is one yield all the same.
        if context.budget.replace(Budget(-1)) == Budget(0) {
            context.budget_yields.set(context.budget_yields.get() + 1);
        }
    });
    context::defer(cx.waker());
    Poll::Pending
}

/// Takes one unit from the running task's budget: a leaf future calls it after it made progress.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use uring_executor::coop::{has_budget_remaining, spend};
///
/// while has_budget_remaining() {
///     spend();
/// }
/// uring_executor::yield_now().await;
/// assert!(has_budget_remaining(), "each poll has a new one");
/// # }) }
/// ```
#[inline]
pub fn spend() {
    context::with(|context| context.budget.set(context.budget.get().spent()));
}

/// Whether the running task has budget left.
///
/// Corresponds to `tokio::task::coop::has_budget_remaining`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// assert!(uring_executor::coop::has_budget_remaining());
/// # }) }
/// ```
#[inline]
pub fn has_budget_remaining() -> bool {
    context::with(|context| context.budget.get().is_left())
}

/// Takes one unit from the running task's budget, and yields first if none is left. For long computations that
/// await nothing else.
///
/// Corresponds to `tokio::task::coop::consume_budget`. Cancel safe: a dropped call took nothing.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// let long = spawner.spawn(async {
///     let mut sum = 0_u64;
///     for n in 0..1_000 {
///         sum += n;
///         uring_executor::coop::consume_budget().await;
///     }
///     sum
/// });
/// let short = spawner.spawn(async {});
/// short.await.unwrap();
/// assert!(!long.is_finished(), "it let the other one run");
/// assert_eq!(long.await.unwrap(), 499_500);
/// # }) }
/// ```
pub async fn consume_budget() {
    poll_fn(|cx| {
        ready!(check(cx));
        spend();
        Poll::Ready(())
    })
    .await;
}

/// Takes one unit from the running task's budget, or is `Pending` if none is left. The unit comes back when the
/// answer is dropped, unless [`RestoreOnPending::made_progress`] was called.
///
/// For leaf futures written for tokio; [`check`] and [`spend`] do the same with nothing to give back. Corresponds to
/// `tokio::task::coop::poll_proceed`.
///
/// ```
/// use std::task::{Context, Poll, Waker};
/// use uring_executor::coop;
///
/// fn poll_leaf(cx: &mut Context<'_>, try_it: impl FnOnce() -> Option<u8>) -> Poll<u8> {
///     let Poll::Ready(unit) = coop::poll_proceed(cx) else { return Poll::Pending };
///     let Some(byte) = try_it() else { return Poll::Pending };
///     unit.made_progress();
///     Poll::Ready(byte)
/// }
/// let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(poll_leaf(&mut cx, || Some(7)), Poll::Ready(7));
/// ```
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
    ready!(check(cx));
    let before = context::with(|context| context.budget.get());
    spend();
    Poll::Ready(RestoreOnPending {
        before: Cell::new(Some(before)),
        not_send: PhantomData,
    })
}

/// A unit of the budget, given back when this is dropped. Corresponds to `tokio::task::coop::RestoreOnPending`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use std::task::Poll;
/// use uring_executor::coop::{RestoreOnPending, has_budget_remaining, poll_proceed};
///
/// // Given back each time, so that the budget never ends.
/// std::future::poll_fn(|cx| {
///     for _ in 0..1_000 {
///         let Poll::Ready(unit) = poll_proceed(cx) else { unreachable!("nothing was spent") };
///         let unit: RestoreOnPending = unit;
///         drop(unit);
///     }
///     Poll::Ready(())
/// })
/// .await;
/// assert!(has_budget_remaining());
/// # drop(spawner);
/// # }) }
/// ```
#[derive(Debug)]
#[must_use = "dropping it gives the unit back"]
pub struct RestoreOnPending {
    /// The budget before the unit was taken; `None` when it is to stay taken.
    before: Cell<Option<Budget>>,
    /// The budget is that of a task on this thread.
    not_send: PhantomData<*mut ()>,
}

impl RestoreOnPending {
    /// Lets the unit stay taken: something was done with it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
    /// # fn main() -> () { run(async |spawner| {
    /// use std::task::Poll;
    /// use uring_executor::coop::poll_proceed;
    ///
    /// std::future::poll_fn(|cx| {
    ///     let Poll::Ready(unit) = poll_proceed(cx) else { return Poll::Pending };
    ///     unit.made_progress();
    ///     Poll::Ready(())
    /// })
    /// .await;
    /// # }) }
    /// ```
    pub fn made_progress(&self) {
        self.before.set(None);
    }
}

impl Drop for RestoreOnPending {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            context::with(|context| context.budget.set(before));
        }
    }
}

pin_project! {
    /// The future of [`unconstrained`]. Corresponds to `tokio::task::coop::Unconstrained`.
    ///
    /// ```
    /// use uring_executor::coop::{Unconstrained, unconstrained};
    ///
    /// let future: Unconstrained<std::future::Ready<u8>> = unconstrained(std::future::ready(7));
    /// # let mut future = std::pin::pin!(future);
    /// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert_eq!(future.as_mut().poll(&mut cx), std::task::Poll::Ready(7));
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

/// Runs `future` with an unlimited budget. The budget around it is left as it was.
///
/// Corresponds to `tokio::task::coop::unconstrained`. As cancel safe as `future`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use uring_executor::coop::{has_budget_remaining, spend, unconstrained};
///
/// unconstrained(async {
///     for _ in 0..1_000 {
///         spend();
///     }
///     assert!(has_budget_remaining());
/// })
/// .await;
/// # drop(spawner);
/// # }) }
/// ```
pub fn unconstrained<F>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _restore = Restore(context::with(|context| {
            context.budget.replace(Budget::UNLIMITED)
        }));
        self.project().future.poll(cx)
    }
}

/// Puts a budget back, also when the future panics.
struct Restore(Budget);

impl Drop for Restore {
    fn drop(&mut self) {
        context::with(|context| context.budget.set(self.0));
    }
}

pin_project! {
    /// The future of [`cooperative`]. Corresponds to `tokio::task::coop::Coop`.
    ///
    /// ```
    /// use uring_executor::coop::{Coop, cooperative};
    ///
    /// let future: Coop<std::future::Ready<u8>> = cooperative(std::future::ready(7));
    /// # let mut future = std::pin::pin!(future);
    /// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert_eq!(future.as_mut().poll(&mut cx), std::task::Poll::Ready(7));
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Coop<F> {
        #[pin]
        future: F,
    }
}

/// Makes a future of foreign origin take part: it is not polled when the budget is used up, and its completion
/// costs one unit.
///
/// Corresponds to `tokio::task::coop::cooperative`. As cancel safe as `future`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/run.rs"));
/// # fn main() -> () { run(async |spawner| {
/// use std::future::ready;
/// use uring_executor::coop::cooperative;
///
/// let busy = spawner.spawn(async {
///     for _ in 0..1_000 {
///         cooperative(ready(7)).await; // always ready, and would not let anybody else run
///     }
/// });
/// spawner.spawn(async {}).await.unwrap();
/// assert!(!busy.is_finished());
/// busy.await.unwrap();
/// # }) }
/// ```
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { future }
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        ready!(check(cx));
        let output = ready!(self.project().future.poll(cx));
        spend();
        Poll::Ready(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_has_at_least_one_unit_and_ends_at_zero() {
        let budget = Budget::new(0);
        assert!(budget.is_left());
        assert_eq!(budget.spent(), Budget(0));
        assert_eq!(Budget(0).spent(), Budget(0));
        assert_eq!(Budget(-1).spent(), Budget(-1));
    }

    #[test]
    fn an_unlimited_budget_never_decreases() {
        assert_eq!(Budget::UNLIMITED.spent(), Budget::UNLIMITED);
        assert_eq!(Budget::new(u32::MAX), Budget::UNLIMITED);
    }

    #[test]
    fn a_unit_comes_back_unless_progress_was_made() {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut proceed = || poll_proceed(&mut cx).map(|unit| unit.made_progress());
        context::with(|context| context.budget.set(Budget::new(2)));
        for _ in 0..10 {
            let mut cx = Context::from_waker(std::task::Waker::noop());
            assert!(poll_proceed(&mut cx).is_ready(), "each one was given back");
        }
        assert!(proceed().is_ready() && proceed().is_ready());
        assert!(proceed().is_pending(), "both were used");
        context::with(|context| context.budget.set(Budget::UNLIMITED));
    }

    #[test]
    fn outside_of_an_executor_nothing_is_taken() {
        for _ in 0..1000 {
            spend();
        }
        assert!(has_budget_remaining());
    }
}
