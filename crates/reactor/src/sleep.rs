//! [`Sleep`]: a deadline, awaited.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use crate::clock::Instant;
use crate::context;
use crate::shared::Shared;
use crate::timers::TimerKey;

/// Completes at a deadline, never before. Corresponds to `tokio::time::Sleep`, and is `Unpin`.
///
/// Nanosecond deadlines are kept; how soon after one the task runs is up to the kernel's timers, typically
/// some 50 us. Cancel safe: dropping it takes the timer out.
///
/// ```
/// use std::{pin::pin, task::{Context, Waker}, time::Duration};
/// use uring_reactor::{Instant, Options, Reactor, Sleep, Turn};
///
/// let mut reactor = Reactor::new(Options::new())?;
/// let _current = reactor.handle().enter();
/// let start = Instant::now();
/// let mut sleep = pin!(Sleep::until(start + Duration::from_millis(1)));
/// while sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
///     reactor.turn(Turn::Wait)?;
/// }
/// assert!(start.elapsed() >= Duration::from_millis(1));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Sleep {
    shared: Arc<Shared>,
    deadline: Instant,
    /// Present while the timer is in the reactor's list, also when it has fired there.
    key: Option<TimerKey>,
    was_polled: bool,
    /// It was not due when it was made, so its first poll does not read the clock again.
    is_ahead: bool,
}

impl Sleep {
    /// Sleeps until `deadline` on the current reactor's clock.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::{Instant, Options, Reactor, Sleep};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// let deadline = Instant::now() + Duration::from_secs(3600);
    /// let sleep = Sleep::until(deadline);
    /// assert_eq!(sleep.deadline(), deadline);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn until(deadline: Instant) -> Sleep {
        let shared = context::require("a timer");
        Sleep {
            shared,
            deadline,
            key: None,
            was_polled: false,
            is_ahead: false,
        }
    }

    /// Sleeps for `duration` from now on the current reactor's clock. What does not fit is so far away that it does not
    /// come, but for a paused clock.
    ///
    /// Cheaper than [`until`](Self::until) a deadline that is some time from now: the clock is read once. First polled
    /// when the time is over, it completes in the next turn of the loop.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::{Instant, Options, Reactor, Sleep};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// let hour = Duration::from_secs(3600);
    /// let start = Instant::now();
    /// assert!(Sleep::after(hour).deadline() >= start + hour);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn after(duration: Duration) -> Sleep {
        let shared = context::require("a timer");
        let now = shared.clock.now();
        let deadline = now
            .checked_add(duration)
            .unwrap_or_else(Instant::far_future);
        Sleep {
            shared,
            deadline,
            key: None,
            was_polled: false,
            is_ahead: deadline > now,
        }
    }

    /// When it completes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::{Instant, Options, Reactor, Sleep};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// let deadline = Instant::now() + Duration::from_secs(3600);
    /// assert_eq!(Sleep::until(deadline).deadline(), deadline);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has come, and the loop has seen it. `false` before the first poll, which begins the
    /// waiting: as in tokio.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::{Instant, Options, Reactor, Sleep};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// let deadline = Instant::now() + Duration::from_secs(3600);
    /// assert!(!Sleep::until(deadline).is_elapsed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_elapsed(&self) -> bool {
        match &self.key {
            Some(key) => self.shared.timers.lock().has_fired(key),
            None => self.was_polled && self.is_due(),
        }
    }

    fn is_due(&self) -> bool {
        self.shared.clock.now() >= self.deadline
    }

    /// Whether the first poll need not wait at all. A clock that was paused may have been advanced meanwhile.
    fn is_due_at_once(&self) -> bool {
        let is_known = self.is_ahead && !self.shared.clock.was_ever_paused();
        !is_known && self.is_due()
    }

    /// Changes the deadline, also after the old one has come. A task that waits is woken at the new one, or now if
    /// that has come already.
    ///
    /// Corresponds to `tokio::time::Sleep::reset`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::{Instant, Options, Reactor, Sleep};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// let deadline = Instant::now() + Duration::from_secs(3600);
    /// let mut sleep = Sleep::until(deadline);
    /// sleep.reset(deadline + Duration::from_secs(3600));
    /// assert_eq!(sleep.deadline(), deadline + Duration::from_secs(3600));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        // Of one that waits and is pushed back the loop will say when it is due, as it would have of the old deadline.
        let is_told = self.key.is_some() && deadline > self.deadline;
        let is_told = is_told && !self.shared.clock.was_ever_paused();
        self.deadline = deadline;
        self.is_ahead = false;
        if !is_told && self.is_due() {
            // No turn of the loop has to come first: the next poll is ready.
            if let Some(waker) = self.take_out() {
                waker.wake();
            }
            return;
        }
        let Some(key) = &self.key else { return };
        let tick = self.shared.clock.tick(deadline);
        let changed = self.shared.timers.lock().change(key, tick);
        match changed {
            // The loop may be asleep until a later deadline.
            Some(true) => self.shared.announce(),
            Some(false) => {}
            // The next poll enlists it anew.
            None => self.forget(),
        }
    }

    /// # Panics
    ///
    /// When the reactor has gone away.
    fn enlist(&mut self, cx: &Context<'_>) {
        let tick = self.shared.clock.tick(self.deadline);
        let waker = cx.waker().clone();
        let inserted = self.shared.timers.lock().insert(tick, waker);
        let (key, is_first) = inserted.unwrap_or_else(|_| {
            panic!("a timer was polled after its uring-rt runtime has shut down")
        });
        self.key = Some(key);
        if is_first {
            // The loop may be asleep until a later deadline.
            self.shared.announce();
        }
    }

    /// Takes the timer out of the list. What is returned is dropped or woken without the lock.
    fn take_out(&mut self) -> Option<Waker> {
        let key = self.key.take()?;
        self.shared.timers.lock().remove(key)
    }

    fn forget(&mut self) {
        drop(self.take_out());
    }
}

impl Future for Sleep {
    type Output = ();

    /// # Panics
    ///
    /// When the runtime whose clock it follows has shut down: its time does not come any more.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.get_mut();
        ready!(sleep.shared.pace(cx));
        sleep.was_polled = true;
        let is_due = match &sleep.key {
            None => sleep.is_due_at_once(),
            Some(key) => {
                let waker = cx.waker().clone();
                let (is_due, spare) = sleep.shared.timers.lock().poll(key, waker);
                drop(spare);
                is_due && sleep.is_due()
            }
        };
        if is_due {
            sleep.forget();
            sleep.shared.spend();
            return Poll::Ready(());
        }
        if sleep.shared.is_closed() {
            // Fired by the end, and not due: enlisting says why.
            sleep.forget();
        }
        if sleep.key.is_none() {
            sleep.enlist(cx);
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
