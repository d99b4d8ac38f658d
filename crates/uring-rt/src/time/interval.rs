//! Ticks at a fixed period.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::runtime::require;
use crate::time::{Duration, Instant, Sleep, sleep_until};

/// What an [`Interval`] does when a tick was taken too late. Corresponds to
/// `tokio::time::MissedTickBehavior`.
///
/// ```
/// use std::time::Duration;
/// use uring_rt::time::{MissedTickBehavior, advance, interval};
///
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// // After a tick that came 25 ms too late, the next ones are due so long after the first:
/// for (behavior, due_ms) in [
///     (MissedTickBehavior::Burst, [20, 30, 40]), // as planned, so two of them at once
///     (MissedTickBehavior::Delay, [45, 55, 65]), // a period after the late one
///     (MissedTickBehavior::Skip, [40, 50, 60]),  // as planned, without those that are past
/// ] {
///     let mut ticks = interval(Duration::from_millis(10));
///     ticks.set_missed_tick_behavior(behavior);
///     let start = ticks.tick().await;
///     advance(Duration::from_millis(35)).await;
///     ticks.tick().await;
///     for due_ms in due_ms {
///         assert_eq!(ticks.tick().await, start + Duration::from_millis(due_ms), "{behavior:?}");
///     }
/// }
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MissedTickBehavior {
    /// Tick as fast as possible until the schedule is met again.
    #[default]
    Burst,
    /// The next tick comes one period after the late one; the schedule shifts.
    Delay,
    /// Leave the missed ticks out and keep the schedule.
    Skip,
}

impl MissedTickBehavior {
    fn next(self, scheduled: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            MissedTickBehavior::Burst => scheduled + period,
            MissedTickBehavior::Delay => now + period,
            MissedTickBehavior::Skip => {
                let late = now.duration_since(scheduled).as_nanos();
                let into_period = late % period.as_nanos();
                let into_period =
                    u64::try_from(into_period).map_or(Duration::MAX, Duration::from_nanos);
                now + period.saturating_sub(into_period)
            }
        }
    }
}

/// A sequence of ticks, made by [`interval`] and [`interval_at`]. Corresponds to `tokio::time::Interval`, and
/// is a [`Stream`] that does not end.
///
/// ```
/// use std::time::Duration;
/// use uring_rt::time::interval;
///
/// # #[uring_rt::main]
/// # async fn main() {
/// let mut ticks = interval(Duration::from_millis(1));
/// let first = ticks.tick().await; // at once
/// assert!(ticks.tick().await > first);
/// # }
/// ```
#[derive(Debug)]
pub struct Interval {
    next: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

/// Ticks now and then once each `period`.
///
/// # Panics
///
/// When `period` is zero, and outside of a runtime.
///
/// ```
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// use uring_rt::time::{Duration, Instant, interval};
/// let start = Instant::now();
/// let mut ticks = interval(Duration::from_millis(10));
/// for _ in 0..3 {
///     ticks.tick().await; // the first one comes at once
/// }
/// assert_eq!(start.elapsed(), Duration::from_millis(20));
/// # }
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    require("time::interval");
    interval_at(Instant::now(), period)
}

/// Ticks at `start` and then once each `period`.
///
/// # Panics
///
/// When `period` is zero, and outside of a runtime.
///
/// Corresponds to `tokio::time::interval_at`.
///
/// ```
/// # #[uring_rt::main(start_paused = true)]
/// # async fn main() {
/// use uring_rt::time::{Duration, Instant, interval_at};
///
/// let start = Instant::now() + Duration::from_millis(5);
/// let mut ticks = interval_at(start, Duration::from_millis(10));
/// assert_eq!(ticks.tick().await, start);
/// # }
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(period > Duration::ZERO, "`period` must be non-zero.");
    require("time::interval_at");
    Interval {
        next: sleep_until(start),
        period,
        missed: MissedTickBehavior::default(),
    }
}

impl Interval {
    /// Waits for the next tick; the instant is the one it was due at. Cancel safe: no tick is lost.
    ///
    /// Corresponds to `tokio::time::Interval::tick`.
    ///
    /// ```
    /// # #[uring_rt::main(start_paused = true)]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, Instant, interval};
    ///
    /// let mut ticks = interval(Duration::from_millis(10));
    /// let start = ticks.tick().await;
    /// assert_eq!(ticks.tick().await, start + Duration::from_millis(10));
    /// assert_eq!(Instant::now(), start + Duration::from_millis(10));
    /// # }
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick.
    ///
    /// Corresponds to `tokio::time::Interval::poll_tick`.
    ///
    /// ```
    /// # #[uring_rt::main(start_paused = true)]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, Instant, interval};
    ///
    /// let mut ticks = interval(Duration::from_millis(10));
    /// let start = ticks.tick().await;
    /// let next = std::future::poll_fn(|cx| ticks.poll_tick(cx)).await;
    /// assert_eq!(next, start + Duration::from_millis(10));
    /// assert_eq!(Instant::now(), next);
    /// # }
    /// ```
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.next).poll(cx));
        let scheduled = self.next.deadline();
        let now = Instant::now();
        // A few milliseconds late is how timers are; what counts as missed starts there, as in tokio.
        let next = if now > scheduled + Duration::from_millis(5) {
            self.missed.next(scheduled, now, self.period)
        } else {
            scheduled + self.period
        };
        self.next.reset(next);
        Poll::Ready(scheduled)
    }

    /// The next tick comes one period from now.
    ///
    /// Corresponds to `tokio::time::Interval::reset`.
    ///
    /// ```
    /// # #[uring_rt::main(start_paused = true)]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, Instant, interval};
    ///
    /// let mut ticks = interval(Duration::from_millis(10));
    /// let start = ticks.tick().await;
    /// uring_rt::time::advance(Duration::from_millis(4)).await;
    /// ticks.reset();
    /// assert_eq!(ticks.tick().await, start + Duration::from_millis(14));
    /// assert_eq!(Instant::now(), start + Duration::from_millis(14));
    /// # }
    /// ```
    pub fn reset(&mut self) {
        self.next.reset(Instant::now() + self.period);
    }

    /// The next tick comes now.
    ///
    /// Corresponds to `tokio::time::Interval::reset_immediately`.
    ///
    /// ```
    /// # #[uring_rt::main(start_paused = true)]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, Instant, interval};
    ///
    /// let mut ticks = interval(Duration::from_millis(10));
    /// let start = ticks.tick().await;
    /// ticks.reset_immediately();
    /// assert_eq!(ticks.tick().await, start);
    /// assert_eq!(Instant::now(), start);
    /// # }
    /// ```
    pub fn reset_immediately(&mut self) {
        self.next.reset(Instant::now());
    }

    /// The next tick comes after this time.
    ///
    /// Corresponds to `tokio::time::Interval::reset_after`.
    ///
    /// ```
    /// # #[uring_rt::main(start_paused = true)]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, Instant, interval};
    ///
    /// let mut ticks = interval(Duration::from_millis(10));
    /// let start = ticks.tick().await;
    /// ticks.reset_after(Duration::from_millis(3));
    /// assert_eq!(ticks.tick().await, start + Duration::from_millis(3));
    /// assert_eq!(Instant::now(), start + Duration::from_millis(3));
    /// # }
    /// ```
    pub fn reset_after(&mut self, after: Duration) {
        self.next.reset(Instant::now() + after);
    }

    /// The next tick comes at `deadline`.
    ///
    /// Corresponds to `tokio::time::Interval::reset_at`.
    ///
    /// ```
    /// # #[uring_rt::main(start_paused = true)]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, Instant, interval};
    ///
    /// let mut ticks = interval(Duration::from_millis(10));
    /// let start = ticks.tick().await;
    /// let then = Instant::now() + Duration::from_secs(1);
    /// ticks.reset_at(then);
    /// assert_eq!(ticks.tick().await, then);
    /// assert!(then > start);
    /// # }
    /// ```
    pub fn reset_at(&mut self, deadline: Instant) {
        self.next.reset(deadline);
    }

    /// What happens with ticks that were missed.
    ///
    /// Corresponds to `tokio::time::Interval::missed_tick_behavior`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, MissedTickBehavior, interval};
    ///
    /// let ticks = interval(Duration::from_millis(10));
    /// assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Burst);
    /// # }
    /// ```
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what happens with ticks that were missed.
    ///
    /// Corresponds to `tokio::time::Interval::set_missed_tick_behavior`.
    ///
    /// ```
    /// # #[uring_rt::main(start_paused = true)]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, MissedTickBehavior, advance, interval};
    ///
    /// let mut ticks = interval(Duration::from_millis(10));
    /// ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    /// let start = ticks.tick().await;
    /// advance(Duration::from_millis(35)).await;
    /// assert_eq!(ticks.tick().await, start + Duration::from_millis(10), "late");
    /// assert_eq!(ticks.tick().await, start + Duration::from_millis(40), "two are left out");
    /// # }
    /// ```
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between two ticks.
    ///
    /// Corresponds to `tokio::time::Interval::period`.
    ///
    /// ```
    /// # #[uring_rt::main]
    /// # async fn main() {
    /// use uring_rt::time::{Duration, interval};
    ///
    /// assert_eq!(interval(Duration::from_millis(10)).period(), Duration::from_millis(10));
    /// # }
    /// ```
    pub fn period(&self) -> Duration {
        self.period
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.get_mut().poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
