//! The reactor as seen from anywhere.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crate::clock::Clock;
use crate::context::{self, EnterGuard};
use crate::driver::Driver;
use crate::metrics::Metrics;
use crate::shared::Shared;

/// A reference to a reactor: `Send`, `Sync`, cheap to clone. It does not keep the loop running.
///
/// ```
/// use uring_reactor::{Handle, Options, Reactor, Turn};
///
/// let mut reactor = Reactor::new(Options::new())?;
/// let handle = reactor.handle();
/// assert_eq!(handle.driver(), reactor.driver());
///
/// // Another thread ends the sleep of the loop.
/// let unparker = handle.unparker();
/// let other = std::thread::spawn(move || unparker.wake());
/// reactor.turn(Turn::Wait)?;
/// assert!(handle.metrics().turns > 0);
/// # other.join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

impl Handle {
    /// The reactor that this thread works for.
    ///
    /// # Panics
    ///
    /// When there is none; see [`try_current`](Self::try_current).
    ///
    /// ```
    /// use uring_reactor::{Handle, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// assert_eq!(Handle::current().driver(), reactor.driver());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn current() -> Handle {
        Handle::try_current().unwrap_or_else(|| context::no_runtime("Handle::current"))
    }

    /// The reactor that this thread works for, if there is one.
    ///
    /// ```
    /// use uring_reactor::{Handle, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// assert!(Handle::try_current().is_none());
    /// let _current = reactor.handle().enter();
    /// assert!(Handle::try_current().is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn try_current() -> Option<Handle> {
        context::with_current(|current| current.cloned())
    }

    /// Makes this the current reactor of the thread until the guard is dropped. Guards are dropped in the
    /// reverse order of their making.
    ///
    /// ```
    /// use uring_reactor::{Handle, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let handle = reactor.handle();
    /// let guard = handle.enter();
    /// assert!(Handle::has_current());
    /// let current = Handle::current();
    /// assert_eq!(current.driver(), reactor.driver());
    /// drop(guard);
    /// assert!(Handle::try_current().is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enter(&self) -> EnterGuard {
        context::enter(self.clone())
    }

    /// Ends the current or the next sleep of the loop. From any thread; many wakes of one sleep cost one
    /// system call.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor, Turn};
    ///
    /// let mut reactor = Reactor::new(Options::new())?;
    /// let unparker = reactor.handle().unparker();
    /// let other = std::thread::spawn(move || unparker.wake());
    /// reactor.turn(Turn::Wait)?; // would be for ever
    /// # other.join().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn unparker(&self) -> Waker {
        Waker::from(Arc::clone(&self.shared.env.notifier))
    }

    /// Which backend runs, with which features, and why not a better one.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let handle = reactor.handle();
    /// let report = std::thread::spawn(move || handle.driver().to_string()).join().unwrap();
    /// assert_eq!(report, reactor.driver().to_string());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn driver(&self) -> Driver {
        self.shared.driver.lock().clone()
    }

    /// What the reactor has done so far.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor, Turn};
    ///
    /// let mut reactor = Reactor::new(Options::new())?;
    /// let handle = reactor.handle();
    /// reactor.turn(Turn::Poll)?;
    /// assert_eq!(handle.metrics().turns, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }

    /// Stops the clock of this reactor's timers. `false` when it stands still already.
    ///
    /// From then on it moves by [`advance_clock`](Self::advance_clock), and by itself to the next deadline
    /// whenever the loop would sleep.
    ///
    /// ```
    /// use uring_reactor::{Instant, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let handle = reactor.handle();
    /// let _current = handle.enter();
    /// assert!(handle.pause_clock());
    /// assert!(!handle.pause_clock(), "it stands still already");
    /// let now = Instant::now();
    /// assert_eq!(Instant::now(), now);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn pause_clock(&self) -> bool {
        self.shared.clock.pause()
    }

    /// Lets a paused clock go on. `false` when it is not paused.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let handle = reactor.handle();
    /// assert!(!handle.resume_clock(), "it is not paused");
    /// handle.pause_clock();
    /// assert!(handle.resume_clock());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn resume_clock(&self) -> bool {
        let resumed = self.shared.clock.resume();
        self.shared.announce();
        resumed
    }

    /// Moves a paused clock forward. `false` when it is not paused.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::{Instant, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let handle = reactor.handle();
    /// let _current = handle.enter();
    /// assert!(handle.pause_clock());
    /// let before = Instant::now();
    /// assert!(handle.advance_clock(Duration::from_secs(60)));
    /// assert_eq!(Instant::now() - before, Duration::from_secs(60));
    /// assert!(handle.resume_clock());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn advance_clock(&self, duration: Duration) -> bool {
        let advanced = self.shared.clock.advance(duration);
        self.shared.announce();
        advanced
    }

    /// Keeps a paused clock from jumping to the next deadline until the guard is dropped: something is under way,
    /// such as a blocking call on another thread, that ends without an event of an fd.
    ///
    /// ```
    /// use std::time::Duration;
    /// use uring_reactor::{Instant, Options, Reactor, Turn};
    ///
    /// let mut reactor = Reactor::new(Options::new().start_paused(true))?;
    /// let handle = reactor.handle();
    /// let _current = handle.enter();
    /// let start = Instant::now();
    /// let limit = Turn::WaitUntil(start + Duration::from_secs(60));
    ///
    /// // Somebody works on another thread, and then ends the sleep.
    /// let (hold, unparker) = (handle.hold_clock(), handle.unparker());
    /// let worker = std::thread::spawn(move || {
    ///     unparker.wake();
    ///     hold
    /// });
    /// reactor.turn(limit)?;
    /// assert_eq!(Instant::now(), start, "the clock has waited as well");
    ///
    /// drop(worker.join());
    /// while Instant::now() == start {
    ///     reactor.turn(limit)?;
    /// }
    /// assert_eq!(Instant::now() - start, Duration::from_secs(60), "nothing else could happen");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn hold_clock(&self) -> ClockHold {
        self.shared.clock.hold();
        ClockHold {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Whether this thread works for a reactor.
    ///
    /// ```
    /// use uring_reactor::{Handle, Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// assert!(!Handle::has_current());
    /// let _current = reactor.handle().enter();
    /// assert!(Handle::has_current());
    /// assert!(!std::thread::spawn(Handle::has_current).join().unwrap());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn has_current() -> bool {
        context::with_current(|current| current.is_some())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.shared.clock
    }
}

/// Holds a paused clock; see [`Handle::hold_clock`]. `Send`, and dropped wherever the work ends: after whoever waits
/// for it was woken, so that the clock does not jump in between.
///
/// ```
/// use uring_reactor::{Options, Reactor};
///
/// let reactor = Reactor::new(Options::new().start_paused(true))?;
/// let hold = reactor.handle().hold_clock();
/// let work = std::thread::spawn(move || drop(hold)); // after what it was made for
/// # work.join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the clock is held only while this lives"]
pub struct ClockHold {
    shared: Arc<Shared>,
}

impl Drop for ClockHold {
    fn drop(&mut self) {
        self.shared.clock.let_go();
        // The loop may be asleep without a deadline.
        self.shared.announce();
    }
}
