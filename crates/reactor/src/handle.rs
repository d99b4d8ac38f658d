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
    #[track_caller]
    pub fn current() -> Handle {
        Handle::try_current().unwrap_or_else(|| context::no_runtime("Handle::current"))
    }

    /// The reactor that this thread works for, if there is one.
    pub fn try_current() -> Option<Handle> {
        context::with_current(|current| current.cloned())
    }

    /// Makes this the current reactor of the thread until the guard is dropped. Guards are dropped in the
    /// reverse order of their making.
    pub fn enter(&self) -> EnterGuard {
        context::enter(self.clone())
    }

    /// Ends the current or the next sleep of the loop. From any thread; many wakes of one sleep cost one
    /// system call.
    pub fn unparker(&self) -> Waker {
        Waker::from(Arc::clone(&self.shared.env.notifier))
    }

    /// Which backend runs, with which features, and why not a better one.
    pub fn driver(&self) -> Driver {
        self.shared.driver.lock().clone()
    }

    /// What the reactor has done so far.
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }

    /// Stops the clock of this reactor's timers. `false` when it stands still already.
    ///
    /// From then on it moves by [`advance_clock`](Self::advance_clock), and by itself to the next deadline
    /// whenever the loop would sleep.
    pub fn pause_clock(&self) -> bool {
        self.shared.clock.pause()
    }

    /// Lets a paused clock go on. `false` when it is not paused.
    pub fn resume_clock(&self) -> bool {
        let resumed = self.shared.clock.resume();
        self.shared.announce();
        resumed
    }

    /// Moves a paused clock forward. `false` when it is not paused.
    pub fn advance_clock(&self, duration: Duration) -> bool {
        let advanced = self.shared.clock.advance(duration);
        self.shared.announce();
        advanced
    }

    /// Keeps a paused clock from jumping to the next deadline until the guard is dropped: something is under way,
    /// such as a blocking call on another thread, that ends without an event of an fd.
    pub fn hold_clock(&self) -> ClockHold {
        self.shared.clock.hold();
        ClockHold {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Whether this thread works for a reactor.
    pub fn has_current() -> bool {
        context::with_current(|current| current.is_some())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.shared.clock
    }
}

/// Holds a paused clock; see [`Handle::hold_clock`]. `Send`, and dropped wherever the work ends: after whoever waits
/// for it was woken, so that the clock does not jump in between.
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
