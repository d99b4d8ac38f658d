//! A single-threaded executor: it decides who runs next, and knows no file descriptor and no clock but those it is
//! given.
//!
//! - [`Executor`] owns its tasks and stays on the thread that made it. Tasks need not be `Send`.
//! - [`Spawner`] is its handle for every other place and thread.
//! - [`JoinHandle`], [`AbortHandle`], [`JoinError`], [`JoinSet`], [`Id`], [`yield_now()`] and [`coop`] mean what
//!   the items of the same name mean in tokio's `task` module.
//! - [`Park`] is the seam to whatever sleeps: a reactor, a condition variable, a foreign event loop.
//!
//! It is for who has a loop already, or sleeps in a way of their own. The crate `uring-rt` joins it with a reactor, and is
//! what an application wants. Here it sleeps by parking the thread:
//!
//! ```
//! use std::{sync::Arc, task::{Wake, Waker}, thread::Thread};
//! use uring_executor::{Config, Executor, Park, ParkMode, yield_now};
//!
//! struct Unpark(Thread);
//! impl Wake for Unpark {
//!     fn wake(self: Arc<Self>) {
//!         self.0.unpark();
//!     }
//! }
//!
//! struct ThreadPark;
//! impl Park for ThreadPark {
//!     fn park(&mut self, mode: ParkMode) {
//!         if mode == ParkMode::Block {
//!             std::thread::park();
//!         }
//!     }
//!     fn unparker(&self) -> Waker {
//!         Arc::new(Unpark(std::thread::current())).into()
//!     }
//! }
//!
//! let mut park = ThreadPark;
//! let executor = Executor::new(Config::default(), park.unparker());
//! let task = executor.spawn(async {
//!     yield_now().await;
//!     6 * 7
//! });
//! assert_eq!(executor.block_on(&mut park, task).unwrap(), 42);
//! ```
//!
//! Without [`Executor::block_on`], a loop of one's own calls [`Executor::run_pass`], which runs what is ready and says
//! whether something is left.
//!
//! # What can be told
//!
//! [`Config`] sets the budget of a poll, the number of polls between two looks at what sleeps, a seed for the order of
//! tasks, and the hooks for tasks that panic ([`TaskPanic`]) or hold the thread ([`StallWatch`], [`Stall`]). [`Metrics`] counts, always. A
//! [`NamedSpawner`] gives tasks names for those reports.
//!
//! # The path of a wake
//!
//! On the home thread: `Waker::wake` -> the task's `queued` flag -> the run queue. No lock, no atomic
//! read-modify-write, no system call. On any other thread: `Waker::wake` -> one compare-and-swap on the task's
//! state -> the inbox under its lock -> lock released -> the unparker, if the inbox was empty -> the home thread
//! returns from [`Park::park`], drains the inbox into the run queue, and polls.

#![deny(unsafe_code)]

mod config;
mod context;
pub mod coop;
mod error;
mod executor;
mod id;
mod inbox;
mod join_set;
mod listing;
mod local;
mod metrics;
mod named;
mod observer;
mod order;
mod park;
mod polls;
mod reluctant;
mod spawner;
mod stall;
mod stamp;
mod sync;
mod task;
mod yield_now;

pub use config::{Config, PanicHook, TaskPanic};
pub use error::{JoinError, panic_text};
pub use executor::Executor;
pub use id::{Id, id, try_id, with_id};
pub use join_set::JoinSet;
pub use listing::{TaskInfo, TaskState};
pub use metrics::Metrics;
pub use named::NamedSpawner;
pub use observer::{Observer, PolledTask};
pub use park::{Park, ParkMode};
pub use reluctant::Reluctant;
pub use spawner::{EnterGuard, Spawner};
pub use stall::{Stall, StallHook, StallWatch};
pub use task::{AbortHandle, JoinHandle, WakerOwner};
pub use yield_now::yield_now;
