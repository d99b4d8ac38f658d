//! What a structure for timers has to do here.

use std::task::Waker;

use crate::timers::{Tick, TimerKey, Timers};
use crate::wake_batch::WakeBatch;

/// As the reactor uses one: who has fired stays, without a waker, until its owner removes it.
pub(crate) trait Structure: Default {
    type Key;

    /// The flag says whether the loop has to look earlier than it would have.
    fn insert(&mut self, deadline: Tick, waker: Waker) -> (Self::Key, bool);

    /// Another deadline for one that has not fired. The flag is as for [`Self::insert`]; `None`: it has fired.
    fn change(&mut self, key: &mut Self::Key, deadline: Tick) -> Option<bool>;

    /// The waker of one that has not fired.
    fn remove(&mut self, key: Self::Key) -> Option<Waker>;

    /// When the loop has to look: at the earliest deadline, or before.
    fn next_deadline(&self) -> Option<Tick>;

    /// Fires what is due, in the order of the deadlines.
    fn expire(&mut self, now: Tick, wakes: &mut WakeBatch);
}

/// The reactor's own, from its source.
impl Structure for Timers {
    type Key = TimerKey;

    fn insert(&mut self, deadline: Tick, waker: Waker) -> (TimerKey, bool) {
        let Ok(inserted) = Timers::insert(self, deadline, waker) else {
            unreachable!("it is not closed");
        };
        inserted
    }

    fn change(&mut self, key: &mut TimerKey, deadline: Tick) -> Option<bool> {
        Timers::change(self, key, deadline)
    }

    fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        Timers::remove(self, key)
    }

    fn next_deadline(&self) -> Option<Tick> {
        Timers::next_deadline(self)
    }

    fn expire(&mut self, now: Tick, wakes: &mut WakeBatch) {
        Timers::expire(self, now, wakes);
    }
}
