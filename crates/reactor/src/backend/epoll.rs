//! The whole loop on epoll, edge-triggered: where io_uring is refused, and by choice.
//!
//! An fd is entered on its first arm, for everything its registration is interested in, and stays. So later
//! arms cost nothing: the kernel reports each edge, and the core keeps what is ready until it is used up.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;

use uring_sys::epoll::{EPOLLIN, EPOLLOUT, EventBuffer};

use crate::backend::deadline::{DeadlineFd, Set, TimerMode, Wait};
use crate::backend::epoll_set::{Entered, EpollSet};
use crate::backend::routes::{Entry, Routes};
use crate::backend::{Arm, Completion, Disarm, Env, Outcome, Route};
use crate::clock::Instant;
use crate::interest::Direction;
use crate::notifier::Rescue;
use crate::token::{Internal, Token, UserData};

/// Events per wait. More ready fds are reported by the next one.
const EVENTS: usize = 1024;

/// The backend of rung G.
#[derive(Debug)]
pub(crate) struct EpollBackend {
    set: Arc<EpollSet>,
    routes: Routes,
    events: EventBuffer,
    timer: Option<DeadlineFd>,
    /// Completions made without the kernel, for the next wait to hand out.
    early: Vec<Completion>,
    env: Env,
}

impl EpollBackend {
    pub(crate) fn new(env: Env, timer_mode: TimerMode) -> io::Result<EpollBackend> {
        let set = env.epoll_set()?;
        // Edges need no reading: every write to the eventfd is one.
        set.add_internal(env.notifier.raw_fd(), EPOLLIN, Internal::Wake.pack())?;
        env.notifier.set_rescue(Rescue::Epoll(Arc::downgrade(&set)));
        let timer = match timer_mode {
            TimerMode::WaitTimeout => None,
            TimerMode::TimerFd => {
                let timer = DeadlineFd::new(&env.kernel)?;
                set.add_internal(timer.raw_fd(), EPOLLIN, Internal::Timer.pack())?;
                Some(timer)
            }
        };
        Ok(EpollBackend {
            set,
            routes: Routes::default(),
            events: EventBuffer::with_capacity(EVENTS),
            timer,
            early: Vec::new(),
            env,
        })
    }

    pub(crate) fn arm(&mut self, arm: Arm) {
        let asked = arm.interest.poll_events() | arm.direction.poll_events();
        let entry = self.routes.of(&arm);
        let is_covered = entry.in_epoll != 0 && entry.in_epoll & asked == asked;
        if is_covered && !entry.always_ready {
            return;
        }
        if !entry.always_ready {
            self.env.counters.arms.add(1);
        }
        // If the set is lost, the wait that follows finds that, too.
        let _ = enter(&self.set, entry, &arm, asked, &mut self.early);
    }

    pub(crate) fn disarm(&mut self, disarm: Disarm) {
        if let Some(entry) = self.routes.remove(disarm.slot, disarm.generation)
            && entry.in_epoll != 0
        {
            self.env.counters.cancels.add(1);
            self.set.leave(entry.fd, (disarm.slot, disarm.generation));
        }
    }

    pub(crate) fn wait(&mut self, wait: Wait, out: &mut Vec<Completion>) -> io::Result<()> {
        out.append(&mut self.early);
        let wait = match wait {
            Wait::Until(deadline) if out.is_empty() => self.hand_to_timer(deadline)?,
            _ => Wait::NonBlocking,
        };
        self.env.counters.enters.add(1);
        self.set
            .wait(&mut self.events, wait)
            .inspect_err(|_| self.env.abandon_epoll_set())?;
        for (events, data) in self.events.iter() {
            match UserData::unpack(data) {
                UserData::Source(token) => out.push(edge(token, events)),
                UserData::Internal(Internal::Timer) => {
                    if let Some(timer) = &mut self.timer {
                        timer.fired();
                    }
                }
                UserData::Internal(_) | UserData::Removal(_) => {}
            }
        }
        Ok(())
    }

    /// With a timerfd, the wait itself has no end.
    fn hand_to_timer(&mut self, deadline: Option<Instant>) -> io::Result<Wait> {
        match (&mut self.timer, deadline) {
            (Some(timer), Some(deadline)) => {
                let now = self.env.kernel.now();
                if deadline <= now {
                    return Ok(Wait::NonBlocking);
                }
                if timer.fire_by(deadline, now, &self.env.kernel)? == Set::Anew {
                    self.set
                        .add_internal(timer.raw_fd(), EPOLLIN, Internal::Timer.pack())?;
                }
                Ok(Wait::Until(None))
            }
            (_, deadline) => Ok(Wait::Until(deadline)),
        }
    }

    pub(crate) fn outlet_fd(&self) -> RawFd {
        self.set.raw_fd()
    }

    pub(crate) fn is_drained(&self) -> bool {
        self.early.is_empty() && !self.events.is_full()
    }

    /// An entry owes events for as long as it exists.
    pub(crate) fn owes(&self, token: Token) -> bool {
        self.routes
            .get(token)
            .is_some_and(|entry| entry.in_epoll != 0 || entry.always_ready)
            || self
                .early
                .iter()
                .any(|completion| completion.token == token)
    }
}

/// What an epoll entry reports: it goes on reporting.
pub(crate) fn edge(token: Token, events: u32) -> Completion {
    Completion {
        token,
        outcome: Outcome::Ready(events),
        more: true,
    }
}

/// Enters the fd of `arm` into `set`, or answers the arm at once where that is not possible. The first event
/// or answer is preceded by one that tells the core about the move. `false`: the set is lost, and nothing was asked.
pub(crate) fn enter(
    set: &EpollSet,
    entry: &mut Entry,
    arm: &Arm,
    events: u32,
    out: &mut Vec<Completion>,
) -> bool {
    let token = arm.token;
    let mut tell = |outcome, more| {
        out.push(Completion {
            token,
            outcome,
            more,
        })
    };
    if !entry.always_ready {
        let owner = (token.slot, token.generation);
        let data = Token {
            direction: None,
            ..token
        }
        .pack();
        match set.enter(entry.fd, owner, entry.in_epoll | events, data) {
            Ok(Entered::Waiting) => {
                if entry.in_epoll == 0 {
                    tell(Outcome::Moved(Route::Epoll), true);
                }
                entry.in_epoll |= events;
                return true;
            }
            Ok(Entered::NeverBlocks) => {
                entry.always_ready = true;
                tell(Outcome::Moved(Route::AlwaysReady), true);
            }
            Err(error) => {
                tell(Outcome::of_refusal(&error), false);
                return true;
            }
            // To be asked for again, of the backend that takes this one's place.
            Ok(Entered::SetLost) => {
                tell(Outcome::Ready(0), false);
                return false;
            }
        }
    }
    // Such a file has neither urgent data nor pending errors: who waits for those waits for ever.
    match arm.direction {
        // Not RDHUP as well: nobody has closed it.
        Direction::Read => tell(Outcome::Ready(EPOLLIN), false),
        Direction::Write => tell(Outcome::Ready(EPOLLOUT), false),
        Direction::Priority | Direction::Error => {}
    }
    true
}
