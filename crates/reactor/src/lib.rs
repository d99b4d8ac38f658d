//! Who is ready: file descriptors and deadlines in, wakers out, for any executor.
//!
//! The kernel says *when* an fd is ready (oneshot `IORING_OP_POLL_ADD`, asked for in batches); your code then
//! makes an ordinary non-blocking call on its own buffer. A dropped future loses nothing and has lent nothing.
//! Where `io_uring` is not to be had, epoll takes over, for one fd or for the whole loop, and
//! [`Reactor::driver`] says why.
//!
//! A library that wants to await an fd needs [`AsyncFd`] alone. A runtime builds a [`Reactor`], makes its
//! [`Handle`] current on the threads that use it, and calls [`Reactor::turn`] whenever it has nothing better to
//! do. What is registered may be moved to, polled on and dropped on any thread.
//!
//! ```
//! use std::{io, io::{Read, Write}, os::unix::net::UnixStream, pin::pin, task::{Context, Poll, Waker}};
//! use uring_reactor::{AsyncFd, Interest, Options, Reactor, Turn};
//!
//! // The library's part: any fd in non-blocking mode, and the call that may find it not ready.
//! async fn receive(fd: &AsyncFd<UnixStream>) -> io::Result<u8> {
//!     let read = |mut stream: &UnixStream| {
//!         let mut byte = [0];
//!         stream.read_exact(&mut byte).map(|()| byte[0])
//!     };
//!     fd.async_io(Interest::READABLE, read).await
//! }
//!
//! // The runtime's part: poll, and turn the reactor while nothing is ready.
//! let mut reactor = Reactor::new(Options::new())?;
//! let handle = reactor.handle();
//! let _current = handle.enter();
//!
//! let (ours, mut theirs) = UnixStream::pair()?;
//! ours.set_nonblocking(true)?;
//! let fd = AsyncFd::new(ours)?;
//! theirs.write_all(&[7])?;
//!
//! let mut received = pin!(receive(&fd));
//! let mut context = Context::from_waker(Waker::noop());
//! while let Poll::Pending = received.as_mut().poll(&mut context).map(|byte| assert_eq!(byte.unwrap(), 7)) {
//!     reactor.turn(Turn::Wait)?;
//! }
//! # Ok::<(), io::Error>(())
//! ```
//!
//! The crate `uring-rt` is such a runtime, and what an application wants: its `AsyncFd` is this one, so a library that
//! uses this crate alone works in it.
//!
//! # Where things are
//!
//! - For libraries: [`AsyncFd`] with its guards, [`Interest`] and [`Ready`]; [`Sleep`] and [`Instant`].
//!   [`is_rt_shutdown_err`] tells that the runtime has gone.
//! - For runtimes: [`Reactor`], [`Options`], [`Turn`]; [`Handle`], which goes to other threads; [`Pollable`], for a reactor
//!   inside of a foreign loop.
//! - For who watches it: [`Driver`], with each [`Refusal`]; [`Metrics`]; the [`Rung`]s of the setup ladder and the
//!   [`Feature`]s of the kernel; [`Route`], by which a descriptor is watched.
//!
//! The environment variables [`BACKEND_VARIABLE`] (`URING_RT_BACKEND`) and [`RUNG_VARIABLE`] (`URING_RT_RUNG`) override
//! what the program asks for.
// Not `forbid`: two functions are unsafe to call, see `async_fd/register.rs`.
#![deny(unsafe_code)]

mod async_fd;
mod backend;
mod clock;
mod closing;
mod context;
mod driver;
mod embed;
mod fork;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod interest;
mod metrics;
mod notifier;
mod options;
mod planted;
mod reactor;
mod readiness;
mod registration;
mod shared;
mod shutdown;
#[cfg(test)]
mod simulation;
mod sleep;
mod sources;
mod timers;
mod token;
mod waits;
mod wake_batch;

pub use async_fd::{
    AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, AsyncFdTryNewError,
    TryIoError,
};
pub use backend::Route;
pub use backend::deadline::TimerMode;
pub use backend::feature::Feature;
pub use backend::rung::Rung;
pub use clock::Instant;
pub use context::{EnterGuard, no_runtime};
pub use driver::{Choice, Driver, Refusal};
pub use embed::Pollable;
pub use handle::{ClockHold, Handle};
pub use interest::{Interest, Ready};
pub use metrics::Metrics;
pub use options::{BACKEND_VARIABLE, Options, Pacer, RUNG_VARIABLE};
pub use reactor::{Reactor, Turn};
pub use shutdown::{is_rt_shutdown_err, rt_shutdown_err};
pub use sleep::Sleep;
pub use waits::Wait;
