//! The loop's half of a reactor, and the turn.

mod doubts;
mod replace;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use crate::backend::deadline::Wait;
use crate::backend::kernel::Kernel;
use crate::backend::{Arm, Backend, Completion, Disarm, Env, ladder};
use crate::clock::Instant;
use crate::context;
use crate::driver::Driver;
use crate::embed::Pollable;
use crate::handle::Handle;
use crate::options::Options;
use crate::shared::Shared;
use crate::wake_batch::WakeBatch;
use doubts::Doubts;

/// How long a turn may take.
///
/// ```
/// use std::time::Duration;
/// use uring_reactor::{Instant, Options, Reactor, Turn};
///
/// let mut reactor = Reactor::new(Options::new())?;
/// let _current = reactor.handle().enter();
/// reactor.turn(Turn::Poll)?; // never sleeps
/// reactor.handle().unparker().wake();
/// reactor.turn(Turn::Wait)?; // for ever, but for the wake
/// let limit = Instant::now() + Duration::from_millis(1);
/// while Instant::now() < limit {
///     reactor.turn(Turn::WaitUntil(limit))?;
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Look, and do not sleep.
    Poll,
    /// Sleep until something happens: an event, a deadline, or a wake from another thread.
    Wait,
    /// The same, and not beyond this time.
    WaitUntil(Instant),
}

/// Who is ready: turns events of fds and deadlines into wakes. It belongs to the thread that built it.
///
/// ```
/// use uring_reactor::{Options, Reactor, Turn};
///
/// let mut reactor = Reactor::new(Options::new())?;
/// println!("{}", reactor.driver());
/// reactor.turn(Turn::Poll)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Reactor {
    pub(crate) local: Rc<Local>,
    /// What a foreign loop polls, if there is one.
    pub(crate) outlet: RefCell<Option<Pollable>>,
    options: Options,
    /// Why the backend is lost, as long as no other could be put in its place.
    loss: Option<io::Error>,
    /// The buffers of a turn, empty between two turns.
    arms: Vec<Arm>,
    disarms: Vec<Disarm>,
    completions: Vec<Completion>,
    wakes: WakeBatch,
    doubts: Doubts,
}

/// What a drop on the loop's thread has to reach without the `Reactor`.
#[derive(Debug)]
pub(crate) struct Local {
    shared: Arc<Shared>,
    /// Borrowed only around the backend's verbs, which run no user code.
    pub(crate) backend: RefCell<Backend>,
}

impl Local {
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Reactor {
    /// Builds a reactor on the best backend that the options and the kernel allow.
    ///
    /// # Errors
    ///
    /// When `io_uring` was demanded and is refused, with the kernel's reason and a remedy; and what epoll
    /// meets as well, such as no free file descriptor.
    ///
    /// ```
    /// use uring_reactor::{Choice, Options, Reactor};
    ///
    /// // No error where there is no io_uring: the loop runs on epoll then.
    /// let reactor = Reactor::new(Options::new())?;
    /// println!("{}", reactor.driver());
    /// if let Err(error) = Reactor::new(Options::new().choice(Choice::IoUring)) {
    ///     println!("there is none here: {error}");
    ///     assert_eq!(reactor.driver().backend(), "epoll");
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(options: Options) -> io::Result<Reactor> {
        Reactor::on(Kernel::Linux, options)
    }

    /// The same, of any kernel.
    pub(crate) fn on(kernel: Kernel, options: Options) -> io::Result<Reactor> {
        let env = Env::new(kernel)?;
        let (backend, driver) = ladder::open(&options, &env)?;
        let shared = Arc::new(Shared::new(env, &options, driver));
        let local = Rc::new(Local {
            shared,
            backend: RefCell::new(backend),
        });
        context::add_local(&local);
        Ok(Reactor {
            local,
            outlet: RefCell::default(),
            options,
            loss: None,
            arms: Vec::new(),
            disarms: Vec::new(),
            completions: Vec::new(),
            wakes: WakeBatch::default(),
            doubts: Doubts::default(),
        })
    }

    /// A reference for other threads, and for whoever registers fds.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor, Turn};
    ///
    /// let mut reactor = Reactor::new(Options::new())?;
    /// let handle = reactor.handle();
    /// std::thread::spawn(move || handle.unparker().wake()).join().unwrap();
    /// reactor.turn(Turn::Wait)?; // does not sleep: it was woken
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn handle(&self) -> Handle {
        Handle {
            shared: Arc::clone(&self.local.shared),
        }
    }

    /// Which backend runs, with which features, and why not a better one.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// let reactor = Reactor::new(Options::new())?;
    /// let driver = reactor.driver();
    /// println!("{} {:?}, deadlines by {}", driver.backend(), driver.rung, driver.timer.name());
    /// # assert!(driver.rung.is_some() == (driver.backend() == "io_uring"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn driver(&self) -> Driver {
        self.local.shared.driver.lock().clone()
    }

    /// One turn: submits what was asked for, waits as `turn` says, and wakes whoever has something to do.
    ///
    /// Submitting never dispatches, dispatching never wakes, and waking holds no lock.
    ///
    /// # Errors
    ///
    /// When the backend is lost and no other can be built in its place; the next turn tries that again. A signal is
    /// not an error: the turn just ends.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor, Turn};
    ///
    /// let mut reactor = Reactor::new(Options::new())?;
    /// reactor.handle().unparker().wake();
    /// reactor.turn(Turn::Wait)?; // returns: it was woken
    /// reactor.turn(Turn::Poll)?; // never sleeps
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn turn(&mut self, turn: Turn) -> io::Result<()> {
        let shared = Arc::clone(&self.local.shared);
        if shared.env.process.is_parent() {
            self.rebuild_in_child()?;
        }
        shared.env.counters.turns.add(1);
        let may_sleep = self.submit_changes(turn);
        // Who waited for a disarm is woken at the end of this turn, and whoever has something to read, so it must not
        // sleep.
        let turn = if may_sleep && self.wakes.is_empty() {
            turn
        } else {
            Turn::Poll
        };
        let plan = plan(&shared, turn);
        let has_zero_timeout = plan.wait == Wait::NonBlocking;
        shared
            .env
            .counters
            .zero_timeout_turns
            .add(has_zero_timeout.into());
        let result = match self.loss.take() {
            Some(loss) => Err(loss),
            None => {
                let mut backend = self.local.backend.borrow_mut();
                backend.wait(plan.wait, &mut self.completions)
            }
        };
        // Last: an event that is there too has been heard, then.
        if !self.doubts.found.is_empty() {
            self.completions.append(&mut self.doubts.found);
        }
        self.doubts.is_quiet = !has_zero_timeout || self.completions.is_empty();
        let is_notified = plan.is_parked && shared.env.notifier.unpark();
        let is_idle = self.completions.is_empty() && !is_notified && !plan.is_busy;
        if is_idle && turn != Turn::Poll && result.is_ok() {
            advance_paused_clock(&shared, turn);
        }
        self.dispatch();
        // A notification may have come before the sleep as well as during it.
        if is_notified || plan.is_busy {
            self.disarm_dropped();
        }
        // After the dispatch: what a lost backend has still completed must not be taken for an answer of the
        // next one. And before the wakes, which are due in any case.
        let replaced = result.or_else(|error| self.replace_backend(error));
        self.grow_if_crowded();
        if cfg!(debug_assertions) && replaced.is_ok() {
            self.verify();
        }
        self.wakes.wake_all();
        replaced
    }

    /// Hands the arms and disarms of all threads to the backend, and looks at what is in doubt. Whether nothing
    /// that came of it keeps this turn from sleeping.
    fn submit_changes(&mut self, turn: Turn) -> bool {
        let mut sources = self.local.shared.sources.lock();
        sources.take_changes(&mut self.arms, &mut self.disarms);
        let mut has_doubts = sources.has_doubts();
        if has_doubts {
            let is_foreign = self.outlet.borrow().is_some();
            has_doubts = self.doubts.take(&mut sources, turn, is_foreign);
            drop(sources);
            has_doubts |= self.doubts.look(&self.local.shared.env);
        } else {
            drop(sources);
        }
        if self.arms.is_empty() && self.disarms.is_empty() {
            return !has_doubts;
        }
        // First the disarms: a slot that they free may have been armed again for its next holder.
        self.disarm_all();
        let mut backend = self.local.backend.borrow_mut();
        self.arms.drain(..).for_each(|arm| backend.arm(arm));
        !has_doubts
    }

    /// Lets go of what other threads have dropped while this one slept, without waiting for the next turn: before
    /// that, the tasks run, and a peer may be waiting for the end.
    fn disarm_dropped(&mut self) {
        let mut sources = self.local.shared.sources.lock();
        sources.take_disarms(&mut self.disarms);
        drop(sources);
        self.disarm_all();
    }

    fn disarm_all(&mut self) {
        let count = self.disarms.len();
        if count == 0 {
            return;
        }
        let mut backend = self.local.backend.borrow_mut();
        self.disarms
            .drain(..)
            .for_each(|disarm| backend.disarm(disarm));
        drop(backend);
        let mut sources = self.local.shared.sources.lock();
        sources.closing.advance(count, &mut self.wakes);
    }

    /// Applies the completions and the clock; collects the wakers that are due.
    fn dispatch(&mut self) {
        let shared = &self.local.shared;
        let counters = &shared.env.counters;
        if !self.completions.is_empty() {
            let mut stale = 0;
            let mut sources = shared.sources.lock();
            let at_once = self.completions.len();
            let count = at_once as u64;
            for completion in self.completions.drain(..) {
                stale += u64::from(!sources.complete(completion, at_once, &mut self.wakes));
            }
            let unfit = sources.take_unfit();
            drop(sources);
            counters.completions.add(count - stale);
            counters.stale.add(stale);
            if let Some(unfit) = unfit {
                let mut backend = self.local.backend.borrow_mut();
                unfit
                    .into_iter()
                    .for_each(|(token, why)| backend.quiet(token, why));
            }
        }
        let mut timers = shared.timers.lock();
        if timers.next_deadline().is_some() {
            let now = shared.clock.tick(shared.clock.now());
            timers.expire(now, &mut self.wakes);
        }
        drop(timers);
        counters.idle_turns.add(u64::from(self.wakes.is_empty()));
    }

    /// Checks every invariant of the reactor; debug builds do so in each turn.
    ///
    /// # Panics
    ///
    /// When one is broken, which is a bug of this crate.
    ///
    /// ```
    /// use uring_reactor::{Options, Reactor};
    ///
    /// Reactor::new(Options::new())?.verify();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn verify(&self) {
        let backend = self.local.backend.borrow();
        backend.verify();
        let pending = |token| self.completions.iter().any(|c| c.token == token);
        self.local
            .shared
            .sources
            .lock()
            .verify(|token| backend.owes(token) || pending(token));
        self.local.shared.timers.lock().verify();
    }
}

/// How to wait, and what is known about notifications.
struct Plan {
    wait: Wait,
    /// A sleep was announced to the other threads.
    is_parked: bool,
    /// Somebody has asked for attention or holds the clock, so this turn is not an idle one.
    is_busy: bool,
}

/// Announces the sleep, where there is to be one, and reads the deadlines.
fn plan(shared: &Shared, turn: Turn) -> Plan {
    let look = |is_parked, is_busy| Plan {
        wait: Wait::NonBlocking,
        is_parked,
        is_busy,
    };
    if turn == Turn::Poll {
        return look(false, false);
    }
    // Announced before the deadlines are read: a thread that then adds an earlier one ends the sleep.
    if !shared.env.notifier.prepare_park() {
        return look(false, true);
    }
    if shared.clock.is_paused() && shared.clock.is_held() {
        // No deadline comes before the work elsewhere is done, and that ends the sleep.
        return Plan {
            wait: Wait::Until(None),
            is_parked: true,
            is_busy: true,
        };
    }
    let deadline = end_of_sleep(shared, turn);
    if shared.clock.is_paused() && deadline.is_some() {
        return look(true, false);
    }
    Plan {
        wait: Wait::Until(deadline.map(|deadline| shared.clock.to_system(deadline))),
        is_parked: true,
        is_busy: false,
    }
}

/// The earliest deadline, or the turn's own limit, which is a time of the reactor's clock as much as they are.
pub(crate) fn end_of_sleep(shared: &Shared, turn: Turn) -> Option<Instant> {
    let next = shared.timers.lock().next_deadline();
    let next = next.map(|tick| shared.clock.instant(tick));
    let limit = match turn {
        Turn::WaitUntil(limit) => Some(limit),
        Turn::Poll | Turn::Wait => None,
    };
    next.into_iter().chain(limit).min()
}

/// With nothing else to happen, a paused clock jumps to the next deadline.
fn advance_paused_clock(shared: &Shared, turn: Turn) {
    if !shared.clock.is_paused() {
        return;
    }
    if let Some(target) = end_of_sleep(shared, turn) {
        shared
            .clock
            .advance(target.duration_since(shared.clock.now()));
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        let shared = &self.local.shared;
        shared.close();
        // Cancelled and reaped before it is closed: ports can be bound and peers see the end at once. And before the
        // sources are: from then on `AsyncFd::close` on another thread takes it for granted.
        if !shared.env.process.is_parent() {
            self.local.backend.borrow_mut().shut_down();
        }
        shared.sources.lock().close(&mut self.wakes);
        shared.timers.lock().close(&mut self.wakes);
        // Handles keep the shared half alive, and with it the epoll set would keep files open.
        shared.env.drop_epoll_set();
        context::remove_local(&self.local);
        self.wakes.wake_all_and_survive();
    }
}

#[cfg(test)]
mod tests;
