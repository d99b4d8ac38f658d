//! The futures of `ready()` and the like that wait for one fd.

use std::collections::VecDeque;
use std::task::Waker;

use crate::interest::{Direction, Interest};
use crate::wake_batch::WakeBatch;

#[derive(Debug)]
pub(super) struct Waiter {
    /// A count that never wraps: a future may keep the key of an entry that is gone, and must not meet another's.
    key: u64,
    pub(super) interest: Interest,
    pub(super) waker: Waker,
}

impl Waiter {
    pub(super) fn is_for(&self, direction: Direction) -> bool {
        self.interest.directions().any(|d| d == direction)
    }
}

/// Any number for each direction, in the order of their keys. Made when the first comes: what reads and writes a stream
/// waits without one, and ten thousand idle streams are to be small.
#[derive(Debug, Default)]
pub(super) struct Waiters(Option<Box<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    entries: VecDeque<Waiter>,
    next_key: u64,
}

impl Queue {
    fn find(&self, key: u64) -> Option<usize> {
        self.entries
            .binary_search_by_key(&key, |waiter| waiter.key)
            .ok()
    }
}

impl Waiters {
    /// Gives a future an entry, or its entry another waker. The waker that nobody needs comes back.
    pub(super) fn enlist(
        &mut self,
        interest: Interest,
        key: &mut Option<u64>,
        waker: Waker,
    ) -> Option<Waker> {
        let queue = self.0.get_or_insert_default();
        if let Some(index) = key.and_then(|key| queue.find(key)) {
            return Some(std::mem::replace(&mut queue.entries[index].waker, waker));
        }
        *key = Some(queue.next_key);
        queue.entries.push_back(Waiter {
            key: queue.next_key,
            interest,
            waker,
        });
        queue.next_key += 1;
        None
    }

    /// Takes the waker of an entry back; `None` when it is gone.
    pub(super) fn remove(&mut self, key: u64) -> Option<Waker> {
        let queue = self.0.as_mut()?;
        let index = queue.find(key)?;
        queue.entries.remove(index).map(|waiter| waiter.waker)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.0.iter().flat_map(|queue| &queue.entries)
    }

    /// Takes out those that `is_for_it` names.
    pub(super) fn release(&mut self, is_for_it: impl Fn(&Waiter) -> bool, wakes: &mut WakeBatch) {
        let Some(queue) = &mut self.0 else { return };
        for _ in 0..queue.entries.len() {
            match queue.entries.pop_front() {
                Some(waiter) if is_for_it(&waiter) => wakes.push(waiter.waker),
                // Those that stay come round to the order they had.
                Some(waiter) => queue.entries.push_back(waiter),
                None => return,
            }
        }
    }
}
