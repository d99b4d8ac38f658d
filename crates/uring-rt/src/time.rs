//! Time: sleeping, limits, periods, and a clock that tests can pause. Corresponds to `tokio::time`.
//!
//! Deadlines are kept in nanoseconds; nothing is rounded up to a millisecond. Far ones saturate:
//! `sleep(Duration::MAX)` takes some 30 years, as in tokio.
//!
//! ```
//! use std::time::Duration;
//! use uring_rt::time::{sleep, timeout};
//!
//! #[uring_rt::main]
//! async fn main() {
//!     sleep(Duration::from_millis(1)).await;
//!     assert!(timeout(Duration::from_millis(1), std::future::pending::<()>()).await.is_err());
//! }
//! ```

mod interval;
mod timeout;

pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use std::time::Duration;
pub use timeout::{Timeout, error, timeout, timeout_at};
pub use uring_reactor::{Instant, Sleep};

use crate::runtime::{Handle, no_runtime, require};

/// Waits for a time span. Completes at its end or a little later, never before. Cancel safe.
///
/// Corresponds to `tokio::time::sleep`.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// use uring_rt::time::{Duration, sleep};
/// sleep(Duration::from_secs(3600)).await; // the clock is paused here: no hour passes
/// # }
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    require("time::sleep");
    Sleep::after(duration)
}

/// Waits for a point in time. Cancel safe. Corresponds to `tokio::time::sleep_until`.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// use uring_rt::time::{Duration, Instant, sleep_until};
///
/// let deadline = Instant::now() + Duration::from_secs(5);
/// sleep_until(deadline).await;
/// assert_eq!(Instant::now(), deadline);
/// # }
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    require("time::sleep_until");
    Sleep::until(deadline)
}

/// Stops the clock of the current runtime. Corresponds to `tokio::time::pause`.
///
/// From then on it moves by [`advance`], and by itself to the next deadline whenever the runtime would sleep.
///
/// # Panics
///
/// Outside of a runtime, and when the clock stands still already.
///
/// ```
/// # #[uring_rt::main]
/// # async fn main() {
/// use uring_rt::time::{Instant, pause};
///
/// pause();
/// let now = Instant::now();
/// uring_rt::task::yield_now().await;
/// assert_eq!(Instant::now(), now);
/// # }
/// ```
#[track_caller]
pub fn pause() {
    let is_done = current("time::pause").reactor().pause_clock();
    assert!(is_done, "time is paused already");
}

/// Lets the clock of the current runtime go on. Corresponds to `tokio::time::resume`.
///
/// # Panics
///
/// Outside of a runtime, and when the clock is not paused.
///
/// ```
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// use uring_rt::time::{Duration, Instant, resume, sleep};
///
/// resume();
/// let start = Instant::now();
/// sleep(Duration::from_millis(1)).await; // a real one
/// assert!(start.elapsed() >= Duration::from_millis(1));
/// # }
/// ```
#[track_caller]
pub fn resume() {
    let is_done = current("time::resume").reactor().resume_clock();
    assert!(is_done, "time is not paused");
}

/// Moves the paused clock of the current runtime forward, and lets the timers fire that become due.
///
/// Cancel safe: the first poll moves the clock. Corresponds to `tokio::time::advance`.
///
/// # Panics
///
/// Outside of a runtime, and when the clock is not paused.
///
/// ```
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// use uring_rt::time::{self, Duration, Instant};
/// let start = Instant::now();
/// time::advance(Duration::from_secs(5)).await;
/// assert_eq!(start.elapsed(), Duration::from_secs(5));
/// # }
/// ```
pub async fn advance(duration: Duration) {
    let is_done = current("time::advance").reactor().advance_clock(duration);
    assert!(is_done, "time is not paused");
    crate::task::yield_now().await;
}

#[track_caller]
fn current(what: &str) -> Handle {
    // Not `unwrap_or_else`: a closure has no caller to name.
    match Handle::try_current() {
        Ok(handle) => handle,
        Err(_) => no_runtime(what),
    }
}
