//! The registrations of one reactor: who waits for which fd, and what is asked of the kernel for it. Pure.

mod doubts;
mod invariants;
mod listing;
mod waiters;

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::task::Waker;

use slab::Slab;

use crate::backend::{Arm, Completion, Disarm, Outcome, Route, Unfit};
use crate::closing::{Closing, Ticket};
use crate::interest::{Direction, Interest, Ready};
use crate::planted::{Planted, is_planted};
use crate::readiness::Readiness;
use crate::shutdown::gone;
use crate::token::{MAX_SLOTS, Token};
use crate::wake_batch::WakeBatch;
use doubts::Doubt;
use waiters::{Waiter, Waiters};

/// Where the poll request of one direction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ArmState {
    /// Nobody has asked for one, or it has fired.
    Idle,
    /// In the arm list, for the next turn to submit.
    Queued,
    /// The backend owes a completion for this direction.
    Armed,
}

/// What stands in the way of waiting.
#[derive(Clone, Copy, Debug)]
enum Failure {
    /// The kernel refused the fd with this errno, for good; `EBADF` when it was closed.
    Os(i32),
    /// The reactor has shut down.
    Gone,
    /// One direction could not be armed, for this reason: until the first who waits for it has heard so. The next wait
    /// tries again.
    Refused(Direction, i32),
}

impl Failure {
    fn to_error(self) -> io::Error {
        match self {
            Failure::Os(errno) | Failure::Refused(_, errno) => io::Error::from_raw_os_error(errno),
            Failure::Gone => gone(),
        }
    }
}

/// One registered fd. For each direction:
///
/// - I1: at most one poll request is in flight.
/// - I2: `Armed` if and only if the backend owes a completion with this slot, generation and direction.
/// - I3: when somebody waits, the direction is queued or armed, or the source has failed.
/// - I4: a slot is used again only with a new generation.
#[derive(Debug)]
struct Source {
    fd: RawFd,
    generation: u32,
    /// What the owner said it would wait for: the first entry of an epoll set asks for all of it at once.
    interest: Interest,
    /// Shared with the registration, which reads it without a lock.
    readiness: Arc<Readiness>,
    arms: [ArmState; Direction::COUNT],
    /// The last caller of `poll_read_ready` and of `poll_write_ready`.
    pollers: [Option<Waker>; 2],
    waiters: Waiters,
    failure: Option<Failure>,
    route: Route,
    doubt: Doubt,
    /// Times in a row that it was looked at, or had its event, with hardly any other.
    alone: u8,
}

/// Who asks to be woken.
#[derive(Debug)]
pub(crate) enum Waiting<'a> {
    /// The one poller of this direction.
    Poller(Direction),
    /// A future with an entry of its own, whose key is kept here while it is enlisted.
    Future(Interest, &'a mut Option<u64>),
}

/// What became of a request to wait.
#[derive(Debug)]
pub(crate) struct Waited {
    /// `Some` when there is nothing to wait for.
    pub(crate) ready: Option<io::Result<()>>,
    /// Whether the arm list has grown, so the loop must look at it.
    pub(crate) queued: bool,
    /// A waker nobody needs, to be dropped without the lock.
    pub(crate) spare: Option<Waker>,
}

/// A source that was taken out. It is dropped without the lock, for the wakers in it.
#[derive(Debug)]
pub(crate) struct Removed {
    pub(crate) disarm: Disarm,
    _wakers: ([Option<Waker>; 2], Waiters),
}

/// What the loop's thread is asked for, and leftovers of sources that are gone.
#[derive(Debug, Default)]
struct Asked {
    /// Directions in state `Queued`.
    arms: Vec<Token>,
    /// Sources whose last read may have left something that no event tells of.
    doubts: Vec<Token>,
}

impl Asked {
    fn len(&self) -> usize {
        self.arms.len() + self.doubts.len()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Sources {
    slab: Slab<Source>,
    next_generation: u32,
    asked: Asked,
    /// Poll requests that stay and should not.
    unfit: Vec<(Token, Unfit)>,
    /// What other threads dropped while it may have been armed.
    disarms: Vec<Disarm>,
    /// Who waits for those to be done.
    pub(crate) closing: Closing,
    closed: bool,
}

impl Sources {
    /// Adds a source. Nothing is asked of the kernel before somebody waits.
    pub(crate) fn register(
        &mut self,
        fd: RawFd,
        interest: Interest,
        readiness: Arc<Readiness>,
    ) -> io::Result<u32> {
        if self.closed {
            return Err(gone());
        }
        let vacant = self.slab.vacant_entry();
        let slot = u32::try_from(vacant.key())
            .ok()
            .filter(|slot| *slot < MAX_SLOTS);
        let slot = slot.ok_or_else(|| io::Error::other("too many fds are registered"))?;
        // I4: a counter, so that even a slot that is reused 2^32 registrations later is the first to repeat.
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        vacant.insert(Source {
            fd,
            generation,
            interest,
            readiness,
            arms: [ArmState::Idle; Direction::COUNT],
            pollers: [None, None],
            waiters: Waiters::default(),
            failure: None,
            route: Route::Ring,
            doubt: Doubt::None,
            alone: 0,
        });
        Ok(slot)
    }

    /// Takes a source out; its arms are the caller's to take back.
    pub(crate) fn remove(&mut self, slot: u32) -> Removed {
        let source = self.slab.remove(slot as usize);
        Removed {
            disarm: Disarm {
                slot,
                generation: source.generation,
                fd: source.fd,
            },
            _wakers: (source.pollers, source.waiters),
        }
    }

    /// Takes a source out and leaves its arms to the loop's next turn. In one step: the slot is free from here
    /// on, and what the loop arms for its next holder must come after this disarm.
    pub(crate) fn remove_from_afar(&mut self, slot: u32) -> (Removed, Option<Ticket>) {
        let removed = self.remove(slot);
        let ticket = self.defer_disarm(removed.disarm);
        (removed, ticket)
    }

    /// Leaves a disarm to the loop's next turn. `None`: there is no loop any more, and it has let go of everything.
    pub(crate) fn defer_disarm(&mut self, disarm: Disarm) -> Option<Ticket> {
        if self.closed {
            return None;
        }
        self.disarms.push(disarm);
        Some(self.closing.leave())
    }

    /// Enlists a waker until the source is ready in the way that is waited for.
    pub(crate) fn wait(&mut self, slot: u32, waiting: Waiting<'_>, waker: Waker) -> Waited {
        let source = &mut self.slab[slot as usize];
        let interest = match &waiting {
            Waiting::Poller(direction) => direction.interest(),
            Waiting::Future(interest, _) => *interest,
        };
        let ready = match source.take_failure(interest) {
            Some(failure) => Some(Err(failure.to_error())),
            None => source
                .readiness
                .event()
                .ready
                .satisfies(interest)
                .then_some(Ok(())),
        };
        if ready.is_some() {
            return Waited {
                ready,
                queued: false,
                spare: Some(waker),
            };
        }
        let spare = source.enlist(waiting, waker);
        let queued = source.queue_arms(slot, interest, &mut self.asked);
        Waited {
            ready: None,
            queued,
            spare,
        }
    }

    /// Arms without a waker, where it is not done already. Says whether the arm list has grown.
    pub(crate) fn ask(&mut self, slot: u32, interest: Interest) -> io::Result<bool> {
        let source = &mut self.slab[slot as usize];
        match source.failure.filter(|_| source.has_failed()) {
            Some(failure) => Err(failure.to_error()),
            None => Ok(source.queue_arms(slot, interest, &mut self.asked)),
        }
    }

    /// Takes a future's waker back; `None` when it was woken already.
    pub(crate) fn forget(&mut self, slot: u32, key: u64) -> Option<Waker> {
        let source = &mut self.slab[slot as usize];
        source.waiters.remove(key)
    }

    /// Whether there is work for the loop's thread.
    pub(crate) fn has_changes(&self) -> bool {
        self.asked.len() > 0 || !self.disarms.is_empty()
    }

    /// Moves the work that waits for the loop's thread out, and marks the arms among it as armed.
    pub(crate) fn take_changes(&mut self, arms: &mut Vec<Arm>, disarms: &mut Vec<Disarm>) {
        self.take_disarms(disarms);
        for token in self.asked.arms.drain(..) {
            let Some(source) = self.slab.get_mut(token.slot as usize) else {
                continue;
            };
            let Some(direction) = token
                .direction
                .filter(|_| source.generation == token.generation)
            else {
                continue;
            };
            debug_assert_eq!(source.arms[direction as usize], ArmState::Queued);
            source.arms[direction as usize] = ArmState::Armed;
            arms.push(Arm {
                token,
                direction,
                fd: source.fd,
                interest: source.interest,
            });
        }
    }

    /// Moves out the requests that should not stay, for the backend to take back.
    #[inline]
    pub(crate) fn take_unfit(&mut self) -> Option<Vec<(Token, Unfit)>> {
        let has_any = !self.unfit.is_empty();
        has_any.then(|| std::mem::take(&mut self.unfit))
    }

    /// A copy of what other threads have dropped. To disarm one twice does nothing.
    pub(crate) fn left_disarms(&self) -> Vec<Disarm> {
        self.disarms.clone()
    }

    /// Moves out what other threads have dropped. The caller says by [`Closing::advance`] when it is disarmed.
    pub(crate) fn take_disarms(&mut self, disarms: &mut Vec<Disarm>) {
        disarms.append(&mut self.disarms);
    }

    /// Applies one completion of so many that came at once. `false`: it belongs to a registration that is gone.
    #[must_use]
    pub(crate) fn complete(
        &mut self,
        completion: Completion,
        at_once: usize,
        wakes: &mut WakeBatch,
    ) -> bool {
        let token = completion.token;
        let live = self.slab.get_mut(token.slot as usize);
        let is_current = |source: &&mut Source| {
            source.generation == token.generation || is_planted(Planted::GenerationUnchecked)
        };
        let Some(source) = live.filter(is_current) else {
            return false;
        };
        if let Some(direction) = token.direction.filter(|_| !completion.more) {
            source.arms[direction as usize] = ArmState::Idle;
        }
        match completion.outcome {
            Outcome::Ready(events) | Outcome::Found(events) => {
                let is_event = matches!(completion.outcome, Outcome::Ready(_));
                if completion.more && is_event && source.is_unheard(token) {
                    self.unfit.push((token, Unfit::Unheard));
                }
                let ready = Ready::from_poll(events);
                // An event for writing says nothing of what is left to be read.
                if ready.is_readable() && source.renew_doubt(at_once) {
                    let read = source.token(token.slot, Direction::Read);
                    self.unfit.push((read, Unfit::Alone));
                }
                source.readiness.set(ready);
                source.wake(ready, wakes);
            }
            Outcome::Failed(errno) => source.fail(Failure::Os(errno), wakes),
            Outcome::Refused(errno) => {
                if let Some(direction) = token.direction {
                    source.refuse(direction, errno, wakes);
                }
            }
            Outcome::Moved(route) => {
                source.route = route;
                // Not the other way: what was said of edges may be true of another direction.
                if route == Route::Epoll {
                    source.readiness.set_edge(true);
                }
            }
            Outcome::Stays => source.readiness.set_stays(),
            Outcome::StaysNoMore => source.readiness.set_edge(source.route == Route::Epoll),
        }
        // I3: a completion that was not what somebody waits for (old kernels complete a cancelled poll with
        // an empty mask) leaves them waiting, so the direction is armed again.
        for direction in Direction::ALL {
            if source.is_awaited(direction) && !source.has_failed() {
                source.queue_arms(token.slot, direction.interest(), &mut self.asked);
            }
        }
        true
    }

    /// Queues every arm again, for a backend that knows of none of them. What was known of the old one's ways with an
    /// fd is forgotten; what its first wait finds out comes as [`Outcome::Moved`], and on epoll that is known already.
    pub(crate) fn rearm_all(&mut self, is_epoll: bool, wakes: &mut WakeBatch) {
        self.disarms.clear();
        self.closing.finish(wakes);
        for (slot, source) in &mut self.slab {
            let is_armed = source.arms.contains(&ArmState::Armed);
            if is_epoll && is_armed {
                source.move_to(Route::Epoll);
            } else {
                source.move_to(Route::Ring);
            }
            for direction in Direction::ALL {
                if source.arms[direction as usize] == ArmState::Armed {
                    source.arms[direction as usize] = ArmState::Idle;
                    let slot = u32::try_from(slot).unwrap_or(u32::MAX);
                    source.queue_arms(slot, direction.interest(), &mut self.asked);
                }
            }
        }
    }

    /// Ends all waiting with an error, now and later: the reactor goes away.
    pub(crate) fn close(&mut self, wakes: &mut WakeBatch) {
        self.closed = true;
        self.asked = Asked::default();
        self.disarms.clear();
        self.closing.finish(wakes);
        for (_, source) in &mut self.slab {
            source.arms = [ArmState::Idle; Direction::COUNT];
            source.fail(Failure::Gone, wakes);
        }
    }

    pub(crate) fn route(&self, slot: u32) -> Route {
        self.slab[slot as usize].route
    }

    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }
}

impl Source {
    fn token(&self, slot: u32, direction: Direction) -> Token {
        Token {
            slot,
            generation: self.generation,
            direction: Some(direction),
        }
    }

    fn move_to(&mut self, route: Route) {
        self.route = route;
        self.readiness.set_edge(route == Route::Epoll);
    }

    fn enlist(&mut self, waiting: Waiting<'_>, waker: Waker) -> Option<Waker> {
        match waiting {
            Waiting::Poller(direction) => self.pollers[direction as usize & 1].replace(waker),
            Waiting::Future(interest, key) => self.waiters.enlist(interest, key, waker),
        }
    }

    fn queue_arms(&mut self, slot: u32, interest: Interest, asked: &mut Asked) -> bool {
        let before = asked.len();
        for direction in interest.directions() {
            if self.arms[direction as usize] == ArmState::Idle {
                self.arms[direction as usize] = ArmState::Queued;
                asked.arms.push(self.token(slot, direction));
            }
            if direction == Direction::Read {
                self.list_doubt(slot, asked);
            }
        }
        asked.len() > before
    }

    /// Whether an event of a request that stays is one too many: nobody has made use of the last one, and nobody waits.
    fn is_unheard(&self, token: Token) -> bool {
        let stays = self.readiness.stays() && token.direction == Some(Direction::Read);
        stays && self.readiness.event().ready.is_readable() && !self.is_awaited(Direction::Read)
    }

    fn is_awaited(&self, direction: Direction) -> bool {
        self.pollers
            .get(direction as usize)
            .is_some_and(Option::is_some)
            || self.waiters.iter().any(|waiter| waiter.is_for(direction))
    }

    fn wake(&mut self, ready: Ready, wakes: &mut WakeBatch) {
        for (poller, interest) in self
            .pollers
            .iter_mut()
            .zip([Interest::READABLE, Interest::WRITABLE])
        {
            if let Some(waker) = poller.take_if(|_| ready.satisfies(interest)) {
                wakes.push(waker);
            }
        }
        let is_for_it = |waiter: &Waiter| ready.satisfies(waiter.interest);
        self.waiters.release(is_for_it, wakes);
    }

    /// Ends the waits for one direction; one of them is told why, the others ask again.
    fn refuse(&mut self, direction: Direction, errno: i32, wakes: &mut WakeBatch) {
        if !self.has_failed() {
            self.failure = Some(Failure::Refused(direction, errno));
        }
        let poller = self.pollers.get_mut(direction as usize);
        if let Some(waker) = poller.and_then(Option::take) {
            wakes.push(waker);
        }
        self.waiters
            .release(|waiter| waiter.is_for(direction), wakes);
    }

    /// For good.
    fn has_failed(&self) -> bool {
        matches!(self.failure, Some(Failure::Os(_) | Failure::Gone))
    }

    /// What this wait is to be told. A refusal is told once.
    fn take_failure(&mut self, interest: Interest) -> Option<Failure> {
        match self.failure {
            Some(Failure::Refused(direction, _)) => self
                .failure
                .take_if(|_| interest.directions().any(|d| d == direction)),
            failure => failure,
        }
    }

    fn fail(&mut self, failure: Failure, wakes: &mut WakeBatch) {
        self.failure = Some(failure);
        self.readiness.fail();
        self.wake(Ready::ALL, wakes);
    }
}
