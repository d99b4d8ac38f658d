//! What a readiness reactor says to the Linux kernel, and nothing else: the `io_uring` ABI, the epoll fallback, and the
//! few descriptors (eventfd, timerfd, signals) such a loop sleeps on.
//!
//! It is for who writes an event loop. To await a descriptor take `uring-reactor`, to write an application `uring-rt`, which
//! are built on it.
//!
//! # The two queues
//!
//! An `io_uring` is two ring buffers shared with the kernel. The program writes *submission queue entries* ([`Sqe`]) and
//! the kernel answers each with a *completion queue entry* ([`Cqe`]) that carries the same `user_data`. [`Ring`] owns the
//! file descriptor and both queues; one `io_uring_enter(2)` hands over everything that was pushed and may wait as well.
//!
//! ```
//! use uring_sys::{Ring, Setup, Sqe};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if Ring::new(&Setup::default()).is_err() { return Ok(()) } // no io_uring on this machine
//! let mut ring = Ring::new(&Setup { entries: 8, ..Setup::default() })?;
//! ring.push(Sqe::nop().with_user_data(7))?;
//! ring.submit_and_wait(1, None)?;
//! let cqe = ring.pop().expect("the kernel owes one completion");
//! assert_eq!((cqe.user_data, cqe.result), (7, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # What is always true
//!
//! 1. **No [`Sqe`] carries a pointer.** Every constructor makes an operation that works on descriptors and numbers only, so
//!    submitting is safe: the kernel never writes to memory of ours after the call returned.
//! 2. **The number of entries to submit is computed, never counted**: private tail minus the kernel's head. A short
//!    submit, an `EINTR` or an `EBUSY` therefore cannot make it drift.
//! 3. **The mappings are gone before the descriptor is closed**, also when setup fails half-way.
//! 4. **`user_data` is the caller's.** This crate never looks at it.
//!
//! # Where things are
//!
//! - [`abi`]: the C records and constants, proven against the header by a test; [`syscall`]: the three raw calls.
//! - [`Ring`], [`Setup`], [`SetupError`], [`Probe`]: one ring and what it can do.
//! - [`SubmissionQueue`], [`CompletionQueue`]: the index arithmetic and memory ordering, testable without a kernel.
//! - [`epoll`], [`eventfd`], [`timerfd`], [`signal`]: the other things a loop waits for.
//! - [`credentials`]: who is at the other end.
//! - [`clock`]: the time, for who needs it often.
//! - [`limits`], [`identity`]: why a ring may be refused; which process and thread this is.
//!
//! # Where there is no io_uring
//!
//! [`Ring::new`] then gives a [`SetupError`] with the errno and the [`SetupStage`] that it was refused at: `ENOSYS` on a
//! kernel before 5.1, `EPERM` where a seccomp profile or the sysctl `kernel.io_uring_disabled` forbids it, `EINVAL` for
//! flags that the kernel does not know yet. The other modules work all the same.

#[cfg(not(target_os = "linux"))]
compile_error!("io_uring is a Linux interface");

pub mod abi;
pub mod clock;
pub mod credentials;
pub mod epoll;
pub mod eventfd;
pub mod identity;
pub mod limits;
pub mod signal;
pub mod syscall;
pub mod timerfd;

mod cqueue;
mod memory;
mod mmap;
mod probe;
mod ring;
mod setup;
mod sqe;
mod squeue;
mod time;

pub use cqueue::{CompletionQueue, Completions, Cqe};
pub use probe::Probe;
pub use ring::Ring;
pub use setup::{Setup, SetupError, SetupStage};
pub use sqe::Sqe;
pub use squeue::{QueueFull, SubmissionQueue};
