//! The reactor's algorithm with another number of children per node.

use std::task::Waker;

use slab::Slab;

use crate::structure::Structure;
use crate::timers::Tick;
use crate::wake_batch::WakeBatch;

const FIRED: u32 = u32::MAX;

struct Entry {
    position: u32,
    waker: Option<Waker>,
}

#[derive(Clone, Copy)]
struct Node {
    deadline: Tick,
    entry: u32,
}

#[derive(Default)]
pub(crate) struct Indexed<const ARITY: usize> {
    heap: Vec<Node>,
    entries: Slab<Entry>,
}

impl<const ARITY: usize> Structure for Indexed<ARITY> {
    type Key = u32;

    fn insert(&mut self, deadline: Tick, waker: Waker) -> (u32, bool) {
        let entry = self.entries.insert(Entry {
            position: FIRED,
            waker: Some(waker),
        }) as u32;
        self.heap.push(Node { deadline, entry });
        (entry, self.sift_up(self.heap.len() - 1) == 0)
    }

    fn change(&mut self, key: &mut u32, deadline: Tick) -> Option<bool> {
        let position = self.entries[*key as usize].position;
        if position == FIRED {
            return None;
        }
        let earliest = self.heap[0].deadline;
        self.heap[position as usize].deadline = deadline;
        self.settle(position as usize);
        Some(deadline < earliest)
    }

    fn remove(&mut self, key: u32) -> Option<Waker> {
        let entry = self.entries.remove(key as usize);
        if entry.position != FIRED {
            self.remove_node(entry.position as usize);
        }
        entry.waker
    }

    fn next_deadline(&self) -> Option<Tick> {
        let first = self.heap.first()?;
        (first.deadline != Tick::MAX).then_some(first.deadline)
    }

    fn expire(&mut self, now: Tick, wakes: &mut WakeBatch) {
        while let Some(node) = self.heap.first().copied() {
            if node.deadline > now {
                break;
            }
            self.remove_node(0);
            let entry = &mut self.entries[node.entry as usize];
            entry.position = FIRED;
            if let Some(waker) = entry.waker.take() {
                wakes.push(waker);
            }
        }
    }
}

impl<const ARITY: usize> Indexed<ARITY> {
    fn remove_node(&mut self, position: usize) {
        self.heap.swap_remove(position);
        if position < self.heap.len() {
            self.settle(position);
        }
    }

    fn settle(&mut self, position: usize) {
        if self.sift_up(position) == position {
            self.sift_down(position);
        }
    }

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
        self.entries[node.entry as usize].position = position as u32;
    }
}
