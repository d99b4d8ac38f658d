//! Tasks: futures that run on their own. Corresponds to `tokio::task`.
//!
//! A task runs on the thread of its runtime and need not be `Send`, so there is no `LocalSet` here:
//! [`spawn`] is tokio's `spawn_local`.
//!
//! ```
//! use std::rc::Rc;
//!
//! #[uring_rt::main]
//! async fn main() {
//!     let shared = Rc::new(7); // not `Send`
//!     let task = uring_rt::task::spawn(async move { *shared });
//!     assert_eq!(task.await.unwrap(), 7);
//! }
//! ```

mod builder;
pub mod futures;
pub mod join_set;
mod local_key;

use std::future::Future;

use uring_executor::Spawner;

pub use builder::Builder;
pub use join_set::JoinSet;
pub use local_key::{AccessError, LocalKey};
pub use uring_executor::coop::{Unconstrained, consume_budget, unconstrained};
pub use uring_executor::{AbortHandle, Id, JoinError, JoinHandle, coop, id, try_id, yield_now};

use crate::runtime::{Handle, no_runtime};

/// Starts a task on the current runtime. It runs whenever a `block_on` of that runtime is active.
///
/// Dropping the [`JoinHandle`] detaches the task. Corresponds to `tokio::spawn` and `tokio::task::spawn_local`.
///
/// # Panics
///
/// Outside of a runtime, and on another thread than the runtime's own: a future that need not be `Send` cannot
/// go there. [`Handle::spawn`](crate::runtime::Handle::spawn) is for other threads.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() {
/// let answer = uring_rt::spawn(async { 6 * 7 }).await.unwrap();
/// assert_eq!(answer, 42);
/// # }
/// ```
#[track_caller]
pub fn spawn<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    let instead = "`Handle::spawn` for a `Send` future, or `Handle::spawn_with` for a closure that makes one which is not";
    home_spawner("uring_rt::spawn", instead).spawn_local(future)
}

/// The current runtime's, on its own thread. The executor would panic as well, but by the names of its own calls.
#[track_caller]
fn home_spawner(call: &str, instead: &str) -> Spawner {
    match Spawner::try_current() {
        Some(spawner) if spawner.is_home() => spawner,
        Some(_) => panic!("{call} was called on another thread than the runtime's: use {instead}"),
        None => no_runtime(call),
    }
}

/// The same as [`spawn`].
///
/// Corresponds to `tokio::task::spawn_local`.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() {
/// assert_eq!(uring_rt::task::spawn_local(async { 1 }).await.unwrap(), 1);
/// # }
/// ```
#[track_caller]
pub fn spawn_local<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    spawn(future)
}

/// Runs a call that blocks on a thread of the runtime's pool, so that the tasks go on meanwhile.
///
/// An abort keeps the call from beginning; once it has begun, an abort has no effect, and the handle gives the call's
/// value. A panic of the call ends in the `JoinError`. While it runs, a paused clock does not move by itself.
///
/// There is no `block_in_place`: on a runtime of one thread it could only stop all tasks, and tokio's panics there.
///
/// Corresponds to `tokio::task::spawn_blocking`.
///
/// # Panics
///
/// Outside of a runtime, and when not even one thread can be started.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() {
/// let sum = uring_rt::task::spawn_blocking(|| (1..=100).sum::<u32>()).await.unwrap();
/// assert_eq!(sum, 5050);
/// # }
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(call: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    match Handle::try_current() {
        Ok(handle) => handle.spawn_blocking(call),
        Err(_) => no_runtime("uring_rt::task::spawn_blocking"),
    }
}
