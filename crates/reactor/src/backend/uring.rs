//! The loop on io_uring: a `POLL_ADD` for each direction that somebody waits for.

mod arm;
mod complete;
mod nested;
mod outlet;
mod overflow;

use std::collections::VecDeque;
use std::io;

use uring_sys::Sqe;
use uring_sys::abi::POLLIN;

use crate::backend::deadline::{DeadlineFd, Set, TimerMode, Wait};
use crate::backend::kernel::{EventFd, Ring};
use crate::backend::routes::Routes;
use crate::backend::rung::Capabilities;
use crate::backend::uring::nested::Nested;
use crate::backend::uring::overflow::Pressure;
use crate::backend::{Completion, Disarm, Env};
use crate::clock::Instant;
use crate::interest::Direction;
use crate::notifier::Rescue;
use crate::planted::{Planted, is_planted};
use crate::token::{Internal, Token, UserData};

/// Enters that may fail in a row for lack of resources before the ring counts as lost.
const MAX_REFUSALS: u32 = 1000;
/// Looks at the kernel that a removal may take. One or two do; a loop without an end must not hang the drop.
const MAX_REMOVAL_LOOKS: u32 = 10_000;
/// Completions that end a sleep. As much deferred work is run then, and no more.
const WAITED_FOR: u32 = 1;
/// Deferred work that an enter runs otherwise: one that gives less has run all.
const WORK_OF_AN_ENTER: u32 = 20;
/// Enters of one turn for the rest of that work.
const MAX_MORE_ENTERS: u32 = 16;

/// The backend of rungs A to F.
#[derive(Debug)]
pub(crate) struct Uring {
    ring: Ring,
    caps: Capabilities,
    routes: Routes,
    /// Requests that found the submission queue full, oldest first.
    backlog: VecDeque<Sqe>,
    /// Completions that were reaped outside of a wait, or made without the kernel; the next wait hands them out.
    early: Vec<Completion>,
    timer: Option<DeadlineTimer>,
    /// Signalled by the kernel when deferred work is queued. Present once a foreign loop wants to know.
    bell: Option<EventFd>,
    nested: Option<Nested>,
    /// A buffer, empty between two waits.
    expected: Vec<Completion>,
    /// Waits so far, modulo 256.
    waits: u8,
    /// Enters refused in a row.
    refusals: u32,
    /// The ring's overflow counter when it was last looked at: on kernels without NODROP, lost completions.
    lost: u32,
    pressure: Pressure,
    /// Set while everything is being cancelled: nothing is armed again.
    closing: bool,
    /// What a look between two waits met; the next wait answers with it.
    failure: Option<io::Error>,
    /// Somebody closed the ring's descriptor. Its number is not touched any more.
    disowned: bool,
    env: Env,
}

#[derive(Debug)]
struct DeadlineTimer {
    fd: DeadlineFd,
    armed: bool,
}

impl Uring {
    pub(crate) fn new(
        ring: Ring,
        caps: Capabilities,
        env: Env,
        timer_mode: TimerMode,
    ) -> io::Result<Uring> {
        let timer = match timer_mode {
            TimerMode::WaitTimeout if caps.wait_timeout => None,
            _ => Some(DeadlineTimer {
                fd: DeadlineFd::new(&env.kernel)?,
                armed: false,
            }),
        };
        let lost = ring.overflow_count();
        let mut uring = Uring {
            ring,
            caps,
            routes: Routes::default(),
            backlog: VecDeque::new(),
            early: Vec::new(),
            timer,
            bell: None,
            nested: None,
            expected: Vec::new(),
            waits: 0,
            refusals: 0,
            lost,
            pressure: Pressure::default(),
            closing: false,
            failure: None,
            disowned: false,
            env,
        };
        uring
            .env
            .notifier
            .set_rescue(Rescue::Ring(uring.ring.raw_fd()));
        uring.arm_wake();
        Ok(uring)
    }

    /// Takes the registration's requests back and returns when the kernel has let go of its file.
    pub(crate) fn disarm(&mut self, disarm: Disarm) {
        let Some(entry) = self.routes.get(whole(disarm.slot, disarm.generation)) else {
            return;
        };
        for direction in entry.in_ring.iter() {
            let token = Token {
                direction: Some(direction),
                ..whole(disarm.slot, disarm.generation)
            };
            self.push_removal(token);
        }
        // The removal completes the poll, and the file is released before the call that reaps that
        // completion returns. Deferred task work runs twenty items a call, so ours may take more than one.
        for _ in 0..MAX_REMOVAL_LOOKS {
            let holder = self.routes.get(whole(disarm.slot, disarm.generation));
            if holder.is_none_or(|entry| entry.in_ring.is_empty()) {
                break;
            }
            if let Err(error) = self.look() {
                // Lost completions, for one, are reported once: others than this registration wait for them.
                self.failure.get_or_insert(error);
                break;
            }
        }
        // At the end: what was reaped may have moved a direction to the set just now.
        if let Some(entry) = self.routes.remove(disarm.slot, disarm.generation)
            && entry.in_epoll != 0
            && let Ok(set) = self.env.epoll_set()
        {
            set.leave(entry.fd, (disarm.slot, disarm.generation));
        }
        let is_other =
            |token: Token| (token.slot, token.generation) != (disarm.slot, disarm.generation);
        self.early.retain(|completion| is_other(completion.token));
    }

    pub(crate) fn wait(&mut self, wait: Wait, out: &mut Vec<Completion>) -> io::Result<()> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        out.append(&mut self.early);
        // Without deferred task work completions are posted while the tasks run.
        self.reap(out);
        self.drain_nested(out)?;
        self.submit_backlog()?;
        let may_sleep = out.is_empty()
            && self.backlog.is_empty()
            && !self.ring.taskrun_pending()
            && !self.ring.cq_overflowed()
            // A look in between, for a drop, may have made room where one was lost: nothing else says so. One that
            // is lost from here on leaves a full queue behind, which ends the wait.
            && !self.has_lost()
            // The completion that was to end this sleep may be among those just reaped; no other one follows.
            && !self.env.notifier.is_notified();
        let most = match wait {
            Wait::Until(deadline) if may_sleep => {
                self.sleep(deadline)?;
                WAITED_FOR
            }
            _ => {
                self.glance()?;
                WORK_OF_AN_ENTER
            }
        };
        let before = out.len();
        self.reap_all(most, out)?;
        self.put_expected_last(before, out);
        self.waits = self.waits.wrapping_add(1);
        self.drain_nested(out)?;
        self.check_loss()
    }

    /// Takes what the last enter gave, and enters again where that was `most` and more is due: what has become ready
    /// together makes one turn.
    fn reap_all(&mut self, mut most: u32, out: &mut Vec<Completion>) -> io::Result<()> {
        for _ in 0..MAX_MORE_ENTERS {
            if self.reap(out) < most || !self.ring.taskrun_pending() {
                return Ok(());
            }
            self.glance()?;
            most = WORK_OF_AN_ENTER;
        }
        self.reap(out);
        Ok(())
    }

    /// The one system call of a turn that may sleep: submits all arms and waits for one completion.
    fn sleep(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        let timeout = match deadline {
            None => None,
            Some(deadline) => {
                let now = self.env.kernel.now();
                // A wait of zero length costs a timer and a schedule, fifty times a look without waiting.
                if deadline <= now {
                    return self.glance();
                }
                if self.timer.is_some() {
                    self.hand_to_timer(deadline, now)?;
                    if !self.backlog.is_empty() {
                        // The timer's own request found no room: asleep, nothing would wake us in time.
                        return self.glance();
                    }
                    None
                } else {
                    Some(deadline.duration_since(now))
                }
            }
        };
        self.env.counters.enters.add(1);
        let result = self.ring.submit_and_wait(WAITED_FOR, timeout);
        self.note_flush(&result);
        self.settle(result)
    }

    /// Submits, and takes what is there without waiting.
    fn glance(&mut self) -> io::Result<()> {
        // Deferred work, and completions that overflowed, come only when asked for; otherwise an enter
        // without anything to submit would do nothing.
        let must_ask = self.caps.defer || self.ring.taskrun_pending() || self.may_overflow();
        if !must_ask && self.ring.to_submit() == 0 {
            return Ok(());
        }
        self.note_overflow();
        self.env.counters.enters.add(1);
        let result = self.ring.submit_and_get_events();
        self.note_flush(&result);
        self.settle(result)
    }

    /// Sorts the result of an enter: what goes on, and what means that the ring is lost.
    fn settle(&mut self, result: io::Result<u32>) -> io::Result<()> {
        let Err(error) = result else {
            self.refusals = 0;
            return Ok(());
        };
        match error.raw_os_error() {
            // A signal, or the time is up: the turn ends, and the clock says which.
            Some(libc::EINTR | libc::ETIME) => Ok(()),
            // No memory for a request, or completions have to be taken first: both get better by reaping.
            Some(libc::EAGAIN | libc::EBUSY | libc::ENOMEM) if self.refusals < MAX_REFUSALS => {
                self.refusals += 1;
                Ok(())
            }
            // The number is closed, or another file's: ours to close no more.
            Some(libc::EBADF | libc::EOPNOTSUPP) if !self.disowned => {
                self.disowned = self.ring.disown().is_ok();
                Err(error)
            }
            _ => Err(error),
        }
    }

    fn arm_wake(&mut self) {
        let fd = self.env.notifier.raw_fd();
        let sqe = if self.caps.multishot_poll {
            Sqe::poll_add_multi(fd, POLLIN)
        } else {
            Sqe::poll_add(fd, POLLIN)
        };
        self.push(sqe.with_user_data(Internal::Wake.pack()));
    }

    fn hand_to_timer(&mut self, deadline: Instant, now: Instant) -> io::Result<()> {
        let Some(timer) = &mut self.timer else {
            return Ok(());
        };
        if timer.fd.fire_by(deadline, now, &self.env.kernel)? == Set::Anew {
            timer.armed = false;
        }
        if !std::mem::replace(&mut timer.armed, true) {
            let fd = timer.fd.raw_fd();
            self.push(Sqe::poll_add(fd, POLLIN).with_user_data(Internal::Timer.pack()));
        }
        Ok(())
    }

    fn push_removal(&mut self, token: Token) {
        self.env.counters.cancels.add(1);
        let entry = self.routes.get(token);
        let stays =
            entry.is_some_and(|entry| entry.stays && token.direction == Some(Direction::Read));
        let sqe = if stays {
            // A removal leaves alone what has just been woken. One that stays is woken by the end of its peer, most
            // often just before its fd is dropped, and by a busy peer as fast as that writes.
            Sqe::async_cancel(token.pack(), 0)
        } else {
            Sqe::poll_remove(token.pack())
        };
        let sqe = sqe.with_user_data(token.pack_removal());
        self.push(if self.caps.skip_success {
            sqe.skip_success()
        } else {
            sqe
        });
    }

    /// Queues a request. Nothing is ever dropped: what finds the queue full waits behind it, in order.
    fn push(&mut self, sqe: Sqe) {
        if !self.backlog.is_empty() || self.ring.push(sqe).is_err() {
            if is_planted(Planted::RemovalDropped)
                && matches!(UserData::unpack(sqe.user_data()), UserData::Removal(_))
            {
                return;
            }
            self.backlog.push_back(sqe);
        }
    }

    /// Moves the backlog into the queue, submitting as often as it fills up.
    fn submit_backlog(&mut self) -> io::Result<()> {
        while let Some(sqe) = self.backlog.front() {
            if self.ring.push(*sqe).is_ok() {
                self.backlog.pop_front();
                continue;
            }
            self.env.counters.enters.add(1);
            let result = self.ring.submit();
            let made_room = matches!(result, Ok(1..));
            self.settle(result)?;
            if !made_room {
                break;
            }
        }
        Ok(())
    }

    /// Submits and reaps between two waits, without sleeping.
    fn look(&mut self) -> io::Result<()> {
        self.submit_backlog()?;
        self.env.counters.enters.add(1);
        let result = self.ring.submit_and_get_events();
        self.note_flush(&result);
        self.settle(result)?;
        let mut out = std::mem::take(&mut self.early);
        self.reap(&mut out);
        self.early = out;
        Ok(())
    }

    /// Cancels every request and waits until the kernel has let go of all of them: closing a ring does so
    /// only milliseconds later, and until then ports stay bound and peers see no end.
    pub(crate) fn shut_down(&mut self) {
        self.closing = true;
        let tokens: Vec<Token> = self.routes.tokens_in_ring().collect();
        if tokens.is_empty() {
            return;
        }
        if self.caps.cancel_all {
            self.push(Sqe::cancel_all().with_user_data(Internal::Ignore.pack()));
        } else {
            tokens.iter().for_each(|token| self.push_removal(*token));
        }
        let mut looks = MAX_REMOVAL_LOOKS;
        while looks > 0 && self.routes.tokens_in_ring().next().is_some() && self.look().is_ok() {
            looks -= 1;
        }
        self.early.clear();
    }

    pub(crate) fn owes(&self, token: Token) -> bool {
        let entry = self.routes.get(token);
        entry.is_some_and(|entry| {
            let in_ring = token
                .direction
                .is_some_and(|direction| entry.in_ring.contains(direction));
            let in_epoll = token.direction.is_some_and(|direction| {
                entry.epoll_only.contains(direction) && (entry.in_epoll != 0 || entry.always_ready)
            });
            in_ring || in_epoll
        }) || self
            .early
            .iter()
            .any(|completion| completion.token == token)
    }

    pub(crate) fn verify(&self) {
        assert_eq!(
            self.ring.dropped_count(),
            0,
            "the kernel refused an index of the submission queue"
        );
    }
}

/// The token of a whole registration.
fn whole(slot: u32, generation: u32) -> Token {
    Token {
        slot,
        generation,
        direction: None,
    }
}

#[cfg(test)]
mod tests;
