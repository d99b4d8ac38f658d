//! A reactor inside of a foreign loop: one fd that becomes readable when there is something to do.
//!
//! The fd is an epoll set of its own, because not every backend has one that a foreign `poll(2)` or `epoll_wait(2)`
//! would be woken by: a ring with deferred task work posts nothing before its thread asks. It holds, all with edges,
//!
//! - what the backend has to offer: the epoll set, the ring, or for deferred work an eventfd that the kernel signals
//!   when such work is queued;
//! - the notifier's eventfd. The ring sees it, too, but the signal of an eventfd that is caused by an eventfd comes
//!   only after a grace period of RCU (`eventfd_signal_allowed`, Linux 5.17 and newer);
//! - a timerfd with the earliest deadline, or with the present, where a round has left something to do.
//!
//! E1: between two rounds the notifier is parked, so every change, on whatever thread, writes to its eventfd. E2: the
//! set is emptied at the beginning of a turn, so what makes it readable afterwards has not been looked at.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::time::Duration;

use uring_sys::epoll::{EPOLLET, EPOLLIN, EventBuffer};

use crate::backend::Env;
use crate::backend::deadline::{DeadlineFd, Set};
use crate::backend::kernel::{Epoll, Kernel};
use crate::clock::Instant;
use crate::reactor::{Reactor, Turn, end_of_sleep};

/// What the entries of the set are told apart by. Only the timer's event changes anything.
const TIMER: u64 = 1;
const OTHER: u64 = 0;

/// The fd of a reactor for a foreign loop: see [`Reactor::pollable`].
///
/// ```
/// use uring_reactor::{Options, Reactor};
///
/// let mut reactor = Reactor::new(Options::new())?;
/// let fd = reactor.pollable()?; // for the foreign loop's poll(2)
/// assert!(!reactor.is_outlet_lost());
/// if reactor.foreign_sleep(false)? {
///     // Nothing is left to do here until `fd` is readable.
/// }
/// reactor.foreign_turn()?;
/// assert_eq!(reactor.next_deadline(), None);
/// # drop(fd);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pollable(Rc<Outlet>);

#[derive(Debug)]
struct Outlet {
    set: Epoll,
    timer: RefCell<DeadlineFd>,
    events: RefCell<EventBuffer>,
    /// Whether the present backend is in the set. One that was lost has left it with its descriptor.
    has_backend: Cell<bool>,
    kernel: Kernel,
}

impl AsFd for Pollable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.set.as_fd()
    }
}

impl Pollable {
    fn new(env: &Env) -> io::Result<Pollable> {
        let set = env.kernel.epoll()?;
        let timer = DeadlineFd::new(&env.kernel)?;
        set.add(env.notifier.raw_fd(), EPOLLIN | EPOLLET, OTHER)?;
        set.add(timer.raw_fd(), EPOLLIN | EPOLLET, TIMER)?;
        Ok(Pollable(Rc::new(Outlet {
            set,
            timer: RefCell::new(timer),
            events: RefCell::new(EventBuffer::with_capacity(4)),
            has_backend: Cell::new(false),
            kernel: env.kernel.clone(),
        })))
    }

    /// Makes it unreadable until something happens.
    fn empty(&self) -> io::Result<()> {
        let mut events = self.0.events.borrow_mut();
        match self.0.set.wait(&mut events, Some(Duration::ZERO)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        if events.iter().any(|(_, data)| data == TIMER) {
            self.0.timer.borrow_mut().fired();
        }
        Ok(())
    }

    /// Makes it readable at this time of the system's clock, or before.
    fn fire_by(&self, deadline: Instant, now: Instant) -> io::Result<()> {
        let mut timer = self.0.timer.borrow_mut();
        if timer.fire_by(deadline, now, &self.0.kernel)? == Set::Anew {
            self.0.set.add(timer.raw_fd(), EPOLLIN | EPOLLET, TIMER)?;
        }
        Ok(())
    }

    pub(crate) fn forget_backend(&self) {
        self.0.has_backend.set(false);
    }
}

impl Reactor {
    /// The fd for a foreign loop, built on first need and the same from then on. It is readable when a
    /// [`foreign_turn`](Self::foreign_turn) is due: for I/O, for a deadline, and for a wake from another thread. The
    /// first one is due at once.
    ///
    /// Level-triggered interest in reading is what to ask of it. In a forked child the reactor needs one of its own:
    /// call this again after the child's first turn.
    ///
    /// # Errors
    ///
    /// When no descriptor is free.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let mut reactor = Reactor::new(Options::new())?;
    /// let pollable = reactor.pollable()?;
    /// reactor.foreign_turn()?;
    /// assert!(reactor.foreign_sleep(false)?, "nothing to do: poll(2) on `pollable` says when there is");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn pollable(&self) -> io::Result<Pollable> {
        if let Some(pollable) = self.outlet.borrow().as_ref() {
            return Ok(pollable.clone());
        }
        let env = &self.local.shared().env;
        let pollable = Pollable::new(env)?;
        let now = env.kernel.now();
        pollable.fire_by(now, now)?;
        *self.outlet.borrow_mut() = Some(pollable.clone());
        Ok(pollable)
    }

    /// A turn of a foreign loop: looks at the kernel without sleeping, and wakes whoever has something to do.
    ///
    /// # Errors
    ///
    /// As for [`turn`](Self::turn).
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let mut reactor = Reactor::new(Options::new())?;
    /// let _pollable = reactor.pollable()?; // is readable: the first turn is due
    /// reactor.foreign_turn()?;
    /// assert_eq!(reactor.handle().metrics().turns, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn foreign_turn(&mut self) -> io::Result<()> {
        self.local.shared().env.notifier.unpark();
        let outlet = self.outlet.borrow().clone();
        // A forked child shares its parent's set, and the turn gives it up.
        if let Some(outlet) = outlet.filter(|_| !self.local.shared().env.process.is_parent()) {
            outlet.empty()?;
        }
        self.turn(Turn::Poll)
    }

    /// Says whether the foreign loop may sleep on the [`pollable`](Self::pollable) fd: nothing is left to do, and
    /// whatever comes makes it readable. Otherwise it is readable already. `has_work` is whether the caller has
    /// something left to do of its own.
    ///
    /// # Errors
    ///
    /// As for [`turn`](Self::turn), and when no descriptor is free.
    ///
    /// ```
    /// use std::os::fd::{AsFd, AsRawFd};
    /// use uring_reactor::{Options, Reactor};
    /// use uring_sys::epoll::{EPOLLIN, Epoll, EventBuffer};
    ///
    /// let mut reactor = Reactor::new(Options::new())?;
    /// let pollable = reactor.pollable()?;
    /// let foreign = Epoll::new()?; // of the loop that this one is inside of
    /// foreign.add(pollable.as_fd().as_raw_fd(), EPOLLIN, 0)?;
    /// reactor.foreign_turn()?;
    /// assert!(!reactor.foreign_sleep(true)?, "the caller has work, so it is readable already");
    /// reactor.foreign_turn()?;
    /// assert!(reactor.foreign_sleep(false)?);
    ///
    /// let unparker = reactor.handle().unparker();
    /// let other = std::thread::spawn(move || unparker.wake());
    /// foreign.wait(&mut EventBuffer::with_capacity(1), None)?; // ends: there is a turn to make
    /// reactor.foreign_turn()?;
    /// # other.join().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn foreign_sleep(&mut self, has_work: bool) -> io::Result<bool> {
        let outlet = self.pollable()?;
        if !outlet.0.has_backend.get() {
            let fd = self.local.backend.borrow_mut().outlet_fd()?;
            outlet.0.set.add(fd, EPOLLIN | EPOLLET, OTHER)?;
            outlet.0.has_backend.set(true);
        }
        let shared = self.local.shared();
        let is_quiet = !has_work && self.is_settled();
        let is_standing = shared.clock.is_paused() && !shared.clock.is_held();
        if is_quiet && is_standing && self.next_deadline().is_some() {
            // Nothing else can happen: the clock goes to the deadline, and the next turn is due.
            self.turn(Turn::Wait)?;
            return self.foreign_sleep(true);
        }
        let shared = self.local.shared();
        let now = shared.env.kernel.now();
        // Announced before the deadlines are read: whoever then adds an earlier one writes to the eventfd.
        if is_quiet && shared.env.notifier.prepare_park() {
            let deadline = end_of_sleep(shared, Turn::Wait);
            if let Some(deadline) = deadline.filter(|_| !shared.clock.is_paused()) {
                outlet.fire_by(shared.clock.to_system(deadline), now)?;
            }
            return Ok(true);
        }
        outlet.fire_by(now, now)?;
        Ok(false)
    }

    /// Whether nothing is on its way from here to the kernel, or back.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor, Turn};
    ///
    /// let mut reactor = Reactor::new(Options::new())?;
    /// reactor.turn(Turn::Poll)?;
    /// assert!(reactor.is_settled());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_settled(&self) -> bool {
        let has_changes = self.local.shared().sources.lock().has_changes();
        !has_changes && self.local.backend.borrow().is_drained()
    }

    /// Whether the fd that [`pollable`](Self::pollable) gave is the parent's of this forked process, or none was asked
    /// for.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// assert!(reactor.is_outlet_lost(), "nobody has asked for one");
    /// let _pollable = reactor.pollable()?;
    /// assert!(!reactor.is_outlet_lost());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_outlet_lost(&self) -> bool {
        self.outlet.borrow().is_none()
    }

    /// The earliest deadline of all timers.
    ///
    /// ```
    /// use std::{pin::pin, task::{Context, Waker}, time::Duration};
    /// use uring_reactor::{Instant, Options, Reactor, Sleep};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let _current = reactor.handle().enter();
    /// assert_eq!(reactor.next_deadline(), None);
    /// let deadline = Instant::now() + Duration::from_secs(3600);
    /// let mut sleep = pin!(Sleep::until(deadline));
    /// assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    /// assert_eq!(reactor.next_deadline(), Some(deadline));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn next_deadline(&self) -> Option<Instant> {
        end_of_sleep(self.local.shared(), Turn::Wait)
    }
}
