//! A limit on how long a future may take.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use uring_executor::coop;

use crate::runtime::require;
use crate::time::{Duration, Instant, Sleep, sleep, sleep_until};

/// The error of a limit that was reached. See the example of [`Elapsed`](error::Elapsed).
pub mod error {
    use std::error::Error;
    use std::fmt;
    use std::io;

    /// The time was up first. Corresponds to `tokio::time::error::Elapsed`.
    ///
    /// ```
    /// use std::{future, time::Duration};
    /// use uring_rt::time::{error::Elapsed, timeout};
    ///
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let ended: Result<(), Elapsed> = timeout(Duration::from_millis(1), future::pending()).await;
    /// assert!(ended.is_err());
    /// # }
    /// ```
    #[derive(Debug, PartialEq, Eq)]
    pub struct Elapsed(());

    impl Elapsed {
        pub(super) fn new() -> Elapsed {
            Elapsed(())
        }
    }

    impl fmt::Display for Elapsed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("deadline has elapsed")
        }
    }

    impl Error for Elapsed {}

    impl From<Elapsed> for io::Error {
        fn from(_: Elapsed) -> io::Error {
            io::ErrorKind::TimedOut.into()
        }
    }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    ///
    /// ```
    /// use std::{future, time::Duration};
    /// use uring_rt::time::{Timeout, timeout};
    ///
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// let limited: Timeout<future::Ready<u32>> = timeout(Duration::from_secs(1), future::ready(7));
    /// assert_eq!(limited.await, Ok(7));
    /// # }
    /// ```
    #[must_use = "futures do nothing unless they are awaited"]
    #[derive(Debug)]
    pub struct Timeout<T> {
        #[pin]
        value: T,
        limit: Sleep,
    }
}

/// Lets `future` take this long at most. A result that is there in the same moment as the limit wins.
///
/// Cancel safe if `future` is. Corresponds to `tokio::time::timeout`.
///
/// # Errors
///
/// [`error::Elapsed`] when the time was up first; the future is then dropped with the `Timeout`.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// use uring_rt::time::{Duration, timeout};
/// let never = std::future::pending::<()>();
/// assert!(timeout(Duration::from_secs(1), never).await.is_err());
/// # }
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    require("time::timeout");
    Timeout {
        value: future.into_future(),
        limit: sleep(duration),
    }
}

/// Lets `future` run until `deadline` at most. As [`timeout`]; corresponds to `tokio::time::timeout_at`.
///
/// Cancel safe if `future` is.
///
/// # Errors
///
/// As for [`timeout`].
///
/// # Panics
///
/// As for [`timeout`].
///
/// ```
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// use uring_rt::time::{Duration, Instant, timeout_at};
///
/// let deadline = Instant::now() + Duration::from_secs(1);
/// assert_eq!(timeout_at(deadline, async { 5 }).await, Ok(5));
/// assert!(timeout_at(deadline, std::future::pending::<()>()).await.is_err());
/// # }
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    require("time::timeout_at");
    Timeout {
        value: future.into_future(),
        limit: sleep_until(deadline),
    }
}

impl<T> Timeout<T> {
    /// The future inside.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, timeout};
    ///
    /// let limited = timeout(Duration::from_secs(1), std::future::ready(5));
    /// let _inside: &std::future::Ready<i32> = limited.get_ref();
    /// # }
    /// ```
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The future inside, mutably.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, timeout};
    ///
    /// let mut limited = timeout(Duration::from_secs(1), std::future::ready(5));
    /// *limited.get_mut() = std::future::ready(6);
    /// assert_eq!(limited.await, Ok(6));
    /// # }
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The future inside; the limit is dropped.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, timeout};
    ///
    /// let limited = timeout(Duration::ZERO, std::future::ready(5));
    /// assert_eq!(limited.into_inner().await, 5);
    /// # }
    /// ```
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, error::Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let had_budget = coop::has_budget_remaining();
        if let Poll::Ready(output) = this.value.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // A future that uses up the task's budget each time must not keep its own limit from being seen.
        let limit = if had_budget && !coop::has_budget_remaining() {
            let unlimited = coop::unconstrained(this.limit);
            std::pin::pin!(unlimited).poll(cx)
        } else {
            Pin::new(this.limit).poll(cx)
        };
        limit.map(|()| Err(error::Elapsed::new()))
    }
}
