//! The standard library's ordered map: deadlines, and a number that tells those of one deadline apart.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::structure::Structure;
use crate::timers::Tick;
use crate::wake_batch::WakeBatch;

#[derive(Default)]
pub(crate) struct Tree {
    pending: BTreeMap<(Tick, u64), Waker>,
    made: u64,
}

impl Structure for Tree {
    type Key = (Tick, u64);

    fn insert(&mut self, deadline: Tick, waker: Waker) -> (Self::Key, bool) {
        let is_first = self.is_first(deadline);
        let key = (deadline, self.made);
        self.made += 1;
        self.pending.insert(key, waker);
        (key, is_first)
    }

    fn change(&mut self, key: &mut Self::Key, deadline: Tick) -> Option<bool> {
        let is_first = self.is_first(deadline);
        let waker = self.pending.remove(key)?;
        key.0 = deadline;
        self.pending.insert(*key, waker);
        Some(is_first)
    }

    fn remove(&mut self, key: Self::Key) -> Option<Waker> {
        self.pending.remove(&key)
    }

    fn next_deadline(&self) -> Option<Tick> {
        let ((deadline, _), _) = self.pending.first_key_value()?;
        (*deadline != Tick::MAX).then_some(*deadline)
    }

    fn expire(&mut self, now: Tick, wakes: &mut WakeBatch) {
        while let Some(first) = self.pending.first_entry() {
            if first.key().0 > now {
                break;
            }
            wakes.push(first.remove());
        }
    }
}

impl Tree {
    fn is_first(&self, deadline: Tick) -> bool {
        let first = self.pending.first_key_value();
        first.is_none_or(|((earliest, _), _)| deadline < *earliest)
    }
}
