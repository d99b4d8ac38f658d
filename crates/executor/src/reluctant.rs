//! Futures that do not always let themselves be cancelled.

use std::future::Future;

/// A future that stands for something that an abort cannot always stop, such as a call on another thread. For
/// [`Spawner::spawn_reluctant`](crate::Spawner::spawn_reluctant).
///
/// See the example of [`Spawner::spawn_reluctant`](crate::Spawner::spawn_reluctant).
pub trait Reluctant: Future {
    /// Asked on the executor's thread when the task was aborted, and again whenever it is woken after that. `true`
    /// cancels the task at once; `false` lets it go on as if nothing had happened.
    ///
    /// A panic counts as `true`.
    fn may_be_cancelled(&self) -> bool;
}
