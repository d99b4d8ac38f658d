//! Counters of what the reactor did, cheap enough to be always on.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that one thread at a time writes and any thread reads.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds without a locked instruction. Only the loop's thread may call it.
    pub(crate) fn add(&self, amount: u64) {
        // Relaxed: a count orders nothing. Load and store, because there is one writer.
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(amount),
            Ordering::Relaxed,
        );
    }

    /// Adds from any thread.
    pub(crate) fn add_shared(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The live counters of one reactor.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) turns: Counter,
    pub(crate) enters: Counter,
    pub(crate) looks: Counter,
    pub(crate) zero_timeout_turns: Counter,
    pub(crate) idle_turns: Counter,
    pub(crate) completions: Counter,
    pub(crate) stale: Counter,
    pub(crate) arms: Counter,
    pub(crate) cancels: Counter,
    pub(crate) fallback_fds: Counter,
    pub(crate) overflows: Counter,
    pub(crate) growths: Counter,
    pub(crate) switches: Counter,
    pub(crate) rebuilds: Counter,
}

/// What a reactor has done since it was built. All counts, no units of time.
///
/// ```
/// use uring_reactor::{Options, Reactor, Turn};
///
/// let mut reactor = Reactor::new(Options::new())?;
/// reactor.turn(Turn::Poll)?;
/// let metrics = reactor.handle().metrics();
/// assert_eq!((metrics.turns, metrics.sources, metrics.timers), (1, 0, 0));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Looks at the kernel, sleeping or not.
    pub turns: u64,
    /// System calls that wait or submit: `io_uring_enter`, or the `epoll_wait` family.
    pub enters: u64,
    /// Calls of poll(2), each for all fds of which a short read may have left something that no event tells.
    pub looks: u64,
    /// Turns that asked the kernel and were not to sleep, as there was something else to do.
    pub zero_timeout_turns: u64,
    /// Turns that found nothing to do.
    pub idle_turns: u64,
    /// Events that reached a registration.
    pub completions: u64,
    /// Events for registrations that were gone by then.
    pub stale_completions: u64,
    /// Directions armed: poll requests, or first entries in an epoll set.
    pub arms: u64,
    /// Poll requests taken back.
    pub cancels: u64,
    /// Registrations that io_uring did not take and epoll, or nothing at all, serves.
    pub fallback_fds: u64,
    /// Looks that found the completion queue overflowed.
    pub overflows: u64,
    /// Times the ring was replaced by a larger one because of that, with nothing lost.
    pub ring_growths: u64,
    /// Times the whole loop moved to another backend while it ran.
    pub backend_switches: u64,
    /// Times everything was built anew in a forked child.
    pub rebuilds: u64,
    /// Wakes from other threads that cost a system call.
    pub remote_wakes: u64,
    /// Registrations alive.
    pub sources: usize,
    /// Timers alive.
    pub timers: usize,
}

impl Counters {
    pub(crate) fn snapshot(&self, remote_wakes: u64, sources: usize, timers: usize) -> Metrics {
        Metrics {
            turns: self.turns.get(),
            enters: self.enters.get(),
            looks: self.looks.get(),
            zero_timeout_turns: self.zero_timeout_turns.get(),
            idle_turns: self.idle_turns.get(),
            completions: self.completions.get(),
            stale_completions: self.stale.get(),
            arms: self.arms.get(),
            cancels: self.cancels.get(),
            fallback_fds: self.fallback_fds.get(),
            overflows: self.overflows.get(),
            ring_growths: self.growths.get(),
            backend_switches: self.switches.get(),
            rebuilds: self.rebuilds.get(),
            remote_wakes,
            sources,
            timers,
        }
    }
}
