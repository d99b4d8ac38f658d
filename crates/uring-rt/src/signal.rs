//! Unix signals, awaited. Corresponds to `tokio::signal`.
//!
//! A signal is the whole process's, so any number of listeners, in any number of runtimes and on any thread, hear the
//! same one. It is caught while somebody listens; when the last listener is dropped, it does again what it did before
//! the first: that is where this differs from tokio, which keeps a signal for good. A forked child hears its own
//! signals and not its parent's, and a program that it executes inherits no listener.
//!
//! See the example of [`ctrl_c`].

mod registry;
pub mod unix;

use std::io;

use crate::runtime::require;

/// Completes when Ctrl-C is pressed (`SIGINT`). Corresponds to `tokio::signal::ctrl_c`.
///
/// It listens from its first poll until it completes or is dropped. Without another listener of `SIGINT` the next Ctrl-C
/// then ends the process, as before; under tokio nothing would. To go on listening keep a
/// [`unix::signal`] of [`SignalKind::interrupt`](unix::SignalKind::interrupt).
///
/// Cancel safe, but what comes between two calls is not heard.
///
/// # Errors
///
/// When no descriptor is free to listen, and when the runtime shuts down.
///
/// # Panics
///
/// Outside of a runtime, when it is polled.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::FutureExt;
/// let mut pressed = std::pin::pin!(uring_rt::signal::ctrl_c());
/// assert!((&mut pressed).now_or_never().is_none()); // it listens now
/// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT)?;
/// pressed.await?;
/// # Ok(())
/// # }
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    require("signal::ctrl_c");
    let gone = || io::Error::other("the runtime that waited for Ctrl-C has shut down");
    let mut interrupts = unix::signal(unix::SignalKind::interrupt())?;
    interrupts.recv().await.ok_or_else(gone)
}
