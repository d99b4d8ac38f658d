//! Deadlines in order. Pure: the time is a parameter, and nothing here wakes anybody.

use std::task::Waker;

use crate::wake_batch::WakeBatch;

/// Children per node of the heap. Four keep the tree half as deep as two would, and the children of a node, of 16
/// bytes each, in at most two cache lines. Measured beside others: docs/decisions/0034-timers-stay-in-a-heap-of-four.md
const ARITY: usize = 4;
/// `Entry::position` of an entry that has fired and waits to be taken.
const FIRED: u32 = u32::MAX;

/// Nanoseconds since the reactor's epoch. `u64::MAX` (584 years) stands for "never".
pub(crate) type Tick = u64;

/// Names one timer until it is removed. Not `Copy`: whoever holds it owns the entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TimerKey(u32);

#[derive(Debug)]
struct Entry {
    /// Where the entry's node is in the heap, or [`FIRED`].
    position: u32,
    /// Who waits. Taken when the timer fires.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    deadline: Tick,
    entry: u32,
}

/// An indexed 4-ary heap: the earliest deadline in O(1), insert, cancel and change in O(log n).
///
/// T1: an entry is in the heap at most once, at `position`. T2: no node is earlier than its parent.
/// T3: an entry that has fired stays in the slab, without a waker, until its owner removes it.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: Vec<Node>,
    entries: slab::Slab<Entry>,
    is_closed: bool,
}

impl Timers {
    /// Adds a timer. The flag says whether it is now the earliest of all. The waker comes back when the reactor
    /// has gone away: nobody would ever wake it.
    pub(crate) fn insert(
        &mut self,
        deadline: Tick,
        waker: Waker,
    ) -> Result<(TimerKey, bool), Waker> {
        if self.is_closed {
            return Err(waker);
        }
        let entry = narrow(self.entries.insert(Entry {
            position: FIRED,
            waker: Some(waker),
        }));
        let position = self.heap.len();
        self.heap.push(Node { deadline, entry });
        Ok((TimerKey(entry), self.sift_up(position) == 0))
    }

    /// Gives a timer that has not fired another deadline. Says whether the earliest of all has come nearer by that;
    /// `None`: it has fired, and nothing changes.
    pub(crate) fn change(&mut self, key: &TimerKey, deadline: Tick) -> Option<bool> {
        let position = self.entries[key.0 as usize].position;
        if position == FIRED {
            return None;
        }
        let earliest = self.heap[0].deadline;
        let position = position as usize;
        self.heap[position].deadline = deadline;
        self.settle(position);
        Some(deadline < earliest)
    }

    /// Whether the timer has fired; if not, `waker` takes the place of the one to wake. The waker that is not
    /// needed is given back, to be dropped without the lock.
    pub(crate) fn poll(&mut self, key: &TimerKey, waker: Waker) -> (bool, Waker) {
        match &mut self.entries[key.0 as usize].waker {
            Some(old) => (false, std::mem::replace(old, waker)),
            None => (true, waker),
        }
    }

    pub(crate) fn has_fired(&self, key: &TimerKey) -> bool {
        self.entries[key.0 as usize].waker.is_none()
    }

    /// Takes the timer out, fired or not. The waker is given back so that it is dropped without the lock.
    #[expect(clippy::needless_pass_by_value, reason = "the key ends here")]
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        let entry = self.entries.remove(key.0 as usize);
        if entry.position != FIRED {
            self.remove_node(entry.position as usize);
        }
        entry.waker
    }

    /// The earliest deadline that has not fired.
    pub(crate) fn next_deadline(&self) -> Option<Tick> {
        self.heap
            .first()
            .map(|node| node.deadline)
            .filter(|deadline| *deadline != Tick::MAX)
    }

    /// Fires every timer whose deadline is not after `now`, in the order of the deadlines; equal ones in any order.
    pub(crate) fn expire(&mut self, now: Tick, wakes: &mut WakeBatch) {
        while let Some(node) = self
            .heap
            .first()
            .copied()
            .filter(|node| node.deadline <= now)
        {
            self.remove_node(0);
            let entry = &mut self.entries[node.entry as usize];
            entry.position = FIRED;
            if let Some(waker) = entry.waker.take() {
                wakes.push(waker);
            }
        }
    }

    /// Fires everything, due or not: the reactor goes away.
    pub(crate) fn close(&mut self, wakes: &mut WakeBatch) {
        self.is_closed = true;
        self.expire(Tick::MAX, wakes);
    }

    /// Calls `f` for each waker that waits for a deadline. It is called under the lock of the timers.
    pub(crate) fn for_each_waiter(&self, mut f: impl FnMut(&Waker, Tick)) {
        for node in &self.heap {
            if let Some(waker) = &self.entries[node.entry as usize].waker {
                f(waker, node.deadline);
            }
        }
    }

    /// Timers that exist, fired ones that nobody has taken included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes the node at `position` out of the heap. Its entry's `position` is left to the caller.
    fn remove_node(&mut self, position: usize) {
        self.heap.swap_remove(position);
        if position < self.heap.len() {
            self.settle(position);
        }
    }

    /// Moves a node whose deadline is new at its place to where it belongs.
    fn settle(&mut self, position: usize) {
        if self.sift_up(position) == position {
            self.sift_down(position);
        }
    }

    /// Moves a node towards the root until its parent is not later. Returns where it ends.
    fn sift_up(&mut self, mut position: usize) -> usize {
        let node = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / ARITY;
            if self.heap[parent].deadline <= node.deadline {
                break;
            }
            self.place(position, self.heap[parent]);
            position = parent;
        }
        self.place(position, node);
        position
    }

    /// Moves a node away from the root until no child is earlier.
    fn sift_down(&mut self, mut position: usize) {
        let node = self.heap[position];
        loop {
            let first = position * ARITY + 1;
            let children = first..(first + ARITY).min(self.heap.len());
            let Some(earliest) = children.min_by_key(|child| self.heap[*child].deadline) else {
                break;
            };
            if node.deadline <= self.heap[earliest].deadline {
                break;
            }
            self.place(position, self.heap[earliest]);
            position = earliest;
        }
        self.place(position, node);
    }

    fn place(&mut self, position: usize, node: Node) {
        self.heap[position] = node;
        self.entries[node.entry as usize].position = narrow(position);
    }

    /// Checks T1 to T3; panics where one is broken.
    pub(crate) fn verify(&self) {
        for (position, node) in self.heap.iter().enumerate() {
            let entry = &self.entries[node.entry as usize];
            assert_eq!(
                entry.position as usize, position,
                "T1: entry {} is elsewhere",
                node.entry
            );
            assert!(
                entry.waker.is_some(),
                "a pending timer has somebody to wake"
            );
            let parent = position.saturating_sub(1) / ARITY;
            assert!(
                self.heap[parent].deadline <= node.deadline,
                "T2 broken at {position}"
            );
        }
        let fired = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.position == FIRED)
            .count();
        assert_eq!(
            self.heap.len() + fired,
            self.entries.len(),
            "T1: an entry is in no place"
        );
    }
}

/// Four thousand million timers do not fit in memory.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 timers")
}

#[cfg(test)]
mod tests;
