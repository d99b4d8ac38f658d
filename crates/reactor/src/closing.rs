//! Who waits until the kernel has let go of a file whose registration ended on another thread.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::wake_batch::WakeBatch;

/// Names one disarm: they are left and done in one order, so a number is enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ticket(u64);

/// What became of a look at a ticket.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) is_done: bool,
    /// A waker nobody needs, to be dropped without the lock.
    pub(crate) _spare: Option<Waker>,
}

/// The disarms that other threads leave to the loop, as two counts.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    left: u64,
    /// At most `left`.
    done: u64,
    /// By ticket, for each that is waited for.
    waiters: BTreeMap<u64, Waker>,
}

impl Closing {
    /// Another disarm was left to the loop.
    pub(crate) fn leave(&mut self) -> Ticket {
        self.left += 1;
        Ticket(self.left)
    }

    /// Enlists `waker` unless the disarm is done.
    pub(crate) fn look(&mut self, ticket: Ticket, waker: Waker) -> Looked {
        if ticket.0 <= self.done {
            return Looked {
                is_done: true,
                _spare: Some(waker),
            };
        }
        Looked {
            is_done: false,
            _spare: self.waiters.insert(ticket.0, waker),
        }
    }

    /// Nobody waits for this ticket any more; its waker is dropped without the lock.
    pub(crate) fn forget(&mut self, ticket: Ticket) -> Option<Waker> {
        self.waiters.remove(&ticket.0)
    }

    /// The `count` oldest disarms are done.
    pub(crate) fn advance(&mut self, count: usize, wakes: &mut WakeBatch) {
        self.done = self.left.min(self.done + count as u64);
        let later = self.waiters.split_off(&(self.done + 1));
        for waker in std::mem::replace(&mut self.waiters, later).into_values() {
            wakes.push(waker);
        }
    }

    /// All are done, as the backend that held the requests is gone.
    pub(crate) fn finish(&mut self, wakes: &mut WakeBatch) {
        self.done = self.left;
        self.advance(0, wakes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_done_when_as_many_disarms_are() {
        let (mut closing, mut wakes) = (Closing::default(), WakeBatch::default());
        let tickets = [closing.leave(), closing.leave(), closing.leave()];
        for ticket in tickets {
            assert!(!closing.look(ticket, Waker::noop().clone()).is_done);
        }
        closing.advance(2, &mut wakes);
        assert_eq!(wakes.len(), 2);
        let is_done = tickets.map(|ticket| closing.look(ticket, Waker::noop().clone()).is_done);
        assert_eq!(is_done, [true, true, false]);
        assert!(closing.forget(tickets[2]).is_some() && closing.forget(tickets[2]).is_none());
        closing.finish(&mut wakes);
        assert_eq!(wakes.len(), 2, "it was forgotten");
        assert!(closing.look(tickets[2], Waker::noop().clone()).is_done);
    }
}
