//! The error of what outlives its runtime.

use std::error::Error;
use std::fmt;
use std::io;

/// The error of every operation on a registration that has outlived its reactor.
pub(crate) fn gone() -> io::Error {
    io::Error::other(ShutDown)
}

/// The error of an operation whose runtime has shut down: for what a runtime adds to the operations of its reactor.
///
/// ```
/// use uring_reactor::{is_rt_shutdown_err, rt_shutdown_err};
///
/// assert!(is_rt_shutdown_err(&rt_shutdown_err()));
/// assert!(!is_rt_shutdown_err(&std::io::Error::other("of another kind")));
/// ```
pub fn rt_shutdown_err() -> io::Error {
    gone()
}

/// The end of the runtime, as the cause of an error.
#[derive(Debug)]
struct ShutDown;

impl fmt::Display for ShutDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the runtime that this was registered with has shut down")
    }
}

impl Error for ShutDown {}

/// Whether an operation failed because the runtime of its fd has shut down. Corresponds to
/// `tokio::runtime::is_rt_shutdown_err`.
///
/// ```
/// use uring_reactor::{AsyncFd, Options, Reactor, is_rt_shutdown_err};
///
/// let reactor = Reactor::new(Options::new())?;
/// let _current = reactor.handle().enter();
/// drop(reactor);
/// let error = AsyncFd::new(std::io::stdin()).unwrap_err();
/// assert!(is_rt_shutdown_err(&error));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn is_rt_shutdown_err(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<ShutDown>())
}
