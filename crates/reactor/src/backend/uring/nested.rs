//! The epoll set for the fds that the ring does not take, polled inside the ring.

use std::io;
use std::sync::Arc;

use uring_sys::Sqe;
use uring_sys::abi::POLLIN;
use uring_sys::epoll::EventBuffer;

use crate::backend::deadline::Wait;
use crate::backend::epoll_set::EpollSet;
use crate::backend::uring::Uring;
use crate::backend::{Arm, Completion, Outcome, epoll};
use crate::token::{Internal, UserData};

/// Events per look at the set.
const EVENTS: usize = 256;
/// Looks in one turn, each with its buffer full.
const MAX_READS: u32 = 16;

/// The set, once there is one.
#[derive(Debug)]
pub(super) struct Nested {
    events: EventBuffer,
    /// Its poll request has fired, so it has to be read.
    pub(super) is_due: bool,
}

impl Uring {
    #[inline]
    pub(super) fn drain_nested(&mut self, out: &mut Vec<Completion>) -> io::Result<()> {
        match &self.nested {
            Some(nested) if nested.is_due => self.read_nested(out),
            _ => Ok(()),
        }
    }

    /// Reads the nested epoll set until it has no more, within bounds, then polls it again.
    #[cold]
    fn read_nested(&mut self, out: &mut Vec<Completion>) -> io::Result<()> {
        let Some(nested) = &mut self.nested else {
            return Ok(());
        };
        let set = self.env.epoll_set()?;
        for _ in 0..MAX_READS {
            self.env.counters.enters.add(1);
            set.wait(&mut nested.events, Wait::NonBlocking)
                .inspect_err(|_| self.env.abandon_epoll_set())?;
            for (events, data) in nested.events.iter() {
                if let UserData::Source(token) = UserData::unpack(data) {
                    out.push(epoll::edge(token, events));
                }
            }
            nested.is_due = nested.events.is_full();
            if !nested.is_due {
                break;
            }
        }
        if nested.is_due {
            // Others write faster than this reads. The tasks come first; the next wait goes on from here, and it will
            // not sleep, as this one has something to hand out.
            return Ok(());
        }
        self.push(Sqe::poll_add(set.raw_fd(), POLLIN).with_user_data(Internal::Epoll.pack()));
        Ok(())
    }

    /// Moves a direction to the epoll set, with the answer in the next wait.
    pub(super) fn enter_epoll(&mut self, arm: Arm) {
        let mut out = std::mem::take(&mut self.early);
        self.enter_epoll_now(arm, &mut out);
        self.early = out;
    }

    pub(super) fn enter_epoll_now(&mut self, arm: Arm, out: &mut Vec<Completion>) {
        let set = match self.nested_set() {
            Ok(set) => set,
            Err(error) => {
                out.push(Completion {
                    token: arm.token,
                    outcome: Outcome::of_refusal(&error),
                    more: false,
                });
                return;
            }
        };
        let entry = self.routes.of(&arm);
        if entry.in_epoll == 0 && !entry.always_ready {
            self.env.counters.fallback_fds.add(1);
        }
        let is_there = epoll::enter(&set, entry, &arm, arm.direction.poll_events(), out);
        if let Some(nested) = &mut self.nested {
            // A look at a lost set is what tells that it is lost.
            nested.is_due |= !is_there;
        }
    }

    /// The epoll set, polled inside the ring from its first use on.
    fn nested_set(&mut self) -> io::Result<Arc<EpollSet>> {
        let set = self.env.epoll_set()?;
        if self.nested.is_none() {
            self.nested = Some(Nested {
                events: EventBuffer::with_capacity(EVENTS),
                is_due: false,
            });
            self.push(Sqe::poll_add(set.raw_fd(), POLLIN).with_user_data(Internal::Epoll.pack()));
        }
        Ok(set)
    }
}
