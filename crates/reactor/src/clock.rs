//! The reactor's time: the monotonic clock, or a paused one that tests advance by hand.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::backend::kernel::Kernel;
use crate::context;
use crate::timers::Tick;

/// A point in time of the runtime's clock, in nanoseconds. Corresponds to `tokio::time::Instant`.
///
/// It is std's `Instant`, except that [`now`](Instant::now) follows a paused clock inside a runtime whose
/// time is paused. Arithmetic saturates where tokio's panics: a deadline of `now + Duration::MAX` is "never".
///
/// ```
/// use std::time::Duration;
/// use uring_reactor::Instant;
///
/// let start = Instant::now();
/// let deadline = start + Duration::from_millis(5);
/// assert_eq!(deadline - start, Duration::from_millis(5));
/// assert!(start + Duration::MAX > deadline); // "never"
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(std::time::Instant);

impl Instant {
    /// The current time of this thread's runtime, or of the system outside of one.
    ///
    /// ```
    /// let now = uring_reactor::Instant::now();
    /// assert!(uring_reactor::Instant::now() >= now);
    /// ```
    pub fn now() -> Instant {
        context::with_current(|current| {
            current.map_or_else(Instant::system_now, |c| c.clock().now())
        })
    }

    /// The current time of the system, paused or not.
    pub(crate) fn system_now() -> Instant {
        Instant(std::time::Instant::now())
    }

    /// Wraps an instant of the standard library.
    ///
    /// ```
    /// let now = std::time::Instant::now();
    /// assert_eq!(uring_reactor::Instant::from_std(now).into_std(), now);
    /// ```
    pub const fn from_std(instant: std::time::Instant) -> Instant {
        Instant(instant)
    }

    /// The instant of the standard library.
    ///
    /// ```
    /// let now: std::time::Instant = uring_reactor::Instant::now().into_std();
    /// assert!(now <= std::time::Instant::now());
    /// ```
    pub const fn into_std(self) -> std::time::Instant {
        self.0
    }

    /// A time so far away that it does not come: about 30 years from now, as in tokio.
    ///
    /// ```
    /// use uring_reactor::Instant;
    ///
    /// assert!(Instant::far_future() > Instant::now());
    /// ```
    pub fn far_future() -> Instant {
        Instant::now() + Duration::from_secs(86_400 * 365 * 30)
    }

    /// Time from `earlier` to this instant; zero when `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::Instant;
    ///
    /// let now = Instant::now();
    /// let later = now + Duration::from_secs(1);
    /// assert_eq!(later.duration_since(now), Duration::from_secs(1));
    /// assert_eq!(now.duration_since(later), Duration::ZERO);
    /// ```
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// Time from `earlier` to this instant; `None` when `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::Instant;
    ///
    /// let now = Instant::now();
    /// let later = now + Duration::from_secs(1);
    /// assert_eq!(later.checked_duration_since(now), Some(Duration::from_secs(1)));
    /// assert_eq!(now.checked_duration_since(later), None);
    /// ```
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The same as [`duration_since`](Self::duration_since).
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::Instant;
    ///
    /// let now = Instant::now();
    /// let later = now + Duration::from_secs(1);
    /// assert_eq!(now.saturating_duration_since(later), Duration::ZERO);
    /// ```
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }

    /// Time since this instant; zero when it is in the future.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::Instant;
    ///
    /// let now = Instant::now();
    /// let later = now + Duration::from_secs(3600);
    /// assert_eq!(later.elapsed(), Duration::ZERO);
    /// ```
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    /// `None` when the sum does not fit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::Instant;
    ///
    /// let now = Instant::now();
    /// let later = now + Duration::from_secs(1);
    /// assert_eq!(now.checked_add(Duration::from_secs(1)), Some(later));
    /// assert_eq!(now.checked_add(Duration::MAX), None);
    /// ```
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Instant)
    }

    /// `None` when the difference does not fit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::Instant;
    ///
    /// let now = Instant::now();
    /// let later = now + Duration::from_secs(1);
    /// assert_eq!(later.checked_sub(Duration::from_secs(1)), Some(now));
    /// ```
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Instant)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    /// Saturates some 290 years from this instant.
    fn add(self, duration: Duration) -> Instant {
        const FAR: Duration = Duration::from_nanos(i64::MAX.cast_unsigned());
        self.checked_add(duration)
            .or_else(|| self.checked_add(FAR))
            .unwrap_or(self)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    /// Saturates at this instant itself, as there is no earliest one to name.
    fn sub(self, duration: Duration) -> Instant {
        self.checked_sub(duration).unwrap_or(self)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Instant {
        Instant(instant)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> std::time::Instant {
        instant.0
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The clock that all timers of one reactor follow.
#[derive(Debug)]
pub(crate) struct Clock {
    kernel: Kernel,
    /// Tick zero.
    epoch: Instant,
    /// Whether the clock was ever paused. While it was not, reading it takes no lock.
    skewed: AtomicBool,
    skew: Mutex<Skew>,
    /// How much is under way that no timer and no fd tells of. A paused clock stands meanwhile.
    holds: AtomicUsize,
}

#[derive(Debug)]
struct Skew {
    /// What the clock showed at `since`, or shows for as long as it is paused.
    base: Instant,
    /// When the clock was last set going; `None` while it is paused.
    since: Option<Instant>,
}

impl Clock {
    pub(crate) fn new(kernel: &Kernel, start_paused: bool) -> Clock {
        let epoch = kernel.now();
        let since = (!start_paused).then_some(epoch);
        Clock {
            kernel: kernel.clone(),
            epoch,
            skewed: AtomicBool::new(start_paused),
            skew: Mutex::new(Skew { base: epoch, since }),
            holds: AtomicUsize::new(0),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        if !self.was_ever_paused() {
            return self.kernel.now();
        }
        self.skew.lock().at(&self.kernel)
    }

    pub(crate) fn was_ever_paused(&self) -> bool {
        // Acquire: pairs with the Release in `pause`; a thread that sees the flag sees the pause.
        self.skewed.load(Ordering::Acquire)
    }

    /// `false` when the clock is paused already.
    pub(crate) fn pause(&self) -> bool {
        let mut skew = self.skew.lock();
        let running = skew.since.is_some();
        if running {
            skew.base = if self.skewed.load(Ordering::Relaxed) {
                skew.at(&self.kernel)
            } else {
                self.kernel.now()
            };
            skew.since = None;
            self.skewed.store(true, Ordering::Release);
        }
        running
    }

    /// `false` when the clock is not paused.
    pub(crate) fn resume(&self) -> bool {
        let mut skew = self.skew.lock();
        let paused = skew.since.is_none();
        if paused {
            skew.since = Some(self.kernel.now());
        }
        paused
    }

    /// Moves a paused clock forward; `false` when it is not paused.
    pub(crate) fn advance(&self, duration: Duration) -> bool {
        let mut skew = self.skew.lock();
        let paused = skew.since.is_none();
        if paused {
            skew.base += duration;
        }
        paused
    }

    /// When the system's clock shows what this one shows at `deadline`. Not meant for a paused clock.
    pub(crate) fn to_system(&self, deadline: Instant) -> Instant {
        if !self.was_ever_paused() {
            return deadline;
        }
        self.kernel.now() + deadline.duration_since(self.now())
    }

    pub(crate) fn hold(&self) {
        // Relaxed: whoever lets go tells the loop, and that is what orders the two.
        self.holds.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn let_go(&self) {
        self.holds.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn is_held(&self) -> bool {
        self.holds.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.was_ever_paused() && self.skew.lock().since.is_none()
    }

    /// Nanoseconds from the epoch; more than 146 years of them are "never".
    pub(crate) fn tick(&self, instant: Instant) -> Tick {
        let nanos = Tick::try_from(instant.duration_since(self.epoch).as_nanos());
        nanos
            .ok()
            .filter(|tick| *tick < 1 << 62)
            .unwrap_or(Tick::MAX)
    }

    pub(crate) fn instant(&self, tick: Tick) -> Instant {
        self.epoch + Duration::from_nanos(tick)
    }
}

impl Skew {
    /// What the clock shows while that of the kernel shows its present time.
    fn at(&self, kernel: &Kernel) -> Instant {
        self.since.map_or(self.base, |since| {
            self.base + kernel.now().duration_since(since)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_clock_moves_only_when_advanced() {
        let clock = Clock::new(&Kernel::Linux, true);
        let before = clock.now();
        assert_eq!(clock.now(), before);
        assert!(clock.advance(Duration::from_secs(5)));
        assert_eq!(clock.now() - before, Duration::from_secs(5));
        assert!(!clock.pause(), "paused already");
    }

    #[test]
    fn a_clock_that_goes_on_never_goes_back() {
        let clock = Clock::new(&Kernel::Linux, false);
        assert!(clock.pause());
        assert!(clock.advance(Duration::from_secs(60)));
        let paused_at = clock.now();
        assert!(clock.resume());
        assert!(clock.now() >= paused_at);
        assert!(
            !clock.advance(Duration::from_secs(1)),
            "a running clock is not advanced"
        );
    }

    #[test]
    fn durations_too_far_saturate() {
        let now = Instant::system_now();
        let never = now + Duration::MAX;
        assert!(never > now + Duration::from_secs(86_400 * 365 * 200));
        assert_eq!(now - Duration::MAX, now);
        let clock = Clock::new(&Kernel::Linux, false);
        assert_eq!(clock.tick(never), Tick::MAX);
    }

    #[test]
    fn ticks_and_instants_agree() {
        let clock = Clock::new(&Kernel::Linux, false);
        assert_eq!(clock.tick(clock.instant(123_456_789)), 123_456_789);
    }
}
