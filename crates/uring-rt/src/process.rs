//! Child processes, awaited. Corresponds to `tokio::process`.
//!
//! A child is watched by a pidfd (Linux 5.3), which the reactor polls like any other fd. Where there is none (an
//! older kernel, a seccomp filter, no free descriptor) a listener of `SIGCHLD` takes its place: nothing else
//! changes.
//!
//! ```
//! use uring_rt::process::Command;
//!
//! # #[uring_rt::main]
//! # async fn main() -> std::io::Result<()> {
//! let output = Command::new("echo").arg("hello").output().await?;
//! assert!(output.status.success());
//! assert_eq!(output.stdout, b"hello\n");
//! # Ok(())
//! # }
//! ```
//!
//! # What becomes of a child that nobody waits for
//!
//! It runs on, as in the standard library, unless [`Command::kill_on_drop`] says otherwise. When it ends it is
//! reaped by the runtime: a task of its own waits for it, which keeps nothing else waiting, neither a `block_on`
//! nor a paused clock. When the runtime is dropped, another one of the process takes over; is there none, the next
//! one that is built. A program that builds no runtime any more keeps such children as zombies until it ends; if
//! that matters, wait for them.
//!
//! # What a child inherits
//!
//! What std's [`Command`](std::process::Command) hands on, and nothing of this crate: its descriptors are closed on
//! exec, and the listeners of [`signal`](crate::signal) are gone with it. The mask of blocked signals is that of the
//! thread that starts the child; this crate blocks none.

mod child;
mod command;
mod exit;
pub(crate) mod orphans;
mod pipes;

pub use child::Child;
pub use command::Command;
pub use pipes::{ChildStderr, ChildStdin, ChildStdout};
