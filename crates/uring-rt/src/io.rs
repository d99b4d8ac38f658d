//! Readiness of any file descriptor. Corresponds to `tokio::io` and `tokio::io::unix`.

pub use uring_reactor::{AsyncFd, Interest, Ready, Route};

/// The module of this name in tokio: [`AsyncFd`] and what belongs to it.
pub mod unix {
    pub use uring_reactor::{
        AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, AsyncFdTryNewError,
        TryIoError,
    };
}
