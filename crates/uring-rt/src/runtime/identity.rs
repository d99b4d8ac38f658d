//! What tells one runtime from another, and what says that there is none.

use std::error::Error;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names a runtime, for as long as the process runs. Corresponds to `tokio::runtime::Id`.
///
/// ```
/// use uring_rt::runtime::Runtime;
///
/// let (one, other) = (Runtime::new()?, Runtime::new()?);
/// assert_ne!(one.handle().id(), other.handle().id());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(NonZeroU64);

impl Id {
    pub(super) fn next() -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: only the uniqueness of the result matters.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        // 2^64 runtimes are never built; the one after them would share its number with the first.
        Id(NonZeroU64::new(id).unwrap_or(NonZeroU64::MIN))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many threads run the tasks. Corresponds to `tokio::runtime::RuntimeFlavor`.
///
/// ```
/// use uring_rt::runtime::{Handle, RuntimeFlavor};
///
/// # #[uring_rt::main]
/// # async fn main() {
/// assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
/// assert_ne!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// The one that built the runtime.
    CurrentThread,
    /// Several. No runtime of this crate is one; it is here for programs that ask.
    MultiThread,
}

/// What [`Builder::build_local`](super::Builder::build_local) takes. Corresponds to
/// `tokio::runtime::LocalOptions`, which has no option either.
///
/// ```
/// use uring_rt::runtime::{Builder, LocalOptions};
///
/// let runtime = Builder::new().build_local(LocalOptions::default())?;
/// assert_eq!(runtime.block_on(async { 7 }), 7);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LocalOptions {}

/// There is no current runtime. Corresponds to `tokio::runtime::TryCurrentError`.
///
/// ```
/// let outside = uring_rt::runtime::Handle::try_current().unwrap_err();
/// assert!(outside.is_missing_context());
/// ```
#[derive(Debug)]
pub struct TryCurrentError {
    is_thread_ending: bool,
}

impl TryCurrentError {
    pub(super) fn missing_context() -> TryCurrentError {
        TryCurrentError {
            is_thread_ending: false,
        }
    }

    pub(super) fn thread_local_destroyed() -> TryCurrentError {
        TryCurrentError {
            is_thread_ending: true,
        }
    }

    /// Whether the thread has entered no runtime.
    ///
    /// ```
    /// let error = uring_rt::runtime::Handle::try_current().unwrap_err();
    /// assert!(error.is_missing_context());
    /// ```
    pub fn is_missing_context(&self) -> bool {
        !self.is_thread_ending
    }

    /// Whether the thread is ending, and has forgotten which runtime it had entered.
    ///
    /// ```
    /// let error = uring_rt::runtime::Handle::try_current().unwrap_err();
    /// assert!(!error.is_thread_local_destroyed());
    /// ```
    pub fn is_thread_local_destroyed(&self) -> bool {
        self.is_thread_ending
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_thread_ending {
            "the thread is ending and works for no uring-rt runtime any more"
        } else {
            "there is no current uring-rt runtime: call this inside `#[uring_rt::main]`, `Runtime::block_on`, a \
             task, or while a guard of `Handle::enter` lives"
        })
    }
}

impl Error for TryCurrentError {}
