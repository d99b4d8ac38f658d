//! Futures that do not always let themselves be cancelled.

use std::future::Future;

/// A future that stands for something that an abort cannot always stop, such as a call on another thread. For
/// [`Spawner::spawn_reluctant`](crate::Spawner::spawn_reluctant).
///
/// ```
/// # use std::task::Waker;
/// # use uring_executor::{Config, Executor};
/// use std::{future::Future, pin::Pin, task::{Context, Poll}};
/// use uring_executor::Reluctant;
///
/// /// Never ready, and to be stopped or not.
/// struct Call {
///     is_running: bool,
/// }
///
/// impl Future for Call {
///     type Output = ();
///     fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
///         Poll::Pending
///     }
/// }
///
/// impl Reluctant for Call {
///     fn may_be_cancelled(&self) -> bool {
///         !self.is_running
///     }
/// }
///
/// let executor = Executor::new(Config::default(), Waker::noop().clone());
/// for is_running in [false, true] {
///     let task = executor.spawner().spawn_reluctant(Call { is_running });
///     task.abort();
///     while executor.run_pass() {}
///     assert_eq!(task.is_finished(), !is_running);
/// }
/// ```
pub trait Reluctant: Future {
    /// Asked on the executor's thread when the task was aborted, and again whenever it is woken after that. `true`
    /// cancels the task at once; `false` lets it go on as if nothing had happened.
    ///
    /// A panic counts as `true`.
    ///
    /// See the example of [`Reluctant`].
    fn may_be_cancelled(&self) -> bool;
}
