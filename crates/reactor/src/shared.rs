//! What all threads see of one reactor.

use std::io;
use std::os::fd::RawFd;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use parking_lot::Mutex;

use crate::backend::{Backend, Disarm, Env};
use crate::clock::Clock;
use crate::closing::Ticket;
use crate::context;
use crate::driver::Driver;
use crate::interest::Interest;
use crate::metrics::Metrics;
use crate::options::{Options, Pacer};
use crate::readiness::Readiness;
use crate::sources::{Sources, Waited, Waiting};
use crate::timers::Timers;

/// The shared half of a reactor. The other half, the backend, belongs to the loop's thread.
///
/// No two of the locks are held together, and none across a system call that can sleep, a wake, or the drop
/// of a waker.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) sources: Mutex<Sources>,
    pub(crate) timers: Mutex<Timers>,
    pub(crate) clock: Clock,
    pub(crate) env: Env,
    /// The report of what runs; written when a backend takes over.
    pub(crate) driver: Mutex<Driver>,
    /// The thread of the loop. On it, a change needs no notification: the loop is not asleep.
    home: context::ThreadKey,
    pacer: Option<Pacer>,
    /// Set when the reactor goes away.
    closed: AtomicBool,
}

/// No lock is held while code of others runs, so a panic of theirs leaves nothing behind it half done. As with tokio's, a
/// socket or a sleep may be used again after a caught panic.
impl RefUnwindSafe for Shared {}
impl UnwindSafe for Shared {}

impl Shared {
    pub(crate) fn new(env: Env, options: &Options, driver: Driver) -> Shared {
        Shared {
            sources: Mutex::default(),
            timers: Mutex::default(),
            clock: Clock::new(&env.kernel, options.start_paused),
            env,
            driver: Mutex::new(driver),
            home: context::thread_key(),
            pacer: options.pacer,
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_home(&self) -> bool {
        self.home == context::thread_key()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Makes the loop look at what this thread has just changed. On its own thread it does so by itself, unless it
    /// is a foreign one that may go to sleep.
    pub(crate) fn announce(&self) {
        if !self.is_home() || self.env.notifier.is_parked() {
            self.env.notifier.notify();
        }
    }

    /// Whether the calling task may go on, or has had its share of this turn.
    pub(crate) fn pace(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.pacer
            .map_or(Poll::Ready(()), |pacer| (pacer.check)(cx))
    }

    /// Counts one operation against the calling task's share.
    pub(crate) fn spend(&self) {
        if let Some(pacer) = self.pacer {
            (pacer.spend)();
        }
    }

    pub(crate) fn register(
        &self,
        fd: RawFd,
        interest: Interest,
        readiness: &Arc<Readiness>,
    ) -> io::Result<u32> {
        self.sources
            .lock()
            .register(fd, interest, Arc::clone(readiness))
    }

    /// Waits for readiness. `None`: the waker is enlisted.
    pub(crate) fn wait(
        &self,
        slot: u32,
        waiting: Waiting<'_>,
        cx: &Context<'_>,
    ) -> Option<io::Result<()>> {
        let waker = cx.waker().clone();
        let Waited {
            ready,
            queued,
            spare,
        } = self.sources.lock().wait(slot, waiting, waker);
        // Both after the lock is released: the one runs foreign code, the other may write to the eventfd.
        drop(spare);
        if queued {
            self.announce();
        }
        ready
    }

    /// Asks the kernel for readiness although nobody waits. An error is that of a registration that is dead.
    pub(crate) fn ask(&self, slot: u32, interest: Interest) -> io::Result<()> {
        let queued = self.sources.lock().ask(slot, interest)?;
        if queued {
            self.announce();
        }
        Ok(())
    }

    /// Ends a registration. `None`: the kernel has let go of the file, as always on the loop's thread. Elsewhere the
    /// loop is woken to see to it, and the ticket tells when that is done.
    pub(crate) fn deregister(&self, slot: u32) -> Option<Ticket> {
        if self.env.process.is_parent() {
            // The poll that pins the file is the parent's, and for the parent's copy of it.
            let removed = self.sources.lock().remove(slot);
            drop(removed);
            return None;
        }
        if !self.is_home() {
            return self.deregister_from_afar(slot);
        }
        let removed = self.sources.lock().remove(slot);
        let ticket = self.disarm_at_home(removed.disarm);
        // Last, as foreign code may panic: the wakers that nobody needs.
        drop(removed);
        ticket
    }

    fn disarm_at_home(&self, disarm: Disarm) -> Option<Ticket> {
        // First those that other threads have left: a request of theirs that is still queued would be submitted with
        // this one's removal, and its number may be another file's by now, which it would hold. They stay in the list,
        // and the next turn tells who waits for them.
        let left = self.sources.lock().left_disarms();
        let disarm_all = |backend: &mut Backend| {
            let all = left.into_iter().chain([disarm]);
            all.for_each(|disarm| backend.disarm(disarm));
        };
        if self.is_closed() || context::with_backend(self, disarm_all) {
            // The disarm may have met completions of others, which a foreign loop has to come for.
            self.announce();
            return None;
        }
        // The thread is ending.
        self.sources.lock().defer_disarm(disarm)
    }

    fn deregister_from_afar(&self, slot: u32) -> Option<Ticket> {
        let (removed, ticket) = self.sources.lock().remove_from_afar(slot);
        let disarm = removed.disarm;
        let set = self.env.epoll.lock().clone();
        if let Some(set) = set {
            // Before the owner closes the fd: afterwards, a duplicate of it would keep the entry alive.
            set.leave(disarm.fd, (disarm.slot, disarm.generation));
        }
        self.announce();
        drop(removed);
        ticket
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let sources = self.sources.lock().len();
        let timers = self.timers.lock().len();
        self.env
            .counters
            .snapshot(self.env.notifier.writes(), sources, timers)
    }
}
