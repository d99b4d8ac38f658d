//! The contract between the core and whatever asks the kernel.
//!
//! A backend has three verbs.
//!
//! - **arm**: from now on the backend owes a completion for this token: one, once the direction is ready (it
//!   may be so already), or a stream of them (`more`). Arming only queues; the next `wait` submits.
//! - **disarm**: when it returns, the kernel holds nothing for this registration: no poll request pins the
//!   file, no epoll entry names it. Completions that were under way may still come out of `wait`; they carry
//!   a generation that nobody has any more.
//! - **wait**: submits what is queued, sleeps if it may and nothing is there, and appends what has happened.
//!
//! A completion is data: which token, what was found. The backend runs no user code and knows no waker. What
//! fails for one fd (a kind that the ring refuses, a closed number) becomes a completion of that fd; an error
//! of `wait` itself means that the backend is lost, and the core replaces it.
//!
//! The wake-up eventfd, a timerfd and a nested epoll set are the backend's own business: their tokens are
//! internal and never come out. All of them, and the time, come from one [`Kernel`](kernel::Kernel).

pub(crate) mod deadline;
pub(crate) mod epoll;
pub(crate) mod epoll_set;
pub(crate) mod feature;
pub(crate) mod kernel;
pub(crate) mod ladder;
pub(crate) mod routes;
pub(crate) mod rung;
#[cfg(test)]
pub(crate) mod sim;
pub(crate) mod uring;

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::fork::Process;
use crate::interest::{Direction, Interest};
use crate::metrics::Counters;
use crate::notifier::Notifier;
use crate::token::Token;
use deadline::Wait;
use epoll::EpollBackend;
use epoll_set::EpollSet;
use kernel::Kernel;
use uring::Uring;

/// A request for a completion of one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arm {
    pub(crate) token: Token,
    pub(crate) direction: Direction,
    pub(crate) fd: RawFd,
    /// Everything the registration is for: an epoll entry asks for all of it at once.
    pub(crate) interest: Interest,
}

/// A registration that ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disarm {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    pub(crate) fd: RawFd,
}

/// What has happened to a registration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Completion {
    pub(crate) token: Token,
    pub(crate) outcome: Outcome,
    /// Whether the backend still owes completions for this token.
    pub(crate) more: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// These poll bits were found.
    Ready(u32),
    /// The kernel refuses the fd, with this errno, and always will.
    Failed(i32),
    /// It has not the means to wait for this direction at the moment.
    Refused(i32),
    /// Another mechanism serves the fd from now on.
    Moved(Route),
    /// A look at an fd in doubt has found these poll bits. No request has reported them.
    Found(u32),
    /// The poll request for reading stays armed from now on, and reports what changes.
    Stays,
    /// From now on there is a poll request for reading for each event again.
    StaysNoMore,
}

/// Why a poll request that stays is not the right kind for an fd.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unfit {
    /// It reports to nobody.
    Unheard,
    /// Its events share a wait with hardly any other, and each leaves a doubt.
    Alone,
}

impl Outcome {
    /// What it means that an fd could not enter an epoll set.
    pub(crate) fn of_refusal(error: &io::Error) -> Outcome {
        match error.raw_os_error() {
            // No free number for the set itself; no memory; `fs.epoll.max_user_watches`. All of these pass.
            Some(errno @ (libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOSPC)) => {
                Outcome::Refused(errno)
            }
            errno => Outcome::Failed(errno.unwrap_or(libc::EIO)),
        }
    }
}

/// Which mechanism serves an fd.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/pair.rs"));
/// # fn main() -> io::Result<()> { with_pair(async |fd, _peer| {
/// use uring_reactor::Route;
///
/// fd.writable().await?.retain_ready();
/// let how = match fd.registration() {
///     Route::Ring => "polled by the ring",
///     Route::Epoll => "in an epoll set",
///     Route::AlwaysReady => "not polled at all",
///     _ => "by a mechanism that is newer than this example",
/// };
/// println!("{how}");
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Route {
    /// A poll request in the ring, for as long as somebody waits.
    Ring,
    /// An entry in an epoll set: the whole loop runs on epoll, or the ring does not take this fd.
    Epoll,
    /// None: neither ring nor epoll can wait for it, as it never blocks (a regular file).
    AlwaysReady,
}

/// The backends, chosen at run time.
#[derive(Debug)]
pub(crate) enum Backend {
    Uring(Box<Uring>),
    Epoll(Box<EpollBackend>),
}

impl Backend {
    pub(crate) fn arm(&mut self, arm: Arm) {
        match self {
            Backend::Uring(uring) => uring.arm(arm),
            Backend::Epoll(epoll) => epoll.arm(arm),
        }
    }

    pub(crate) fn disarm(&mut self, disarm: Disarm) {
        match self {
            Backend::Uring(uring) => uring.disarm(disarm),
            Backend::Epoll(epoll) => epoll.disarm(disarm),
        }
    }

    /// Takes back a poll request that should not stay.
    pub(crate) fn quiet(&mut self, token: Token, why: Unfit) {
        match self {
            Backend::Uring(uring) => uring.quiet(token, why),
            // An edge more costs nothing there.
            Backend::Epoll(_) => {}
        }
    }

    pub(crate) fn wait(&mut self, wait: Wait, out: &mut Vec<Completion>) -> io::Result<()> {
        match self {
            Backend::Uring(uring) => uring.wait(wait, out),
            Backend::Epoll(epoll) => epoll.wait(wait, out),
        }
    }

    /// A descriptor that becomes readable when there is something for a `wait` to find: for a foreign loop.
    pub(crate) fn outlet_fd(&mut self) -> io::Result<RawFd> {
        match self {
            Backend::Uring(uring) => uring.outlet_fd(),
            Backend::Epoll(epoll) => Ok(epoll.outlet_fd()),
        }
    }

    /// Whether the last wait took all that there was, and nothing is queued for the next one: what comes from then on
    /// shows at the outlet.
    pub(crate) fn is_drained(&self) -> bool {
        match self {
            Backend::Uring(uring) => uring.is_drained(),
            Backend::Epoll(epoll) => epoll.is_drained(),
        }
    }

    /// Whether a larger backend would spare the kernel calls: completions overflow again and again.
    pub(crate) fn is_crowded(&self) -> bool {
        match self {
            Backend::Uring(uring) => uring.is_crowded(),
            Backend::Epoll(_) => false,
        }
    }

    /// There is no larger one.
    pub(crate) fn stay_small(&mut self) {
        match self {
            Backend::Uring(uring) => uring.stay_small(),
            Backend::Epoll(_) => {}
        }
    }

    /// Whether completions that do not fit are kept.
    pub(crate) fn keeps_completions(&self) -> bool {
        match self {
            Backend::Uring(uring) => uring.keeps_completions(),
            Backend::Epoll(_) => true,
        }
    }

    /// Takes everything back from the kernel, so that closing what is left is all that remains.
    pub(crate) fn shut_down(&mut self) {
        match self {
            Backend::Uring(uring) => uring.shut_down(),
            // Closing an epoll fd ends its entries at once.
            Backend::Epoll(_) => {}
        }
    }

    /// Whether a completion for this token is still to come.
    pub(crate) fn owes(&self, token: Token) -> bool {
        match self {
            Backend::Uring(uring) => uring.owes(token),
            Backend::Epoll(epoll) => epoll.owes(token),
        }
    }

    pub(crate) fn verify(&self) {
        match self {
            Backend::Uring(uring) => uring.verify(),
            Backend::Epoll(_) => {}
        }
    }
}

/// What a backend shares with the rest of its reactor.
#[derive(Clone, Debug)]
pub(crate) struct Env {
    pub(crate) kernel: Kernel,
    pub(crate) notifier: Arc<Notifier>,
    pub(crate) counters: Arc<Counters>,
    /// The epoll set, once there is one: a thread that ends a registration from afar takes its entry out.
    pub(crate) epoll: Arc<Mutex<Option<Arc<EpollSet>>>>,
    /// Whose all of this is.
    pub(crate) process: Arc<Process>,
}

impl Env {
    pub(crate) fn new(kernel: Kernel) -> io::Result<Env> {
        Ok(Env {
            notifier: Arc::new(Notifier::new(&kernel)?),
            counters: Arc::default(),
            epoll: Arc::default(),
            process: Arc::new(Process::current(&kernel)),
            kernel,
        })
    }

    /// The epoll set, built on first need.
    pub(crate) fn epoll_set(&self) -> io::Result<Arc<EpollSet>> {
        let mut shared = self.epoll.lock();
        if let Some(set) = &*shared {
            return Ok(Arc::clone(set));
        }
        let set = Arc::new(EpollSet::new(&self.kernel)?);
        *shared = Some(Arc::clone(&set));
        Ok(set)
    }

    /// Lets go of the set, whose entries are nobody's any more.
    pub(crate) fn drop_epoll_set(&self) {
        let set = self.epoll.lock().take();
        // Without the lock: it closes duplicates, and the last number of a socket that lingers blocks.
        drop(set);
    }

    /// Gives up a set whose descriptor does not answer like one: somebody closed it, and its number may be
    /// anybody's by now.
    pub(crate) fn abandon_epoll_set(&self) {
        let set = self.epoll.lock().take();
        if let Some(set) = &set {
            set.disown();
        }
        // Without the lock, as above.
        drop(set);
    }
}
