//! Readiness of any file descriptor, and the standard streams. Corresponds to `tokio::io` and `tokio::io::unix`.

#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
mod stdio;

#[cfg(any(feature = "futures-io", feature = "tokio-io"))]
pub use stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
pub use uring_reactor::{AsyncFd, Interest, Ready, Route};

/// The module of this name in tokio: [`AsyncFd`] and what belongs to it.
pub mod unix {
    pub use uring_reactor::{
        AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, AsyncFdTryNewError,
        TryIoError,
    };
}
