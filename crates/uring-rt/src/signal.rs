//! Unix signals, awaited. Corresponds to `tokio::signal`.

mod registry;
pub mod unix;

use std::io;

use crate::runtime::require;

/// Completes when Ctrl-C is pressed (`SIGINT`). Corresponds to `tokio::signal::ctrl_c`.
///
/// While such a future or another listener of `SIGINT` is alive, the signal does not end the process; when the
/// last one is dropped, it does again what it did before.
///
/// # Errors
///
/// When no descriptor is free to listen, and when the runtime shuts down.
///
/// # Panics
///
/// Outside of a runtime.
pub async fn ctrl_c() -> io::Result<()> {
    require("signal::ctrl_c");
    let gone = || io::Error::other("the runtime that waited for Ctrl-C has shut down");
    let mut interrupts = unix::signal(unix::SignalKind::interrupt())?;
    interrupts.recv().await.ok_or_else(gone)
}
